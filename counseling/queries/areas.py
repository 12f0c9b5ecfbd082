"""The tree of areas in the order in which a page writes it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.area_tree import HOLDS_OTHERS
from counseling.domain.names import fold
from counseling.models.places import Area


@dataclass(frozen=True)
class AreaRow:
    """`path` names the branch from the root down; `parent_name` tells communes of one name apart."""

    id: int
    code: str
    kind: str
    name: str
    parent_id: int | None
    parent_name: str | None
    path: str

    @property
    def holds_others(self) -> bool:
        return self.kind in HOLDS_OTHERS


def list_area_tree(session: AnySession) -> list[AreaRow]:
    """Every area, each below its parent: drawn areas before communes, both by name."""
    columns = (Area.id, Area.code, Area.kind, Area.name, Area.parent_id)
    rows = session.execute(select(*columns)).all()
    below: dict[int | None, list[tuple[int, str, str, str]]] = {}
    for area_id, code, kind, name, parent_id in rows:
        below.setdefault(parent_id, []).append((area_id, code, kind, name))
    return _branch(below, None, [])


def find_area(session: AnySession, area_id: int) -> AreaRow | None:
    return next((area for area in list_area_tree(session) if area.id == area_id), None)


def list_communes(session: AnySession) -> list[AreaRow]:
    """What people live in: communes, wards and special zones, by name."""
    communes = [area for area in list_area_tree(session) if not area.holds_others]
    return sorted(communes, key=lambda area: fold(area.name))


def _branch(
    below: dict[int | None, list[tuple[int, str, str, str]]], parent_id: int | None, above: list[str]
) -> list[AreaRow]:
    rows: list[AreaRow] = []
    for area_id, code, kind, name in sorted(below.get(parent_id, []), key=_order):
        rows.append(
            AreaRow(area_id, code, kind, name, parent_id, above[-1] if above else None, " › ".join([*above, name]))
        )
        rows += _branch(below, area_id, [*above, name])
    return rows


def _order(area: tuple[int, str, str, str]) -> tuple[bool, str, int]:
    area_id, _, kind, name = area
    return kind not in HOLDS_OTHERS, fold(name), area_id
