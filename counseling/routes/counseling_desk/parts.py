"""What the pages of the counseling point share."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import abort, g
from sqlalchemy import Row

from counseling.database import db, vault_of
from counseling.queries.patients import NotFound, get_support_row
from counseling.routes.patients.parts import ensure_ref, zone
from counseling.support_rows import open_community_name

WORDS = "pages/counseling/_words.html"


def person_of(ref: str) -> Row[*tuple[Any, ...]]:
    """The support file behind an address, or 404."""
    ensure_ref(ref)
    try:
        return get_support_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def name_of(row: Row[*tuple[Any, ...]]) -> str:
    return open_community_name(vault_of(db.session), row.ref, row.community_name)


def at_local(day: date, at: time) -> datetime:
    """The instant at which a clock at the point shows this time of this day."""
    return datetime.combine(day, at, zone())


def clock_words(at: time) -> str:
    """A time of day as people write it: 8h30."""
    return f"{at.hour}h{at.minute:02d}"
