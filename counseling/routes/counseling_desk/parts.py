"""What the pages of the counseling point share."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import abort, g
from flask_babel import gettext
from sqlalchemy import Row

from counseling.database import db, vault_of
from counseling.queries.patients import NotFound, get_support_row
from counseling.routes.patients.parts import ensure_ref, zone
from counseling.routes.support_words import WEEKDAYS
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


def day_said(day: date) -> str:
    """A day at the beginning of a choice: "Thứ Hai 23/11"."""
    said = str(gettext("%(weekday)s %(day)s", weekday=WEEKDAYS[day.weekday()], day=f"{day:%d/%m}"))
    return said[:1].upper() + said[1:]
