"""Areas that a province draws itself, and what lies under them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.area_tree import HOLDS_OTHERS, ensure_may_move
from counseling.domain.refusal import Refusal
from counseling.models.places import Area
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator
from counseling.services.place_names import ensure_code, ensure_name


def draw_area(session: AnySession, by: Viewer | None, code: str, name: str, parent_id: int, now: datetime) -> int:
    """Add an area of one's own under a province or another drawn area; returns its id.

    Refuses with code_not_right, code_taken, name_missing, name_too_long, no_such_area or parent_is_leaf.
    """
    values = {"code": ensure_code(code), "name": ensure_name(name), "kind": "drawn", "parent_id": parent_id}
    with writing(session) as tx:
        ensure_administrator(tx, by)
        tree = _locked_tree(tx)
        if parent_id not in tree:
            raise Refusal("no_such_area")
        if tree[parent_id].kind not in HOLDS_OTHERS:
            raise Refusal("parent_is_leaf")
        if any(area.code == values["code"] for area in tree.values()):
            raise Refusal("code_taken")
        area_id: int = tx.execute(insert(Area).values(**values).returning(Area.id)).scalar_one()
        audit.append(tx, audit.HOUSE, actor_of(by), "area.drawn", f"area:{area_id}", {"parent": parent_id}, now)
    return area_id


def rename_area(session: AnySession, by: Viewer | None, area_id: int, name: str, now: datetime) -> None:
    """Rename a drawn area; communes keep the name that the law gave them. Refuses with area_not_drawn."""
    tidy = ensure_name(name)
    with writing(session) as tx:
        ensure_administrator(tx, by)
        own = update(Area).where(Area.id == area_id, Area.kind == "drawn").values(name=tidy).returning(Area.id)
        if tx.execute(own).first() is None:
            raise Refusal("area_not_drawn")
        audit.append(tx, audit.HOUSE, actor_of(by), "area.renamed", f"area:{area_id}", {}, now)


def move_areas(session: AnySession, by: Viewer | None, area_ids: Sequence[int], to_id: int, now: datetime) -> None:
    """Put areas under another one, all or none; supervisors of both see the change at their next request.

    Refuses with no_such_area or a code of domain/area_tree.py.
    """
    with writing(session) as tx:
        ensure_administrator(tx, by)
        tree = _locked_tree(tx)
        if to_id not in tree or not set(area_ids) <= set(tree):
            raise Refusal("no_such_area")
        parents = {area.id: area.parent_id for area in tree.values()}
        moved = [area_id for area_id in area_ids if parents[area_id] != to_id]
        for area_id in moved:
            ensure_may_move(area_id, tree[area_id].kind, to_id, tree[to_id].kind, parents)
        tx.execute(update(Area).where(Area.id.in_(moved)).values(parent_id=to_id))
        for area_id in moved:
            facts = {"from": parents[area_id], "to": to_id}
            audit.append(tx, audit.HOUSE, actor_of(by), "area.moved", f"area:{area_id}", facts, now)


def _locked_tree(tx: Session) -> dict[int, Area]:
    # All rows: two moves at once could each be sound and together make a ring.
    rows = select(Area).order_by(Area.id).with_for_update().execution_options(populate_existing=True)
    return {area.id: area for area in tx.execute(rows).scalars()}
