"""Being looked in on: what a person agreed to, and the contacts that followed. Added to, never changed."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

CONTACT_KINDS = ("home", "point", "phone", "elsewhere")
OUTCOMES = ("met_well", "met_needs_help", "not_met", "withdrawn")  # withdrawn: the entry it names was undone
PLACES = ("home", "point", "elsewhere")


class VisitConsent(Base):
    """Agreement of somebody in treatment to be looked in on by one team. The volunteers never learn why."""

    __tablename__ = "visit_consents"
    __table_args__ = (
        CheckConstraint(one_of("place", PLACES), name="place"),
        Index(
            "uq_visit_consents_standing", "patient_id", unique=True,
            sqlite_where=text("withdrawn_at IS NULL"), postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    team_id: Mapped[int] = mapped_column(ForeignKey("outreach_teams.id"))
    version: Mapped[str] = mapped_column(String(12))
    place: Mapped[str] = mapped_column(String(12))
    pretext: Mapped[str] = mapped_column(String(24))
    never_by: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under ref: relatives, neighbours, officials
    given_at: Mapped[datetime]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class OutreachContact(Base):
    """A volunteer's or counselor's contact with somebody. Undoing or correcting one is a new row that names it."""

    __tablename__ = "outreach_contacts"
    __table_args__ = (
        CheckConstraint(one_of("kind", CONTACT_KINDS), name="kind"),
        CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
        CheckConstraint("outcome <> 'withdrawn' OR corrects_id IS NOT NULL", name="withdrawn_names_its_entry"),
        Index("ix_outreach_contacts_patient_id_contact_on", "patient_id", "contact_on"),
        Index("ix_outreach_contacts_team_id_contact_on", "team_id", "contact_on"),
        Index("ix_outreach_contacts_site_id_contact_on", "site_id", "contact_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_teams.id"))
    kind: Mapped[str] = mapped_column(String(12))
    outcome: Mapped[str] = mapped_column(String(16))
    topics: Mapped[str] = mapped_column(String(120), default="")  # words of domain/contacts.TOPICS, with commas
    note: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under ref
    next_on: Mapped[date | None]
    contact_on: Mapped[date]
    task_id: Mapped[int | None] = mapped_column(ForeignKey("tasks.id"), index=True)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_contacts.id"), unique=True)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
