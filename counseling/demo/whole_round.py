"""Texts, replies, visits, sessions: told day by day for everybody together, then written down."""

from __future__ import annotations

from datetime import datetime, time

from counseling.demo import inbox, mornings, replies, support_files, talks, urgent, waiting
from counseling.demo.agreements import ask_at_window, write_agreements
from counseling.demo.book import Book
from counseling.demo.call_backs import write_tasks
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone, add_numbers
from counseling.demo.plan import A_DAY, PlannedPatient
from counseling.demo.support import invent_supported
from counseling.demo.support_days import live_through
from counseling.demo.supported import Held, Supported
from counseling.demo.told import Told
from counseling.domain.station_days import Hours
from counseling.queries.opening_hours import hours_on
from counseling.treatment_rows import TREATMENT

Treated = list[tuple[int, PlannedPatient]]


def add_round(book: Book, seed: int, supported: int, treated: Treated) -> None:
    """Everything around the doses: who is texted and looked in on, what came of it, and what waits."""
    told, of_day = Told(), (seed, book.frame.today)
    phones = _treatment_phones(book, told, treated)
    people = invent_supported(book, told, of_day, supported, treated)
    waiting.prepare(book, people)
    strangers = _tell(book, told, phones, people, of_day)
    waiting.leave(book, told, people, treated)
    urgent.leave(book, told)
    _write(book, told, people, strangers, Dice("rows", *of_day))


def _treatment_phones(book: Book, told: Told, treated: Treated) -> list[tuple[Phone, PlannedPatient]]:
    found = []
    for patient_id, patient in treated:
        if patient.phone is None:
            continue
        site_id, ref = book.places.sites[patient.station], Dice("number", *patient.dice_seed).ref()
        at, seed = patient.registered_at, patient.dice_seed
        phone = Phone(patient_id, TREATMENT, site_id, ref, patient.phone, at, seed, staged=patient.staged)
        ask_at_window(book, told, phone, patient)
        found.append((phone, patient))
    told.phones += [phone for phone, _ in found]
    return found


def _tell(
    book: Book,
    told: Told,
    phones: list[tuple[Phone, PlannedPatient]],
    people: list[Supported],
    seed: tuple[object, ...],
) -> list[Held]:
    """Day by day from the first to yesterday; of today nothing is told. Gives the talks with people unknown."""
    hours = {phone.site_id: _hours(book, phone.site_id) for phone, _ in phones}
    texted = [(phone, patient) for phone, patient in phones if phone.confirmed_at is not None]
    strangers: list[Held] = []
    day = book.frame.first
    while day < book.frame.today:
        for phone, patient in texted:
            _begin_again(book, told, phone, book.frame.at(day, 0))
            text = mornings.text_of_the_morning(book, told, phone, patient, day, hours[phone.site_id])
            if text is not None:
                replies.answer(book, told, text, patient.answers.get(day))
        for person in people:
            if person.phone is not None:
                _begin_again(book, told, person.phone, book.frame.at(day, 0))
            live_through(book, told, person, day)
        strangers += talks.talk_with_strangers(book, day, seed)
        day += A_DAY
    return strangers


def _begin_again(book: Book, told: Told, phone: Phone, midnight: datetime) -> None:
    """Whoever wants the texts again writes so; from that day on they come."""
    line = phone.line
    if line is None or line.begins_again_at is None or line.begins_again_at >= midnight:
        return
    last = max((text for text in told.texts.sent if text.phone.line is line), key=lambda text: text.queued_at)
    replies.begin_again(book, told, last, line.begins_again_at, phone.dice("again"))


def _hours(book: Book, site_id: int) -> list[Hours]:
    today = book.frame.today
    return hours_on(book.tx, site_id, [today])[today] or [Hours(time(6, 30), time(10, 30))]


def _write(book: Book, told: Told, people: list[Supported], strangers: list[Held], dice: Dice) -> None:
    """In the order in which rows name each other."""
    told.lines.write(book, dice)
    add_numbers(book, told.phones)
    write_agreements(book, told, dice)
    support_files.write_appointments(book, people, dice)
    told.texts.write(book, dice)
    inbox.write_inbox(book, told, dice)
    inbox.note_stops(book, told)
    waiting.write_phones(book, told)
    urgent.write(book, told, Dice("urgent", book.frame.today))
    write_tasks(book, told)
    support_files.write_contacts(book, people, dice)
    sessions = [held for person in people for held in person.sessions] + strangers
    support_files.write_sessions(book, sessions, dice)
    support_files.write_aftercare(book, people, dice)
    support_files.write_files(book, people)
