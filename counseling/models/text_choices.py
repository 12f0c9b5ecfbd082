"""How somebody wants to be texted about one of their files: beside the agreement, changed as often as they like."""

from __future__ import annotations

from datetime import datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.models.base import Base, one_of
from counseling.models.texts import FILE_SIDES, REMINDER_KINDS


class TextChoice(Base):
    """No row: as the site does it. Each side has its own; what was chosen on one is not read on the other."""

    __tablename__ = "text_choices"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint("hour BETWEEN 7 AND 19", name="hour"),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet_whole"),
        CheckConstraint("quiet_from < quiet_until", name="quiet_hours"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    side: Mapped[str] = mapped_column(String(12), primary_key=True)
    hour: Mapped[int | None]  # texts go within this hour where the rule's own hours have it
    pronoun: Mapped[str | None] = mapped_column(String(12))  # None: as said when they agreed
    pretext: Mapped[str] = mapped_column(String(16))  # a key of sms/pretexts.py: how the text begins
    has_marks: Mapped[bool]
    calls_only: Mapped[bool]
    quiet_from: Mapped[time | None]  # local times of the station, within one day
    quiet_until: Mapped[time | None]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class DeclinedReminder(Base):
    """A kind of reminder that somebody does not want about one file; the row goes when they want it again."""

    __tablename__ = "declined_reminders"
    __table_args__ = (
        CheckConstraint(one_of("side", FILE_SIDES), name="side"),
        CheckConstraint(one_of("kind", REMINDER_KINDS), name="kind"),
    )

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    side: Mapped[str] = mapped_column(String(12), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24), primary_key=True)
    declined_at: Mapped[datetime]
