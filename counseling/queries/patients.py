"""One person's file, through the reader's scope: what is outside it does not exist."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.models.doses import AdherenceSummary
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Viewer
from counseling.scopes import support_files_visible_to, treatment_files_visible_to

Station, Facility = aliased(Site), aliased(Site)
TREATMENT_FILE = (
    select(
        *TreatmentFile.__table__.columns,
        Station.name.label("station_name"),
        Facility.name.label("facility_name"),
        Facility.phone.label("facility_phone"),
        Area.name.label("area_name"),
        AdherenceSummary.covered_through,
    )
    .join(Station, Station.id == TreatmentFile.station_id)
    .join(Facility, Facility.id == TreatmentFile.facility_id)
    .outerjoin(Area, Area.id == TreatmentFile.area_id)
    .outerjoin(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
)
SUPPORT_FILE = (
    select(
        *SupportFile.__table__.columns,
        Site.name.label("site_name"),
        OutreachTeam.name.label("team_name"),
        Area.name.label("area_name"),
    )
    .join(Site, Site.id == SupportFile.site_id)
    .outerjoin(OutreachTeam, OutreachTeam.id == SupportFile.team_id)
    .outerjoin(Area, Area.id == SupportFile.area_id)
)


class NotFound(LookupError):  # noqa: N818 - an answer, not an accident
    """No such file within the reader's scope; a route answers 404 whichever of the two it is."""


def get_treatment_row(session: AnySession, viewer: Viewer, ref: str) -> Row[*tuple[Any, ...]]:
    """The columns of `treatment_files` (sealed ones as they are), names of places, `covered_through`.

    Raises NotFound, also for the reference of a support file.
    """
    return _found(session.execute(_treatment_file_within(viewer), {"ref": ref}).first())


def get_patient_id(session: AnySession, viewer: Viewer, ref: str) -> int:
    """The inner id of a treatment file within the reader's scope, for whoever needs no more of it. Raises NotFound."""
    row = session.connection().execute(_patient_id_within(viewer), {"ref": ref}).first()
    return int(_found(row).patient_id)


@lru_cache(maxsize=1_000)
def _patient_id_within(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    return select(TreatmentFile.patient_id).where(
        treatment_files_visible_to(viewer), TreatmentFile.ref == bindparam("ref")
    )


@lru_cache(maxsize=1_000)
def _treatment_file_within(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """Built once per signed-in desk: SQLAlchemy then keys its thirty columns once, and not per page."""
    return TREATMENT_FILE.where(treatment_files_visible_to(viewer), TreatmentFile.ref == bindparam("ref"))


def get_support_row(session: AnySession, viewer: Viewer, ref: str) -> Row[*tuple[Any, ...]]:
    """The columns of `support_files` and names of places. Raises NotFound, also for a treatment file's reference."""
    query = SUPPORT_FILE.where(support_files_visible_to(viewer), SupportFile.ref == ref)
    return _found(session.execute(query).first())


def _found(row: Row[*tuple[Any, ...]] | None) -> Row[*tuple[Any, ...]]:
    if row is None:
        raise NotFound
    return row
