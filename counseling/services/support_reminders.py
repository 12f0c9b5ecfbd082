"""Planning the support side's reminders a few days ahead: appointments, and asking how somebody in aftercare is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.aftercare import DAYS_OF_RHYTHM, check_in_after
from counseling.domain.reminder_kinds import CHECK_IN
from counseling.domain.reminders import (
    A_DAY,
    FARTHEST_BACK,
    PLANNED_AHEAD,
    day_before,
    first_open_day,
)
from counseling.domain.sending_hours import end_of_sending, instant, minutes_left
from counseling.domain.text_choices import OwnHours
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.patients import SupportFile
from counseling.models.texts import OutboundMessage, Reminder
from counseling.queries.opening_hours import hours_on
from counseling.queries.reminder_audiences import is_said_or_taken_back, is_supported
from counseling.queries.text_choices import may_be_reminded, own_hours_of
from counseling.services.people_planning import moment_for
from counseling.services.reminder_rows import BATCH, Moment, add_reminders, reminder_row
from counseling.services.reminder_rules import Rule, is_current
from counseling.treatment_rows import SUPPORT

SHORTEST_RHYTHM = timedelta(days=min(DAYS_OF_RHYTHM.values()))
# Who has a way to come is not reminded on the doorstep.
BEFORE_IT_STARTS = timedelta(minutes=90)
IsOpen = Callable[[date], bool]
Rows = Sequence[Row[Any]]


def plan_appointments(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan the day before each booked appointment, or the last open day before it; gives how many are new."""

    def rows(tx: Session, found: Rows) -> list[dict[str, Any]]:
        is_open = open_days(tx, rule.site_id, at.today)
        own, slots = _own(tx, found), _Slots(tx, found, rule, at.today)
        made = []
        for row in found:
            on_date = day_of_appointment(row, at, is_open)
            due = _due(rule, on_date, at, dice, own.get(row.patient_id))
            if on_date is None or due is None or row.id in slots.reminded:
                continue
            stale = end_of_sending(on_date, at.zone)  # the evening of an earlier day than the appointment's
            occurrence = {"slot": slots.next(row.patient_id, on_date), "appointment_id": row.id}
            made.append(reminder_row(rule, row.patient_id, on_date, due, stale, at.now, **occurrence))
        return made

    return _plan(session, rule, at, appointments_ahead(rule, at), Appointment.id, rows)


def plan_appointments_today(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan today's appointments once more; gives how many are new. Not those that were made or moved today, nor those
    of people who have answered the day before."""
    if not minutes_left(at.today, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone):
        return 0

    def rows(tx: Session, found: Rows) -> list[dict[str, Any]]:
        own, slots = _own(tx, found), _Slots(tx, found, rule, at.today)
        made = []
        for row in found:
            due = moment_for(minutes_before(row.starts_at, rule, at), own.get(row.patient_id), at.today, at, dice)
            if due is not None and row.id not in slots.reminded:
                occurrence = {"slot": slots.next(row.patient_id, at.today), "appointment_id": row.id}
                made.append(reminder_row(rule, row.patient_id, at.today, due, row.starts_at, at.now, **occurrence))
        return made

    return _plan(session, rule, at, appointments_of_today(rule, at), Appointment.id, rows)


def minutes_before(starts_at: datetime, rule: Rule, at: Moment) -> range:
    """The minutes of today in which somebody is still reminded of an appointment."""
    latest = (starts_at - BEFORE_IT_STARTS).astimezone(at.zone)
    until = min(rule.not_after, latest.time()) if latest.date() == at.today else rule.not_before
    return minutes_left(at.today, rule.not_before, until, earliest=at.now, zone=at.zone)


def was_answered() -> ColumnElement[bool]:
    """Somebody has said what they will do about this appointment: they are not asked again."""
    about = exists().where(
        Reminder.appointment_id == Appointment.id,
        OutboundMessage.reminder_id == Reminder.id,
        OutboundMessage.answered_at.is_not(None),
    )
    return about.correlate(Appointment)


def plan_check_ins(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan the texts that ask people in aftercare how they are; gives how many are new.

    A day that is due is asked about once. Who has not been met since, and has not answered, is asked again after the
    file's own rhythm.
    """

    def rows(tx: Session, found: Rows) -> list[dict[str, Any]]:
        is_open, own, made = open_days(tx, rule.site_id, at.today), _own(tx, found), []
        for row in found:
            on_date = day_of_check_in(row, rule, at, is_open)
            due = _due(rule, on_date, at, dice, own.get(row.patient_id))
            if on_date is not None and due is not None:
                stale = end_of_sending(on_date, at.zone)
                made.append(reminder_row(rule, row.patient_id, on_date, due, stale, at.now))
        return made

    return _plan(session, rule, at, check_ins_ahead(rule, at), AftercareFile.id, rows)


def _plan(
    session: AnySession,
    rule: Rule,
    at: Moment,
    query: Select[*tuple[Any, ...]],
    key: Any,
    rows: Callable[[Session, Rows], list[dict[str, Any]]],
) -> int:
    """Walk through what a query finds by its key, of people who may be reminded; each batch is read again, locked and
    planned in one transaction."""
    query = query.where(may_be_reminded(SupportFile.patient_id, SUPPORT, rule.kind, at.today))
    if session.execute(query.limit(1)).first() is None:
        return 0
    planned, after = 0, 0
    locked = query.with_for_update(read=True, skip_locked=True, of=SupportFile).order_by(key).limit(BATCH)
    while True:
        with writing(session) as tx:
            if not is_current(tx, rule):
                return planned
            found = tx.execute(locked.where(key > after)).all()
            planned += add_reminders(tx, rows(tx, found))
        if len(found) < BATCH:
            return planned
        after = found[-1].id


def _due(rule: Rule, on_date: date | None, at: Moment, dice: Random, own: OwnHours | None) -> datetime | None:
    """When the text of that day goes out; None: that day is over, or too far ahead to be planned."""
    if on_date is None or not at.today <= on_date <= at.today + PLANNED_AHEAD:
        return None
    minutes = minutes_left(on_date, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone)
    return moment_for(minutes, own, on_date, at, dice)


def open_days(session: AnySession, site_id: int, today: date) -> IsOpen:
    """Whether the point receives people on a day; where nobody has said, it does."""
    days = [today + A_DAY * ahead for ahead in range(PLANNED_AHEAD.days + FARTHEST_BACK + 1)]
    hours = hours_on(session, site_id, days)
    return lambda day: hours.get(day) != []


def day_of_appointment(row: Row[Any], at: Moment, is_open: IsOpen) -> date | None:
    """On which day somebody is reminded of an appointment; None: the site stays shut for a week before it."""
    return day_before(row.starts_at.astimezone(at.zone).date(), is_open)


def appointments_of_today(rule: Rule, at: Moment) -> Select[*tuple[Any, ...]]:
    """Those of today that were made before today, and of which nobody has said what they will do."""
    midnight = instant(at.today, time.min, at.zone)
    before = func.coalesce(Appointment.changed_at, Appointment.booked_at) < midnight
    return appointments_ahead(rule, at).where(before, Appointment.starts_at < midnight + A_DAY, ~was_answered())


def appointments_ahead(rule: Rule, at: Moment) -> Select[*tuple[Any, ...]]:
    """Booked ones that nobody has been reminded of: a moved one has had its reminder cancelled, and gets another."""
    last = at.now + PLANNED_AHEAD + timedelta(days=FARTHEST_BACK + 1)
    reminded = exists().where(
        Reminder.appointment_id == Appointment.id, Reminder.kind == rule.kind, is_said_or_taken_back()
    )
    return (
        select(Appointment.id, Appointment.patient_id, Appointment.starts_at)
        .join(SupportFile, SupportFile.patient_id == Appointment.patient_id)
        .where(
            Appointment.site_id == rule.site_id,
            Appointment.state == "booked",
            Appointment.starts_at > at.now,
            Appointment.starts_at < last,
            is_supported(),
            ~reminded,
        )
    )


class _Slots:
    """Appointments that are reminded of, and each person's last slot of a day; a moved one needs another slot.

    Both by one statement, so that they are of one moment: another planner that was faster is seen in both, or meets us
    at the unique key.
    """

    def __init__(self, tx: Session, found: Rows, rule: Rule, today: date) -> None:
        rows = tx.execute(
            select(
                Reminder.patient_id,
                Reminder.on_date,
                Reminder.slot,
                Reminder.appointment_id,
                is_said_or_taken_back().label("stands"),
            ).where(
                Reminder.patient_id.in_([row.patient_id for row in found]),
                Reminder.side == SUPPORT,
                Reminder.kind == rule.kind,
                Reminder.rule_version == rule.version,
                Reminder.on_date >= today,
            )
        ).all()
        self.reminded = {row.appointment_id for row in rows if row.stands}
        self._used: dict[tuple[int, date], int] = {}
        for row in rows:
            self._used[row.patient_id, row.on_date] = max(self._used.get((row.patient_id, row.on_date), 0), row.slot)

    def next(self, patient_id: int, on_date: date) -> int:
        slot = self._used[patient_id, on_date] = self._used.get((patient_id, on_date), 0) + 1
        return slot


def _own(tx: Session, found: Rows) -> dict[int, OwnHours]:
    return own_hours_of(tx, SUPPORT, [row.patient_id for row in found])


def check_ins_ahead(rule: Rule, at: Moment) -> Select[*tuple[Any, ...]]:
    """Files whose day has come; the days on which each person was asked last decide the rest."""
    check_in = and_(
        Reminder.patient_id == AftercareFile.patient_id,
        Reminder.side == SUPPORT,
        Reminder.kind == CHECK_IN,
        is_said_or_taken_back(),
    )
    asked = select(func.max(Reminder.on_date)).where(check_in).scalar_subquery()
    within_any_rhythm = at.today + PLANNED_AHEAD - SHORTEST_RHYTHM
    just_asked = exists().where(
        check_in, Reminder.on_date >= AftercareFile.next_check_in_on, Reminder.on_date > within_any_rhythm
    )
    columns = (AftercareFile.id, AftercareFile.patient_id, AftercareFile.rhythm, AftercareFile.next_check_in_on)
    return (
        select(*columns, asked.label("asked_on"))
        .join(SupportFile, SupportFile.patient_id == AftercareFile.patient_id)
        .where(
            AftercareFile.site_id == rule.site_id,
            AftercareFile.ended_on.is_(None),
            AftercareFile.next_check_in_on <= at.today + PLANNED_AHEAD,
            ~just_asked,
            is_supported(),
        )
    )


def day_of_check_in(row: Row[Any], rule: Rule, at: Moment, is_open: IsOpen) -> date | None:
    """On which of the next days somebody is asked, not before their own day; None: on a later one."""
    today = minutes_left(at.today, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone)
    first = at.today if today else at.today + A_DAY
    return first_open_day(_ask_from(row, first), at.today + PLANNED_AHEAD, is_open)


def _ask_from(row: Row[Any], first: date) -> date:
    is_new = row.asked_on is None or row.asked_on < row.next_check_in_on
    since: date = row.next_check_in_on if is_new else check_in_after(row.rhythm, row.asked_on)
    return max(first, since)
