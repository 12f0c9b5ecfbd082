"""Rows of treatment itself: station days, doses, visits, tasks, and the summaries that equal a recount."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from counseling.demo.accounts import CAO_LOC, DONG_KINH
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.order_rows import add_orders, note_orders
from counseling.demo.plan import A_DAY, PlannedEvent, PlannedOrder, PlannedPatient
from counseling.domain.adherence import recount
from counseling.models.doses import AdherenceSummary, DayDose, StationDay, StationVisit
from counseling.models.tasks import Task
from counseling.services.adherence import columns
from counseling.services.usual_hours import count_usual_hours

OPENED, CLOSED = 6 * 60 + 24, 10 * 60 + 40  # minutes after midnight, give or take a few
TASK_OF = {"withheld": "withheld_review", "stopped": "order_review"}
Happening = tuple[int, PlannedPatient, PlannedEvent]


def add_ledger(book: Book, ids: list[int], patients: list[PlannedPatient], *, opens_today: bool = True) -> None:
    """Everything that happened to the patients, from their first order to this morning."""
    happenings = [
        (patient_id, patient, event)
        for patient_id, patient in zip(ids, patients, strict=True)
        for event in patient.events
    ]
    happenings.sort(key=lambda one: one[2].at)
    orders = add_orders(book, ids, patients)
    stations = [code for code in (DONG_KINH, CAO_LOC) if code in book.places.sites]
    _add_days(book, happenings, stations, opens_today)
    doses = _add_doses(book, happenings, orders)
    _add_visits(book, happenings, doses)
    tasks = _add_tasks(book, happenings)
    note_orders(book, ids, patients, orders, tasks)
    _add_summaries(book, ids, patients)
    for station in stations:
        count_usual_hours(book.tx, book.places.sites[station], book.frame.today, book.frame.now, book.frame.zone)


def _add_days(book: Book, happenings: list[Happening], stations: list[str], opens_today: bool) -> None:
    """Every past day was opened and closed; today only Đông Kinh has opened, if anybody."""
    last: dict[tuple[str, date], datetime] = {}
    for _, patient, event in happenings:
        last[(patient.station, event.on)] = event.at
    rows = []
    for station in stations:
        dice = Dice("days", station, book.frame.today)
        day = book.frame.first
        while day < book.frame.today:
            opened_at = book.frame.at(day, OPENED + dice.between(-4, 4))
            closed_at = book.frame.at(day, CLOSED + dice.between(0, 15))
            end = last.get((station, day), closed_at) + timedelta(minutes=dice.between(5, 12))
            rows.append(_day(book, station, day, "closed", opened_at, max(closed_at, end)))
            day += A_DAY
    today = book.frame.today
    state = "recording" if any(e.on == today and e.outcome == "dose" for _, _, e in happenings) else "opened"
    opened_at = min(book.frame.at(today, OPENED), book.frame.now)
    if opens_today:
        rows.append(_day(book, DONG_KINH, today, state, opened_at, None))
    book.put(StationDay, rows)


def _day(
    book: Book, station: str, day: date, state: str, opened_at: datetime, closed_at: datetime | None
) -> dict[str, Any]:
    site_id, by = book.places.sites[station], book.dispenser(station, day)
    book.note(opened_at, site_id, by, "day.opened", f"day:{day.isoformat()}", {})
    if closed_at is not None:
        book.note(closed_at, site_id, by, "day.closed", f"day:{day.isoformat()}", {})
    return {
        "site_id": site_id,
        "day_on": day,
        "state": state,
        "opened_at": opened_at,
        "opened_by_id": by,
        "closed_at": closed_at,
        "closed_by_id": None if closed_at is None else by,
    }


def _add_doses(book: Book, happenings: list[Happening], orders: dict[str, int]) -> dict[str, int]:
    """The doses in the order of time; gives ids by request key."""
    rows = []
    for patient_id, patient, event in happenings:
        if event.outcome == "dose" and event.order is not None:
            rows.append(_dose_row(book, patient_id, patient, event, event.order, orders))
    ids = book.add(DayDose, rows)
    for dose_id, row in zip(ids, rows, strict=True):
        details: dict[str, object] = {
            "patient": row["patient_id"],
            "order": row["order_id"],
            "part": row["part"],
            "mg_tenths": row["mg_tenths"],
            "attempt": 1,
            "on": row["dose_on"],
        }
        at, by = row["recorded_at"], row["recorded_by_id"]
        book.note(at, row["site_id"], by, "dose.recorded", f"dose:{dose_id}", details)
    return {row["request_key"]: dose_id for dose_id, row in zip(ids, rows, strict=True)}


def _dose_row(
    book: Book,
    patient_id: int,
    patient: PlannedPatient,
    event: PlannedEvent,
    order: PlannedOrder,
    orders: dict[str, int],
) -> dict[str, Any]:
    return {
        "patient_id": patient_id,
        "dose_on": event.on,
        "part": event.part,
        "attempt": 1,
        "kind": "observed",
        "order_id": orders[order.request_key],
        "mg_tenths": order.parts[event.part - 1],
        "site_id": book.places.sites[patient.station],
        "gap_days": event.gap,
        "gap_check": event.gap_check,
        "source": "window",
        "recorded_by_id": book.dispenser(patient.station, event.on),
        "recorded_at": event.at,
        "request_key": event.request_key,
    }


def _add_visits(book: Book, happenings: list[Happening], doses: dict[str, int]) -> None:
    rows = []
    for patient_id, patient, event in happenings:
        if event.outcome == "dose":
            continue
        site_id, by = book.places.sites[patient.station], book.dispenser(patient.station, event.on)
        rows.append(
            {
                "patient_id": patient_id,
                "site_id": site_id,
                "visit_on": event.on,
                "outcome": event.outcome,
                "reason": event.reason,
                "day_dose_id": doses[event.dose.request_key] if event.dose else None,
                "observations": book.vault.seal("station_visits.observations", event.request_key, event.observations),
                "recorded_by_id": by,
                "recorded_at": event.at,
                "request_key": event.request_key,
            }
        )
        details = {"patient": patient_id, "outcome": event.outcome, "reason": event.reason, "on": event.on}
        book.note(event.at, site_id, by, "visit.recorded", f"patient:{patient_id}", details)
    book.put(StationVisit, rows)


def _add_tasks(book: Book, happenings: list[Happening]) -> dict[str, list[int]]:
    """What the visits put on the doctor's list; gives the tasks that an order closed, by the order's key."""
    doctor_id = book.staff["doctor"]
    sources = [one for one in happenings if one[2].outcome in TASK_OF]
    rows: list[dict[str, Any]] = []
    for patient_id, patient, event in sources:
        kind = TASK_OF[event.outcome]
        rows.append(
            {
                "side": "treatment",
                "kind": kind,
                "patient_id": patient_id,
                "site_id": book.places.facilities[patient.station],
                "due_on": event.on,
                "dedupe_key": f"{kind}:{patient_id}:{event.on.isoformat()}",
                "opened_at": event.at,
                "opened_by_id": book.dispenser(patient.station, event.on),
                "closed_at": event.answered_at,
                "closed_by_id": doctor_id if event.answered_at else None,
            }
        )
    closed: dict[str, list[int]] = {}
    for task_id, row, (_, _, event) in zip(book.add(Task, rows), rows, sources, strict=True):
        if event.answered_by is not None:
            closed.setdefault(event.answered_by.request_key, []).append(task_id)
        elif event.answered_at is not None:
            book.note(event.answered_at, row["site_id"], doctor_id, "task.closed", f"task:{task_id}", {})
    return closed


def _add_summaries(book: Book, ids: list[int], patients: list[PlannedPatient]) -> None:
    rows = [
        {"patient_id": patient_id, **columns(recount(*patient.covered_days()))}
        for patient_id, patient in zip(ids, patients, strict=True)
    ]
    book.put(AdherenceSummary, rows)
