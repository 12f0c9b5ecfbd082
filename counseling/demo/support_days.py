"""One day of one person who is supported: texts, contacts, sessions, each at its moment and in their order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from counseling.demo import call_backs, fates, replies, talks, visits
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone, day_of
from counseling.demo.plan import A_DAY
from counseling.demo.supported import Booked, Supported
from counseling.demo.texts import Occurrence, Text
from counseling.demo.told import Asked, Told
from counseling.domain.aftercare import check_in_after
from counseling.domain.reminder_kinds import APPOINTMENT, CHECK_IN, SHIPPED_RULES
from counseling.domain.reminders import PLANNED_AHEAD, answers_count_until
from counseling.domain.sending_hours import end_of_sending, minutes_left, moment_of
from counseling.domain.unsent import Unsent
from counseling.sms.spoken_times import day_of as spoken_day
from counseling.sms.spoken_times import hour_and_part
from counseling.sms.wording import text_of

RULES = {rule.kind: rule for rule in SHIPPED_RULES}
PLANNED_AT = 4  # minutes after midnight
Happening = tuple[datetime, Callable[[], object]]


def live_through(book: Book, told: Told, person: Supported, day: date) -> None:
    """Everything of a day, in the order of its moments: who was met in the morning is not asked in the afternoon."""
    if day <= day_of(person.registered_at, book):
        return
    _plan(book, told, person, day)
    happenings = [*_visits(book, told, person, day), *_talks(book, person, day)]
    due = [one for one in person.planned if one.on_date == day]
    happenings += [(one.due_at, partial(_send, book, told, person, one)) for one in due]
    for _, do in sorted(happenings, key=lambda one: one[0]):
        do()


def _plan(book: Book, told: Told, person: Supported, day: date) -> None:
    """What services/support_reminders.py plans on a day, as far as it lies before today: the rest is left to it."""
    at = book.frame.at(day, PLANNED_AT)
    if person.phone is None or not person.phone.may_be_texted(at):
        return
    aftercare = person.aftercare
    if aftercare.is_open(at) and aftercare.next_on <= day + PLANNED_AHEAD:
        asked = aftercare.asked_on
        is_new = asked is None or asked < aftercare.next_on
        since = aftercare.next_on if asked is None or is_new else check_in_after(aftercare.rhythm, asked)
        on_date = max(day, since)
        if on_date <= min(day + PLANNED_AHEAD, book.frame.yesterday):
            aftercare.asked_on = on_date
            _occur(book, told, person, person.phone, CHECK_IN, on_date, at)
    for booked in person.bookings:
        on_date = day_of(booked.starts_at, book) - A_DAY
        reminded = any(one.appointment is booked for one in person.planned)
        is_near = booked.booked_at <= at and day <= on_date <= min(day + PLANNED_AHEAD, book.frame.yesterday)
        if booked.state == "booked" and not reminded and is_near:
            _occur(book, told, person, person.phone, APPOINTMENT, on_date, at, booked)


def _occur(
    book: Book,
    told: Told,
    person: Supported,
    phone: Phone,
    kind: str,
    on_date: date,
    at: datetime,
    booked: Booked | None = None,
) -> None:
    rule, zone = RULES[kind], book.frame.zone
    minutes = minutes_left(on_date, rule.not_before, rule.not_after, earliest=at, zone=zone)
    due_at = moment_of(minutes, on_date, zone, person.dice(kind, on_date).random)
    stale_at = end_of_sending(on_date, zone)
    if booked is not None:
        stale_at = min(stale_at, booked.starts_at)
    occurrence = Occurrence(phone, kind, on_date, due_at, stale_at, at, appointment=booked)
    told.texts.occurrences.append(occurrence)
    person.planned.append(occurrence)


def _send(book: Book, told: Told, person: Supported, occurrence: Occurrence) -> None:
    """Look again; then the text goes out, and perhaps somebody answers."""
    why = _why_not(person, occurrence)
    if why is not None:
        occurrence.state, _, reason = why.partition(":")
        occurrence.reason = reason or None
        return
    zone, dice = book.frame.zone, person.dice("text", occurrence.kind, occurrence.on_date)
    occurrence.state = "queued"
    queued_at = occurrence.due_at + timedelta(seconds=dice.between(1, 29))
    body, until = _words(occurrence, book)
    text = Text(occurrence.phone, occurrence.kind, body, queued_at, occurrence.expires_at, occurrence)
    text.question_until = until or end_of_sending(answers_count_until(CHECK_IN, occurrence.on_date), zone)
    told.texts.sent.append(text)
    fates.send(text, dice, book.frame.now)
    reply = replies.answer(book, told, text, person.answers.get(occurrence.on_date))
    if reply is not None and reply.meaning == "answer" and occurrence.kind == CHECK_IN:
        person.met(day_of(reply.read_at, book), reply.read_at)


def _words(occurrence: Occurrence, book: Book) -> tuple[str, datetime | None]:
    if occurrence.appointment is None:
        return text_of(CHECK_IN), None
    local = occurrence.appointment.starts_at.astimezone(book.frame.zone)
    hour, day = hour_and_part(local.time()), spoken_day(local.date())
    return text_of(APPOINTMENT, hour=hour, day=day), occurrence.appointment.starts_at


def _why_not(person: Supported, occurrence: Occurrence) -> str | None:
    phone, line = occurrence.phone, occurrence.phone.line
    if line is not None and line.opted_out_at is not None:
        return f"cancelled:{Unsent.OPTED_OUT}"
    if not person.aftercare.is_open(occurrence.due_at) and occurrence.kind == CHECK_IN:
        return f"cancelled:{Unsent.AFTERCARE_ENDED}"
    if not phone.may_be_texted(occurrence.due_at):
        return f"refused:{Unsent.UNREACHABLE}"
    if occurrence.kind == CHECK_IN and person.aftercare.next_on > occurrence.on_date:
        return f"cleared:{Unsent.MET}"
    return None


def _visits(book: Book, told: Told, person: Supported, day: date) -> list[Happening]:
    dice = person.dice("visit", day)
    asked = _look_in(told, person, day)
    if asked is not None:
        at = asked.opened_at + timedelta(minutes=dice.between(25, 75))
        return [(at, partial(_look_in_on, book, told, person, asked, at, dice))]
    said = person.visits.get(day)
    if said is not None or visits.goes_today(person, day, dice):
        at = visits.some_time(book, day, dice)
        return [(at, partial(visits.visit, book, person, at, dice, said))]
    return []


def _look_in(told: Told, person: Supported, day: date) -> Asked | None:
    """What the station has handed on, if it appears on the team's list on this day."""
    agreed = told.visits.get(person.patient_id)
    if agreed is None or agreed.call_back is None or agreed.team_waits:
        return None
    handed = agreed.call_back.handed_to
    return handed if handed is not None and handed.due_on == day and handed.closed_at is None else None


def _look_in_on(book: Book, told: Told, person: Supported, asked: Asked, at: datetime, dice: Dice) -> None:
    visits.visit(book, person, at, dice, task=asked)
    call_backs.settle_after_visit(book, told, told.visits[person.patient_id], dice)


def _talks(book: Book, person: Supported, day: date) -> list[Happening]:
    """Who is booked comes or does not; others come by themselves."""
    dice = person.dice("talk", day)
    found: list[Happening] = []
    today = [one for one in person.bookings if one.state == "booked" and day_of(one.starts_at, book) == day]
    for booked in today:
        at = booked.starts_at + timedelta(minutes=dice.between(32, 58))
        comes, stays_away = partial(talks.talk, book, person, at, dice, booked), partial(talks.stay_away, booked, at)
        found.append((at, comes if booked.will_come else stays_away))
    if not today and talks.comes_today(person, day, dice):
        at = talks.end_of_session(book, day, dice)
        found.append((at, partial(talks.talk, book, person, at, dice)))
    return found
