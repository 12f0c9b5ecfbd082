"""The texts of the mornings: who missed yesterday is asked to come, as services/station_reminders.py plans it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from counseling.demo import fates
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone
from counseling.demo.plan import A_DAY, PlannedPatient
from counseling.demo.texts import Occurrence, Text
from counseling.demo.told import Told
from counseling.domain.reminder_kinds import MISSED_YESTERDAY, SHIPPED_RULES
from counseling.domain.reminders import answers_count_until, has_missed
from counseling.domain.sending_hours import end_of_sending, instant, minutes_left, moment_of
from counseling.domain.station_days import Hours
from counseling.sms.spoken_times import hour_of
from counseling.sms.wording import text_of

RULE = next(rule for rule in SHIPPED_RULES if rule.kind == MISSED_YESTERDAY)
PLANNED_AT = 4  # minutes after midnight: the first look of the day
# One morning nothing was sent for some hours, and what was due then was not sent any more.
STOOD_STILL = time(7, 25), time(11, 5)


def text_of_the_morning(
    book: Book, told: Told, phone: Phone, patient: PlannedPatient, day: date, hours: list[Hours]
) -> Text | None:
    """What went out to somebody on a morning; None: nothing, because there was nothing to say or it was not needed."""
    planned_at = book.frame.at(day, PLANNED_AT)
    if not phone.may_be_texted(planned_at) or not _has_missed(patient, day):
        return None
    dice = phone.dice("morning", day)
    minutes = minutes_left(day, RULE.not_before, RULE.not_after, earliest=planned_at, zone=book.frame.zone)
    due_at = moment_of(minutes, day, book.frame.zone, dice.random)
    closes = next(span.closes_at for span in hours if span.closes_at > RULE.not_after)
    stale_at = instant(day, closes, book.frame.zone)
    occurrence = Occurrence(phone, MISSED_YESTERDAY, day, due_at, stale_at, planned_at)
    told.texts.occurrences.append(occurrence)
    looked_at = due_at + timedelta(seconds=dice.between(1, 29))  # the next tick
    seen = _not_needed(patient, day, looked_at)
    if seen is not None:
        occurrence.state, occurrence.reason = "cleared", seen
        return None
    occurrence.state = "queued"
    return _send(book, told, occurrence, looked_at, hour_of(closes), dice)


def _send(book: Book, told: Told, occurrence: Occurrence, queued_at: datetime, until: str, dice: Dice) -> Text:
    body = text_of(MISSED_YESTERDAY, until=until)
    text = Text(occurrence.phone, MISSED_YESTERDAY, body, queued_at, occurrence.expires_at, occurrence)
    until_day = answers_count_until(MISSED_YESTERDAY, occurrence.on_date)
    text.question_until = end_of_sending(until_day, book.frame.zone)
    told.texts.sent.append(text)
    if _stands_still(book, occurrence.on_date, queued_at):
        occurrence.state = "expired"
        text.end("expired", None, instant(occurrence.on_date, STOOD_STILL[1], book.frame.zone))
        return text
    fates.send(text, dice, book.frame.now)
    return text


def _has_missed(patient: PlannedPatient, day: date) -> bool:
    """Somebody with an order who was not known to be dosed yesterday; what is told of today does not count yet."""
    yesterday = day - A_DAY
    if patient.order_on(yesterday) is None:
        return False
    doses = [event.on for event in patient.events if event.outcome == "dose" and event.on < day]
    return has_missed(max(doses, default=patient.dosed_elsewhere_until), yesterday)


def _not_needed(patient: PlannedPatient, day: date, at: datetime) -> str | None:
    """Why the text was not needed any more when it was due: somebody came before."""
    early = [event for event in patient.events if event.on == day and event.at < at]
    if any(event.outcome == "dose" for event in early):
        return "dosed"
    return "seen" if early else None


def _stands_still(book: Book, day: date, at: datetime) -> bool:
    since, until = (instant(day, moment, book.frame.zone) for moment in STOOD_STILL)
    return day == book.frame.day(-(book.frame.days * 5 // 9)) and since <= at < until
