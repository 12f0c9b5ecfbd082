"""What forms offer to choose from: communes, stations, teams; and the next code of a register."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.register_codes import next_code
from counseling.models.patients import TreatmentFile
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Viewer
from counseling.scopes import sites_visible_to

COMMUNE_KINDS = ("ward", "commune", "special_zone")


@dataclass(frozen=True)
class Commune:
    id: int
    kind: str
    name: str


@dataclass(frozen=True)
class StationChoice:
    """A station that somebody may register for, and the facility that prescribes there."""

    id: int
    name: str
    facility_id: int


def list_communes(session: AnySession) -> list[Commune]:
    """All communes, wards and special zones, by kind and name."""
    rows = session.execute(select(Area.id, Area.kind, Area.name).where(Area.kind.in_(COMMUNE_KINDS)))
    return sorted((Commune(*row) for row in rows), key=lambda one: (COMMUNE_KINDS.index(one.kind), one.name))


def list_stations(session: AnySession, viewer: Viewer) -> list[StationChoice]:
    """The dispensing stations within the reader's scope, by name."""
    rows = session.execute(
        select(Site.id, Site.name, Site.treated_by_id)
        .where(sites_visible_to(viewer), Site.dispenses, Site.closed_on.is_(None))
        .order_by(Site.name, Site.id)
    )
    return [StationChoice(site_id, name, treated_by_id or site_id) for site_id, name, treated_by_id in rows]


def list_teams(session: AnySession, site_id: int) -> list[tuple[int, str]]:
    """The open volunteer teams that work with a counseling point."""
    query = select(OutreachTeam.id, OutreachTeam.name).where(
        OutreachTeam.site_id == site_id, OutreachTeam.closed_on.is_(None)
    )
    return [(team_id, name) for team_id, name in session.execute(query.order_by(OutreachTeam.name))]


def propose_code(session: AnySession, station_id: int) -> str | None:
    """The code that follows in the station's register; None where its codes have no pattern."""
    codes = session.execute(select(TreatmentFile.register_code).where(TreatmentFile.station_id == station_id))
    return next_code(codes.scalars())
