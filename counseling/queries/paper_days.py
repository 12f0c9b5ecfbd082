"""Everybody of a station on one day, as a paper of that day has to be read: for the sheet, and inside its entry."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from counseling.database import AnySession
from counseling.domain.adherence import Adherence, bits_from_bytes
from counseling.domain.late_entry import PaperDay
from counseling.domain.window import RunningOrder
from counseling.models.doses import (
    FIRST_REPLACEMENT_PART,
    AdherenceSummary,
    DayDose,
    DosedElsewhere,
    DoseIncident,
    DoseVoid,
    LateEntry,
    StationDay,
    StationVisit,
)
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff, StaffRole
from counseling.models.window import PatientHold

Reader = AnySession | Session
DAYS_OFFERED = 7


@dataclass(frozen=True)
class PaperRow:
    """One person and what is known of that day. `doses`: (id, part, whether it was reversed), all attempts."""

    patient_id: int
    ref: str
    register_code: str
    full_name: bytes  # sealed
    birth_year: int
    facility_id: int
    summary: Adherence
    visit_outcome: str | None
    doses: tuple[tuple[int, int, bool], ...]
    facts: PaperDay

    def attempts(self, part: int) -> int:
        """How often this part of the day has been recorded, mistakes included."""
        return sum(1 for _, other, _ in self.doses if other == part)

    def live_dose(self, part: int) -> int | None:
        return next((dose_id for dose_id, other, is_void in self.doses if other == part and not is_void), None)


def list_paper_days(reader: Reader, site_id: int, day: date, zone: ZoneInfo) -> list[PaperRow]:
    """Everybody of the station for whom an order was written for that day, by register code."""
    written = select(DoseOrder.patient_id).where(*_written_for(day))
    return _load(reader, site_id, day, zone, TreatmentFile.patient_id.in_(written))


def find_paper_day(reader: Reader, site_id: int, patient_id: int, day: date, zone: ZoneInfo) -> PaperRow | None:
    """One person of the station, with or without an order; None where they are not the station's."""
    return next(iter(_load(reader, site_id, day, zone, TreatmentFile.patient_id == patient_id)), None)


def _written_for(day: date) -> tuple[ColumnElement[bool], ...]:
    """Orders that were to run on the day, those that a doctor had ended before it too."""
    return DoseOrder.phase != "one_time", DoseOrder.starts_on <= day, DoseOrder.ends_on >= day


def _load(reader: Reader, site_id: int, day: date, zone: ZoneInfo, whose: ColumnElement[bool]) -> list[PaperRow]:
    files = reader.execute(
        select(
            TreatmentFile.patient_id,
            TreatmentFile.ref,
            TreatmentFile.register_code,
            TreatmentFile.full_name,
            TreatmentFile.birth_year,
            TreatmentFile.facility_id,
            TreatmentFile.status,
            TreatmentFile.status_since,
            TreatmentFile.registered_at,
            AdherenceSummary.anchor_on,
            AdherenceSummary.covered,
            AdherenceSummary.complete,
        )
        .join(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
        .where(TreatmentFile.station_id == site_id, whose)
        .order_by(TreatmentFile.register_code, TreatmentFile.patient_id)
    ).all()
    here = select(TreatmentFile.patient_id).where(TreatmentFile.station_id == site_id, whose)
    orders, stopped = _orders(reader, day, here)
    doses = _doses(reader, day, here)
    elsewhere = DosedElsewhere.first_on <= day, DosedElsewhere.last_on >= day
    answered = _ids(reader, select(DosedElsewhere.patient_id).where(*elsewhere, DosedElsewhere.patient_id.in_(here)))
    drunk = DoseIncident.dose_on == day, DoseIncident.patient_id.in_(here)
    incidents = _ids(reader, select(DoseIncident.patient_id).where(*drunk))
    visits = StationVisit.visit_on == day, StationVisit.outcome != "vomited", StationVisit.patient_id.in_(here)
    came = dict(reader.execute(select(StationVisit.patient_id, StationVisit.outcome).where(*visits)).all())
    held = _ids(reader, _held_on(day, zone).where(PatientHold.patient_id.in_(here)))
    rows = []
    for file in files:
        summary = Adherence(file.anchor_on, bits_from_bytes(file.covered), bits_from_bytes(file.complete))
        own = tuple(doses[file.patient_id])
        facts = PaperDay(
            day=day,
            registered_on=file.registered_at.astimezone(zone).date(),
            is_active=_was_active(file, day),
            order=orders.get(file.patient_id),
            order_was_stopped=file.patient_id in stopped,
            given=tuple(part for _, part, is_void in own if not is_void),
            is_elsewhere=file.patient_id in answered,
            has_incident=file.patient_id in incidents,
            covered_before=summary.covered_before(day),
            was_on_hold=file.patient_id in held,
        )
        person = file.patient_id, file.ref, file.register_code, file.full_name, file.birth_year, file.facility_id
        rows.append(PaperRow(*person, summary, came.get(file.patient_id), own, facts))
    return rows


def _held_on(day: date, zone: ZoneInfo) -> Select[int]:
    first, after = (datetime.combine(moment, time(), zone) for moment in (day, day + timedelta(days=1)))
    return select(PatientHold.patient_id).where(
        PatientHold.kind == "hold",
        PatientHold.set_at < after,
        or_(PatientHold.lifted_at.is_(None), PatientHold.lifted_at >= first),
    )


def _was_active(file: Any, day: date) -> bool:
    """A file's status holds from its day on; before the day on which somebody left they were still here."""
    return bool(file.status_since <= day) if file.status == "active" else bool(file.status_since > day)


def _orders(reader: Reader, day: date, here: Any) -> tuple[dict[int, RunningOrder], set[int]]:
    """The order that ran on the day, by person, and whose order had been ended before it."""
    rows = reader.execute(
        select(
            DoseOrder.patient_id,
            DoseOrder.id,
            DoseOrder.last_on,
            DoseOrder.gap_reviewed_through,
            OrderPart.part,
            OrderPart.mg_tenths,
        )
        .join(OrderPart, OrderPart.order_id == DoseOrder.id)
        .where(*_written_for(day), DoseOrder.patient_id.in_(here))
        .order_by(DoseOrder.id, OrderPart.part)
    ).all()
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        parts[row.id].append((row.part, row.mg_tenths))
    ran = {
        row.patient_id: RunningOrder(row.id, tuple(parts[row.id]), row.gap_reviewed_through)
        for row in rows
        if row.last_on >= day
    }
    return ran, {row.patient_id for row in rows} - ran.keys()


def _doses(reader: Reader, day: date, here: Any) -> dict[int, list[tuple[int, int, bool]]]:
    doses: dict[int, list[tuple[int, int, bool]]] = defaultdict(list)
    query = (
        select(DayDose.patient_id, DayDose.id, DayDose.part, DoseVoid.id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.dose_on == day, DayDose.part < FIRST_REPLACEMENT_PART, DayDose.patient_id.in_(here))
        .order_by(DayDose.id)
    )
    for patient_id, dose_id, part, void_id in reader.execute(query):
        doses[patient_id].append((dose_id, part, void_id is not None))
    return doses


def _ids(reader: Reader, query: Any) -> set[int]:
    return set(reader.execute(query).scalars())


@dataclass(frozen=True)
class EnteredSheet:
    """What one sheet brought in, for the line that says so. `given` counts doses, `people` whose they are."""

    day_on: date
    paper: str
    given: int
    people: int
    not_given: int
    left_out: int


def find_entered(session: AnySession, site_id: int, entry_id: int) -> EnteredSheet | None:
    query = select(
        LateEntry.day_on,
        LateEntry.paper,
        LateEntry.given,
        LateEntry.people,
        LateEntry.not_given,
        LateEntry.left_out,
    ).where(LateEntry.id == entry_id, LateEntry.site_id == site_id)
    row = session.execute(query).first()
    return EnteredSheet(*row) if row else None


def list_writers(session: AnySession, site_id: int) -> list[tuple[int, str]]:
    """Who works at the station's window: one of them wrote the paper, or a name is typed."""
    query = (
        select(Staff.id, Staff.display_name)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .where(StaffRole.kind == "dispenser", StaffRole.site_id == site_id, StaffRole.ended_at.is_(None))
        .distinct()
        .order_by(Staff.display_name)
    )
    return [(row.id, row.display_name) for row in session.execute(query)]


@dataclass(frozen=True)
class LastDay:
    """`state` None: the day was never opened here."""

    day_on: date
    state: str | None


def list_last_days(session: AnySession, site_id: int, today: date) -> list[LastDay]:
    """Today and the days before it, with the state in which each was left."""
    days = [today - timedelta(days=back) for back in range(DAYS_OFFERED)]
    query = select(StationDay.day_on, StationDay.state).where(
        StationDay.site_id == site_id, StationDay.day_on.between(days[-1], today)
    )
    states = dict(session.execute(query).all())
    return [LastDay(day, states.get(day)) for day in days]
