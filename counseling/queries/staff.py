"""Accounts as the administrator's pages show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, select, true

from counseling.database import AnySession
from counseling.domain.names import fold
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Desk, RoleKind, Side


@dataclass(frozen=True)
class HeldRole:
    """A role with the days between which it was held; `ended_at` None is held now."""

    desk: Desk
    given_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class StaffRow:
    id: int
    username: str
    display_name: str
    created_at: datetime
    disabled_at: datetime | None
    must_change_password: bool
    languages: str  # "vi tyz"
    roles: list[HeldRole] = field(default_factory=list)

    @property
    def desks(self) -> list[Desk]:
        return [role.desk for role in self.roles if role.ended_at is None]

    @property
    def folded(self) -> str:
        """What the page's find field compares."""
        return f"{self.username} {fold(self.display_name)}"


def list_staff(session: AnySession) -> list[StaffRow]:
    """Everybody with an account: those who may sign in first, each part by name."""
    rows = _rows(session, true())
    return sorted(rows, key=lambda row: (row.disabled_at is not None, fold(row.display_name), row.id))


def find_staff(session: AnySession, staff_id: int) -> StaffRow | None:
    return next(iter(_rows(session, Staff.id == staff_id)), None)


def _rows(session: AnySession, which: ColumnElement[bool]) -> list[StaffRow]:
    columns = (
        Staff.id,
        Staff.username,
        Staff.display_name,
        Staff.created_at,
        Staff.disabled_at,
        Staff.must_change_password,
        Staff.languages,
    )
    found = {row.id: StaffRow(*row) for row in session.execute(select(*columns).where(which))}
    place = (Site.name, OutreachTeam.name, Area.name)
    roles = session.execute(
        select(StaffRole, *place)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .outerjoin(Site, Site.id == StaffRole.site_id)
        .outerjoin(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
        .outerjoin(Area, Area.id == StaffRole.area_id)
        .where(which)
        .order_by(StaffRole.ended_at.is_not(None), StaffRole.id)
        .execution_options(populate_existing=True)
    )
    for role, site, team, area in roles:
        desk = Desk(role.id, RoleKind(role.kind), Side(role.side), site or team or area or "")
        found[role.staff_id].roles.append(HeldRole(desk, role.given_at, role.ended_at))
    return list(found.values())
