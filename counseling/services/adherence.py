"""The kept adherence summary: every write that covers or uncovers a day goes through here."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import Transaction
from counseling.domain.adherence import EMPTY, Adherence, bits_from_bytes, bits_to_bytes, recount
from counseling.models.doses import AdherenceSummary, DayDose, DosedElsewhere, DoseVoid
from counseling.models.orders import OrderPart

# Built once, with the patient as a parameter: SQLAlchemy then compiles it once, and not per dose.
UPDATE = update(AdherenceSummary.__table__).where(  # type: ignore[arg-type]  # Core table behind the mapped class
    AdherenceSummary.__table__.c.patient_id == bindparam("of_patient")
)


def from_columns(anchor_on: date | None, covered: bytes, complete: bytes) -> Adherence:
    return Adherence(anchor_on, bits_from_bytes(covered), bits_from_bytes(complete))


def columns(summary: Adherence) -> dict[str, Any]:
    """The values of the row's columns, without the patient."""
    return {
        "anchor_on": summary.anchor_on,
        "covered": bits_to_bytes(summary.covered),
        "complete": bits_to_bytes(summary.complete),
        "covered_through": summary.covered_through,
    }


def start_summary(tx: Session, patient_id: int, covered_day: date | None = None, *, is_active: bool = True) -> None:
    """The summary of somebody who is being registered; `covered_day`: dosed elsewhere until then."""
    summary = EMPTY if covered_day is None else EMPTY.with_day(covered_day, complete=True)
    tx.execute(insert(AdherenceSummary).values(patient_id=patient_id, is_active=is_active, **columns(summary)))


def lock_summary(tx: Session, patient_id: int) -> Adherence:
    """Lock a patient: the first lock of every transaction that changes what covers their days."""
    query = select(AdherenceSummary.anchor_on, AdherenceSummary.covered, AdherenceSummary.complete)
    row = tx.execute(query.where(AdherenceSummary.patient_id == patient_id).with_for_update()).one()
    return from_columns(*row)


def save_summary(tx: Transaction, patient_id: int, summary: Adherence) -> None:
    tx.execute(UPDATE, {"of_patient": patient_id, **columns(summary)})


def note_activity(tx: Transaction, patient_id: int, is_active: bool) -> None:
    """Whoever has left is kept off the list of gaps."""
    tx.execute(UPDATE, {"of_patient": patient_id, "is_active": is_active})


def recount_from_rows(tx: Session, patient_id: int) -> Adherence:
    """The summary that the rows give: doses that are not voided, and days that another register answers for."""
    doses = tx.execute(
        select(DayDose.dose_on, DayDose.part, DayDose.order_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id, DayDose.part < 11, DoseVoid.id.is_(None))
    ).all()
    parts = _parts(tx, {order_id for _, _, order_id in doses})
    given: dict[date, dict[int, set[int]]] = {}
    for dose_on, part, order_id in doses:
        given.setdefault(dose_on, {}).setdefault(order_id, set()).add(part)
    complete = {
        day for day, by_order in given.items() for order_id, taken in by_order.items() if parts[order_id] <= taken
    }
    elsewhere = _days_elsewhere(tx, patient_id)
    return recount(set(given) | elsewhere, complete | (elsewhere - set(given)))


def _parts(tx: Session, order_ids: set[int]) -> dict[int, set[int]]:
    parts: dict[int, set[int]] = {order_id: set() for order_id in order_ids}
    for order_id, part in tx.execute(
        select(OrderPart.order_id, OrderPart.part).where(OrderPart.order_id.in_(order_ids))
    ):
        parts[order_id].add(part)
    return parts


def _days_elsewhere(tx: Session, patient_id: int) -> set[date]:
    spans = tx.execute(
        select(DosedElsewhere.first_on, DosedElsewhere.last_on).where(DosedElsewhere.patient_id == patient_id)
    )
    return {
        date.fromordinal(number) for first, last in spans for number in range(first.toordinal(), last.toordinal() + 1)
    }
