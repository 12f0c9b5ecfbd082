"""The station's own short list: usually here by now, not seen today. One tap rings, or opens what was texted."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import time
from typing import Any

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.missed_doses import GapBand
from counseling.domain.usual_hours import MINUTES_OF_A_DAY, latest_usual_minute
from counseling.permissions import Permission, passive, requires
from counseling.queries.bands import list_bands
from counseling.queries.later_than_usual import LaterThanUsual, list_later_than_usual
from counseling.queries.today import TodayList
from counseling.routes.patients.parts import this_day, zone
from counseling.routes.viewing import note_view

bp = Blueprint("later", __name__, url_prefix="/station/later")

UNFOLDED = 3  # more people are folded into one line: the list of today stands below
NOBODY, NOBODY_ANY_MORE = "0", "0-0"  # the second: the list stands there, emptied


@bp.get("")
@requires(Permission.SEE_TODAY)
@passive
def live() -> ResponseReturnValue:
    """The list again when somebody has come or has become late since `seen`; 204 when nobody has."""
    found, seen = find_later(), request.args.get("seen")
    if seen == version_of(found) or (seen == NOBODY_ANY_MORE and not found):
        return "", 204
    if seen in (None, NOBODY):
        return render_template("partials/station/_later.html", later=shown(found))
    renewed = {"is_renewed": True} | ({} if found else {"version": NOBODY_ANY_MORE})
    return render_template("partials/station/_later_rows.html", later={**shown(found), **renewed})


def find_later(bands: Sequence[GapBand] | None = None) -> list[LaterThanUsual]:
    """Whoever is later than usual at the reader's station at this moment."""
    day = this_day()
    bands = list_bands(db.session, day, g.viewer.site_id) if bands is None else bands
    return list_later_than_usual(db.session, g.viewer, g.viewer.site_id, day, local_time(), bands)


def later_beside(today: TodayList, bands: Sequence[GapBand]) -> list[LaterThanUsual]:
    """The same beside a list of today that was just read: where that names nobody, nothing more is asked."""
    minute = latest_usual_minute(local_time())
    is_somebody_late = any(today.usual.get(row.patient_id, MINUTES_OF_A_DAY) <= minute for row in today.waiting)
    return find_later(bands) if is_somebody_late else []


def local_time() -> time:
    return utc_now().astimezone(zone()).time()


def shown(found: list[LaterThanUsual]) -> dict[str, Any]:
    """What the list needs to be written, and the note that it was seen."""
    note_view("station.later", [person.patient_id for person in found])
    return {
        "version": version_of(found),
        "people": found,
        "is_short": len(found) <= UNFOLDED,
        "may_text": g.viewer.may(Permission.ANSWER_MESSAGES),
    }


def version_of(found: list[LaterThanUsual]) -> str:
    """Of what is shown, without saying who it is: the address stands in the browser's history."""
    if not found:
        return NOBODY
    told = [(person.patient_id, person.conversation, len(person.numbers)) for person in found]
    return f"{zlib.crc32(repr(told).encode()):08x}-{len(found)}"
