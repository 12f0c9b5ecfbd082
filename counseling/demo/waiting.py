"""What waits for whoever signs in: answers from yesterday, texts that nobody has read, tasks that a supervisor gave."""

from __future__ import annotations

from datetime import timedelta

from counseling.demo import people, words
from counseling.demo.accounts import CAO_LOC, CONG_SON, DONG_KINH, MAU_SON
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.fates import fail, leave_on_phone_that_is_off, lose_sight_of
from counseling.demo.inbox import leave_unread
from counseling.demo.phones import Phone
from counseling.demo.plan import PlannedPatient
from counseling.demo.supported import Supported
from counseling.demo.talks import HOURS, book_for
from counseling.demo.texts import Text
from counseling.demo.told import Asked, Told
from counseling.domain.aftercare import check_in_after
from counseling.models.texts import SimulatedPhone
from counseling.queries.reachable import MOST_PERMANENT_FAILURES
from counseling.treatment_rows import SUPPORT, TREATMENT

POINTS = DONG_KINH, CAO_LOC
EVENING = 19 * 60  # minutes of yesterday, when nobody looks into the inbox any more
ASKED_LONG_AGO = 20  # days
BOOKED_AHEAD = {DONG_KINH: (0, 0, 1, 2, 4), CAO_LOC: (0, 1, 3)}  # days from today


def prepare(book: Book, supported: list[Supported]) -> None:
    """Before the days are told: who will be asked yesterday how they are and has something to say, who is booked."""
    for point, digit in zip(POINTS, ("3", "2"), strict=True):
        person = next((one for one in supported if one.point == point and _was_asked_long_ago(book, one)), None)
        if person is None or person.phone is None:
            continue
        person.phone.staged = True
        person.aftercare.rhythm = "weekly"
        person.aftercare.next_on = check_in_after("weekly", person.aftercare.opened_on)
        person.visits, person.quiet_from = {book.frame.day(-8): "met_well"}, book.frame.day(-9)
        person.answers = {book.frame.yesterday: digit}
    _book_ahead(book, supported)


def leave(book: Book, told: Told, supported: list[Supported], treated: list[tuple[int, PlannedPatient]]) -> None:
    """After the days are told."""
    _let_a_number_fail(told)
    _give_tasks(book, told, supported, treated)
    _write_in_the_evening(book, told)
    for text, what in zip(_latest_unanswered(told), ("off", "in other hands", "unknown"), strict=False):
        if what == "off":
            leave_on_phone_that_is_off(text)
        if what == "unknown":
            lose_sight_of(text)
        else:
            told.odd_phones.append((text.phone.own_line, what == "off"))


def write_phones(book: Book, told: Told) -> None:
    """One phone is switched off, and one in somebody else's hands."""
    rows = [{"line_id": line.id, "is_off": is_off, "held_by_other": not is_off} for line, is_off in told.odd_phones]
    book.put(SimulatedPhone, rows)


def _let_a_number_fail(told: Told) -> None:
    """Somebody has changed the number: the last two texts to it have failed, and the desk has to ask."""
    answered = {id(reply.question) for reply in told.replies}
    by_line: dict[str, list[Text]] = {}
    for text in sorted(told.texts.sent, key=lambda text: text.queued_at):
        by_line.setdefault(text.phone.number, []).append(text)
    for texts in by_line.values():
        last = texts[-MOST_PERMANENT_FAILURES:]
        plain = all(one.occurrence and one.state == "delivered" and id(one) not in answered for one in last)
        if plain and len(last) == MOST_PERMANENT_FAILURES and not any(one.phone.staged for one in last):
            for text in last:
                fail(text)
            return


def _was_asked_long_ago(book: Book, person: Supported) -> bool:
    phone, since = person.phone, book.frame.at(book.frame.day(-ASKED_LONG_AGO), 0)
    may = phone is not None and phone.may_be_texted(since)
    return may and not person.by_agreement and person.aftercare.ended_at is None


def _book_ahead(book: Book, supported: list[Supported]) -> None:
    for point, ahead in BOOKED_AHEAD.items():
        here = [one for one in supported if one.point == point and one.aftercare.ended_at is None]
        people_here = [one for one in here if one.quiet_from is None]
        for number, (days, person) in enumerate(zip(ahead, people_here, strict=False)):
            booked_at = max(person.aftercare.opened_at, book.frame.at(book.frame.day(-2), 15 * 60 + 7 * number))
            starts_at = book.frame.at(book.frame.day(days), HOURS[(number * 2 + 1) % len(HOURS)])
            book_for(book, person, starts_at, booked_at, Dice("ahead", *person.dice_seed))


def _give_tasks(book: Book, told: Told, supported: list[Supported], treated: list[tuple[int, PlannedPatient]]) -> None:
    """As services/next_tasks.py keeps what a supervisor gives: to a team, and to a station."""
    day, at = book.frame.yesterday, book.frame.at(book.frame.yesterday, 10 * 60 + 12)
    for number, team in enumerate((MAU_SON, CONG_SON)):
        person = next((one for one in supported if one.team == team and not one.by_agreement), None)
        if person is not None and person.registered_at < at:
            given_at = at + timedelta(minutes=3 * number)
            task = Asked(SUPPORT, "look_in", person.patient_id, person.details.site_id, day, given_at)
            task.team_id, task.opened_by_id = book.places.teams[team], book.staff["community"]
            told.tasks.append(task)
    for number, point in enumerate(POINTS):
        for patient_id, patient in treated:
            if patient.station == point and patient.story == "long_gap":
                given_at = at + timedelta(minutes=20 + 4 * number)
                task = Asked(TREATMENT, "see_soon", patient_id, book.places.sites[point], day, given_at)
                task.opened_by_id = book.staff["supervisor"]
                told.tasks.append(task)
                break


def _write_in_the_evening(book: Book, told: Told) -> None:
    """Unread words at every desk with an inbox; one from a phone that two people share, one from nobody we know."""
    frame, number = book.frame, 0
    for side in (TREATMENT, SUPPORT):
        for point in POINTS:
            phone = quiet_phone(book, told, side, book.places.sites[point])
            if phone is not None and phone.line is not None:
                at, body = frame.at(frame.yesterday, EVENING + 11 * number), words.FREE_WORDS[number]
                leave_unread(told, phone.line, body, at, side, phone.site_id, phone.patient_id)
                number += 1
    shared = next((one for one in told.phones if one.staged and _sharers(told, one) > 1), None)
    if shared is not None and shared.line is not None:
        at = frame.at(frame.yesterday, EVENING + 52)
        leave_unread(told, shared.line, words.FROM_SHARED_PHONE, at, TREATMENT, shared.site_id)
    stranger, at = told.lines.of(people.phone(Dice("stranger", frame.today))), frame.at(frame.yesterday, EVENING + 58)
    leave_unread(told, stranger, words.STRANGER, at, SUPPORT, min(book.places.sites[point] for point in POINTS))


def quiet_phone(book: Book, told: Told, side: str, site_id: int) -> Phone | None:
    """Somebody whom no question waits for, and who has not written lately: then words are words."""
    since = book.frame.at(book.frame.day(-5), 0)
    spoken_to = {text.phone.line.number for text in told.texts.sent if text.phone.line and text.queued_at >= since}
    spoken_to |= {reply.line.number for reply in told.replies if reply.received_at >= since}
    for phone in told.phones:
        is_here = (phone.side, phone.site_id) == (side, site_id)
        may = is_here and not phone.staged and phone.may_be_texted(since)
        if may and phone.number not in spoken_to and sum(one.number == phone.number for one in told.phones) == 1:
            return phone
    return None


def _sharers(told: Told, phone: Phone) -> int:
    return len({one.patient_id for one in told.phones if one.number == phone.number and one.line is not None})


def _latest_unanswered(told: Told) -> list[Text]:
    """The last texts on three phones from which nobody has answered."""
    answered = {id(reply.question) for reply in told.replies}
    latest: dict[str, Text] = {}
    for text in sorted(told.texts.sent, key=lambda text: text.queued_at):
        if text.phone.line is not None and not text.phone.staged:
            latest[text.phone.line.number] = text
    quiet = [one for one in latest.values() if one.state == "delivered" and one.occurrence and id(one) not in answered]
    return sorted(quiet, key=lambda text: text.queued_at, reverse=True)[:3]
