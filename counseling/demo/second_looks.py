"""What is seen besides the dose: a cup that was knocked over, and a station where another person signs each dose.

Cao Lộc has asked for a witness since yesterday morning; the witness went home before the last dose of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from counseling.demo.accounts import CAO_LOC, DONG_KINH
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.models.doses import DayDose
from counseling.models.window import DosePour, Spill
from counseling.models.witnesses import DoseWitness, WitnessDuty

BEFORE_THE_WINDOW = 6 * 60  # minutes after midnight
STOOD, FELL = timedelta(seconds=90), timedelta(seconds=60)  # before the dose that was drunk in its place
SIGNED_AFTER = timedelta(minutes=10)


def add_second_looks(book: Book) -> None:
    _add_spill(book)
    _add_witnesses(book)


def _add_spill(book: Book) -> None:
    """Yesterday at Đông Kinh a cup was poured, knocked over and poured again."""
    doses = _doses_of_yesterday(book, DONG_KINH)
    if not doses:
        return
    dose, dice = doses[len(doses) // 2], Dice("spill", book.frame.today)
    poured_at, fell_at = dose.recorded_at - STOOD, dose.recorded_at - FELL
    cup = {"patient_id": dose.patient_id, "site_id": dose.site_id, "dose_on": dose.dose_on, "order_id": dose.order_id}
    cup |= {"part": dose.part, "mg_tenths": dose.mg_tenths, "poured_by_id": dose.recorded_by_id}
    ended = {"poured_at": poured_at, "ended_at": fell_at, "ended_by": "spilled", "request_key": dice.request_key()}
    (pour_id,) = book.add(DosePour, [cup | ended])
    spill = {"site_id": dose.site_id, "spilled_on": dose.dose_on, "mg_tenths": dose.mg_tenths, "reason": "overturned"}
    spill |= {"pour_id": pour_id, "recorded_by_id": dose.recorded_by_id, "recorded_at": fell_at}
    (spill_id,) = book.add(Spill, [spill | {"request_key": dice.request_key()}])
    facts = {"patient": dose.patient_id, "mg_tenths": dose.mg_tenths}
    by = dose.site_id, dose.recorded_by_id
    poured = facts | {"order": dose.order_id, "part": dose.part, "on": dose.dose_on}
    book.note(poured_at, *by, "dose.poured", f"pour:{pour_id}", poured)
    book.note(fell_at, *by, "dose.spilled", f"spill:{spill_id}", facts | {"pour": pour_id, "reason": "overturned"})


def _add_witnesses(book: Book) -> None:
    site_id, yesterday = book.places.sites[CAO_LOC], book.frame.yesterday
    since = book.frame.at(yesterday, BEFORE_THE_WINDOW)
    book.put(WitnessDuty, [{"site_id": site_id, "since_on": yesterday, "since_at": since}])
    asked = {"changed": ["asks_for_witness"]}
    book.note(since, site_id, book.staff["admin"], "site.changed", f"site:{site_id}", asked)
    *doses, _ = _doses_of_yesterday(book, CAO_LOC) or [None]
    if not doses:
        return
    giver = doses[0].recorded_by_id
    witness = next(book.staff[name] for name in ("nurse", "dispenser2") if book.staff[name] != giver)
    at = doses[-1].recorded_at + SIGNED_AFTER
    shared = {"witness_id": witness, "witnessed_at": at, "request_key": Dice("witness", yesterday).request_key()}
    book.put(DoseWitness, [{"day_dose_id": dose.id, **shared} for dose in doses])
    ids = {"doses": [dose.id for dose in doses], "witness": witness}
    book.note(at, site_id, witness, "dose.witnessed", f"site:{site_id}", ids)


def _doses_of_yesterday(book: Book, station: str) -> Sequence[Any]:
    """In the order in which they were given."""
    dose = DayDose
    columns = (dose.id, dose.patient_id, dose.site_id, dose.dose_on, dose.order_id, dose.part, dose.mg_tenths)
    query = select(*columns, dose.recorded_by_id, dose.recorded_at).where(
        dose.site_id == book.places.sites[station], dose.dose_on == book.frame.yesterday
    )
    return book.tx.execute(query.order_by(dose.recorded_at, dose.id)).all()
