"""Planning the support side's reminders a few days ahead: appointments, and asking how somebody in aftercare is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.aftercare import DAYS_OF_RHYTHM, check_in_after
from counseling.domain.reminders import (
    A_DAY,
    APPOINTMENT,
    CHECK_IN,
    FARTHEST_BACK,
    PLANNED_AHEAD,
    day_before,
    first_open_day,
)
from counseling.domain.sending_hours import end_of_sending, minutes_left, moment_of
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.patients import SupportFile
from counseling.models.texts import Reminder
from counseling.queries.opening_hours import hours_on
from counseling.queries.reachable import may_be_texted
from counseling.services.reminder_rows import BATCH, Moment, add_reminders, reminder_row
from counseling.services.reminder_rules import Rule
from counseling.treatment_rows import SUPPORT

SHORTEST_RHYTHM = timedelta(days=min(DAYS_OF_RHYTHM.values()))
IsOpen = Callable[[date], bool]
Rows = Sequence[Row[Any]]


def plan_appointments(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan the day before each booked appointment, or the last open day before it; gives how many are new."""

    def rows(tx: Session, found: Rows) -> list[dict[str, Any]]:
        is_open = _open_days(tx, rule.site_id, at.today)
        reminded, used = _already(tx, [row.patient_id for row in found], rule, at.today)
        made = []
        for row in found:
            on_date = day_before(row.starts_at.astimezone(at.zone).date(), is_open)
            due = _due(rule, on_date, at, dice)
            if on_date is None or due is None or row.id in reminded:
                continue
            slot = used[row.patient_id, on_date] = used.get((row.patient_id, on_date), 0) + 1
            stale = end_of_sending(on_date, at.zone)  # the evening of an earlier day than the appointment's
            occurrence = {"slot": slot, "appointment_id": row.id}
            made.append(reminder_row(rule, row.patient_id, on_date, due, stale, at.now, **occurrence))
        return made

    return _plan(session, _appointments(rule.site_id, at), Appointment.id, rows)


def plan_check_ins(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan the texts that ask people in aftercare how they are; gives how many are new.

    A day that is due is asked about once. Who has not been met since, and has not answered, is asked again after the
    file's own rhythm.
    """
    today = minutes_left(at.today, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone)
    first = at.today if today else at.today + A_DAY

    def rows(tx: Session, found: Rows) -> list[dict[str, Any]]:
        is_open, made = _open_days(tx, rule.site_id, at.today), []
        for row in found:
            on_date = first_open_day(_ask_from(row, first), at.today + PLANNED_AHEAD, is_open)
            due = _due(rule, on_date, at, dice)
            if on_date is not None and due is not None:
                stale = end_of_sending(on_date, at.zone)
                made.append(reminder_row(rule, row.patient_id, on_date, due, stale, at.now))
        return made

    return _plan(session, _check_ins(rule.site_id, at), AftercareFile.id, rows)


def _plan(
    session: AnySession,
    query: Select[*tuple[Any, ...]],
    key: Any,
    rows: Callable[[Session, Rows], list[dict[str, Any]]],
) -> int:
    """Walk through what a query finds by its key; each batch is read again, locked and planned in one transaction."""
    if session.execute(query.limit(1)).first() is None:
        return 0
    planned, after = 0, 0
    locked = query.with_for_update(read=True, skip_locked=True, of=SupportFile).order_by(key).limit(BATCH)
    while True:
        with writing(session) as tx:
            found = tx.execute(locked.where(key > after)).all()
            planned += add_reminders(tx, rows(tx, found))
        if len(found) < BATCH:
            return planned
        after = found[-1].id


def _due(rule: Rule, on_date: date | None, at: Moment, dice: Random) -> datetime | None:
    """When the text of that day goes out; None: that day is over, or too far ahead to be planned."""
    if on_date is None or not at.today <= on_date <= at.today + PLANNED_AHEAD:
        return None
    minutes = minutes_left(on_date, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone)
    return moment_of(minutes, on_date, at.zone, dice) if minutes else None


def _open_days(session: AnySession, site_id: int, today: date) -> IsOpen:
    """Whether the point receives people on a day; where nobody has said, it does."""
    days = [today + A_DAY * ahead for ahead in range(PLANNED_AHEAD.days + FARTHEST_BACK + 1)]
    hours = hours_on(session, site_id, days)
    return lambda day: hours.get(day) != []


def _appointments(site_id: int, at: Moment) -> Select[*tuple[Any, ...]]:
    """Booked ones that nobody has been reminded of: a moved one has had its reminder cancelled, and gets another."""
    last = at.now + PLANNED_AHEAD + timedelta(days=FARTHEST_BACK + 1)
    reminded = exists().where(Reminder.appointment_id == Appointment.id, Reminder.state != "cancelled")
    return (
        select(Appointment.id, Appointment.patient_id, Appointment.starts_at)
        .join(SupportFile, SupportFile.patient_id == Appointment.patient_id)
        .where(
            Appointment.site_id == site_id,
            Appointment.state == "booked",
            Appointment.starts_at > at.now,
            Appointment.starts_at < last,
            SupportFile.status == "active",
            ~reminded,
            may_be_texted(SupportFile.patient_id, SUPPORT, APPOINTMENT, at.today),
        )
    )


def _already(
    tx: Session, patient_ids: Sequence[int], rule: Rule, today: date
) -> tuple[set[int], dict[tuple[int, date], int]]:
    """Appointments that are reminded of, and each person's last slot of a day; a moved one needs another slot.

    Both by one statement, so that they are of one moment: another planner that was faster is seen in both, or meets us
    at the unique key.
    """
    rows = tx.execute(
        select(Reminder.patient_id, Reminder.on_date, Reminder.slot, Reminder.appointment_id, Reminder.state).where(
            Reminder.patient_id.in_(patient_ids),
            Reminder.side == SUPPORT,
            Reminder.kind == APPOINTMENT,
            Reminder.rule_version == rule.version,
            Reminder.on_date >= today,
        )
    ).all()
    used: dict[tuple[int, date], int] = {}
    for row in rows:
        used[row.patient_id, row.on_date] = max(used.get((row.patient_id, row.on_date), 0), row.slot)
    return {row.appointment_id for row in rows if row.state != "cancelled"}, used


def _check_ins(site_id: int, at: Moment) -> Select[*tuple[Any, ...]]:
    """Files whose day has come; the days on which each person was asked last decide the rest."""
    check_in = and_(
        Reminder.patient_id == AftercareFile.patient_id,
        Reminder.side == SUPPORT,
        Reminder.kind == CHECK_IN,
        Reminder.state != "cancelled",
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
            AftercareFile.site_id == site_id,
            AftercareFile.ended_on.is_(None),
            AftercareFile.next_check_in_on <= at.today + PLANNED_AHEAD,
            ~just_asked,
            SupportFile.status == "active",
            may_be_texted(SupportFile.patient_id, SUPPORT, CHECK_IN, at.today),
        )
    )


def _ask_from(row: Row[Any], first: date) -> date:
    is_new = row.asked_on is None or row.asked_on < row.next_check_in_on
    since: date = row.next_check_in_on if is_new else check_in_after(row.rhythm, row.asked_on)
    return max(first, since)
