"""What was recorded about one person at the window, by whom: the latest first, a page at a time.

The caller has checked the scope. What was voided stays, with the two who signed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Row, cast, func, literal, select, type_coerce, union_all
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.domain.witnessing import is_late
from counseling.models.doses import DayDose, DoseIncident, DoseVoid, StationVisit
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.models.window import DosePour, PatientHold, Spill
from counseling.models.witnesses import DoseWitness

PAGE_EVENTS = 20
DOSE, VISIT, INCIDENT, SPILL, HOLD, LIFTED = "dose", "visit", "incident", "spill", "hold", "lifted"


@dataclass(frozen=True)
class Voided:
    asked_by: str
    signed_by: str
    at: datetime


@dataclass(frozen=True)
class Happening:
    """`word`: the kind of a dose or of a hold, the outcome of a visit, the reason of an incident or a spill.

    Visits and holds have no amount; why somebody was held stands on the page of holds, and not on paper.
    """

    what: str
    word: str
    on: date
    at: datetime
    recorded_by: str
    site: str | None = None
    mg_tenths: int | None = None
    part: int | None = None
    witness: str | None = None
    signed_late_at: datetime | None = None  # the witness signed after the day was over
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


def list_happenings(session: AnySession, patient_id: int, zone: ZoneInfo, page: int = 1) -> Happenings:
    """Two statements say which ones, one for each kind says what they were, whatever the page."""
    keys = union_all(*_all_keys(session, patient_id, zone)).subquery("keys")
    total = session.execute(select(func.count()).select_from(keys)).scalar_one()
    page = min(max(page, 1), max((total + PAGE_EVENTS - 1) // PAGE_EVENTS, 1))
    shown = session.execute(
        select(keys.c.what, keys.c.id)
        .order_by(keys.c.on_date.desc(), keys.c.at.desc(), keys.c.what, keys.c.id.desc())
        .offset((page - 1) * PAGE_EVENTS)
        .limit(PAGE_EVENTS)
    ).all()
    ids: dict[str, list[int]] = defaultdict(list)
    for what, row_id in shown:
        ids[what].append(row_id)
    holds = _holds(session, {*ids[HOLD], *ids[LIFTED]})
    found = {
        **{(DOSE, row.id): _dose(row, zone) for row in _doses(session, ids[DOSE])},
        **{(VISIT, row.id): _visit(row) for row in _visits(session, ids[VISIT])},
        **{(INCIDENT, row.id): _incident(row) for row in _incidents(session, ids[INCIDENT])},
        **{(SPILL, row.id): _spill(row) for row in _spills(session, ids[SPILL])},
        **{(HOLD, row.id): _hold(row, zone) for row in holds},
        **{(LIFTED, row.id): _lifted(row, zone) for row in holds if row.lifted_at},
    }
    return Happenings([found[(what, row_id)] for what, row_id in shown], total, page)


def _all_keys(session: AnySession, patient_id: int, zone: ZoneInfo) -> list[Any]:
    own = PatientHold.patient_id == patient_id
    spilled = Spill.pour_id.in_(select(DosePour.id).where(DosePour.patient_id == patient_id))
    return [
        _keys(DOSE, DayDose, DayDose.dose_on).where(DayDose.patient_id == patient_id),
        _keys(VISIT, StationVisit, StationVisit.visit_on).where(StationVisit.patient_id == patient_id),
        _keys(INCIDENT, DoseIncident, DoseIncident.dose_on).where(DoseIncident.patient_id == patient_id),
        _keys(SPILL, Spill, Spill.spilled_on).where(spilled),
        _keys(HOLD, PatientHold, _day_of(session, PatientHold.set_at, zone), PatientHold.set_at).where(own),
        _keys(LIFTED, PatientHold, _day_of(session, PatientHold.lifted_at, zone), PatientHold.lifted_at).where(
            own, PatientHold.lifted_at.is_not(None)
        ),
    ]


def _keys(what: str, table: Any, on_date: Any, at: Any = None) -> Any:
    at = table.recorded_at if at is None else at
    return select(literal(what).label("what"), table.id, on_date.label("on_date"), at.label("at"))


def _day_of(session: AnySession, column: Any, zone: ZoneInfo) -> Any:
    """The station day of an instant: holds keep no day of their own, and the list is sorted by days."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(func.timezone(zone.key, column), Date)
    shift = datetime(2026, 1, 1, tzinfo=zone).utcoffset()  # the country has one, all year round
    return type_coerce(func.date(column, f"{int(shift.total_seconds()) if shift else 0:+d} seconds"), Date)


_RECORDER, _WITNESS, _ASKED, _SIGNED, _SETTER, _LIFTER = (aliased(Staff) for _ in range(6))


def _doses(session: AnySession, ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    dose = DayDose
    return session.execute(
        select(
            dose.id, dose.kind, dose.dose_on, dose.recorded_at, dose.mg_tenths, dose.part, dose.paper, Site.name,
            _RECORDER.display_name.label("recorded_by"), _WITNESS.display_name.label("witness"),
            _ASKED.display_name.label("asked_by"), _SIGNED.display_name.label("signed_by"), DoseVoid.confirmed_at,
            DoseWitness.witnessed_at,
        )
        .join(Site, Site.id == dose.site_id)
        .join(_RECORDER, _RECORDER.id == dose.recorded_by_id)
        .outerjoin(DoseWitness, DoseWitness.day_dose_id == dose.id)
        .outerjoin(_WITNESS, _WITNESS.id == func.coalesce(DoseWitness.witness_id, dose.witness_id))
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


def _spills(session: AnySession, ids: Sequence[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    row = Spill
    return session.execute(
        select(row.id, row.reason, row.spilled_on, row.recorded_at, row.mg_tenths, Site.name, Staff.display_name)
        .join(Site, Site.id == row.site_id)
        .join(Staff, Staff.id == row.recorded_by_id)
        .where(row.id.in_(ids))
    ).all()


def _holds(session: AnySession, ids: Collection[int]) -> Sequence[Row[*tuple[Any, ...]]]:
    hold = PatientHold
    return session.execute(
        select(
            hold.id, hold.kind, hold.set_at, hold.lifted_at,
            _SETTER.display_name.label("set_by"), _LIFTER.display_name.label("lifted_by"),
        )
        .join(_SETTER, _SETTER.id == hold.set_by_id)
        .outerjoin(_LIFTER, _LIFTER.id == hold.lifted_by_id)
        .where(hold.id.in_(ids))
    ).all()  # fmt: skip


def _dose(row: Row[*tuple[Any, ...]], zone: ZoneInfo) -> Happening:
    voided = Voided(row.asked_by, row.signed_by, row.confirmed_at) if row.confirmed_at else None
    late = row.witnessed_at is not None and is_late(row.witnessed_at, row.dose_on, zone)
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
        signed_late_at=row.witnessed_at if late else None,
        paper=row.paper,
        voided=voided,
    )


def _visit(row: Row[*tuple[Any, ...]]) -> Happening:
    return Happening(VISIT, row.outcome, row.visit_on, row.recorded_at, row.display_name, row.name)


def _incident(row: Row[*tuple[Any, ...]]) -> Happening:
    return Happening(
        INCIDENT, row.reason, row.dose_on, row.given_at, row.display_name, row.name, row.mg_tenths, row.part
    )


def _spill(row: Row[*tuple[Any, ...]]) -> Happening:
    return Happening(SPILL, row.reason, row.spilled_on, row.recorded_at, row.display_name, row.name, row.mg_tenths)


def _hold(row: Row[*tuple[Any, ...]], zone: ZoneInfo) -> Happening:
    return Happening(HOLD, row.kind, row.set_at.astimezone(zone).date(), row.set_at, row.set_by)


def _lifted(row: Row[*tuple[Any, ...]], zone: ZoneInfo) -> Happening:
    return Happening(LIFTED, row.kind, row.lifted_at.astimezone(zone).date(), row.lifted_at, row.lifted_by)
