"""What stands poured for somebody, and how their visits of a day ended. The caller has checked the scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, select

from counseling.database import AnySession, vault_of
from counseling.models.doses import StationVisit
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.models.window import DosePour

MOST_SEEN = 10


@dataclass(frozen=True)
class StandingCup:
    """A cup that nobody has said of whether it was drunk."""

    id: int
    order_id: int
    part: int
    mg_tenths: int
    poured_at: datetime
    poured_by: str


def find_cup(session: AnySession, patient_id: int, day: date) -> StandingCup | None:
    columns = (DosePour.id, DosePour.order_id, DosePour.part, DosePour.mg_tenths, DosePour.poured_at)
    query = (
        select(*columns, Staff.display_name)
        .join(Staff, Staff.id == DosePour.poured_by_id)
        .where(DosePour.patient_id == patient_id, DosePour.dose_on == day, DosePour.ended_at.is_(None))
    )
    row = session.execute(query).first()
    return StandingCup(*row) if row else None


@dataclass(frozen=True)
class SeenAtWindow:
    """A visit without a dose, or with one that did not stay down, with what the person at the window saw."""

    outcome: str
    reason: str | None
    at: datetime
    by: str
    observations: str | None
    minutes_after: int | None


def list_seen(session: AnySession, patient_id: int, since: date) -> list[SeenAtWindow]:
    """What was seen of somebody at the windows from a day on, the latest first: for the doctor who decides."""
    visit = StationVisit
    query = (
        select(
            visit.outcome, visit.reason, visit.recorded_at, Staff.display_name, visit.observations, visit.request_key,
            visit.minutes_after,
        )
        .join(Staff, Staff.id == visit.recorded_by_id)
        .where(visit.patient_id == patient_id, visit.visit_on >= since)
        .order_by(visit.id.desc())
        .limit(MOST_SEEN)
    )  # fmt: skip
    vault = vault_of(session)
    return [
        SeenAtWindow(
            row.outcome,
            row.reason,
            row.recorded_at,
            row.display_name,
            vault.open("station_visits.observations", row.request_key, row.observations),
            row.minutes_after,
        )
        for row in session.execute(query)
    ]


def list_visits(session: AnySession, patient_id: int, day: date) -> Sequence[Row[str, str | None, datetime, str]]:
    """Visits without a dose, or with one that did not stay down, oldest first: outcome, reason, when, where."""
    query = (
        select(StationVisit.outcome, StationVisit.reason, StationVisit.recorded_at, Site.name)
        .join(Site, Site.id == StationVisit.site_id)
        .where(StationVisit.patient_id == patient_id, StationVisit.visit_on == day)
        .order_by(StationVisit.id)
    )
    return session.execute(query).all()
