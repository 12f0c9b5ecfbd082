"""Rows of the orders that doctors wrote and that came with the register."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from counseling.demo.book import Book
from counseling.demo.plan import PlannedOrder, PlannedPatient
from counseling.models.orders import DoseOrder, Drug, OrderPart
from counseling.services import audit


def add_orders(book: Book, ids: list[int], patients: list[PlannedPatient]) -> dict[str, int]:
    """Orders and their parts; gives ids by request key."""
    drug_id = book.tx.execute(select(Drug.id).order_by(Drug.id).limit(1)).scalar_one()
    planned = sorted(
        ((patient_id, patient, order) for patient_id, patient in zip(ids, patients, strict=True)
         for order in patient.orders),
        key=lambda one: one[2].written_at,
    )  # fmt: skip
    rows = [_order_row(book, patient_id, patient, order, drug_id) for patient_id, patient, order in planned]
    order_ids = book.add(DoseOrder, rows)
    parts = [
        {"order_id": order_id, "part": number, "mg_tenths": mg}
        for order_id, (_, _, order) in zip(order_ids, planned, strict=True)
        for number, mg in enumerate(order.parts, start=1)
    ]
    book.put(OrderPart, parts)
    return {row["request_key"]: order_id for order_id, row in zip(order_ids, rows, strict=True)}


def _order_row(
    book: Book, patient_id: int, patient: PlannedPatient, order: PlannedOrder, drug_id: int
) -> dict[str, Any]:
    doctor_id = book.staff["doctor"]
    taken_over = order.origin == "register_import"
    return {
        "patient_id": patient_id,
        "drug_id": drug_id,
        "phase": order.phase,
        "starts_on": order.starts_on,
        "ends_on": order.ends_on,
        "last_on": order.last_on,
        "gap_reviewed_through": order.gap_reviewed_through,
        "origin": order.origin,
        "written_by_id": book.dispenser(patient.station, order.written_at.date()) if taken_over else doctor_id,
        "written_at": order.written_at,
        "request_key": order.request_key,
        "stopped_by_id": doctor_id if order.stopped_at else None,
        "stopped_at": order.stopped_at,
    }


def note_orders(
    book: Book,
    ids: list[int],
    patients: list[PlannedPatient],
    orders: dict[str, int],
    tasks: dict[str, list[int]],
) -> None:
    """Orders that a doctor wrote stand in the station's chain; those of the register came with the patient."""
    for patient_id, patient in zip(ids, patients, strict=True):
        for order in patient.orders:
            if order.origin == "register_import":
                continue
            replaced = [orders[old.request_key] for old in patient.orders if old.stopped_at == order.written_at]
            content = (order.phase, order.parts, order.starts_on, order.ends_on, None)
            details: dict[str, object] = {
                "patient": patient_id,
                "replaces": replaced,
                "closes": tasks.get(order.request_key, []),
                "second_doctor": None,
                "restart": order.gap_reviewed_through is not None,
                "content": audit.digest_of(book.tx, *content),
            }
            site_id, subject = book.places.sites[patient.station], f"order:{orders[order.request_key]}"
            book.note(order.written_at, site_id, book.staff["doctor"], "order.written", subject, details)
