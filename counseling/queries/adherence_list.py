"""The area's people in treatment by gap, the longest first: codes, no name. Of doses only the kept summary is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, func, literal, select

from counseling.database import AnySession
from counseling.domain.adherence import EMPTY, Adherence, bits_from_bytes, covered_between
from counseling.domain.missed_doses import gap_days
from counseling.domain.names import fold
from counseling.models.doses import AdherenceSummary
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from counseling.permissions import Viewer
from counseling.queries.given_tasks import list_open_kinds
from counseling.queries.handed_over import HandedOver, list_handed_over
from counseling.scopes import sites_visible_to, treatment_files_visible_to

FIRST_ROWS = 50
# An area of so many people is put in order whole; a larger one is walked along the index until the page is full.
FEW_PEOPLE = 2_000
COVERAGE_DAYS = 30
SORTS = ("gap", "code", "station")


@dataclass(frozen=True)
class AdherenceLine:
    """`gap` is None for somebody whom nothing has covered yet; `counted_days` of the last 30 lie since registration."""

    patient_id: int
    ref: str
    register_code: str
    station_name: str
    covered_through: date | None
    gap: int | None
    covered_days: int
    counted_days: int
    waiting: tuple[str, ...]  # kinds of the tasks that are open at the station
    handed_over: HandedOver | None  # what came back of the last request to look in


@dataclass(frozen=True)
class AdherenceList:
    """The first FIRST_ROWS people by gap, arranged as `sort` says."""

    people: list[AdherenceLine]
    has_more: bool
    sort: str


def list_adherence(
    session: AnySession, viewer: Viewer, today: date, now: datetime, zone: ZoneInfo, sort: str = "gap"
) -> AdherenceList:
    """Active people within the reader's area whose gap is longest, those never covered last; ties as they come."""
    rows = _first_rows(session, viewer)
    people = _lines(session, viewer, rows[:FIRST_ROWS], today, now, zone)
    sort = sort if sort in SORTS else SORTS[0]
    return AdherenceList(sorted(people, key=_ORDERS[sort]), len(rows) > FIRST_ROWS, sort)


def get_adherence_line(
    session: AnySession, viewer: Viewer, patient_id: int, today: date, now: datetime, zone: ZoneInfo
) -> AdherenceLine:
    """The line of one person, whatever the file's status. The caller has checked the scope."""
    rows = session.execute(ONE_PERSON, {"patient_id": patient_id}).all()
    return _lines(session, viewer, rows, today, now, zone)[0]


def _lines(
    session: AnySession, viewer: Viewer, rows: Sequence[Any], today: date, now: datetime, zone: ZoneInfo
) -> list[AdherenceLine]:
    ids = [row.patient_id for row in rows]
    waiting, handed_over = list_open_kinds(session, viewer, ids, now), list_handed_over(session, ids, zone)
    return [
        AdherenceLine(
            row.patient_id,
            row.ref,
            row.register_code,
            row.station_name,
            row.covered_through,
            gap_days(row.covered_through, today),
            *_coverage(row, today, zone),
            waiting[row.patient_id],
            next(iter(handed_over.get(row.patient_id, ())), None),
        )
        for row in rows
    ]


def _first_rows(session: AnySession, viewer: Viewer) -> Sequence[Any]:
    """One more than are shown, so that the page can say that there are more; nothing is counted further than needed."""
    database = session.connection()
    if database.execute(_count_few(viewer)).scalar_one() <= FEW_PEOPLE:
        stations = list(database.execute(select(Site.id).where(sites_visible_to(viewer))).scalars())
        return database.execute(_all_in_order(viewer), {"stations": stations}).all()
    rows = database.execute(_along_the_index(viewer)).all()
    room = FIRST_ROWS + 1 - len(rows)
    return [*rows, *database.execute(_never_covered(viewer), {"room": room})] if room else rows


@lru_cache(maxsize=1_000)
def _count_few(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    active = select(literal(1)).where(treatment_files_visible_to(viewer), TreatmentFile.status == "active")
    return select(func.count()).select_from(active.limit(FEW_PEOPLE + 1).subquery())


@lru_cache(maxsize=1_000)
def _all_in_order(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """Each person's summary is looked up by a subquery, which no planner turns into a walk over everybody's."""
    through = select(AdherenceSummary.covered_through).where(AdherenceSummary.patient_id == TreatmentFile.patient_id)
    first = (
        select(TreatmentFile.patient_id)
        .where(
            treatment_files_visible_to(viewer),
            # The same again as plain ids: only these tell PostgreSQL how few people it is about.
            TreatmentFile.station_id.in_(bindparam("stations", expanding=True)),
            TreatmentFile.status == "active",
        )
        .order_by(through.scalar_subquery().nulls_last(), TreatmentFile.patient_id)
        .limit(FIRST_ROWS + 1)
    )
    return _with_details(first)


@lru_cache(maxsize=1_000)
def _along_the_index(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """By `covered_through` alone: a second key would make PostgreSQL sort the thousands who came yesterday."""
    first = _summaries_of(viewer).where(AdherenceSummary.is_active, AdherenceSummary.covered_through.is_not(None))
    return _with_details(first.order_by(AdherenceSummary.covered_through).limit(FIRST_ROWS + 1))


@lru_cache(maxsize=1_000)
def _never_covered(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    first = _summaries_of(viewer).where(AdherenceSummary.is_active, AdherenceSummary.covered_through.is_(None))
    return _with_details(first.order_by(AdherenceSummary.patient_id).limit(bindparam("room")))


def _summaries_of(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """EXISTS keeps SQLite on the summaries: with a join it goes through all files and sorts."""
    own = select(literal(1)).where(
        TreatmentFile.patient_id == AdherenceSummary.patient_id,
        treatment_files_visible_to(viewer),
    )
    return select(AdherenceSummary.patient_id).where(own.exists())


def _with_details(first: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """What a line shows, read for the few people of `first` alone."""
    people = first.subquery("people")
    file, summary = TreatmentFile, AdherenceSummary
    return (
        select(
            file.patient_id,
            file.ref,
            file.register_code,
            file.registered_at,
            Site.name.label("station_name"),
            summary.anchor_on,
            summary.covered,
            summary.covered_through,
        )
        .select_from(people)
        .join(file, file.patient_id == people.c.patient_id)
        .join(Site, Site.id == file.station_id)
        .outerjoin(summary, summary.patient_id == file.patient_id)
        .order_by(summary.covered_through.nulls_last(), file.patient_id)  # a join keeps no order of its own
    )


ONE_PERSON = _with_details(select(TreatmentFile.patient_id).where(TreatmentFile.patient_id == bindparam("patient_id")))


def _coverage(row: Any, today: date, zone: ZoneInfo) -> tuple[int, int]:
    """(covered days, days) of the 30 before today, or since the day of registration if that is later."""
    first = max(today - timedelta(days=COVERAGE_DAYS), row.registered_at.astimezone(zone).date())
    summary = Adherence(row.anchor_on, bits_from_bytes(row.covered), 0) if row.anchor_on else EMPTY
    return covered_between(summary, first, today - timedelta(days=1)), max((today - first).days, 0)


def _by_gap(line: AdherenceLine) -> tuple[bool, int, str]:
    return line.gap is None, -(line.gap or 0), line.register_code


_ORDERS: dict[str, Callable[[AdherenceLine], Any]] = {
    "gap": _by_gap,
    "code": lambda line: (line.register_code, line.patient_id),
    "station": lambda line: (fold(line.station_name), *_by_gap(line)),
}
