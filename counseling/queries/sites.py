"""Sites and teams as the administrator's pages show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from sqlalchemy import Result, and_, case, exists, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.domain.names import fold
from counseling.domain.station_days import Hours
from counseling.models.places import Area, FormerSiteName, OutreachTeam, Site, SiteHours, SiteHoursException
from counseling.models.witnesses import WitnessDuty
from counseling.treatment_rows import SUPPORT, TREATMENT


@dataclass(frozen=True)
class SiteRow:
    """Fields of the same name as in services.sites.SiteDetails, and the names behind the ids."""

    id: int
    code: str
    name: str
    area_id: int
    treats: bool
    dispenses: bool
    counsels: bool
    treated_by_id: int | None
    phone: str | None
    pour_step_hundredths: int | None
    opened_on: date | None
    closed_on: date | None
    area_name: str
    treated_by_name: str | None
    asks_for_witness: bool


@dataclass(frozen=True)
class ExceptionRow:
    id: int
    on_date: date
    opens_at: time | None
    closes_at: time | None
    reason: str


@dataclass(frozen=True)
class TeamRow:
    id: int
    code: str
    name: str
    area_id: int
    site_id: int
    closed_on: date | None
    area_name: str
    site_name: str


# Built once: a gateway that was away hands over hundreds of texts a second, and each of a stranger asks this.
_IS_OPEN = Site.closed_on.is_(None)
_MAY_READ = and_(Site.counsels, _IS_OPEN)
_FIRST = _MAY_READ, _IS_OPEN, and_(_MAY_READ, Site.answers_strangers), Site.dispenses, Site.treats
_READERS_OF_STRANGERS = (
    select(Site.id, _MAY_READ).order_by(*(case((one, 0), else_=1) for one in _FIRST), Site.id).limit(1)
)


def find_reader_of_strangers(session: AnySession) -> tuple[str, int] | None:
    """The side and the site that read texts from numbers that nobody is known to have.

    The counseling point that was chosen; where none was, or it is closed, the first that is open. Without any, the
    treatment side: first of all where doses are given, because somebody is there every day. What is closed comes last,
    so that nothing is lost. None: there is no site at all.
    """
    row = session.connection().execute(_READERS_OF_STRANGERS).first()
    return None if row is None else (SUPPORT if row[1] else TREATMENT, row[0])


def list_sites(session: AnySession) -> list[SiteRow]:
    """Every site: open ones first, each part by name."""
    facility = aliased(Site)
    columns = (
        Site.id,
        Site.code,
        Site.name,
        Site.area_id,
        Site.treats,
        Site.dispenses,
        Site.counsels,
        Site.treated_by_id,
        Site.phone,
        Site.pour_step_hundredths,
        Site.opened_on,
        Site.closed_on,
        Area.name,
        facility.name,
        exists().where(WitnessDuty.site_id == Site.id, WitnessDuty.until_at.is_(None)),
    )
    rows: Result[Any] = session.execute(
        select(*columns).join(Area, Area.id == Site.area_id).outerjoin(facility, facility.id == Site.treated_by_id)
    )
    return sorted(
        (SiteRow(*tuple(row)) for row in rows), key=lambda site: (site.closed_on is not None, fold(site.name))
    )


def find_site(session: AnySession, site_id: int) -> SiteRow | None:
    return next((site for site in list_sites(session) if site.id == site_id), None)


def list_former_names(session: AnySession, site_id: int) -> list[tuple[str, date]]:
    """Names that the site had, with the day each was last used, latest first."""
    rows = session.execute(
        select(FormerSiteName.name, FormerSiteName.used_until)
        .where(FormerSiteName.site_id == site_id)
        .order_by(FormerSiteName.used_until.desc(), FormerSiteName.id.desc())
    )
    return [(name, used_until) for name, used_until in rows]


def get_week(session: AnySession, site_id: int) -> Mapping[int, list[Hours]]:
    """Opening hours by weekday (Monday is 0), in the order of the day."""
    week: dict[int, list[Hours]] = defaultdict(list)
    rows = session.execute(
        select(SiteHours.weekday, SiteHours.opens_at, SiteHours.closes_at)
        .where(SiteHours.site_id == site_id)
        .order_by(SiteHours.weekday, SiteHours.opens_at)
    )
    for weekday, opens_at, closes_at in rows:
        week[weekday].append(Hours(opens_at, closes_at))
    return week


def list_exceptions(session: AnySession, site_id: int, since: date) -> list[ExceptionRow]:
    """Days that differ, from `since` on."""
    row = SiteHoursException
    found = session.execute(
        select(row.id, row.on_date, row.opens_at, row.closes_at, row.reason)
        .where(row.site_id == site_id, row.on_date >= since)
        .order_by(row.on_date)
    )
    return [ExceptionRow(*values) for values in found]


def list_teams(session: AnySession) -> list[TeamRow]:
    """Every team: open ones first, each part by name."""
    team = OutreachTeam
    rows = session.execute(
        select(team.id, team.code, team.name, team.area_id, team.site_id, team.closed_on, Area.name, Site.name)
        .join(Area, Area.id == team.area_id)
        .join(Site, Site.id == team.site_id)
    )
    return sorted((TeamRow(*row) for row in rows), key=lambda row: (row.closed_on is not None, fold(row.name)))


def find_team(session: AnySession, team_id: int) -> TeamRow | None:
    return next((team for team in list_teams(session) if team.id == team_id), None)
