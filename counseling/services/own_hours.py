"""Somebody chooses other hours at the desk: what is planned for them already goes by the new ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from counseling.domain.reminder_kinds import APPOINTMENT_TODAY
from counseling.domain.sending_hours import MINUTE, minutes_left
from counseling.domain.text_choices import OwnHours, minutes_for
from counseling.models.counseling import Appointment
from counseling.models.texts import Reminder
from counseling.services.people_planning import moment_for
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_rules import find_rule
from counseling.services.station_reminders import ground_of, stale_at
from counseling.services.support_reminders import minutes_before
from counseling.treatment_rows import TREATMENT


@dataclass(frozen=True)
class Redrawn:
    """Where a planned reminder is drawn from anew: the minutes that its rule leaves, and whether its words go stale by
    the minute that is drawn."""

    minutes: range
    stale_at: Callable[[datetime], datetime] | None = None


def move_to_own_hours(tx: Session, patient_id: int, side: str, hours: OwnHours, at: Moment, dice: Random) -> None:
    """Give a file's planned reminders other minutes of their days, where those that they have do not suit. The caller
    holds the file.

    What the person has just said counts for more than an hour that somebody gave one text by hand. Where no minute of
    the day suits, a text stays where it is: the sender waits for the end of the quiet hours.
    """
    for row in _planned(tx, patient_id, side, at):
        drawn = _drawn_from(tx, row, at)
        if _suits(row.due_at, drawn.minutes, hours, at):
            continue
        due = moment_for(drawn.minutes, hours, row.on_date, at, dice)
        if due is None:
            continue
        values = {"due_at": due} if drawn.stale_at is None else {"due_at": due, "expires_at": drawn.stale_at(due)}
        tx.execute(update(Reminder).where(Reminder.id == row.id).values(**values))


def _planned(tx: Session, patient_id: int, side: str, at: Moment) -> Sequence[Row[Any]]:
    own = Reminder.patient_id == patient_id, Reminder.side == side
    query = select(Reminder.__table__).where(*own, Reminder.state == "planned", Reminder.expires_at > at.now)
    return tx.execute(query.order_by(Reminder.id).with_for_update()).all()


def _drawn_from(tx: Session, row: Row[Any], at: Moment) -> Redrawn:
    rule = find_rule(tx, row.site_id, row.side, row.kind)
    if rule is None:
        return Redrawn(range(0))
    if row.side == TREATMENT:  # these are planned on their own day
        ground = ground_of(tx, rule, at)
        return Redrawn(ground.minutes, lambda due: stale_at(ground, due, at))
    if row.kind == APPOINTMENT_TODAY:
        query = select(Appointment.starts_at).where(Appointment.id == row.appointment_id)
        return Redrawn(minutes_before(tx.execute(query).scalar_one(), rule, at))
    return Redrawn(minutes_left(row.on_date, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone))


def _suits(due_at: datetime, minutes: range, hours: OwnHours, at: Moment) -> bool:
    """Whether a text may stay where it is: no quiet hour, and the hour that the person likes, if they could have it."""
    due = due_at.astimezone(at.zone).time()
    can_have_it = any(minute // MINUTE == hours.hour for minute in minutes_for(minutes, hours))
    return not hours.is_quiet(due) and (due.hour == hours.hour or not can_have_it)
