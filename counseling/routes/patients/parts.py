"""What the pages of the patients' desk share."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, current_app, g
from sqlalchemy import Row

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.queries.patients import NotFound, get_treatment_row
from counseling.services.treatment_files import By

WORDS = "pages/patients/_words.html"


def this_day() -> date:
    return station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)


def me() -> By:
    return By(g.viewer.staff_id, g.viewer.actor)


def treatment_row(ref: str) -> Row[*tuple[Any, ...]]:
    """The treatment file behind an address, or 404."""
    try:
        return get_treatment_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)
