"""What waits for a doctor: open tasks, people whom missed days stop, orders that end. Within the doctor's scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.missed_doses import SHIPPED_BANDS, GapBand, GapResponse, band_for, gap_days
from counseling.models.doses import AdherenceSummary
from counseling.models.orders import DoseOrder
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from counseling.models.tasks import DOCTOR_TASKS, Task
from counseling.models.window import PatientHold
from counseling.permissions import Viewer
from counseling.scopes import treatment_files_visible_to

SOON_DAYS = 5
PAGE_ROWS = 50


@dataclass(frozen=True)
class DeskRow:
    """One person on a list of the desk. `gap`: whole days without a known dose, None for somebody never dosed."""

    patient_id: int
    ref: str
    full_name: str
    birth_year: int
    station: str
    gap: int | None
    task_id: int | None = None
    kind: str | None = None
    opened_at: datetime | None = None
    response: GapResponse | None = None
    order_ends_on: date | None = None


@dataclass(frozen=True)
class OpenTask:
    id: int
    kind: str
    opened_at: datetime


@dataclass(frozen=True)
class DeskCounts:
    tasks: int
    stopped: int
    ended: int
    ending: int
    held: int

    @property
    def renewals(self) -> int:
        return self.ended + self.ending


@dataclass(frozen=True)
class DeskPage:
    """At most PAGE_ROWS people of one list, and how many stand on it in all."""

    rows: tuple[DeskRow, ...]
    total: int
    number: int

    @property
    def has_next(self) -> bool:
        return self.number * PAGE_ROWS < self.total


PERSON = (
    TreatmentFile.patient_id,
    TreatmentFile.ref,
    TreatmentFile.full_name,
    TreatmentFile.birth_year,
    Site.name.label("station"),
    AdherenceSummary.covered_through,
)
_RUNNING, _REGULAR = aliased(DoseOrder), aliased(DoseOrder)


def count_desk(session: AnySession, viewer: Viewer, bands: Sequence[GapBand], today: date) -> DeskCounts:
    """The figures above the lists."""
    last_on = _final_on()
    has_ended = or_(last_on.is_(None), last_on < today)
    is_ending = and_(last_on >= today, last_on <= today + timedelta(days=SOON_DAYS))
    ended, ending = session.execute(
        select(func.sum(case((has_ended, 1), else_=0)), func.sum(case((is_ending, 1), else_=0))).where(
            treatment_files_visible_to(viewer), TreatmentFile.status == "active"
        )
    ).one()
    tasks = session.execute(
        select(func.count(Task.id))
        .join(TreatmentFile, TreatmentFile.patient_id == Task.patient_id)
        .where(*_open_tasks(viewer))
    ).scalar_one()
    held = session.execute(select(func.count()).select_from(TreatmentFile).where(*_on_hold(viewer))).scalar_one()
    return DeskCounts(tasks, len(_stopped(session, viewer, bands, today)), int(ended or 0), int(ending or 0), held)


def list_tasks(session: AnySession, viewer: Viewer, today: date, page: int = 1) -> DeskPage:
    """Open tasks on the treatment side, the oldest due first."""
    query = _people(Task.id.label("task_id"), Task.kind, Task.opened_at).join(
        Task, Task.patient_id == TreatmentFile.patient_id
    )
    query = query.where(*_open_tasks(viewer)).order_by(Task.due_on, Task.id)
    found = session.execute(query).all()
    return _page(
        session,
        found,
        page,
        today,
        lambda row: {"task_id": row.task_id, "kind": row.kind, "opened_at": row.opened_at},
    )


def list_stopped(session: AnySession, viewer: Viewer, bands: Sequence[GapBand], today: date, page: int = 1) -> DeskPage:
    """People whose order runs and whose missed days stop the dose, the shortest gap first."""
    found = _stopped(session, viewer, bands, today)
    return _page(session, found, page, today, lambda row: {"response": _response(row, bands, today)})


def list_renewals(session: AnySession, viewer: Viewer, today: date, page: int = 1) -> DeskPage:
    """People in treatment without an order for today or later, then those whose last order ends within SOON_DAYS.

    Without an order nobody is dosed, so the ended ones come first, and of them whoever was dosed last: they will
    stand at the window today. The others by the day on which their order ends.
    """
    last_on = _final_on()
    soon = today + timedelta(days=SOON_DAYS)
    ended_first = case((or_(last_on.is_(None), last_on < today), 0), else_=1)
    query = (
        _people(last_on.label("final_on"))
        .where(
            treatment_files_visible_to(viewer),
            TreatmentFile.status == "active",
            or_(last_on.is_(None), last_on <= soon),
        )
        .order_by(
            ended_first,
            case((ended_first == 1, last_on), else_=None),
            case((AdherenceSummary.covered_through.is_(None), 1), else_=0),
            AdherenceSummary.covered_through.desc(),
            last_on,
            TreatmentFile.patient_id,
        )
    )
    found = session.execute(query).all()
    return _page(session, found, page, today, lambda row: {"order_ends_on": row.final_on})


def list_held(session: AnySession, viewer: Viewer, today: date, page: int = 1) -> DeskPage:
    """People whose dose a hold stops, the longest held first."""
    since = (
        select(func.min(PatientHold.set_at))
        .where(PatientHold.patient_id == TreatmentFile.patient_id, *_STANDS)
        .correlate(TreatmentFile)
        .scalar_subquery()
    )
    query = _people(since.label("since")).where(*_on_hold(viewer)).order_by(since, TreatmentFile.patient_id)
    return _page(session, session.execute(query).all(), page, today, lambda row: {"opened_at": row.since})


def has_task(session: AnySession, viewer: Viewer, task_id: int) -> bool:
    """Whether a task stands within the reader's scope, open or closed."""
    query = select(Task.id).join(TreatmentFile, TreatmentFile.patient_id == Task.patient_id)
    query = query.where(Task.id == task_id, *_of_a_doctor(viewer))
    return session.execute(query).first() is not None


def list_tasks_of(session: AnySession, viewer: Viewer, patient_id: int) -> list[OpenTask]:
    """What is open for one person, the oldest first."""
    query = select(Task.id, Task.kind, Task.opened_at).join(TreatmentFile, TreatmentFile.patient_id == Task.patient_id)
    query = query.where(*_open_tasks(viewer), Task.patient_id == patient_id).order_by(Task.id)
    return [OpenTask(*row) for row in session.execute(query)]


def _open_tasks(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    return (*_of_a_doctor(viewer), Task.closed_at.is_(None))


def _of_a_doctor(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    """What only a doctor can answer; what waits for the station's people stands on their own list."""
    return (treatment_files_visible_to(viewer), Task.side == "treatment", Task.kind.in_(DOCTOR_TASKS))


_STANDS = (PatientHold.kind == "hold", PatientHold.lifted_at.is_(None))


def _on_hold(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    held = exists().where(PatientHold.patient_id == TreatmentFile.patient_id, *_STANDS)
    return (treatment_files_visible_to(viewer), TreatmentFile.status == "active", held)


def _people(*more: ColumnElement[Any] | Any) -> Select[Any]:
    return (
        select(*PERSON, *more)
        .select_from(TreatmentFile)
        .join(Site, Site.id == TreatmentFile.station_id)
        .outerjoin(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
    )


def _final_on() -> ColumnElement[Any]:
    """The last day that any regular order of the person reaches; orders that were ended before they began do not."""
    return (
        select(func.max(_REGULAR.last_on))
        .where(
            _REGULAR.patient_id == TreatmentFile.patient_id,
            _REGULAR.phase != "one_time",
            _REGULAR.last_on >= _REGULAR.starts_on,
        )
        .correlate(TreatmentFile)
        .scalar_subquery()
    )


def _stopped(session: AnySession, viewer: Viewer, bands: Sequence[GapBand], today: date) -> list[Any]:
    """SQL leaves out whoever was covered recently; which band answers a gap is the domain's to say."""
    shortest = min((band.from_days for band in bands or SHIPPED_BANDS if band.response.stops), default=None)
    if shortest is None:
        return []
    covered_before = today - timedelta(days=shortest)
    query = (
        _people(_RUNNING.gap_reviewed_through)
        .join(
            _RUNNING,
            and_(
                _RUNNING.patient_id == TreatmentFile.patient_id,
                _RUNNING.phase != "one_time",
                _RUNNING.starts_on <= today,
                _RUNNING.last_on >= today,
            ),
        )
        .where(
            treatment_files_visible_to(viewer),
            TreatmentFile.status == "active",
            AdherenceSummary.covered_through < covered_before,
            or_(_RUNNING.gap_reviewed_through.is_(None), _RUNNING.gap_reviewed_through < covered_before),
        )
        .order_by(AdherenceSummary.covered_through.desc(), TreatmentFile.patient_id)
    )
    return [row for row in session.execute(query) if _response(row, bands, today) is not None]


def _response(row: Any, bands: Sequence[GapBand], today: date) -> GapResponse | None:
    band = band_for(gap_days(row.covered_through, today, row.gap_reviewed_through), bands)
    return band.response if band is not None and band.response.stops else None


def _page(session: AnySession, found: Sequence[Any], page: int, today: date, more: Any) -> DeskPage:
    """Names are opened only for the rows that are shown."""
    vault = vault_of(session)
    first = (page - 1) * PAGE_ROWS
    rows = tuple(
        DeskRow(
            patient_id=row.patient_id,
            ref=row.ref,
            full_name=vault.open("treatment_files.full_name", row.ref, row.full_name) or "",
            birth_year=row.birth_year,
            station=row.station,
            gap=gap_days(row.covered_through, today),
            **more(row),
        )
        for row in found[first : first + PAGE_ROWS]
    )
    return DeskPage(rows, len(found), page)
