"""The list of today at a station, and one person of it, as plain rows for the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, and_, bindparam, case, literal, select, union_all

from counseling.database import AnySession, vault_of
from counseling.domain.audit_chain import site_chain
from counseling.domain.missed_doses import GapBand, band_for, gap_days
from counseling.domain.names import fold
from counseling.models.audit import AuditHead
from counseling.models.doses import AdherenceSummary, DayDose, DoseVoid, StationDay, StationVisit
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from counseling.models.usual_hours import UsualHour
from counseling.models.window import DosePour, PatientHold
from counseling.models.witnesses import WitnessDuty
from counseling.queries.dose_reversals import UNSIGNED
from counseling.queries.usual_hours import in_usual_order


class TodayRow(NamedTuple):
    """One person on the list. Amounts in tenths of a mg; `given` are the parts drunk today, anywhere."""

    patient_id: int
    ref: str
    register_code: str
    name: str
    found_by: str  # what is typed into the list's search is looked for in this
    typed_code: str
    birth_year: int
    order_id: int | None
    last_on: date | None
    parts: tuple[int, ...]
    given: tuple[int, ...]
    last_given_at: datetime | None
    visit_outcome: str | None
    gap: int | None
    stops: bool
    namesakes: int
    is_on_hold: bool
    is_poured: bool
    waits_reversal: bool = False  # a dose of today that somebody calls a mistake, unsigned so far

    @property
    def is_done(self) -> bool:
        return bool(self.parts) and len(self.given) >= len(self.parts)

    @property
    def amount(self) -> int | None:
        """All that was drunk, once the day is done; until then the next part."""
        if self.is_done:
            return sum(self.given)
        return self.parts[len(self.given)] if len(self.given) < len(self.parts) else None


@dataclass(frozen=True)
class TodayList:
    """Still to attend (in the order of people's usual hours), attended, and those for whom no order runs today."""

    state: str | None
    version: str
    waiting: list[TodayRow]
    attended: list[TodayRow]
    without_order: list[TodayRow]
    usual: Mapping[int, int]  # minute of the day by patient
    unsigned: int = 0  # reversals of any day that wait for a second signature at this station
    keeps_witnesses: bool = False  # the station asks, or has asked, for a witness per dose


# Built once, and of Core tables: this list is asked for every two seconds by every window.
_files, _orders, _parts = TreatmentFile.__table__, DoseOrder.__table__, OrderPart.__table__
_doses, _voids, _visits = DayDose.__table__, DoseVoid.__table__, StationVisit.__table__
_holds, _pours, _usual = PatientHold.__table__, DosePour.__table__, UsualHour.__table__
_duties = WitnessDuty.__table__
_summaries, _days, _heads = AdherenceSummary.__table__, StationDay.__table__, AuditHead.__table__
_TODAY: BindParameter[date] = bindparam("today")
_OF_THE_STATION = and_(_files.c.station_id == bindparam("site_id"), _files.c.status == "active")
_RUNS_TODAY = and_(_orders.c.phase != "one_time", _orders.c.starts_on <= _TODAY, _orders.c.last_on >= _TODAY)
SEQUENCE = select(_heads.c.sequence).where(_heads.c.chain == bindparam("chain"))
DAY_STATE = select(_days.c.state).where(_days.c.site_id == bindparam("site_id"), _days.c.day_on == _TODAY)
# A row for each part of the order that runs today, the parts of one person in their order.
PEOPLE = (
    select(
        _files.c.patient_id,
        _files.c.ref,
        _files.c.register_code,
        _files.c.full_name,
        _files.c.birth_year,
        _summaries.c.covered_through,
        _orders.c.id.label("order_id"),
        _orders.c.last_on,
        _orders.c.gap_reviewed_through,
        _parts.c.mg_tenths,
        _usual.c.minute_of_day,
    )
    .join_from(_files, _summaries, _summaries.c.patient_id == _files.c.patient_id)
    .outerjoin(_usual, _usual.c.patient_id == _files.c.patient_id)
    .outerjoin(_orders, and_(_orders.c.patient_id == _files.c.patient_id, _RUNS_TODAY))
    .outerjoin(_parts, _parts.c.order_id == _orders.c.id)
    .where(_OF_THE_STATION)
    .order_by(_files.c.register_code, _parts.c.part)
)
# Doses of today that count, of the station's own people wherever they drank them.
GIVEN = (
    select(_doses.c.patient_id, _doses.c.mg_tenths, _doses.c.recorded_at)
    .join_from(_doses, _files, _files.c.patient_id == _doses.c.patient_id)
    .outerjoin(_voids, _voids.c.day_dose_id == _doses.c.id)
    .where(
        _files.c.station_id == bindparam("site_id"),
        _doses.c.dose_on == _TODAY,
        _doses.c.part < 11,
        _voids.c.id.is_(None),
    )
    .order_by(_doses.c.recorded_at)
)
# What else stands beside a line, in one statement: this list is waited for. The last visit of a day counts.
MARKS = union_all(
    select(
        literal("visit").label("what"), _visits.c.patient_id, _visits.c.outcome.label("word"), _visits.c.id.label("at")
    ).where(_visits.c.site_id == bindparam("site_id"), _visits.c.visit_on == _TODAY, _visits.c.outcome != "vomited"),
    select(literal("hold"), _holds.c.patient_id, literal(""), _holds.c.id)
    .join_from(_holds, _files, _files.c.patient_id == _holds.c.patient_id)
    .where(_files.c.station_id == bindparam("site_id"), _holds.c.kind == "hold", _holds.c.lifted_at.is_(None)),
    select(literal("pour"), _pours.c.patient_id, literal(""), _pours.c.id).where(
        _pours.c.site_id == bindparam("site_id"), _pours.c.dose_on == _TODAY, _pours.c.ended_at.is_(None)
    ),
    UNSIGNED.with_only_columns(
        case((DayDose.dose_on == _TODAY, "unsigned"), else_="unsigned_before"), DayDose.patient_id, literal(""),
        DayDose.id,
    ),
    select(literal("witness"), literal(0), literal(""), _duties.c.id).where(_duties.c.site_id == bindparam("site_id")),
)  # fmt: skip


@dataclass(frozen=True)
class _Marks:
    visits: Mapping[int, str]
    held: Set[int]
    poured: Set[int]
    unsigned: Set[int]  # of today
    unsigned_in_all: int
    keeps_witnesses: bool


def list_version(session: AnySession, site_id: int, today: date) -> str:
    """Changes whenever anything at the site does: the number of entries in the site's audit chain, and the day."""
    sequence = session.connection().execute(SEQUENCE, {"chain": site_chain(site_id)}).scalar_one_or_none()
    return f"{today.toordinal()}-{sequence or 0}"


def find_day_state(session: AnySession, site_id: int, today: date) -> str | None:
    state: str | None = (
        session.connection().execute(DAY_STATE, {"site_id": site_id, "today": today}).scalar_one_or_none()
    )
    return state


_folded = lru_cache(maxsize=20_000)(fold)  # 300 names every two seconds


def list_today(session: AnySession, site_id: int, today: date, bands: Sequence[GapBand]) -> TodayList:
    """Everybody in treatment at the station, as they stand today; the version is read first, so it is never too new."""
    version = list_version(session, site_id, today)
    here = {"site_id": site_id, "today": today}
    people, parts = _people_and_parts(session, here)
    marks = _find_marks(session, here)
    rows = _rows(session, here, bands, people, parts, marks)
    waiting = [row for row in rows if row.order_id is not None and not row.is_done and row.visit_outcome is None]
    usual = {row.patient_id: row.minute_of_day for row in people if row.minute_of_day is not None}
    return TodayList(
        state=find_day_state(session, site_id, today),
        version=version,
        waiting=in_usual_order(waiting, usual),
        attended=sorted(
            (row for row in rows if row.is_done or row.given or row.visit_outcome),
            key=lambda row: row.last_given_at.timestamp() if row.last_given_at else 0,
            reverse=True,
        ),
        without_order=[row for row in rows if row.order_id is None and not row.given and row.visit_outcome is None],
        usual=usual,
        unsigned=marks.unsigned_in_all,
        keeps_witnesses=marks.keeps_witnesses,
    )


def _find_marks(session: AnySession, here: dict[str, Any]) -> _Marks:
    visits: dict[int, str] = {}
    found: dict[str, list[int]] = {"hold": [], "pour": [], "unsigned": [], "unsigned_before": [], "witness": []}
    for row in sorted(session.connection().execute(MARKS, here).all(), key=lambda row: row.at):
        if row.what == "visit":
            visits[row.patient_id] = row.word
        else:
            found[row.what].append(row.patient_id)
    in_all = len(found["unsigned"]) + len(found["unsigned_before"])
    asks = bool(found["witness"])
    return _Marks(visits, set(found["hold"]), set(found["pour"]), set(found["unsigned"]), in_all, asks)


def _rows(
    session: AnySession,
    here: dict[str, Any],
    bands: Sequence[GapBand],
    people: Sequence[Any],
    parts: Mapping[int, list[int]],
    marks: _Marks,
) -> list[TodayRow]:
    given, today = _given_by_patient(session, here), here["today"]
    vault = vault_of(session)
    names = [vault.open("treatment_files.full_name", row.ref, row.full_name) or "" for row in people]
    folded = [_folded(name) for name in names]
    same = Counter(folded)
    return [
        TodayRow(
            patient_id=row.patient_id,
            ref=row.ref,
            register_code=row.register_code,
            name=name,
            found_by=f"{plain} {row.register_code.lower()} {row.birth_year}",
            typed_code=row.register_code.lower(),
            birth_year=row.birth_year,
            order_id=row.order_id,
            last_on=row.last_on,
            parts=tuple(parts[row.patient_id]),
            given=tuple(mg for mg, _ in given.get(row.patient_id, ())),
            last_given_at=given[row.patient_id][-1][1] if row.patient_id in given else None,
            visit_outcome=marks.visits.get(row.patient_id),
            gap=0 if row.patient_id in given else gap_days(row.covered_through, today),
            stops=row.patient_id not in given and _stops(row, today, bands),
            namesakes=same[plain],
            is_on_hold=row.patient_id in marks.held,
            is_poured=row.patient_id in marks.poured,
            waits_reversal=row.patient_id in marks.unsigned,
        )
        for row, name, plain in zip(people, names, folded, strict=True)
    ]


def _stops(row: Any, today: date, bands: Sequence[GapBand]) -> bool:
    band = band_for(gap_days(row.covered_through, today, row.gap_reviewed_through), bands)
    return band is not None and band.response.stops


def _people_and_parts(session: AnySession, here: dict[str, Any]) -> tuple[list[Any], dict[int, list[int]]]:
    """The first row of each person, and everybody's parts in tenths of a mg; none without an order."""
    people: list[Any] = []
    parts: dict[int, list[int]] = {}
    for row in session.connection().execute(PEOPLE, here):
        if row.patient_id not in parts:
            people.append(row)
            parts[row.patient_id] = []
        if row.mg_tenths is not None:
            parts[row.patient_id].append(row.mg_tenths)
    return people, parts


def _given_by_patient(session: AnySession, here: dict[str, Any]) -> dict[int, list[tuple[int, datetime]]]:
    given: dict[int, list[tuple[int, datetime]]] = {}
    for patient_id, mg_tenths, at in session.connection().execute(GIVEN, here):
        given.setdefault(patient_id, []).append((mg_tenths, at))
    return given


@dataclass(frozen=True)
class LastDose:
    mg_tenths: int
    dose_on: date
    recorded_at: datetime
    site_name: str
    source: str

    @property
    def is_late(self) -> bool:
        """Entered from paper: `recorded_at` is not when it was drunk."""
        return self.source == "late_entry"


def find_last_dose(session: AnySession, patient_id: int) -> LastDose | None:
    query = (
        select(DayDose.mg_tenths, DayDose.dose_on, DayDose.recorded_at, Site.name, DayDose.source)
        .join(Site, Site.id == DayDose.site_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id, DoseVoid.id.is_(None))
        .order_by(DayDose.dose_on.desc(), DayDose.recorded_at.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return LastDose(*row) if row else None
