"""Filling an empty demo database, in one transaction: all of it, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from counseling.clock import station_day
from counseling.database import AnySession, vault_of, writing
from counseling.demo.accounts import DONG_KINH, PASSWORD, PIN, USERNAMES
from counseling.demo.attendance import come_today, keep_apart, live_through_history
from counseling.demo.book import Book
from counseling.demo.chains import Chains
from counseling.demo.desk_rows import ACTOR, add_accounts, add_places
from counseling.demo.holds import add_holds
from counseling.demo.ledger_rows import add_ledger
from counseling.demo.patient_rows import add_patients
from counseling.demo.plan import Frame, PlannedPatient
from counseling.demo.round_people import set_up
from counseling.demo.second_looks import add_second_looks
from counseling.demo.sizes import DAYS, PATIENTS, SEED
from counseling.demo.stories import invent_patients, scaled
from counseling.demo.team_phones import add_team_phones
from counseling.demo.whole_round import add_round
from counseling.domain.audit_chain import HOUSE
from counseling.domain.refusal import Refusal
from counseling.models.installation import Installation
from counseling.models.patients import Patient
from counseling.models.people import Staff
from counseling.services.passwords import hash_password
from counseling.services.reminder_rules import ship_rules

AFTERCARE, FEWEST_IN_AFTERCARE = 40, 8  # for PATIENTS patients, and for any
SET_UP_DAYS = 7  # places and accounts stood there a week before the first day


@dataclass(frozen=True)
class Filled:
    patients: int
    supported: int
    doses: int


def fill_demo(
    session: AnySession,
    *,
    now: datetime,
    zone: ZoneInfo,
    patients: int = PATIENTS,
    days: int = DAYS,
    seed: int = SEED,
) -> Filled:
    """Fill the database with the same people and mornings for the same seed and station day; one commit.

    Refuses not_initialised, not_a_demo, has_patients, accounts_exist, places_missing.
    """
    frame = Frame(station_day(now, zone), now, zone, days)
    planned = plan_people(seed, frame, patients)
    password_hash, pin_hash = hash_password(PASSWORD), hash_password(PIN)
    with writing(session) as tx:
        _ensure_empty_demo(tx)
        chains = Chains()
        set_up_at = frame.at(frame.day(-days - SET_UP_DAYS), 9 * 60)
        places = add_places(tx, chains, set_up_at)
        staff = add_accounts(tx, chains, places, password_hash, pin_hash, set_up_at + timedelta(minutes=30))
        book = Book(tx, vault_of(tx), frame, chains, places, staff)
        ids = add_patients(book, planned)
        add_ledger(book, ids, planned)
        add_holds(book, list(zip(ids, planned, strict=True)))
        add_second_looks(book)
        supported = in_aftercare(patients)
        add_round(book, seed, supported, list(zip(ids, planned, strict=True)))
        add_team_phones(book, seed)
        chains.add(now, HOUSE, ACTOR, "demo.filled", "demo", {"seed": seed, "patients": patients, "days": days})
        chains.write(tx)
    ship_rules(session, set_up_at)
    doses = sum(event.outcome == "dose" for patient in planned for event in patient.events)
    return Filled(patients, supported, doses)


def plan_people(seed: int, frame: Frame, patients: int) -> list[PlannedPatient]:
    """Everybody with their orders and mornings, before a database is touched."""
    planned = invent_patients(seed, frame, patients)
    set_up(planned, frame, in_aftercare(patients))
    for patient in planned:
        live_through_history(patient, frame)
    come_today([patient for patient in planned if patient.station == DONG_KINH], frame)
    keep_apart(planned, frame)
    return planned


def in_aftercare(patients: int) -> int:
    return max(FEWEST_IN_AFTERCARE, scaled(AFTERCARE, patients))


def _ensure_empty_demo(session: AnySession) -> None:
    is_demo = session.execute(select(Installation.is_demo)).scalar_one_or_none()
    if is_demo is None:
        raise Refusal("not_initialised")
    if not is_demo:
        raise Refusal("not_a_demo")
    if session.execute(select(Patient.id).limit(1)).first() is not None:
        raise Refusal("has_patients")
    if session.execute(select(Staff.id).where(Staff.username.in_(USERNAMES)).limit(1)).first() is not None:
        raise Refusal("accounts_exist")
