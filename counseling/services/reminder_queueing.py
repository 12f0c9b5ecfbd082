"""From an intention to a text: what is due is looked at once more, worded, and put into the outbox."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, or_, select, update
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import AnySession, writing
from counseling.domain.reminder_kinds import DOSE_TODAY, MISSED_YESTERDAY, NOT_ON_SHARED_PHONES
from counseling.domain.reminders import A_DAY
from counseling.domain.unsent import Unsent
from counseling.models.doses import AdherenceSummary
from counseling.models.texts import Reminder
from counseling.queries.reachable import find_line
from counseling.queries.sending_pauses import are_paused
from counseling.queries.wordings import Wordings, wordings_of
from counseling.services.first_texts import say_it_first
from counseling.services.outbox import enqueue
from counseling.services.reminder_gates import why_not_person, why_not_remind
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_words import message_of
from counseling.services.spelling import NoWords

UNSAID = ("planned", "held")
ANSWERED_BY_A_DOSE = (DOSE_TODAY, MISSED_YESTERDAY)
BATCH = 20  # each is worded and sealed while a dose may wait for the database


def queue_due(session: AnySession, now: datetime, zone: ZoneInfo) -> int:
    """Put the texts of all reminders that are due into the outbox; gives how many. What is stale ends here."""
    end_what_is_over(session, now, station_day(now, zone))
    queued = 0
    while session.execute(_due(now).limit(1)).first() is not None:
        with writing(session) as tx:
            due = tx.execute(_due(now).limit(BATCH).with_for_update(skip_locked=True)).all()
            wordings = wordings_of(tx, [reminder.site_id for reminder in due])
            queued += sum(_deal_with(tx, reminder, wordings[reminder.site_id], now, zone) for reminder in due)
        if len(due) < BATCH:
            break  # the rest, if any, is in another's hands
    return queued


def end_what_is_over(session: AnySession, now: datetime, today: date) -> None:
    """Reminders whose time is over expire, and those of people who were dosed since are cleared, due or not."""
    stale, answered = _is_stale(now), _is_answered(today)
    if session.execute(select(Reminder.id).where(or_(stale, answered)).limit(1)).first() is None:
        return
    with writing(session) as tx:
        tx.execute(update(Reminder).where(stale).values(state="expired"))
        tx.execute(update(Reminder).where(answered).values(state="cleared", reason=Unsent.DOSED))


def _is_stale(now: datetime) -> ColumnElement[bool]:
    return and_(Reminder.state.in_(UNSAID), Reminder.expires_at <= now)


def _is_answered(today: date) -> ColumnElement[bool]:
    """Dosed today, or yesterday after all by a late entry: the dispensing record is the truth."""
    since = case((Reminder.kind == DOSE_TODAY, today), else_=today - A_DAY)
    covered = exists().where(
        AdherenceSummary.patient_id == Reminder.patient_id, AdherenceSummary.covered_through >= since
    )
    mornings = and_(Reminder.state.in_(UNSAID), Reminder.kind.in_(ANSWERED_BY_A_DOSE), Reminder.on_date == today)
    return and_(mornings, covered)


def _due(now: datetime) -> Select[Any]:
    table = Reminder.__table__.c
    due = select(Reminder.__table__).where(table.state == "planned", table.due_at <= now)
    due = due.where(~are_paused(table.site_id, table.side))  # they wait here, and expire like all others
    return due.order_by(table.due_at, table.id)


def _deal_with(tx: Session, reminder: Row[Any], wordings: Wordings, now: datetime, zone: ZoneInfo) -> bool:
    """Take one due reminder out of the plan: into the outbox (True), or to the end that looking again gives it."""
    verdict = why_not_person(tx, reminder.patient_id, reminder.side) or why_not_remind(tx, reminder, now)
    line_id = None
    if verdict is None:
        alone = reminder.kind in NOT_ON_SHARED_PHONES
        line_id = find_line(tx, reminder.patient_id, reminder.side, reminder.kind, now, alone=alone)
    if line_id is None:
        _end(tx, reminder, verdict or f"refused:{Unsent.UNREACHABLE}")
        return False
    try:
        message = message_of(tx, reminder, line_id, wordings, Moment(now, zone))
        say_it_first(tx, reminder, line_id, now)  # did not arrive, or never was: nothing reminds before it
    except NoWords as no:
        _end(tx, reminder, no.verdict)
        return False
    enqueue(tx, message, now)
    tx.execute(update(Reminder).where(Reminder.id == reminder.id).values(state="queued", reason=None))
    return True


def _end(tx: Session, reminder: Row[Any], verdict: str) -> None:
    state, _, reason = verdict.partition(":")
    tx.execute(update(Reminder).where(Reminder.id == reminder.id).values(state=state, reason=reason or None))
