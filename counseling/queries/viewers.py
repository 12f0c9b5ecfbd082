"""Who is signed in, read once at the start of each request."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists, select

from counseling.database import AnySession
from counseling.models.duty import CrisisAlert
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Desk, RoleKind, Side, Viewer

IDLE = timedelta(minutes=15)

# Core tables, not the classes: this runs before every page, and the ORM's share of it would be half.
_sessions, _staff, _roles, _devices = (table.__table__ for table in (StaffSession, Staff, StaffRole, Device))
FIND_VIEWER = (
    select(
        _sessions.c.id.label("session_id"),
        _sessions.c.device_id,
        _sessions.c.last_seen_at,
        _sessions.c.locked_at,
        _devices.c.site_id.label("device_site_id"),
        _devices.c.revoked_at,
        _staff.c.id.label("staff_id"),
        _staff.c.display_name,
        _staff.c.locale,
        _staff.c.must_change_password,
        _roles.c.id.label("role_id"),
        _roles.c.kind,
        _roles.c.side,
        _roles.c.site_id,
        _roles.c.team_id,
        _roles.c.area_id,
    )
    .join_from(_sessions, _staff, _staff.c.id == _sessions.c.staff_id)
    .join(_devices, _devices.c.id == _sessions.c.device_id)
    .outerjoin(_roles, (_roles.c.id == _sessions.c.role_id) & _roles.c.ended_at.is_(None))
    .where(
        _sessions.c.token_hash == bindparam("token_hash"),
        _sessions.c.ended_at.is_(None),
        _sessions.c.ends_at > bindparam("now"),
        _sessions.c.last_seen_at > bindparam("idle_since"),
        _staff.c.disabled_at.is_(None),
    )
)


_crises = CrisisAlert.__table__
_crisis = exists().where(
    _crises.c.taken_at.is_(None), _crises.c.site_id == _roles.c.site_id, _crises.c.side == _roles.c.side
)
_sites, _teams, _areas = Site.__table__, OutreachTeam.__table__, Area.__table__
DESKS = (
    select(_roles.c.id, _roles.c.kind, _roles.c.side, _sites.c.name, _teams.c.name, _areas.c.name, _crisis)
    .outerjoin_from(_roles, _sites, _sites.c.id == _roles.c.site_id)
    .outerjoin(_teams, _teams.c.id == _roles.c.team_id)
    .outerjoin(_areas, _areas.c.id == _roles.c.area_id)
    .where(_roles.c.staff_id == bindparam("staff_id"), _roles.c.ended_at.is_(None))
    .order_by(_roles.c.id)
)


def hash_token(token: str) -> bytes:
    """What the database keeps of a session's or device's token: reading the table does not sign anybody in."""
    return hashlib.sha256(token.encode()).digest()


def find_viewer(session: AnySession, token: str, now: datetime) -> tuple[Viewer, datetime] | None:
    """The person behind a session's token and when they were last seen; None when the session has ended."""
    values = {"token_hash": hash_token(token), "now": now, "idle_since": now - IDLE}
    row = session.connection().execute(FIND_VIEWER, values).first()
    if row is None:
        return None
    viewer = Viewer(
        staff_id=row.staff_id,
        session_id=row.session_id,
        device_id=row.device_id,
        display_name=row.display_name,
        locale=row.locale,
        role_id=row.role_id,
        kind=RoleKind(row.kind) if row.kind else None,
        side=Side(row.side) if row.side else None,
        site_id=row.site_id,
        team_id=row.team_id,
        area_id=row.area_id,
        must_change_password=row.must_change_password,
        device_site_id=row.device_site_id if row.revoked_at is None else None,
        is_locked=row.locked_at is not None,
    )
    return viewer, row.last_seen_at


def list_desks(session: AnySession, staff_id: int) -> list[Desk]:
    """The desks that somebody may sit at now, oldest first."""
    rows = session.execute(DESKS, {"staff_id": staff_id})
    return [
        Desk(role_id, RoleKind(kind), Side(side), a or b or c or "", has_crisis=crisis)
        for role_id, kind, side, a, b, c, crisis in rows
    ]
