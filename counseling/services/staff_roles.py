"""What people may do: roles of kind, side and place, given and ended, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import ROLE_PERMISSIONS, RoleKind, Side, Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator, staff_id_of
from counseling.services.crises import leaving_nobody_in_danger

PLACES: dict[str, type[Site] | type[OutreachTeam] | type[Area]] = {"site": Site, "team": OutreachTeam, "area": Area}
PLACE_OF_KIND = {
    RoleKind.DISPENSER: "site",
    RoleKind.DOCTOR: "site",
    RoleKind.COUNSELOR: "site",
    RoleKind.VOLUNTEER: "team",
    RoleKind.SUPERVISOR: "area",
    RoleKind.ADMINISTRATOR: None,
}


@dataclass(frozen=True)
class NewRole:
    """`place` is ("site" | "team" | "area", id), or None for an administrator."""

    kind: RoleKind
    side: Side
    place: tuple[str, int] | None = None


def role_of_text(session: AnySession, text: str) -> NewRole:
    """Read `kind:side:place-code`, as in `dispenser:treatment:CP-DK`; administrators need no place.

    Refuses with role_not_understood, place_missing or no_such_place.
    """
    kind_text, _, rest = text.strip().partition(":")
    side_text, _, code = rest.partition(":")
    if kind_text == RoleKind.ADMINISTRATOR:
        return NewRole(RoleKind.ADMINISTRATOR, Side.HOUSE)
    try:
        kind, side = RoleKind(kind_text), Side(side_text)
    except ValueError:
        raise Refusal("role_not_understood") from None
    place = PLACE_OF_KIND[kind]
    if place is None or not code:
        raise Refusal("place_missing")
    table = PLACES[place]
    found = session.execute(select(table.id).where(table.code == code)).scalar()
    if found is None:
        raise Refusal("no_such_place")
    return NewRole(kind, side, (place, found))


def give_role(session: AnySession, by: Viewer | None, staff_id: int, role: NewRole, now: datetime) -> int:
    """Give somebody a role; returns its id.

    Refuses with no_such_staff, role_not_understood, place_missing, place_does_not_fit, site_without_function or
    role_held_already.
    """
    with writing(session) as tx:
        ensure_administrator(tx, by)
        if tx.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update()).first() is None:
            raise Refusal("no_such_staff")
        return add_role(tx, by, staff_id, role, now)


def add_role(tx: Session, by: Viewer | None, staff_id: int, role: NewRole, now: datetime) -> int:
    """The same inside a transaction that has checked who asks."""
    ensure_role_fits(tx, role)
    columns = {"kind": role.kind.value, "side": role.side.value} | _place_columns(role)
    same = [getattr(StaffRole, name) == value for name, value in columns.items()]
    if tx.execute(
        select(StaffRole.id).where(StaffRole.staff_id == staff_id, StaffRole.ended_at.is_(None), *same)
    ).first():
        raise Refusal("role_held_already")
    row = insert(StaffRole).values(staff_id=staff_id, given_by_id=staff_id_of(by), given_at=now, **columns)
    role_id: int = tx.execute(row.returning(StaffRole.id)).scalar_one()
    facts = {"role": role_id, **columns}
    audit.append(tx, audit.HOUSE, actor_of(by), "role.given", f"staff:{staff_id}", facts, now)
    return role_id


def end_role(session: AnySession, by: Viewer | None, role_id: int, now: datetime) -> None:
    """End a role: whoever sits at that desk has none from their next request on.

    Refuses with no_such_role, own_administration: nobody ends the role by which they are ending it; or danger_waits.
    """
    with writing(session) as tx, leaving_nobody_in_danger(tx):
        ensure_administrator(tx, by)
        row = tx.execute(select(StaffRole.staff_id, StaffRole.kind).where(StaffRole.id == role_id)).first()
        if row is None:
            raise Refusal("no_such_role")
        if by is not None and row.staff_id == by.staff_id and row.kind == RoleKind.ADMINISTRATOR:
            raise Refusal("own_administration")
        ended = update(StaffRole).where(StaffRole.id == role_id, StaffRole.ended_at.is_(None)).values(ended_at=now)
        if tx.execute(ended.returning(StaffRole.id)).first() is None:
            return  # ended before
        audit.append(tx, audit.HOUSE, actor_of(by), "role.ended", f"staff:{row.staff_id}", {"role": role_id}, now)


def ensure_role_fits(tx: Session, role: NewRole) -> None:
    """Refuse a side, a place or a site that does not belong to the kind of work."""
    if (role.kind, role.side) not in ROLE_PERMISSIONS:
        raise Refusal("role_not_understood")
    wanted, place = PLACE_OF_KIND[role.kind], role.place
    if wanted is None and place is not None:
        raise Refusal("place_does_not_fit", place=wanted)
    if wanted is None:
        return
    if place is None:
        raise Refusal("place_missing", place=wanted)
    if place[0] != wanted:
        raise Refusal("place_does_not_fit", place=wanted)
    _ensure_open_place(tx, role.kind, *place)


def _ensure_open_place(tx: Session, kind: RoleKind, place: str, place_id: int) -> None:
    found = tx.get(PLACES[place], place_id, populate_existing=True)
    if found is None:
        raise Refusal("no_such_place")
    if isinstance(found, Site):
        functions = {
            RoleKind.DISPENSER: found.dispenses,
            RoleKind.DOCTOR: found.treats or found.dispenses,
            RoleKind.COUNSELOR: found.counsels,
        }
        if not functions[kind]:
            raise Refusal("site_without_function", kind=kind.value)
    if isinstance(found, OutreachTeam) and found.closed_on is not None:
        raise Refusal("team_closed")


def _place_columns(role: NewRole) -> dict[str, int | None]:
    columns: dict[str, int | None] = {"site_id": None, "team_id": None, "area_id": None}
    if role.place is not None:
        columns[f"{role.place[0]}_id"] = role.place[1]
    return columns
