"""Who an entry of a phone says that it is by: a reference that tells no number, of one person at one desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from counseling.database import AnySession, vault_of
from counseling.models.people import Staff, StaffRole
from counseling.models.places import OutreachTeam
from counseling.permissions import Permission, RoleKind, Side, Viewer
from counseling.vault import Vault

KIND = "phone actor"
WRITERS = (RoleKind.VOLUNTEER, RoleKind.COUNSELOR)


@dataclass(frozen=True)
class PhoneViewer(Viewer):
    """Somebody at work on a phone without a session; `session_id` is the number of the phone's token."""

    @property
    def actor(self) -> str:
        return f"staff:{self.staff_id}/phone:{self.session_id}"


@dataclass(frozen=True)
class Author:
    """Who wrote an entry. `site_id`: the point that the desk works with; `is_at_work`: the desk is still theirs."""

    viewer: PhoneViewer
    site_id: int
    is_at_work: bool

    @property
    def may_log(self) -> bool:
        return self.is_at_work and self.viewer.may(Permission.LOG_CONTACT)


@dataclass(frozen=True)
class Colleague:
    """Another volunteer of the team, for whom somebody may write."""

    ref: str
    staff_id: int
    name: str


def actor_ref(session: AnySession, role_id: int) -> str:
    """The reference that a page gives to a phone: nothing is kept of it, it is counted out anew."""
    return vault_of(session).token(KIND, str(role_id)).hex()


def find_author(session: AnySession, actor: str, token_id: int, staff_id: int | None = None) -> Author | None:
    """The desk behind a reference, ended ones too: among those of one person, or of everybody who logs contacts."""
    vault, query = vault_of(session), _DESKS.where(StaffRole.kind.in_(WRITERS))
    if staff_id is not None:
        query = query.where(StaffRole.staff_id == staff_id)
    for row in session.execute(query):
        if _is_ref_of(vault, actor, row.id):
            return _author(row, token_id)
    return None


def get_author(session: AnySession, role_id: int, token_id: int = 0) -> Author:
    """The same for a desk whose number is known."""
    return _author(session.execute(_DESKS.where(StaffRole.id == role_id)).one(), token_id)


def list_colleagues(session: AnySession, viewer: Viewer) -> list[Colleague]:
    """The other volunteers of the reader's team, by name; nobody for whoever is in none."""
    if viewer.team_id is None:
        return []
    rows = session.execute(
        select(StaffRole.id, Staff.id.label("staff_id"), Staff.display_name)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.team_id == viewer.team_id, StaffRole.ended_at.is_(None), Staff.disabled_at.is_(None))
        .where(StaffRole.staff_id != viewer.staff_id)
        .order_by(Staff.display_name, StaffRole.id)
    )
    return [Colleague(actor_ref(session, row.id), row.staff_id, row.display_name) for row in rows]


def find_colleague(session: AnySession, viewer: Viewer, ref: str) -> int | None:
    """The staff id of a colleague whom a form or an entry names."""
    found = find_in_team(session, viewer.team_id, ref)
    return found.staff_id if found else None


def find_in_team(session: AnySession, team_id: int | None, ref: str) -> Colleague | None:
    """The volunteer of a team whom an entry names, one who has left it too."""
    if team_id is None:
        return None
    vault = vault_of(session)
    query = (
        select(StaffRole.id, Staff.id.label("staff_id"), Staff.display_name)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(StaffRole.team_id == team_id, StaffRole.kind == RoleKind.VOLUNTEER)
    )
    found = next((row for row in session.execute(query) if _is_ref_of(vault, ref, row.id)), None)
    return Colleague(ref, found.staff_id, found.display_name) if found else None


_DESKS: Select[*tuple[Any, ...]] = (
    select(
        StaffRole.id,
        StaffRole.kind,
        StaffRole.side,
        StaffRole.site_id,
        StaffRole.team_id,
        StaffRole.area_id,
        StaffRole.ended_at,
        StaffRole.staff_id,
        Staff.display_name,
        Staff.locale,
        Staff.disabled_at,
        OutreachTeam.site_id.label("point_id"),
    )
    .join(Staff, Staff.id == StaffRole.staff_id)
    .outerjoin(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
)


def _is_ref_of(vault: Vault, ref: str, role_id: int) -> bool:
    """Under every key: a reference given out before the keys were changed is still of the same desk."""
    return ref in (token.hex() for token in vault.tokens(KIND, str(role_id)))


def _author(row: Row[*tuple[Any, ...]], token_id: int) -> Author:
    viewer = PhoneViewer(
        staff_id=row.staff_id,
        session_id=token_id,
        device_id=0,
        display_name=row.display_name,
        locale=row.locale,
        role_id=row.id,
        kind=RoleKind(row.kind),
        side=Side(row.side),
        site_id=row.site_id,
        team_id=row.team_id,
        area_id=row.area_id,
        must_change_password=False,
    )
    is_at_work = row.ended_at is None and row.disabled_at is None
    return Author(viewer, row.site_id or row.point_id or 0, is_at_work)
