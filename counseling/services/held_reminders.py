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
from counseling.domain.reminders import HELD_BY_THE_DAY, SHUT, TOO_MANY
from counseling.models.texts import Reminder
from counseling.queries.text_choices import own_hours_of
from counseling.services import audit
from counseling.services.people_planning import moment_for
from counseling.services.reminder_rows import BATCH, Moment
from counseling.services.reminder_rules import find_rule
from counseling.services.station_reminders import ground_of, is_crowd
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
    held = select(Reminder.site_id, Reminder.kind).where(_held(at, HELD_BY_THE_DAY)).distinct()
    groups = session.execute(held.order_by(Reminder.site_id, Reminder.kind)).all()
    return sum(_reconsider(session, site_id, kind, at, dice) for site_id, kind in groups)


def release_held(
    session: AnySession, site_id: int, seen: int, *, by: By, now: datetime, zone: ZoneInfo, dice: Random
) -> int:
    """A person has looked, and lets a day's reminders go out; gives how many. `seen`: how many the page showed.

    They go within the rule's hours, or at once where those are over and the station is still open. It holds for the
    day: those of the same kind that are held again, or planned later, wait for nobody to look a second time.
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
        tx.execute(update(Reminder).where(Reminder.id.in_([row.id for row in rows])).values(released_at=now))
        for kind in sorted({row.kind for row in rows}):
            _let_go(tx, [row for row in rows if row.kind == kind], _minutes(tx, site_id, kind, at), at, dice)
        facts = {"on": at.today, "count": len(rows)}
        audit.append(tx, audit.site_chain(site_id), by.actor, "reminders.released", f"site:{site_id}", facts, now)
    return len(rows)


def _reconsider(session: AnySession, site_id: int, kind: str, at: Moment, dice: Random) -> int:
    rule = find_rule(session, site_id, TREATMENT, kind)
    if rule is None:
        return 0  # switched off: they were cancelled with it
    ground = ground_of(session, rule, at)
    why, minutes = ground.why, ground.minutes
    if why == SHUT or not minutes:
        return 0  # they expire
    if why is None and is_crowd(session, site_id, kind, at):
        why = TOO_MANY
    own = and_(Reminder.site_id == site_id, Reminder.kind == kind)
    if why is not None:
        _hold_for(session, own, at, why)
        return 0
    let_go = 0
    while True:
        with writing(session) as tx:
            query = _rows(at, HELD_BY_THE_DAY).where(own).limit(BATCH)
            rows = tx.execute(query.with_for_update(skip_locked=True)).all()
            let_go += _let_go(tx, rows, minutes, at, dice)
        if len(rows) < BATCH:
            return let_go


def _hold_for(session: AnySession, own: ColumnElement[bool], at: Moment, why: str) -> None:
    """Say the reason of now, where it has become another one: staff read it."""
    others = and_(_held(at, HELD_BY_THE_DAY), own, Reminder.reason != why)
    if session.execute(select(Reminder.id).where(others).limit(1)).first() is not None:
        with writing(session) as tx:
            tx.execute(update(Reminder).where(others).values(reason=why))


def _let_go(tx: Session, rows: Sequence[Row[Any]], minutes: range, at: Moment, dice: Random) -> int:
    """Whom their own quiet hours leave no minute is due at once: the gates wait for the end of those hours."""
    own = own_hours_of(tx, TREATMENT, [row.patient_id for row in rows])
    dues = [moment_for(minutes, own.get(row.patient_id), at.today, at, dice) or at.now for row in rows]
    if rows:
        tx.execute(LET_GO, [{"of_reminder": row.id, "due": due} for row, due in zip(rows, dues, strict=True)])
    return len(rows)


def _minutes(session: AnySession, site_id: int, kind: str, at: Moment) -> range:
    """What is left of the rule's hours today; nothing where the rule was switched off."""
    rule = find_rule(session, site_id, TREATMENT, kind)
    return range(0) if rule is None else ground_of(session, rule, at).minutes


def _rows(at: Moment, reasons: Sequence[str]) -> Select[Any]:
    columns = (_reminders.c.id, _reminders.c.patient_id, _reminders.c.kind)
    return select(*columns).where(_held(at, reasons)).order_by(_reminders.c.id)


def _held(at: Moment, reasons: Sequence[str]) -> ColumnElement[bool]:
    """Today's held ones of stations that could still go out."""
    return and_(
        Reminder.state == "held",
        Reminder.reason.in_(reasons),
        Reminder.side == TREATMENT,
        Reminder.on_date == at.today,
        Reminder.expires_at > at.now,
    )
