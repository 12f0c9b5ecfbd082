"""From an intention to a text: what is due is looked at once more, worded, and put into the outbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, Select, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.database import AnySession, writing
from counseling.domain.reminders import (
    A_DAY,
    APPOINTMENT,
    CHECK_IN,
    HOURS_UNKNOWN,
    MISSED_YESTERDAY,
    answers_count_until,
)
from counseling.domain.sending_hours import end_of_sending
from counseling.models.counseling import Appointment
from counseling.models.doses import AdherenceSummary
from counseling.models.texts import Reminder, SmsConsent
from counseling.queries.reachable import find_line
from counseling.queries.sending_pauses import are_paused
from counseling.queries.station_mornings import find_morning
from counseling.queries.wordings import Wordings, wordings_of
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.reminder_gates import HELD, why_not_person, why_not_remind
from counseling.sms.spoken_times import day_of, hour_and_part, hour_of
from counseling.sms.wording import QUESTION_OF, text_of

UNSAID = ("planned", "held")
BATCH = 20  # each is worded and sealed while a dose may wait for the database


@dataclass(frozen=True)
class Words:
    """What a reminder's text is filled with, and until when a digit answers it."""

    values: Mapping[str, str]
    question_until: datetime


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
        tx.execute(update(Reminder).where(answered).values(state="cleared", reason="dosed"))


def _is_stale(now: datetime) -> ColumnElement[bool]:
    return and_(Reminder.state.in_(UNSAID), Reminder.expires_at <= now)


def _is_answered(today: date) -> ColumnElement[bool]:
    """Dosed today, or yesterday after all by a late entry: the dispensing record is the truth."""
    covered = exists().where(
        AdherenceSummary.patient_id == Reminder.patient_id, AdherenceSummary.covered_through >= today - A_DAY
    )
    mornings = and_(Reminder.state.in_(UNSAID), Reminder.kind == MISSED_YESTERDAY, Reminder.on_date == today)
    return and_(mornings, covered)


def _due(now: datetime) -> Select[Any]:
    table = Reminder.__table__.c
    due = select(Reminder.__table__).where(table.state == "planned", table.due_at <= now)
    due = due.where(~are_paused(table.site_id, table.side))  # they wait here, and expire like all others
    return due.order_by(table.due_at, table.id)


def _deal_with(tx: Session, reminder: Row[Any], wordings: Wordings, now: datetime, zone: ZoneInfo) -> bool:
    """Take one due reminder out of the plan: into the outbox (True), or to the end that looking again gives it."""
    verdict = why_not_person(tx, reminder.patient_id, reminder.side) or why_not_remind(tx, reminder, now)
    line_id = find_line(tx, reminder.patient_id, reminder.side, reminder.kind, now) if verdict is None else None
    words = WORDS_OF[reminder.kind](tx, reminder, zone) if line_id is not None else None
    if line_id is None or words is None:
        _end(tx, reminder, verdict or ("refused:unreachable" if line_id is None else f"{HELD}{HOURS_UNKNOWN}"))
        return False
    try:
        message = _message(tx, reminder, line_id, words, wordings)
    except ValueError:  # a pronoun with marks, or one so long that the text would be two
        _end(tx, reminder, "refused:wording")
        return False
    enqueue(tx, message, now)
    tx.execute(update(Reminder).where(Reminder.id == reminder.id).values(state="queued", reason=None))
    return True


def _end(tx: Session, reminder: Row[Any], verdict: str) -> None:
    state, _, reason = verdict.partition(":")
    tx.execute(update(Reminder).where(Reminder.id == reminder.id).values(state=state, reason=reason or None))


def _message(tx: Session, reminder: Row[Any], line_id: int, words: Words, wordings: Wordings) -> NewMessage:
    agreed = (SmsConsent.patient_id == reminder.patient_id, SmsConsent.side == reminder.side)
    pronoun = tx.execute(select(SmsConsent.pronoun).where(*agreed, SmsConsent.withdrawn_at.is_(None))).scalar_one()
    return NewMessage(
        line_id=line_id,
        side=reminder.side,
        site_id=reminder.site_id,
        wording=reminder.kind,
        body=text_of(reminder.kind, wordings, pronoun=pronoun, **words.values),
        is_automatic=True,
        expires_at=reminder.expires_at,
        patient_id=reminder.patient_id,
        reminder_id=reminder.id,
        question=QUESTION_OF[reminder.kind],
        question_until=words.question_until,
    )


def _missed_words(tx: Session, reminder: Row[Any], zone: ZoneInfo) -> Words | None:
    """The hour is that of today's window, exceptions counted in; None where nobody has said it."""
    morning = find_morning(tx, reminder.site_id, reminder.on_date)
    closes = morning.closes_after(reminder.due_at.astimezone(zone).time())
    return None if closes is None else Words({"until": hour_of(closes)}, _asks_until(reminder, zone))


def _appointment_words(tx: Session, reminder: Row[Any], zone: ZoneInfo) -> Words:
    at = tx.execute(select(Appointment.starts_at).where(Appointment.id == reminder.appointment_id)).scalar_one()
    local = at.astimezone(zone)
    return Words({"hour": hour_and_part(local.time()), "day": day_of(local.date())}, at)


def _check_in_words(_: Session, reminder: Row[Any], zone: ZoneInfo) -> Words:
    return Words({}, _asks_until(reminder, zone))


def _asks_until(reminder: Row[Any], zone: ZoneInfo) -> datetime:
    return end_of_sending(answers_count_until(reminder.kind, reminder.on_date), zone)


WordsOf = Callable[[Session, Row[Any], ZoneInfo], Words | None]
WORDS_OF: Mapping[str, WordsOf] = {
    MISSED_YESTERDAY: _missed_words,
    APPOINTMENT: _appointment_words,
    CHECK_IN: _check_in_words,
}
