"""What comes from phones that worked without a signal: their tokens, their entries, and what waits to be matched."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of

ENTRY_RESULTS = ("stored", "quarantined")
VISIT_STATES = ("waiting", "matched", "dismissed")
# Why a visit could not be put into somebody's book by itself.
WAITING_CODES = (
    "not_on_list", "unknown_ref", "not_in_scope", "support_ended", "form_unknown", "key_gone", "unreadable",
    "another_actor", "actor_unknown", "actor_may_not", "unknown_entry", "entry_replaced", "not_worked",
)  # fmt: skip
DISMISS_REASONS = ("duplicate", "mistake", "trial", "unreadable", "recorded_by_hand")


class PhoneToken(Base):
    """What a phone shows to hand in entries, and with which it can do nothing else. Of one person at one desk."""

    __tablename__ = "phone_tokens"
    __table_args__ = (
        CheckConstraint("expires_at > issued_at", name="expires_later"),
        Index("ix_phone_tokens_staff_id_device_id", "staff_id", "device_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    role_id: Mapped[int] = mapped_column(ForeignKey("staff_roles.id"), index=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # What the phone last said of itself.
    heard_at: Mapped[datetime | None]
    waiting: Mapped[int] = mapped_column(default=0)
    waiting_since: Mapped[datetime | None]
    skew_seconds: Mapped[int | None]
    # New entries within an hour.
    counted_from: Mapped[datetime | None]
    counted: Mapped[int] = mapped_column(default=0)


class PhoneEntry(Base):
    """One entry as it came, sealed by the phone: its id makes a repeat a repeat. Written once."""

    __tablename__ = "phone_entries"
    __table_args__ = (
        CheckConstraint(one_of("result", ENTRY_RESULTS), name="result"),
        Index("ix_phone_entries_token_id_received_at", "token_id", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[str] = mapped_column(String(36), unique=True)  # made on the phone
    token_id: Mapped[int] = mapped_column(ForeignKey("phone_tokens.id"))
    kind: Mapped[str] = mapped_column(String(12))
    actor: Mapped[str] = mapped_column(String(64))
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    client_time: Mapped[datetime]
    offset_minutes: Mapped[int]
    received_at: Mapped[datetime]
    skew_seconds: Mapped[int]
    form_version: Mapped[int]
    tries: Mapped[int]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    result: Mapped[str] = mapped_column(String(12))


class WaitingVisit(Base):
    """A visit that waits until somebody of the point says whose it is. `entry_id` None: from a form of a page."""

    __tablename__ = "waiting_visits"
    __table_args__ = (
        CheckConstraint(one_of("state", VISIT_STATES), name="state"),
        CheckConstraint(one_of("code", WAITING_CODES), name="code"),
        CheckConstraint(one_of("reason", DISMISS_REASONS), name="reason"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_at_some_time"),
        CheckConstraint("(state = 'waiting') = (decided_by_id IS NULL)", name="decided_by_somebody"),
        CheckConstraint("(state = 'dismissed') = (reason IS NOT NULL)", name="dismissed_for_a_reason"),
        Index("ix_waiting_visits_site_id_state", "site_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("phone_entries.id"), index=True)
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_teams.id"))
    role_id: Mapped[int | None] = mapped_column(ForeignKey("staff_roles.id"))  # who wrote it; None: nobody we know
    code: Mapped[str] = mapped_column(String(16))
    said: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed under ref; None: nothing could be read
    danger: Mapped[str] = mapped_column(String(60), default="")
    visited_on: Mapped[date]
    happened_at: Mapped[datetime]
    came_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    reason: Mapped[str | None] = mapped_column(String(16))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_contacts.id"))


class ContactDetails(Base):
    """What was ticked of a contact beyond how it was and when next. Written with the contact, once."""

    __tablename__ = "contact_details"
    __table_args__ = (
        CheckConstraint(one_of("company", ("family", "group")), name="company"),
        CheckConstraint("minutes BETWEEN 1 AND 480", name="minutes"),
        CheckConstraint("km BETWEEN 0 AND 500", name="km"),
    )

    contact_id: Mapped[int] = mapped_column(ForeignKey("outreach_contacts.id"), primary_key=True, autoincrement=False)
    company: Mapped[str | None] = mapped_column(String(8))  # with the family, or among others
    group_key: Mapped[str | None] = mapped_column(String(32), index=True)  # one meeting of several people
    needs: Mapped[str] = mapped_column(String(120), default="")
    mood: Mapped[str | None] = mapped_column(String(24))
    danger: Mapped[str] = mapped_column(String(60), default="")
    minutes: Mapped[int | None]
    km: Mapped[int | None]
    behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    said_at: Mapped[datetime]  # on the phone; recorded_at of the contact is when it came
