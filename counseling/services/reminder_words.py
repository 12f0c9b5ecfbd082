"""The text of one reminder: its values, as its kind knows them, in the spelling and under the name a person chose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
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
from counseling.domain.reminders import answers_count_until
from counseling.domain.sending_hours import end_of_sending
from counseling.domain.text_choices import WORK, Choices
from counseling.models.counseling import Appointment
from counseling.models.patients import PhoneNumber
from counseling.models.texts import Reminder
from counseling.queries.reachable import find_line, is_read_by_others
from counseling.queries.station_mornings import find_morning
from counseling.queries.station_tomorrows import find_days_off, find_tomorrow
from counseling.queries.text_choices import find_choices, find_pronoun
from counseling.queries.wordings import Wordings, wordings_of
from counseling.services.outbox import NewMessage
from counseling.sms.spoken_times import day_of, days_of, hour_and_part, hour_of
from counseling.sms.wording import PRONOUN, QUESTION_OF, text_of
from counseling.sms.wording_marks import OVERT

# Kinds whose words are another's; what is not here has a text of its own name.
WORDING_OF: Mapping[str, str] = {APPOINTMENT_TODAY: APPOINTMENT}


@dataclass(frozen=True)
class Words:
    """What a reminder's text is filled with, and until when a digit answers it."""

    values: Mapping[str, str]
    question_until: datetime


def message_of(
    session: AnySession, reminder: Row[Any], line_id: int, wordings: Wordings, zone: ZoneInfo
) -> NewMessage | None:
    """The text as it goes to this line; None: nobody has said the hours that it would name.

    Raises ValueError where it would not be one plain segment, or more segments with marks than are paid for.
    """
    choices = find_choices(session, reminder.patient_id, reminder.side)
    words = WORDS_OF[reminder.kind](session, reminder, zone, choices.has_marks)
    if words is None:
        return None
    wording = WORDING_OF.get(reminder.kind, reminder.kind)
    spelling = spelling_on(session, reminder, line_id, choices)
    return NewMessage(
        line_id=line_id,
        side=reminder.side,
        site_id=reminder.site_id,
        wording=wording,
        body=text_of(wording, wordings, has_marks=choices.has_marks, **spelling, **words.values),
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
    with suppress(ValueError):
        message = message_of(session, reminder, line_id, wordings, zone)
        return message.body if message else None
    return None


class OfSomebody(Protocol):
    @property
    def patient_id(self) -> int: ...
    @property
    def side(self) -> str: ...


def spelling_on(session: AnySession, whose: OfSomebody, line_id: int, choices: Choices) -> dict[str, str]:
    """Chosen since, or said when they agreed; on a phone that others read what tells nobody who or what is meant."""
    own = PhoneNumber.patient_id == whose.patient_id, PhoneNumber.side == whose.side
    shared = select(PhoneNumber.id).where(
        *own, PhoneNumber.line_id == line_id, PhoneNumber.removed_at.is_(None), is_read_by_others()
    )
    if session.execute(shared.limit(1)).first() is not None:
        return {"pronoun": PRONOUN, "pretext": WORK if choices.pretext in OVERT else choices.pretext}
    pronoun = choices.pronoun or find_pronoun(session, whose.patient_id, whose.side) or PRONOUN
    return {"pronoun": pronoun, "pretext": choices.pretext}


def _missed_words(session: AnySession, reminder: Row[Any], zone: ZoneInfo, has_marks: bool) -> Words | None:
    """The hour is that of today's window, exceptions counted in; None where nobody has said it."""
    morning = find_morning(session, reminder.site_id, reminder.on_date)
    closes = morning.closes_after(reminder.due_at.astimezone(zone).time())
    return None if closes is None else Words({"until": hour_of(closes)}, _asks_until(reminder, zone))


def _today_words(session: AnySession, reminder: Row[Any], zone: ZoneInfo, has_marks: bool) -> Words | None:
    """Of a station that opens twice, the hour at which it shuts for the day."""
    hours = find_morning(session, reminder.site_id, reminder.on_date).hours
    return Words({"until": hour_of(hours[-1].closes_at)}, _asks_until(reminder, zone)) if hours else None


def _tomorrow_words(session: AnySession, reminder: Row[Any], zone: ZoneInfo, has_marks: bool) -> Words | None:
    find = find_days_off if reminder.kind == WEEKEND else find_tomorrow
    eve = find(session, reminder.site_id, reminder.on_date)
    hours = shared_hours(eve.days, eve.hours)
    if hours is None:
        return None
    values = {"opens": hour_of(hours.opens_at), "closes": hour_of(hours.closes_at)}
    named = {"days": days_of(eve.days, has_marks=has_marks)} if reminder.kind == WEEKEND else {}
    return Words(values | named, _asks_until(reminder, zone))


def _appointment_words(session: AnySession, reminder: Row[Any], zone: ZoneInfo, has_marks: bool) -> Words:
    at = session.execute(select(Appointment.starts_at).where(Appointment.id == reminder.appointment_id)).scalar_one()
    local = at.astimezone(zone)
    hour, day = hour_and_part(local.time(), has_marks=has_marks), day_of(local.date(), has_marks=has_marks)
    return Words({"hour": hour, "day": day}, at)


def _plain_words(session: AnySession, reminder: Row[Any], zone: ZoneInfo, has_marks: bool) -> Words:
    return Words({}, _asks_until(reminder, zone))


def _asks_until(reminder: Row[Any], zone: ZoneInfo) -> datetime:
    return end_of_sending(answers_count_until(reminder.kind, reminder.on_date), zone)


WordsOf = Callable[[AnySession, Row[Any], ZoneInfo, bool], Words | None]
WORDS_OF: Mapping[str, WordsOf] = {
    MISSED_YESTERDAY: _missed_words,
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
