"""What was agreed at the desks: to be texted, on which number, and to be looked in on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from counseling.demo import words
from counseling.demo.book import Book
from counseling.demo.desk_rows import TEAMS
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone, day_of
from counseling.demo.plan import Frame, PlannedPatient
from counseling.demo.texts import Text
from counseling.demo.told import LooksIn, Told
from counseling.domain.being_visited import ASK_AFTER
from counseling.domain.sending_hours import QUIET_UNTIL, instant
from counseling.domain.text_purposes import PURPOSES
from counseling.models.contacts import VisitConsent
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import SmsConsent
from counseling.queries.first_texts import FIRST
from counseling.services.first_texts import GOOD_FOR as FIRST_GOOD_FOR
from counseling.services.phone_confirmation import GOOD_FOR, WORDING
from counseling.sms.wording import text_of
from counseling.treatment_rows import SUPPORT, TREATMENT

VERSION = "2026-11"  # of the words that are read aloud
NOUNS = {TREATMENT: "patient", SUPPORT: "supported"}
RINGS = 0.15  # share of those who were asked
READ_BY_OTHERS = 7  # one phone in so many
PRETEXTS = ("acquaintance", "commune_visit", "club")


def ask_at_window(book: Book, told: Told, phone: Phone, patient: PlannedPatient) -> None:
    """Somebody in treatment is asked about texts on a morning of the first weeks; a newcomer after two weeks."""
    dice = Dice("agreement", *patient.dice_seed)
    at = _morning(book.frame, patient, dice, 1, book.frame.days // 3)
    if patient.phone_use == "not_asked" or at is None:
        return
    phone.staff_id = book.dispenser(patient.station, day_of(at, book))
    phone.language = patient.person.language
    agree(book, told, phone, at, dice, calls_only=patient.phone_use == "calls_only")


def agree(book: Book, told: Told, phone: Phone, at: datetime, dice: Dice, *, calls_only: bool) -> None:
    """Calls only, or texts: then the number is confirmed by two digits or by ringing, with its owner there."""
    if calls_only:
        phone.calls_only, phone.noted_at = True, at
        return
    phone.agreed_at, phone.line = at, told.lines.of(phone.number)
    told.agreed += 1
    if told.agreed % READ_BY_OTHERS == 3 and not phone.staged:
        phone.is_shared, phone.noted_at = True, at + timedelta(seconds=50)
    asked_at = at + timedelta(seconds=dice.between(60, 110))
    phone.confirmed_at = asked_at + timedelta(seconds=dice.between(40, 150))
    if dice.chance(RINGS) and not phone.staged:
        told.texts.sent.append(_first_text(book, phone, phone.confirmed_at))
        return
    phone.asked_at = asked_at
    body = text_of(WORDING, digits=dice.digits(2))
    text = Text(phone, WORDING, body, asked_at, asked_at + GOOD_FOR, is_automatic=False)
    text.written_by_id, text.request_key = phone.staff_id, dice.request_key()
    text.sent_at = asked_at
    text.arrive(asked_at)
    told.texts.sent.append(text)


def _first_text(book: Book, phone: Phone, confirmed_at: datetime) -> Text:
    """Who has rung is told how to stop by a text of its own, as soon as the night is over."""
    text = Text(phone, FIRST, text_of(FIRST), confirmed_at, confirmed_at + FIRST_GOOD_FOR)
    text.sent_at, text.counted = (
        max(confirmed_at, instant(day_of(confirmed_at, book), QUIET_UNTIL, book.frame.zone)),
        True,
    )
    text.arrive(text.sent_at)
    return text


def agree_to_visits(book: Book, patient_id: int, patient: PlannedPatient) -> LooksIn | None:
    """After two weeks somebody in treatment agrees to be looked in on by a team. None: they were not there to ask."""
    dice, frame = Dice("visits", *patient.dice_seed), book.frame
    wait = min(ASK_AFTER.days, frame.days // 3)
    at = _morning(frame, patient, dice, wait, wait + frame.days // 4)
    code = patient.team or dice.one_of([team for team, *_ in TEAMS], [share for *_, share in TEAMS])
    point = next(site for team, _, _, site, _ in TEAMS if team == code)
    if at is None:
        return None
    taken_back_at = None
    if patient.took_back_visits:
        taken_back_at = _morning(frame, patient, dice, frame.days // 2 + 2, frame.days - 5)
    return LooksIn(
        patient_id=patient_id,
        station_id=book.places.sites[patient.station],
        team=code,
        team_id=book.places.teams[code],
        point_id=book.places.sites[point],
        given_at=at + timedelta(minutes=4),
        staff_id=book.dispenser(patient.station, day_of(at, book)),
        place=dice.one_of(("home", "elsewhere", "point"), (60, 25, 15)),
        pretext=dice.one_of(PRETEXTS),
        never_by=dice.one_of(words.NEVER_BY) if dice.chance(0.5) else None,
        ref=dice.ref(),
        request_key=dice.request_key(),
        taken_back_at=taken_back_at,
        team_waits=patient.team_waits,
    )


def write_agreements(book: Book, told: Told, dice: Dice) -> None:
    """Consents of both kinds, and the entries of all that was asked. The numbers are written before."""
    agreed = [phone for phone in told.phones if phone.agreed_at is not None]
    rows = [_consent_row(phone, dice) for phone in agreed]
    purposes: list[dict[str, Any]] = []
    for consent_id, phone in zip(book.add(SmsConsent, rows), agreed, strict=True):
        wanted = sorted(PURPOSES[phone.side])
        purposes += [{"consent_id": consent_id, "purpose": purpose} for purpose in wanted]
        facts = {"consent": consent_id, "version": VERSION, "purposes": wanted}
        _note(book, phone, phone.agreed_at, "texts_agreed", facts)
    book.put(SmsConsentPurpose, purposes)
    for phone in told.phones:
        _note_number(book, phone)
    visits = list(told.visits.values())
    for consent_id, one in zip(book.add(VisitConsent, [_visit_row(book, one) for one in visits]), visits, strict=True):
        one.id = consent_id
        subject, facts = f"patient:{one.patient_id}", {"consent": consent_id, "version": VERSION}
        book.note(one.given_at, one.station_id, one.staff_id, "patient.visits_agreed", subject, facts)
        if one.taken_back_at is not None:
            facts = {"consent": consent_id}
            book.note(one.taken_back_at, one.station_id, one.staff_id, "patient.visits_withdrawn", subject, facts)


def _morning(frame: Frame, patient: PlannedPatient, dice: Dice, soonest: int, latest: int) -> datetime | None:
    """A few minutes after a dose, some days after the software came, or two weeks after the person did."""
    came = patient.registered_at.date()
    since = frame.first if came < frame.first else came + ASK_AFTER
    wanted = since + timedelta(days=dice.between(soonest, max(soonest, latest)) if came < frame.first else 0)
    doses = [event.at for event in patient.events if event.outcome == "dose" and frame.today > event.on >= wanted]
    return min(doses) + timedelta(minutes=dice.between(1, 4)) if doses else None


def _consent_row(phone: Phone, dice: Dice) -> dict[str, Any]:
    return {
        "patient_id": phone.patient_id,
        "side": phone.side,
        "version": VERSION,
        "language": phone.language,
        "asked_how": "aloud",
        "pronoun": "anh/chi",
        "given_at": phone.agreed_at,
        "asked_by_id": phone.staff_id,
        "withdrawn_at": None,
        "withdrawn_how": None,
        "withdrawn_by_id": None,
        "request_key": dice.request_key(),
    }


def _note_number(book: Book, phone: Phone) -> None:
    if phone.noted_at is not None:
        facts = {"phone": phone.id, "is_shared": phone.is_shared, "calls_only": phone.calls_only}
        _note(book, phone, phone.noted_at, "phone_readers_noted", facts)
    if phone.asked_at is not None:
        _note(book, phone, phone.asked_at, "phone_asked", {"phone": phone.id})
    if phone.confirmed_at is not None:
        how = "digits" if phone.asked_at else "missed_call"
        _note(book, phone, phone.confirmed_at, "phone_confirmed", {"phone": phone.id, "how": how})


def _note(book: Book, phone: Phone, at: datetime | None, verb: str, details: Mapping[str, object]) -> None:
    if at is not None:
        subject = f"patient:{phone.patient_id}"
        book.note(at, phone.site_id, phone.staff_id, f"{NOUNS[phone.side]}.{verb}", subject, details)


def _visit_row(book: Book, one: LooksIn) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "patient_id": one.patient_id,
        "team_id": one.team_id,
        "version": VERSION,
        "place": one.place,
        "pretext": one.pretext,
        "never_by": book.vault.seal("visit_consents.never_by", one.ref, one.never_by),
        "given_at": one.given_at,
        "asked_by_id": one.staff_id,
        "withdrawn_at": one.taken_back_at,
        "withdrawn_by_id": one.staff_id if one.taken_back_at else None,
        "request_key": one.request_key,
    }
