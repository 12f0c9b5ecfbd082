"""Reminders that wait: for a station's day to be closed, or for a person who has looked at how many they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.reminders import HELD_BY_THE_DAY, MISSED_YESTERDAY, SHUT, TOO_MANY, why_not_missed
from counseling.domain.sending_hours import minutes_left, moment_of
from counseling.models.texts import Reminder
from counseling.queries.station_mornings import find_morning
from counseling.services import audit
from counseling.services.missed_reminders import is_crowd, latest
from counseling.services.reminder_rows import BATCH, Moment
from counseling.services.reminder_rules import find_rule
from counseling.services.treatment_files import By
from counseling.treatment_rows import TREATMENT

_reminders = Reminder.__table__
LET_GO = (
    update(_reminders)  # type: ignore[arg-type]  # Core table behind the mapped class
    .where(_reminders.c.id == bindparam("of_reminder"))
    .values(state="planned", reason=None, due_at=bindparam("due"))
)


def reconsider_held(session: AnySession, now: datetime, zone: ZoneInfo, dice: Random) -> int:
    """Let go what was held because of a station's day, where that is clear now; gives how many are planned.

    Cheap where nothing is held, so that a day that is closed at 7:10 is seen at the next tick.
    """
    at = Moment(now, zone)
    held = select(Reminder.site_id).where(_held(at, HELD_BY_THE_DAY)).distinct().order_by(Reminder.site_id)
    return sum(_reconsider(session, site_id, at, dice) for site_id in session.execute(held).scalars().all())


def release_held(
    session: AnySession, site_id: int, seen: int, *, by: By, now: datetime, zone: ZoneInfo, dice: Random
) -> int:
    """A person has looked, and lets a morning's reminders go out; gives how many. `seen`: how many the page showed.

    They go within the rule's hours, or at once where those are over and the station is still open.
    Refuses nothing_held, held_has_changed.
    """
    at = Moment(now, zone)
    with writing(session) as tx:
        query = _rows(at, (TOO_MANY,)).where(_reminders.c.site_id == site_id)
        rows = tx.execute(query.with_for_update()).all()
        if not rows:
            raise Refusal("nothing_held")
        if len(rows) != seen:
            raise Refusal("held_has_changed", count=len(rows))
        _let_go(tx, rows, _minutes(tx, site_id, at), at, dice)
        facts = {"on": at.today, "count": len(rows)}
        audit.append(tx, audit.site_chain(site_id), by.actor, "reminders.released", f"site:{site_id}", facts, now)
    return len(rows)


def _reconsider(session: AnySession, site_id: int, at: Moment, dice: Random) -> int:
    why = why_not_missed(find_morning(session, site_id, at.today).facts)
    minutes = _minutes(session, site_id, at)
    if why == SHUT or not minutes:
        return 0  # they expire
    if why is None and is_crowd(session, site_id, at.today):
        why = TOO_MANY
    if why is not None:
        _hold_for(session, site_id, at, why)
        return 0
    let_go = 0
    while True:
        with writing(session) as tx:
            query = _rows(at, HELD_BY_THE_DAY).where(_reminders.c.site_id == site_id).limit(BATCH)
            rows = tx.execute(query.with_for_update(skip_locked=True)).all()
            let_go += _let_go(tx, rows, minutes, at, dice)
        if len(rows) < BATCH:
            return let_go


def _hold_for(session: AnySession, site_id: int, at: Moment, why: str) -> None:
    """Say the reason of now, where it has become another one: staff read it."""
    others = and_(_held(at, HELD_BY_THE_DAY), Reminder.site_id == site_id, Reminder.reason != why)
    if session.execute(select(Reminder.id).where(others).limit(1)).first() is not None:
        with writing(session) as tx:
            tx.execute(update(Reminder).where(others).values(reason=why))


def _let_go(tx: Session, rows: Sequence[Row[Any]], minutes: range, at: Moment, dice: Random) -> int:
    dues = [moment_of(minutes, at.today, at.zone, dice) if minutes else at.now for _ in rows]
    if rows:
        tx.execute(LET_GO, [{"of_reminder": row.id, "due": due} for row, due in zip(rows, dues, strict=True)])
    return len(rows)


def _minutes(session: AnySession, site_id: int, at: Moment) -> range:
    """What is left of the rule's hours this morning; nothing where the rule was switched off."""
    rule = find_rule(session, site_id, TREATMENT, MISSED_YESTERDAY)
    if rule is None:
        return range(0)
    until = latest(rule, find_morning(session, site_id, at.today))
    return minutes_left(at.today, rule.not_before, until, earliest=at.now, zone=at.zone)


def _rows(at: Moment, reasons: Sequence[str]) -> Select[Any]:
    return select(_reminders.c.id).where(_held(at, reasons)).order_by(_reminders.c.id)


def _held(at: Moment, reasons: Sequence[str]) -> ColumnElement[bool]:
    """This morning's held ones that could still go out."""
    return and_(
        Reminder.state == "held",
        Reminder.reason.in_(reasons),
        Reminder.kind == MISSED_YESTERDAY,
        Reminder.on_date == at.today,
        Reminder.expires_at > at.now,
    )
