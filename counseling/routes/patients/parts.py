"""What the pages of the patients' desk share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, current_app, g, request
from sqlalchemy import Row

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.queries.patients import NotFound, get_treatment_row
from counseling.services.treatment_files import By

KEY_LENGTHS = (16, 32)
NOTHING_SHOWN = datetime(2000, 1, 1, tzinfo=UTC)
WORDS = "pages/patients/_words.html"


def zone() -> ZoneInfo:
    found: ZoneInfo = current_app.extensions["diem_tua_config"].timezone
    return found


def this_day() -> date:
    return station_day(utc_now(), zone())


def me() -> By:
    return By(g.viewer.staff_id, g.viewer.actor)


def ensure_ref(ref: str) -> None:
    """404 for what no reference looks like; PostgreSQL would refuse a NUL with an error."""
    if not (ref.isascii() and ref.isalnum()):
        abort(404)


def key_of(text: str | None) -> str:
    """The form's request key, or 400 for what no page of ours has made."""
    if not text or not text.isascii() or not text.isalnum() or not KEY_LENGTHS[0] <= len(text) <= KEY_LENGTHS[1]:
        abort(400)
    return text


def newest_shown() -> datetime:
    """Since when the last task stood on the page whose form this is; of before any where none did."""
    try:
        return datetime.fromisoformat(request.form.get("shown", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return NOTHING_SHOWN


def treatment_row(ref: str) -> Row[*tuple[Any, ...]]:
    """The treatment file behind an address, or 404."""
    ensure_ref(ref)
    try:
        return get_treatment_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)
