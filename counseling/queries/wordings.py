"""Which words a site's texts have: those of its province, where it has other ones than the shipped."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select

from counseling.database import AnySession
from counseling.domain.text_wordings import Wording
from counseling.domain.wording_guard import names_of_site
from counseling.models.people import Staff
from counseling.models.places import Area, Site
from counseling.models.wordings import TextWording
from counseling.scopes import within_area

Wordings = Mapping[str, Wording]
HISTORY = 50
NEWEST = select(func.max(TextWording.id)).group_by(TextWording.area_id, TextWording.key)


@dataclass(frozen=True)
class WordingVersion:
    """`words` None: the shipped ones. `copy_of`: the older version that was brought back, 0 for the shipped."""

    version: int
    words: Wording | None
    copy_of: int | None
    written_by: str
    written_at: datetime


def wordings_of(session: AnySession, site_ids: Collection[int]) -> Mapping[int, Wordings]:
    """Of each site, the texts whose words differ from the shipped; one small read where no province has any."""
    found: dict[int, dict[str, Wording]] = {site_id: {} for site_id in site_ids}
    rows = session.execute(
        select(TextWording.area_id, TextWording.key, TextWording.body, TextWording.marked)
        .where(TextWording.id.in_(NEWEST), TextWording.body.is_not(None))
        .order_by(TextWording.id)
    ).all()
    if not rows:
        return found
    province_of = _provinces_of(session, found)
    for site_id, words in found.items():
        own = [row for row in rows if row.area_id == province_of.get(site_id)]
        words.update({row.key: Wording(row.body, row.marked) for row in own})
    return found


def list_in_force(session: AnySession, province_id: int) -> dict[str, WordingVersion]:
    """The newest version of each text that a province has ever changed."""
    rows = session.execute(_versions().where(TextWording.area_id == province_id, TextWording.id.in_(NEWEST)))
    return {row.key: _version(row) for row in rows}


def list_versions(session: AnySession, province_id: int, key: str) -> list[WordingVersion]:
    """A text's versions in a province, the newest first."""
    own = _versions().where(TextWording.area_id == province_id, TextWording.key == key)
    return [_version(row) for row in session.execute(own.order_by(TextWording.version.desc()).limit(HISTORY))]


def find_province(session: AnySession, area_id: int) -> int | None:
    """The province that an area lies in, or is."""
    above = select(Area.id, Area.parent_id, Area.kind).where(Area.id == area_id).cte("above", recursive=True)
    above = above.union(select(Area.id, Area.parent_id, Area.kind).join(above, Area.id == above.c.parent_id))
    return session.execute(select(above.c.id).where(above.c.kind == "province")).scalars().first()


def list_place_names(session: AnySession, province_id: int) -> list[str]:
    """What the sites of a province are called, on their sign and by people: no text says any of it."""
    names = session.execute(select(Site.name).where(within_area(Site.area_id, province_id)).order_by(Site.id))
    return [name for full in names.scalars() for name in names_of_site(full)]


def list_place_names_around(session: AnySession, site_id: int) -> list[str]:
    """The same of the province in which a site lies."""
    return list_place_names(session, _provinces_of(session, [site_id])[site_id])


def _provinces_of(session: AnySession, site_ids: Collection[int]) -> dict[int, int]:
    start = select(Site.id.label("site_id"), Area.id, Area.parent_id, Area.kind).join(Area, Area.id == Site.area_id)
    above = start.where(Site.id.in_(site_ids)).cte("above", recursive=True)
    above = above.union(
        select(above.c.site_id, Area.id, Area.parent_id, Area.kind).join(above, Area.id == above.c.parent_id)
    )
    rows = session.execute(select(above.c.site_id, above.c.id).where(above.c.kind == "province"))
    return dict(rows.all())


def _versions() -> Select[*tuple[Any, ...]]:
    return select(
        TextWording.key, TextWording.version, TextWording.body, TextWording.marked, TextWording.copy_of,
        TextWording.written_at, Staff.display_name,
    ).join(Staff, Staff.id == TextWording.written_by_id)  # fmt: skip


def _version(row: Row[*tuple[Any, ...]]) -> WordingVersion:
    words = None if row.body is None else Wording(row.body, row.marked)
    return WordingVersion(row.version, words, row.copy_of, row.display_name, row.written_at)
