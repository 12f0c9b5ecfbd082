"""Contacts of volunteers and counselors with the people they support, now and then corrected or undone."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from counseling.demo import words
from counseling.demo.accounts import CONG_SON, MAU_SON
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.supported import Contact, Supported
from counseling.demo.told import Asked
from counseling.domain.contacts import NEXT_IN_DAYS, TOPICS, WITHDRAWN, topics_text

VOLUNTEERS = {MAU_SON: "volunteer", CONG_SON: "volunteer2"}
OUTCOMES = {"met_well": 68, "met_needs_help": 13, "not_met": 19}
BY_VOLUNTEER = {"home": 62, "phone": 20, "elsewhere": 18}
BY_COUNSELOR = {"phone": 60, "point": 40}
CORRECTED, UNDONE = 0.05, 0.04
FIRST_HOUR, LAST_HOUR = 8, 18
# How likely somebody goes on a day: after the check-in is due, and otherwise.
WHEN_DUE, WHEN_SILENT, AT_ANY_TIME = 0.3, 0.01, 0.02


def goes_today(person: Supported, day: date, dice: Dice) -> bool:
    if person.quiet_from is not None and day >= person.quiet_from:
        return False
    due = person.aftercare.next_on <= day
    return dice.chance(WHEN_SILENT if person.is_silent else WHEN_DUE if due else AT_ANY_TIME)


def some_time(book: Book, day: date, dice: Dice) -> datetime:
    return book.frame.at(day, dice.between(FIRST_HOUR * 60 + 20, LAST_HOUR * 60) + dice.between(0, 59) / 60)


def visit(
    book: Book, person: Supported, at: datetime, dice: Dice, outcome: str | None = None, task: Asked | None = None
) -> None:
    """Somebody of the team, or of the point where the team has no account, goes or calls; `task`: what it answers."""
    day = at.astimezone(book.frame.zone).date()
    is_volunteer = person.team in VOLUNTEERS
    kinds = BY_VOLUNTEER if is_volunteer else BY_COUNSELOR
    contact = Contact(
        person=person,
        kind=dice.one_of(tuple(kinds), tuple(kinds.values())),
        outcome=outcome or dice.one_of(tuple(OUTCOMES), tuple(OUTCOMES.values())),
        at=at,
        on=day,
        staff_id=book.staff[VOLUNTEERS[person.team]] if is_volunteer else book.counselor(person.point),
        team_id=book.places.teams[person.team] if is_volunteer else None,
        task=task,
    )
    if contact.outcome != "not_met":
        _say_more(contact, dice)
    person.write_down(contact)
    if task is not None:
        task.closed_at, task.closed_by_id, task.outcome = at, contact.staff_id, contact.outcome
        task.closed_by_contact = True
    elif outcome is None:
        _think_again(person, contact, dice)


def _say_more(contact: Contact, dice: Dice) -> None:
    contact.topics = topics_text(dice.some_of(TOPICS, dice.between(0, 3)))
    contact.note = dice.one_of(words.CONTACT_NOTES) if dice.chance(0.25) else None
    if dice.chance(0.3):
        contact.next_on = contact.on + timedelta(days=dice.one_of(NEXT_IN_DAYS))


def _think_again(person: Supported, contact: Contact, dice: Dice) -> None:
    """A tap was wrong: another entry takes its place, or it is undone and written down again."""
    if dice.chance(CORRECTED):
        other = dice.one_of([outcome for outcome in OUTCOMES if outcome != contact.outcome])
        later = contact.at + timedelta(minutes=dice.between(2, 30))
        person.write_down(_in_place_of(contact, contact.kind, other, later))
    elif dice.chance(UNDONE):
        undone_at = contact.at + timedelta(seconds=dice.between(4, 50))
        person.write_down(_in_place_of(contact, contact.kind, WITHDRAWN, undone_at))
        again = Contact(
            person, contact.kind, "met_well", undone_at + timedelta(seconds=20), contact.on, contact.staff_id,
            contact.team_id,
        )  # fmt: skip
        person.write_down(again)


def _in_place_of(contact: Contact, kind: str, outcome: str, at: datetime) -> Contact:
    return Contact(contact.person, kind, outcome, at, contact.on, contact.staff_id, contact.team_id, corrects=contact)
