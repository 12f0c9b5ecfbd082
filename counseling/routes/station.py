"""The station's desk: the day, the list, the dose."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import station_day, utc_now
from counseling.database import db, vault_of
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.languages import current_locale
from counseling.permissions import Permission, passive, requires
from counseling.queries import patient_search, today
from counseling.queries.bands import list_bands
from counseling.queries.good_days import find_round_days
from counseling.queries.observations import count_observed
from counseling.queries.patients import NotFound, get_treatment_row
from counseling.queries.witnesses import RECENT, count_unsigned
from counseling.routes.later_than_usual import later_beside, shown
from counseling.routes.viewing import note_view
from counseling.services import station_days

bp = Blueprint("station", __name__, url_prefix="/station")

MOVES = {state.value: state for state in (DayState.RECORDING, DayState.ON_PAPER, DayState.CLOSED)}


def this_day() -> date:
    return station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)


@bp.get("/")
@requires(Permission.SEE_TODAY)
def index() -> ResponseReturnValue:
    facts = the_list()
    later = shown(later_beside(facts["list"], facts["bands"]))
    unwitnessed = unwitnessed_since(facts, this_day() - RECENT)
    return render_template(
        "pages/station/today.html", **facts, done=just_recorded(), later=later, observed=observed_now(),
        unwitnessed=unwitnessed,
    )  # fmt: skip


@bp.get("/list")
@requires(Permission.SEE_TODAY)
@passive
def live_list() -> ResponseReturnValue:
    """The list again when something at the station has changed since `seen`; 204 when nothing has."""
    if request.args.get("seen") == today.list_version(db.session, g.viewer.site_id, this_day()):
        return "", 204
    return render_template("partials/station/_list.html", **the_list())


@bp.post("/day")
@requires(Permission.MANAGE_STATION_DAY)
def move_day() -> ResponseReturnValue:
    to = request.form.get("to", "")
    who: dict[str, Any] = {"by": g.viewer.staff_id, "actor": g.viewer.actor, "now": utc_now()}
    try:
        if to == DayState.OPENED:
            zone = current_app.extensions["diem_tua_config"].timezone
            station_days.open_station_day(db.session, g.viewer.site_id, this_day(), **who, zone=zone)
        elif to in MOVES:
            station_days.move_station_day(db.session, g.viewer.site_id, this_day(), MOVES[to], **who)
        else:
            abort(400)
    except Refusal as refusal:
        return render_template("pages/station/today.html", **the_list(), refusal=refusal), 409
    return redirect(url_for(".index"), 303)


@bp.get("/close")
@requires(Permission.MANAGE_STATION_DAY)
def close() -> ResponseReturnValue:
    facts = the_list()
    unwitnessed = unwitnessed_since(facts, this_day())
    return render_template("pages/station/close.html", **facts, unwitnessed=unwitnessed)


@bp.post("/find")
@requires(Permission.SEE_TODAY)
def find() -> ResponseReturnValue:
    """Code, card or name typed at the window: one person opens at once, several are shown."""
    typed = request.form.get("q", "").strip()
    found = patient_search.find_people(db.session, g.viewer, typed)
    if len(found.people) == 1 and found.revoked_card is None:
        by_card = "card" if found.card == "valid" else None
        return redirect(url_for("doses.show", ref=found.people[0].ref, by=by_card), 303)
    note_view("station.find", [person.patient_id for person in found.people])
    return render_template("pages/station/found.html", typed=typed, found=found)


def observed_now() -> int:
    return count_observed(db.session, g.viewer.site_id, this_day(), utc_now())


def unwitnessed_since(facts: dict[str, Any], since: date) -> int:
    """How many doses wait for a witness. Asked only where the station keeps them: this list has no time to spare."""
    return count_unsigned(db.session, g.viewer, since) if facts["list"].keeps_witnesses else 0


def the_list() -> dict[str, Any]:
    day = this_day()
    bands = list_bands(db.session, day, g.viewer.site_id)
    rows = today.list_today(db.session, g.viewer.site_id, day, bands)
    note_view("station.today", [row.patient_id for row in (*rows.waiting, *rows.attended, *rows.without_order)])
    unapproved = any(band.approved_on is None for band in bands)
    return {
        "list": rows,
        "written": lines_written(current_locale(), day),
        "today": day,
        "bands": bands,
        "unapproved": unapproved,
        "may_manage": g.viewer.may(Permission.MANAGE_STATION_DAY),
    }


_lines: dict[tuple[str, date], dict[today.TodayRow, str]] = {}
MOST_LINES = 5_000


def lines_written(locale: str, day: date) -> dict[today.TodayRow, str]:
    """Lines as they were written for a row before: after a dose every window asks again, and one line of 300 is new."""
    if (locale, day) not in _lines and any(kept_day != day for _, kept_day in _lines):
        _lines.clear()
    lines = _lines.setdefault((locale, day), {})
    if len(lines) > MOST_LINES:
        lines.clear()
    return lines


def just_recorded() -> Any:
    """Whose dose the redirect comes from, for the line that says so; the address holds only a random reference."""
    ref = request.args.get("done")
    if not ref:
        return None
    try:
        row = get_treatment_row(db.session, g.viewer, ref)
    except NotFound:
        return None
    dose = today.find_last_dose(db.session, row.patient_id)
    if dose is None:
        return None
    good_days = find_round_days(db.session, row.patient_id, this_day()) if dose.dose_on == this_day() else None
    return {"name": name_of(row), "year": row.birth_year, "dose": dose, "good_days": good_days}


def name_of(row: Any) -> str:
    return vault_of(db.session).open("treatment_files.full_name", row.ref, row.full_name) or ""
