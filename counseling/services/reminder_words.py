"""The text of one reminder: its values, as its kind knows them, in the spelling and under the name a person chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from counseling.database import AnySession
from counseling.domain.days_off import shared_hours
from counseling.domain.reminder_kinds import (
    APPOINTMENT,
    APPOINTMENT_TODAY,
    CHECK_IN,
    DOSE_TODAY,
    EVENING_BEFORE,
    MISSED_YESTERDAY,
    NOT_ON_SHARED_PHONES,
    ORDER_ENDING,
    SECOND_TEXT,
    WEEKEND,
    WEEKLY,
)
from counseling.domain.reminders import HOURS_UNKNOWN, answers_count_until
from counseling.domain.sending_hours import end_of_sending
from counseling.models.counseling import Appointment
from counseling.models.texts import Reminder
from counseling.queries.reachable import find_line
from counseling.queries.station_mornings import find_morning
from counseling.queries.station_tomorrows import find_days_off, find_tomorrow
from counseling.queries.text_choices import Addressee
from counseling.queries.wordings import Wordings, wordings_of
from counseling.services.outbox import NewMessage
from counseling.services.reminder_gates import EXPIRED
from counseling.services.reminder_grounds import HELD
from counseling.services.reminder_rows import Moment
from counseling.services.spelling import NoWords, spellings_for
from counseling.sms.spoken_times import day_of, days_of, hour_and_part, hour_of
from counseling.sms.wording import QUESTION_OF

# Kinds whose words are another's; what is not here has a text of its own name.
WORDING_OF: Mapping[str, str] = {APPOINTMENT_TODAY: APPOINTMENT}


@dataclass(frozen=True)
class Words:
    """What a reminder's text is filled with, and until when a digit answers it."""

    values: Mapping[str, str]
    question_until: datetime


def message_of(session: AnySession, reminder: Row[Any], line_id: int, wordings: Wordings, at: Moment) -> NewMessage:
    """The text as it goes to this line. Raises NoWords: nobody has said the hours that it would name, or they are over,
    or it would not be one plain segment, or more segments with marks than are paid for."""
    whose = Addressee(reminder.patient_id, reminder.side, line_id)
    spelling = spellings_for(session, [whose])[whose]
    words = WORDS_OF[reminder.kind](session, reminder, at, spelling.has_marks)
    wording = WORDING_OF.get(reminder.kind, reminder.kind)
    return NewMessage(
        line_id=line_id,
        side=reminder.side,
        site_id=reminder.site_id,
        wording=wording,
        body=spelling.text(wording, wordings, **words.values),
        is_automatic=True,
        expires_at=reminder.expires_at,
        patient_id=reminder.patient_id,
        reminder_id=reminder.id,
        question=QUESTION_OF[wording],
        question_until=words.question_until,
    )


def words_now(session: AnySession, reminder_id: int, now: datetime, zone: ZoneInfo) -> str | None:
    """What a planned reminder would say if it were made at this moment; None: it could not be. Nothing is written."""
    reminder = session.execute(select(Reminder.__table__).where(Reminder.id == reminder_id)).one()
    alone = reminder.kind in NOT_ON_SHARED_PHONES
    line_id = find_line(session, reminder.patient_id, reminder.side, reminder.kind, now, alone=alone)
    if line_id is None:
        return None
    wordings = wordings_of(session, [reminder.site_id])[reminder.site_id]
    with suppress(NoWords):
        return message_of(session, reminder, line_id, wordings, Moment(now, zone)).body
    return None


def _today_words(session: AnySession, reminder: Row[Any], at: Moment, has_marks: bool) -> Words:
    """Until when it makes sense to come today, exceptions counted in. Of a station that opens twice, the next hour at
    which it shuts; before the last call of a day, the last one."""
    hours, read_at = find_morning(session, reminder.site_id, reminder.on_date).hours, _read_at(reminder, at)
    if hours is None:
        raise NoWords(f"{HELD}{HOURS_UNKNOWN}")
    to_come = [span.closes_at for span in hours if span.closes_at > read_at]
    if not to_come:
        raise NoWords(EXPIRED)
    return Words({"until": hour_of(to_come[-1 if reminder.kind == DOSE_TODAY else 0])}, _asks_until(reminder, at))


def _tomorrow_words(session: AnySession, reminder: Row[Any], at: Moment, has_marks: bool) -> Words:
    find = find_days_off if reminder.kind == WEEKEND else find_tomorrow
    eve = find(session, reminder.site_id, reminder.on_date)
    hours = shared_hours(eve.days, eve.hours)
    if hours is None:
        raise NoWords(f"{HELD}{HOURS_UNKNOWN}")
    values = {"opens": hour_of(hours.opens_at), "closes": hour_of(hours.closes_at)}
    named = {"days": days_of(eve.days, has_marks=has_marks)} if reminder.kind == WEEKEND else {}
    return Words(values | named, _asks_until(reminder, at))


def _appointment_words(session: AnySession, reminder: Row[Any], at: Moment, has_marks: bool) -> Words:
    own = Appointment.id == reminder.appointment_id
    starts_at = session.execute(select(Appointment.starts_at).where(own)).scalar_one()
    local = starts_at.astimezone(at.zone)
    hour, day = hour_and_part(local.time(), has_marks=has_marks), day_of(local.date(), has_marks=has_marks)
    return Words({"hour": hour, "day": day}, starts_at)


def _plain_words(session: AnySession, reminder: Row[Any], at: Moment, has_marks: bool) -> Words:
    return Words({}, _asks_until(reminder, at))


def _read_at(reminder: Row[Any], at: Moment) -> time:
    """It goes when it is due, or now where it is late."""
    goes_at: datetime = max(reminder.due_at, at.now)
    return goes_at.astimezone(at.zone).time()


def _asks_until(reminder: Row[Any], at: Moment) -> datetime:
    return end_of_sending(answers_count_until(reminder.kind, reminder.on_date), at.zone)


WordsOf = Callable[[AnySession, Row[Any], Moment, bool], Words]
WORDS_OF: Mapping[str, WordsOf] = {
    MISSED_YESTERDAY: _today_words,
    DOSE_TODAY: _today_words,
    EVENING_BEFORE: _tomorrow_words,
    WEEKEND: _tomorrow_words,
    ORDER_ENDING: _plain_words,
    APPOINTMENT: _appointment_words,
    APPOINTMENT_TODAY: _appointment_words,
    CHECK_IN: _plain_words,
    WEEKLY: _plain_words,
    SECOND_TEXT: _plain_words,
}
