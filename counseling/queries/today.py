"""The list of today at a station, and one person of it, as plain rows for the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.audit_chain import site_chain
from counseling.domain.missed_doses import GapBand, band_for, gap_days
from counseling.domain.names import fold
from counseling.models.audit import AuditHead
from counseling.models.doses import AdherenceSummary, DayDose, DoseVoid, StationDay, StationVisit
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site


@dataclass(frozen=True)
class TodayRow:
    """One person on the list. Amounts in tenths of a mg; `given` are the parts drunk today, anywhere."""

    patient_id: int
    ref: str
    register_code: str
    name: str
    folded_name: str
    birth_year: int
    order_id: int | None
    last_on: date | None
    parts: tuple[int, ...]
    given: tuple[int, ...]
    last_given_at: datetime | None
    visit_outcome: str | None
    gap: int | None
    unreviewed_gap: int | None
    stops: bool
    namesakes: int

    @property
    def is_done(self) -> bool:
        return bool(self.parts) and len(self.given) >= len(self.parts)

    @property
    def next_mg_tenths(self) -> int | None:
        return self.parts[len(self.given)] if len(self.given) < len(self.parts) else None


@dataclass(frozen=True)
class TodayList:
    """Still to attend, attended, and those for whom no order runs today."""

    state: str | None
    version: str
    waiting: list[TodayRow]
    attended: list[TodayRow]
    without_order: list[TodayRow]


def list_version(session: AnySession, site_id: int, today: date) -> str:
    """Changes whenever anything at the site does: the number of entries in the site's audit chain, and the day."""
    query = select(AuditHead.sequence).where(AuditHead.chain == site_chain(site_id))
    return f"{today.toordinal()}-{session.execute(query).scalar_one_or_none() or 0}"


def find_day_state(session: AnySession, site_id: int, today: date) -> str | None:
    query = select(StationDay.state).where(StationDay.site_id == site_id, StationDay.day_on == today)
    return session.execute(query).scalar_one_or_none()


_RUNNING = aliased(DoseOrder)
_folded = lru_cache(maxsize=20_000)(fold)  # 300 names every two seconds


def list_today(session: AnySession, site_id: int, today: date, bands: Sequence[GapBand]) -> TodayList:
    """Everybody in treatment at the station, as they stand today; the version is read first, so it is never too new."""
    version = list_version(session, site_id, today)
    people = session.execute(
        select(
            TreatmentFile.patient_id,
            TreatmentFile.ref,
            TreatmentFile.register_code,
            TreatmentFile.full_name,
            TreatmentFile.birth_year,
            AdherenceSummary.covered_through,
            _RUNNING.id.label("order_id"),
            _RUNNING.last_on,
            _RUNNING.gap_reviewed_through,
        )
        .join(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
        .outerjoin(_RUNNING, and_(_RUNNING.patient_id == TreatmentFile.patient_id, *_runs_on(today)))
        .where(TreatmentFile.station_id == site_id, TreatmentFile.status == "active")
        .order_by(TreatmentFile.register_code)
    ).all()
    parts = _parts_by_order(session, site_id, today)
    given = _given_by_patient(session, site_id, today)
    visits = _visits_by_patient(session, site_id, today)
    vault = vault_of(session)
    names = {row.patient_id: vault.open("treatment_files.full_name", row.ref, row.full_name) or "" for row in people}
    folded = {patient_id: _folded(name) for patient_id, name in names.items()}
    same = Counter(folded.values())
    rows = []
    for row in people:
        doses = given.get(row.patient_id, [])
        gap = 0 if doses else gap_days(row.covered_through, today)
        unreviewed = 0 if doses else gap_days(row.covered_through, today, row.gap_reviewed_through)
        band = band_for(unreviewed, bands)
        rows.append(
            TodayRow(
                patient_id=row.patient_id,
                ref=row.ref,
                register_code=row.register_code,
                name=names[row.patient_id],
                folded_name=folded[row.patient_id],
                birth_year=row.birth_year,
                order_id=row.order_id,
                last_on=row.last_on,
                parts=tuple(parts.get(row.order_id, ())),
                given=tuple(mg for mg, _ in doses),
                last_given_at=doses[-1][1] if doses else None,
                visit_outcome=visits.get(row.patient_id),
                gap=gap,
                unreviewed_gap=unreviewed,
                stops=band is not None and band.response.stops,
                namesakes=same[folded[row.patient_id]],
            )
        )
    return TodayList(
        state=find_day_state(session, site_id, today),
        version=version,
        waiting=[row for row in rows if row.order_id is not None and not row.is_done and row.visit_outcome is None],
        attended=sorted(
            (row for row in rows if row.is_done or row.given or row.visit_outcome),
            key=lambda row: row.last_given_at.timestamp() if row.last_given_at else 0,
            reverse=True,
        ),
        without_order=[row for row in rows if row.order_id is None and not row.given and row.visit_outcome is None],
    )


def _runs_on(day: date) -> tuple[ColumnElement[bool], ...]:
    return (_RUNNING.phase != "one_time", _RUNNING.starts_on <= day, _RUNNING.last_on >= day)


def _parts_by_order(session: AnySession, site_id: int, today: date) -> dict[int, list[int]]:
    query = (
        select(OrderPart.order_id, OrderPart.mg_tenths)
        .join(_RUNNING, _RUNNING.id == OrderPart.order_id)
        .join(TreatmentFile, TreatmentFile.patient_id == _RUNNING.patient_id)
        .where(TreatmentFile.station_id == site_id, TreatmentFile.status == "active", *_runs_on(today))
        .order_by(OrderPart.order_id, OrderPart.part)
    )
    parts: dict[int, list[int]] = {}
    for order_id, mg_tenths in session.execute(query):
        parts.setdefault(order_id, []).append(mg_tenths)
    return parts


def _given_by_patient(session: AnySession, site_id: int, today: date) -> dict[int, list[tuple[int, datetime]]]:
    """Doses of today that count, of the station's own people wherever they drank them."""
    query = (
        select(DayDose.patient_id, DayDose.mg_tenths, DayDose.recorded_at)
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(TreatmentFile.station_id == site_id, DayDose.dose_on == today, DayDose.part < 11, DoseVoid.id.is_(None))
        .order_by(DayDose.recorded_at)
    )
    given: dict[int, list[tuple[int, datetime]]] = {}
    for patient_id, mg_tenths, at in session.execute(query):
        given.setdefault(patient_id, []).append((mg_tenths, at))
    return given


def _visits_by_patient(session: AnySession, site_id: int, today: date) -> dict[int, str]:
    """Who came today and went without a dose: the last outcome of each."""
    query = select(StationVisit.patient_id, StationVisit.outcome).where(
        StationVisit.site_id == site_id, StationVisit.visit_on == today, StationVisit.outcome != "vomited"
    )
    return {row.patient_id: row.outcome for row in session.execute(query.order_by(StationVisit.id))}


@dataclass(frozen=True)
class LastDose:
    mg_tenths: int
    dose_on: date
    recorded_at: datetime
    site_name: str


def find_last_dose(session: AnySession, patient_id: int) -> LastDose | None:
    query = (
        select(DayDose.mg_tenths, DayDose.dose_on, DayDose.recorded_at, Site.name)
        .join(Site, Site.id == DayDose.site_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id, DoseVoid.id.is_(None))
        .order_by(DayDose.dose_on.desc(), DayDose.recorded_at.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return LastDose(*row) if row else None
