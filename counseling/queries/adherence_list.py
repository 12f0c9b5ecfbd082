"""The area's adherence list: codes and gaps, no name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, func, select

from counseling.database import AnySession
from counseling.domain.missed_doses import gap_days
from counseling.models.doses import AdherenceSummary
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from counseling.permissions import Viewer, treatment_files_visible_to
from counseling.queries.patient_search import PAGE_ROWS


@dataclass(frozen=True)
class AdherenceLine:
    """`gap` is None for somebody whom nothing has covered yet."""

    ref: str
    patient_id: int
    register_code: str
    station_name: str
    covered_through: date | None
    gap: int | None


@dataclass(frozen=True)
class AdherencePage:
    """One page of a list; `total` counts all of it."""

    people: list[AdherenceLine]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_ROWS - 1) // PAGE_ROWS, 1)


def list_adherence(session: AnySession, viewer: Viewer, today: date, page: int = 1) -> AdherencePage:
    """People in treatment within the reader's area, the longest gap first, those never covered last."""
    condition = and_(treatment_files_visible_to(viewer), TreatmentFile.status == "active")
    total = session.execute(select(func.count()).select_from(TreatmentFile).where(condition)).scalar_one()
    page = min(max(page, 1), max((total + PAGE_ROWS - 1) // PAGE_ROWS, 1))
    through = AdherenceSummary.covered_through
    rows = session.execute(
        select(TreatmentFile.ref, TreatmentFile.patient_id, TreatmentFile.register_code, Site.name, through)
        .join(Site, Site.id == TreatmentFile.station_id)
        .outerjoin(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
        .where(condition)
        .order_by(through.is_(None), through, TreatmentFile.register_code, TreatmentFile.patient_id)
        .offset((page - 1) * PAGE_ROWS)
        .limit(PAGE_ROWS)
    )
    people = [AdherenceLine(*row, gap_days(row.covered_through, today)) for row in rows]
    return AdherencePage(people, total, page)
