"""What was recorded about one person at the window, by whom: the latest first, a page at a time.

The caller has checked the scope. What was voided stays, with the two who signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, literal, select, union_all
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.models.doses import DayDose, DoseIncident, DoseVoid, StationVisit
from counseling.models.people import Staff
from counseling.models.places import Site

PAGE_EVENTS = 20
DOSE, VISIT, INCIDENT = "dose", "visit", "incident"


@dataclass(frozen=True)
class Voided:
    asked_by: str
    signed_by: str
    at: datetime


@dataclass(frozen=True)
class Happening:
    """`word`: the kind of a dose, the outcome of a visit, the reason of an incident. A visit has no amount."""

    what: str
    word: str
    on: date
    at: datetime
    site: str
    recorded_by: str
    mg_tenths: int | None = None
    part: int | None = None
    witness: str | None = None
    paper: str | None = None
    voided: Voided | None = None


@dataclass(frozen=True)
class Happenings:
    rows: list[Happening]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_EVENTS - 1) // PAGE_EVENTS, 1)


def list_happenings(session: AnySession, patient_id: int, page: int = 1) -> Happenings:
    """Two statements say which ones, three say what they were, whatever the page."""
    keys = union_all(
        _keys(DOSE, DayDose, DayDose.dose_on, patient_id),
        _keys(VISIT, StationVisit, StationVisit.visit_on, patient_id),
        _keys(INCIDENT, DoseIncident, DoseIncident.dose_on, patient_id),
    ).subquery("keys")
    total = session.execute(select(func.count()).select_from(keys)).scalar_one()
    page = min(max(page, 1), max((total + PAGE_EVENTS - 1) // PAGE_EVENTS, 1))
    shown = session.execute(
        select(keys.c.what, keys.c.id)
        .order_by(keys.c.on_date.desc(), keys.c.at.desc(), keys.c.what, keys.c.id.desc())
        .offset((page - 1) * PAGE_EVENTS)
        .limit(PAGE_EVENTS)
    ).all()
    ids: dict[str, list[int]] = {DOSE: [], VISIT: [], INCIDENT: []}
    for what, row_id in shown:
        ids[what].append(row_id)
    found = {
        **{(DOSE, row.id): _dose(row) for row in _doses(session, ids[DOSE])},
        **{(VISIT, row.id): _visit(row) for row in _visits(session, ids[VISIT])},
        **{(INCIDENT, row.id): _incident(row) for row in _incidents(session, ids[INCIDENT])},
    }
    return Happenings([found[(what, row_id)] for what, row_id in shown], total, page)


def _keys(what: str, table: Any, on_date: Any, patient_id: int) -> Any:
    columns = (literal(what).label("what"), table.id, on_date.label("on_date"), table.recorded_at.label("at"))
    return select(*columns).where(table.patient_id == patient_id)


_RECORDER, _WITNESS, _ASKED, _SIGNED = (aliased(Staff) for _ in range(4))


def _doses(session: AnySession, ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    dose = DayDose
    return session.execute(
        select(
            dose.id, dose.kind, dose.dose_on, dose.recorded_at, dose.mg_tenths, dose.part, dose.paper, Site.name,
            _RECORDER.display_name.label("recorded_by"), _WITNESS.display_name.label("witness"),
            _ASKED.display_name.label("asked_by"), _SIGNED.display_name.label("signed_by"), DoseVoid.confirmed_at,
        )
        .join(Site, Site.id == dose.site_id)
        .join(_RECORDER, _RECORDER.id == dose.recorded_by_id)
        .outerjoin(_WITNESS, _WITNESS.id == dose.witness_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == dose.id)
        .outerjoin(_ASKED, _ASKED.id == DoseVoid.requested_by_id)
        .outerjoin(_SIGNED, _SIGNED.id == DoseVoid.confirmed_by_id)
        .where(dose.id.in_(ids))
    ).all()  # fmt: skip


def _visits(session: AnySession, ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    visit = StationVisit
    return session.execute(
        select(visit.id, visit.outcome, visit.visit_on, visit.recorded_at, Site.name, Staff.display_name)
        .join(Site, Site.id == visit.site_id)
        .join(Staff, Staff.id == visit.recorded_by_id)
        .where(visit.id.in_(ids))
    ).all()


def _incidents(session: AnySession, ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    row = DoseIncident
    return session.execute(
        select(row.id, row.reason, row.dose_on, row.given_at, row.mg_tenths, row.part, Site.name, Staff.display_name)
        .join(Site, Site.id == row.site_id)
        .join(Staff, Staff.id == row.recorded_by_id)
        .where(row.id.in_(ids))
    ).all()


def _dose(row: Row[*tuple[Any, ...]]) -> Happening:
    voided = Voided(row.asked_by, row.signed_by, row.confirmed_at) if row.confirmed_at else None
    return Happening(
        what=DOSE,
        word=row.kind,
        on=row.dose_on,
        at=row.recorded_at,
        site=row.name,
        recorded_by=row.recorded_by,
        mg_tenths=row.mg_tenths,
        part=row.part,
        witness=row.witness,
        paper=row.paper,
        voided=voided,
    )


def _visit(row: Row[*tuple[Any, ...]]) -> Happening:
    return Happening(VISIT, row.outcome, row.visit_on, row.recorded_at, row.name, row.display_name)


def _incident(row: Row[*tuple[Any, ...]]) -> Happening:
    return Happening(
        INCIDENT, row.reason, row.dose_on, row.given_at, row.name, row.display_name, row.mg_tenths, row.part
    )
