"""The counseling point's own book: sessions, appointments, aftercare."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

SESSION_KINDS = ("choosing", "adherence", "relapse_prevention", "psychosocial", "family", "vocational")
SESSION_FORMS = ("one_to_one", "group", "club", "home", "phone")
APPOINTMENT_STATES = ("booked", "kept", "missed", "cancelled")
RHYTHMS = ("weekly", "fortnightly", "monthly")
AFTERCARE_ENDS = ("completed", "moved", "in_treatment", "own_wish", "died")


class CounselingSession(Base):
    """A talk with a counselor. The person may be known, or stay anonymous: then there is no patient."""

    __tablename__ = "counseling_sessions"
    __table_args__ = (
        CheckConstraint(one_of("kind", SESSION_KINDS), name="kind"),
        CheckConstraint(one_of("form", SESSION_FORMS), name="form"),
        CheckConstraint(one_of("sex", ("male", "female", "unknown")), name="sex"),
        CheckConstraint("minutes BETWEEN 1 AND 480", name="minutes"),
        Index("ix_counseling_sessions_site_id_held_on", "site_id", "held_on"),
        Index("ix_counseling_sessions_patient_id_held_on", "patient_id", "held_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patients.id"))
    sex: Mapped[str] = mapped_column(String(8), default="unknown")  # of an anonymous person, for the figures
    kind: Mapped[str] = mapped_column(String(20))
    form: Mapped[str] = mapped_column(String(12))
    topics: Mapped[str] = mapped_column(String(120), default="")
    minutes: Mapped[int]
    agreed: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under ref: what the two agreed on
    held_on: Mapped[date]
    counselor_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime]
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class Appointment(Base):
    """When somebody comes next to the point. Its reminder is planned from it and goes when it is cancelled or moved."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint(one_of("state", APPOINTMENT_STATES), name="state"),
        Index("ix_appointments_site_id_starts_at", "site_id", "starts_at"),
        Index("ix_appointments_patient_id", "patient_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    starts_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="booked")
    booked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    booked_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class AftercareFile(Base):
    """Aftercare at the place of residence: who stands by the person, how often somebody asks, and its end."""

    __tablename__ = "aftercare_files"
    __table_args__ = (
        CheckConstraint(one_of("rhythm", RHYTHMS), name="rhythm"),
        CheckConstraint(one_of("end_reason", AFTERCARE_ENDS), name="end_reason"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended_for_a_reason"),
        Index(
            "uq_aftercare_files_open", "patient_id", unique=True,
            sqlite_where=text("ended_on IS NULL"), postgresql_where=text("ended_on IS NULL"),
        ),
        Index("ix_aftercare_files_site_id_next_check_in_on", "site_id", "next_check_in_on"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    supporter_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    rhythm: Mapped[str] = mapped_column(String(12))
    next_check_in_on: Mapped[date]
    opened_on: Mapped[date]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None] = mapped_column(String(16))
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
