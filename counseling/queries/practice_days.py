"""Practice days that were ended, and what was tried in one that runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from counseling.database import AnySession
from counseling.models.doses import DayDose, DoseVoid, StationVisit
from counseling.models.orders import DoseOrder
from counseling.models.people import Staff, StaffRole, StaffSession
from counseling.models.places import Site
from counseling.models.practice import COUNTED, PracticeDay
from counseling.models.window import PatientHold, Spill
from counseling.permissions import Viewer
from counseling.queries.viewers import IDLE
from counseling.scopes import sites_visible_to

MOST_SHOWN = 50


@dataclass(frozen=True)
class Slip:
    """One practice day that was ended; `tried` in the order of models.practice.COUNTED, zeros too."""

    ref: str
    display_name: str
    site: str
    started_at: datetime
    ended_at: datetime
    tried: dict[str, int]


@dataclass(frozen=True)
class Practised:
    """Somebody of a site, and when they last practised; None: never."""

    staff_id: int
    display_name: str
    kind: str
    site: str
    times: int
    last_at: datetime | None


def list_own(session: AnySession, viewer: Viewer) -> list[Slip]:
    """The reader's own, the latest first."""
    query = _slips().where(PracticeDay.staff_id == viewer.staff_id)
    rows = session.execute(query.order_by(PracticeDay.ended_at.desc(), PracticeDay.id.desc()).limit(MOST_SHOWN))
    return [_slip(row) for row in rows]


def find_own(session: AnySession, viewer: Viewer, ref: str) -> Slip | None:
    row = session.execute(_slips().where(PracticeDay.staff_id == viewer.staff_id, PracticeDay.ref == ref)).first()
    return None if row is None else _slip(row)


def list_practised(session: AnySession, viewer: Viewer) -> list[Practised]:
    """Everybody who dispenses or prescribes at the sites that the reader answers for, by site and name."""
    days = (
        select(PracticeDay.staff_id, func.count().label("times"), func.max(PracticeDay.ended_at).label("last_at"))
        .group_by(PracticeDay.staff_id)
        .subquery("days")
    )
    query = (
        select(Staff.id, Staff.display_name, StaffRole.kind, Site.name, days.c.times, days.c.last_at)
        .join(StaffRole, StaffRole.staff_id == Staff.id)
        .join(Site, Site.id == StaffRole.site_id)
        .outerjoin(days, days.c.staff_id == Staff.id)
        .where(
            StaffRole.kind.in_(("dispenser", "doctor")),
            StaffRole.ended_at.is_(None),
            Staff.disabled_at.is_(None),
            sites_visible_to(viewer),
        )
        .order_by(Site.name, Staff.display_name, Staff.id)
    )
    return [
        Practised(row.id, row.display_name, row.kind, row.name, row.times or 0, row.last_at)
        for row in session.execute(query)
    ]


def last_seen_of(session: AnySession, session_id: int, now: datetime) -> datetime | None:
    """When somebody of the real application was last seen; None when they would be asked to sign in again."""
    query = (
        select(StaffSession.last_seen_at)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(
            StaffSession.id == session_id,
            StaffSession.ended_at.is_(None),
            StaffSession.ends_at > now,
            StaffSession.last_seen_at > now - IDLE,
            Staff.disabled_at.is_(None),
        )
    )
    return session.execute(query).scalar()


def count_tried(practice: AnySession, since: datetime) -> dict[str, int]:
    """What was written down in a practice since it began, by the names of models.practice.COUNTED."""
    visits = [StationVisit.recorded_at >= since]
    doses = [DayDose.recorded_at >= since]
    queries: dict[str, list[Select[Any]]] = {
        "doses": [_count(DayDose.id, *doses, DayDose.source == "window")],
        "not_given": [_count(StationVisit.id, *visits, StationVisit.outcome != "stopped")],
        "stops": [_count(StationVisit.id, *visits, StationVisit.outcome == "stopped")],
        "spills": [_count(Spill.id, Spill.recorded_at >= since)],
        "reversals": [_count(DoseVoid.id, DoseVoid.confirmed_at >= since)],
        "late_doses": [_count(DayDose.id, *doses, DayDose.source == "late_entry")],
        "orders": [_count(DoseOrder.id, DoseOrder.written_at >= since)],
        "holds": [
            _count(PatientHold.id, PatientHold.set_at >= since),
            _count(PatientHold.id, PatientHold.lifted_at >= since),
        ],
    }
    return {name: sum(practice.execute(query).scalar_one() for query in queries[name]) for name in COUNTED}


def _count(column: Any, *conditions: Any) -> Select[Any]:
    return select(func.count(column)).where(*conditions)


def _slips() -> Select[Any]:
    counts = [getattr(PracticeDay, name) for name in COUNTED]
    return (
        select(
            PracticeDay.ref,
            Staff.display_name,
            Site.name.label("site"),
            PracticeDay.started_at,
            PracticeDay.ended_at,
            *counts,
        )
        .join(Staff, Staff.id == PracticeDay.staff_id)
        .join(Site, Site.id == PracticeDay.site_id)
    )


def _slip(row: Row[Any]) -> Slip:
    tried = {name: getattr(row, name) for name in COUNTED}
    return Slip(row.ref, row.display_name, row.site, row.started_at, row.ended_at, tried)
