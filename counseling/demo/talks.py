"""Sessions at the counseling points, with people known and unknown, and the appointments that come of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from counseling.demo import words
from counseling.demo.accounts import CAO_LOC, DONG_KINH
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.supported import Booked, Held, Supported
from counseling.domain.sessions import TOPICS, USUAL_MINUTES, topics_text

KINDS = {"psychosocial": 34, "relapse_prevention": 28, "family": 18, "vocational": 20}
FORMS = {"one_to_one": 74, "phone": 14, "home": 8, "group": 4}
KINDS_OF_STRANGERS = {"choosing": 55, "family": 25, "psychosocial": 20}
COMES_TO_THE_POINT, IS_BOOKED = 0.016, 0.45
STRANGERS = {DONG_KINH: 0.2, CAO_LOC: 0.12}  # on one day
FIRST, LAST = 13 * 60 + 40, 16 * 60 + 20  # minutes of the day when a session ends
HOURS = (8 * 60, 8 * 60 + 30, 9 * 60, 9 * 60 + 30, 16 * 60, 16 * 60 + 30)  # of appointments, within the opening hours
COMES, CALLS_OFF = 0.8, 0.12
CALLED_OFF_BEFORE = timedelta(days=4)  # before anybody is reminded


def comes_today(person: Supported, day: date, dice: Dice) -> bool:
    is_quiet = person.quiet_from is not None and day >= person.quiet_from
    return not is_quiet and not person.is_silent and dice.chance(COMES_TO_THE_POINT)


def end_of_session(book: Book, day: date, dice: Dice) -> datetime:
    return book.frame.at(day, dice.between(FIRST, LAST))


def talk(book: Book, person: Supported, at: datetime, dice: Dice, kept: Booked | None = None) -> None:
    """A session with somebody known; it is a sign of life, keeps the day's appointment, and often books the next."""
    held = _held(book, person.point, at, dice, KINDS)
    held.person, held.kept = person, kept
    person.sessions.append(held)
    person.met(held.on, at)
    if kept is not None:
        kept.state, kept.changed_at = "kept", at
    if dice.chance(IS_BOOKED):
        day = held.on + timedelta(days=dice.between(5, 14))
        book_for(book, person, book.frame.at(day, dice.one_of(HOURS)), at + timedelta(minutes=3), dice)


def talk_with_strangers(book: Book, day: date, seed: tuple[object, ...]) -> list[Held]:
    """Who walked in on a day and gave no name: only the sex is written down."""
    found = []
    for point, share in STRANGERS.items():
        dice = Dice("strangers", point, day, *seed)
        if dice.chance(share):
            held = _held(book, point, end_of_session(book, day, dice), dice, KINDS_OF_STRANGERS)
            held.form, held.sex = "one_to_one", dice.one_of(("male", "female", "unknown"), (60, 30, 10))
            found.append(held)
    return found


def book_for(book: Book, person: Supported, starts_at: datetime, booked_at: datetime, dice: Dice) -> None:
    """Unless the person is booked for that day already; some call off again some days before."""
    zone = book.frame.zone
    if starts_at.astimezone(zone).date() in {one.starts_at.astimezone(zone).date() for one in person.bookings}:
        return
    booked = Booked(person, starts_at, booked_at, book.counselor(person.point), will_come=dice.chance(COMES))
    called_off_at = starts_at - CALLED_OFF_BEFORE
    if booked_at < called_off_at < book.frame.now and dice.chance(CALLS_OFF):
        booked.state, booked.changed_at = "cancelled", called_off_at
    person.bookings.append(booked)


def stay_away(booked: Booked, at: datetime) -> None:
    booked.state, booked.changed_at = "missed", at


def _held(book: Book, point: str, at: datetime, dice: Dice, kinds: dict[str, int]) -> Held:
    return Held(
        site_id=book.places.sites[point],
        person=None,
        kind=dice.one_of(tuple(kinds), tuple(kinds.values())),
        form=dice.one_of(tuple(FORMS), tuple(FORMS.values())),
        topics=topics_text(dice.some_of(TOPICS, dice.between(1, 3))),
        minutes=dice.one_of(USUAL_MINUTES, (15, 45, 30, 10)),
        agreed=dice.one_of(words.AGREED) if dice.chance(0.6) else None,
        on=at.astimezone(book.frame.zone).date(),
        at=at,
        staff_id=book.counselor(point),
    )
