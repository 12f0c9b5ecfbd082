"""Lists of the support side: by name for those who meet people, by commune for those who look over an area."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select

from counseling.database import AnySession, vault_of
from counseling.domain.names import fold
from counseling.models.patients import SupportFile
from counseling.models.places import Area
from counseling.permissions import Viewer
from counseling.queries.patient_search import PAGE_ROWS, name_condition
from counseling.scopes import support_files_visible_to
from counseling.support_rows import open_community_name
from counseling.treatment_rows import SUPPORT


@dataclass(frozen=True)
class SupportedLine:
    ref: str
    patient_id: int
    community_name: str
    commune: str | None
    hamlet: str | None
    language: str
    status: str


@dataclass(frozen=True)
class SupportedPage:
    """One page of a list; `total` counts all of it."""

    people: list[SupportedLine]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_ROWS - 1) // PAGE_ROWS, 1)


def list_by_name(session: AnySession, viewer: Viewer, typed: str = "", page: int = 1) -> SupportedPage:
    """A point's or a team's people, those still supported first, by folded name; `typed`: words of a name.

    Names are sealed, so the whole list is opened to be put in order: a point has hundreds of people, not thousands.
    """
    condition = support_files_visible_to(viewer)
    if typed:
        named = name_condition(vault_of(session), SUPPORT, SupportFile.patient_id, typed)
        if named is None:
            return SupportedPage([], 0, 1)
        condition = and_(condition, named)
    lines = _lines(session, condition)
    lines.sort(key=lambda line: (line.status != "active", fold(line.community_name), line.patient_id))
    page = _within(page, len(lines))
    return SupportedPage(lines[(page - 1) * PAGE_ROWS : page * PAGE_ROWS], len(lines), page)


def list_by_commune(session: AnySession, viewer: Viewer, page: int = 1) -> SupportedPage:
    """The people of an area, by commune and status."""
    condition = support_files_visible_to(viewer)
    total = session.execute(select(func.count()).select_from(SupportFile).where(condition)).scalar_one()
    page = _within(page, total)
    return SupportedPage(_lines(session, condition, (page - 1) * PAGE_ROWS, PAGE_ROWS), total, page)


def _within(page: int, total: int) -> int:
    return min(max(page, 1), max((total + PAGE_ROWS - 1) // PAGE_ROWS, 1))


def _lines(
    session: AnySession, condition: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[SupportedLine]:
    vault, file = vault_of(session), SupportFile
    rows = session.execute(
        select(file.ref, file.patient_id, file.community_name, Area.name, file.hamlet, file.language, file.status)
        .outerjoin(Area, Area.id == file.area_id)
        .where(condition)
        .order_by(Area.name.is_(None), Area.name, file.status, file.patient_id)
        .offset(offset)
        .limit(limit)
    )
    return [
        SupportedLine(ref, patient_id, open_community_name(vault, ref, sealed), commune, hamlet, language, status)
        for ref, patient_id, sealed, commune, hamlet, language, status in rows
    ]
