"""Who is on duty, crises that nobody has taken on yet, who was called about them, and ready-made answers of a site."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of
from counseling.models.texts import FILE_SIDES

ONE_ORIGIN = (
    "CASE WHEN inbound_id IS NULL THEN 0 ELSE 1 END + CASE WHEN contact_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN waiting_visit_id IS NULL THEN 0 ELSE 1 END = 1"
)


class DutyShift(Base):
    """Hours of the week in which somebody is called about what cannot wait; `position` 1 is called first.

    A shift is never edited: it is ended, and another one written.
    """

    __tablename__ = "duty_shifts"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint("days BETWEEN 1 AND 127", name="days"),
        CheckConstraint("position BETWEEN 1 AND 5", name="position"),
        CheckConstraint("wait_minutes BETWEEN 1 AND 60", name="wait"),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_by_somebody"),
        Index("ix_duty_shifts_site_id_side", "site_id", "side"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    side: Mapped[str] = mapped_column(String(12))
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    days: Mapped[int]  # a bit for each weekday on which it begins, Monday is the lowest
    starts_at: Mapped[time]  # local time of the site; at or after `ends_at`: over midnight
    ends_at: Mapped[time]
    position: Mapped[int]
    wait_minutes: Mapped[int]  # until the next one is called
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str] = mapped_column(String(32), unique=True)


class DutyPhone(Base):
    """The number on which somebody of ours is told that something cannot wait."""

    __tablename__ = "duty_phones"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    number: Mapped[bytes] = mapped_column(LargeBinary)  # sealed under ref; E.164
    set_at: Mapped[datetime]


class CrisisAlert(Base):
    """Somebody wrote words of danger, or a visit tells of its signs; open until a person has taken it on.

    Of one origin: a text, somebody's contact, or a visit that waits to be matched. One for a number and site at a time.
    """

    __tablename__ = "crisis_alerts"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint("(taken_at IS NULL) = (taken_by_id IS NULL)", name="taken_by_somebody"),
        CheckConstraint(ONE_ORIGIN, name="one_origin"),
        CheckConstraint("(inbound_id IS NULL) = (line_id IS NULL)", name="text_of_a_line"),
        Index(
            "uq_crisis_alerts_open", "line_id", "side", "site_id", unique=True,
            sqlite_where=text("taken_at IS NULL"), postgresql_where=text("taken_at IS NULL"),
        ),
        Index("ix_crisis_alerts_line_id_raised_at", "line_id", "raised_at"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    # The text that raised it, and the number that it came from.
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound_messages.id"), unique=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("phone_lines.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("outreach_contacts.id"), unique=True)
    waiting_visit_id: Mapped[int | None] = mapped_column(ForeignKey("waiting_visits.id"), unique=True)
    side: Mapped[str] = mapped_column(String(12))
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    raised_at: Mapped[datetime]
    calls: Mapped[int] = mapped_column(default=0)
    next_call_at: Mapped[datetime]  # when the next one on duty is called, unless somebody has taken it on
    taken_at: Mapped[datetime | None]
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))


class DutyCall(Base):
    """Somebody on duty was called about an alert; the text to their phone, where they have given a number."""

    __tablename__ = "duty_calls"
    __table_args__ = (UniqueConstraint("alert_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("crisis_alerts.id"))
    number: Mapped[int]  # 1 for the first call about this alert
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbound_messages.id"))
    called_at: Mapped[datetime]


class CannedAnswer(Base):
    """A neutral answer that a site keeps ready. It says nothing about anybody, so it is not sealed."""

    __tablename__ = "canned_answers"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint("(removed_at IS NULL) = (removed_by_id IS NULL)", name="removed_by_somebody"),
        Index("ix_canned_answers_site_id_side", "site_id", "side"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    side: Mapped[str] = mapped_column(String(12))
    body: Mapped[str] = mapped_column(String(320))
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    request_key: Mapped[str] = mapped_column(String(32), unique=True)
