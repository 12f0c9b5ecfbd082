"""Whom to call in danger: numbers of the country and of the areas around somebody's desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from counseling.database import AnySession
from counseling.domain.help_numbers import SHIPPED
from counseling.models.help_numbers import HelpNumber
from counseling.models.people import Staff
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Viewer
from counseling.scopes import within_area


@dataclass(frozen=True)
class HelpLine:
    """`area` None: the whole country. `approved_by` None: nobody has looked at it yet."""

    id: int
    number: str
    label: str
    signs: tuple[str, ...]
    source: str
    area: str | None
    approved_by: str | None


def list_for_desk(session: AnySession, viewer: Viewer) -> list[HelpLine]:
    """What holds where somebody works, the nearest area's first; the country's own where no row stands at all."""
    start = select(OutreachTeam.area_id).where(OutreachTeam.id == viewer.team_id)
    if viewer.team_id is None:
        start = select(Site.area_id).where(Site.id == viewer.site_id)
    around = select(Area.id, Area.parent_id).where(Area.id.in_(start)).cte("around", recursive=True)
    around = around.union(select(Area.id, Area.parent_id).join(around, around.c.parent_id == Area.id))
    here = HelpNumber.area_id.is_(None) | HelpNumber.area_id.in_(select(around.c.id))
    lines = [_line(row) for row in session.execute(_LINES.where(here))]
    return lines or [HelpLine(0, one.number, one.label, one.signs, one.source, None, None) for one in SHIPPED]


def list_for_area(session: AnySession, viewer: Viewer) -> list[HelpLine]:
    """What a supervisor looks after: the country's numbers and those of the area and below."""
    within: ColumnElement[bool] = HelpNumber.area_id.is_(None)
    if viewer.area_id is not None:
        below = select(Area.id).where(within_area(Area.id, viewer.area_id))
        within = within | HelpNumber.area_id.in_(below)
    return [_line(row) for row in session.execute(_LINES.where(within))]


_LINES: Select[*tuple[Any, ...]] = (
    select(*HelpNumber.__table__.columns, Area.name.label("area_name"), Staff.display_name.label("approver"))
    .outerjoin(Area, Area.id == HelpNumber.area_id)
    .outerjoin(Staff, Staff.id == HelpNumber.approved_by_id)
    .where(HelpNumber.ended_at.is_(None))
    .order_by(HelpNumber.area_id.is_(None), HelpNumber.id)
)


def _line(row: Any) -> HelpLine:
    signs = tuple(row.signs.split(",")) if row.signs else ()
    return HelpLine(row.id, row.number, row.label, signs, row.source, row.area_name, row.approver)
