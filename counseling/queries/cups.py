"""What stands poured for somebody, and how their visits of a day ended. The caller has checked the scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, select

from counseling.database import AnySession
from counseling.models.doses import StationVisit
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.models.window import DosePour


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


def list_visits(session: AnySession, patient_id: int, day: date) -> Sequence[Row[str, str | None, datetime, str]]:
    """Visits without a dose, or with one that did not stay down, oldest first: outcome, reason, when, where."""
    query = (
        select(StationVisit.outcome, StationVisit.reason, StationVisit.recorded_at, Site.name)
        .join(Site, Site.id == StationVisit.site_id)
        .where(StationVisit.patient_id == patient_id, StationVisit.visit_on == day)
        .order_by(StationVisit.id)
    )
    return session.execute(query).all()
