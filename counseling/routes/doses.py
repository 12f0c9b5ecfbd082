"""One person at the window: who it is, what the order says, and the one button."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.window import band_of, ensure_may_dose, needs_check
from counseling.permissions import Permission, requires
from counseling.queries import today
from counseling.queries.attendance import find_attendance
from counseling.queries.bands import list_bands
from counseling.queries.dose_reversals import list_of_the_day
from counseling.queries.namesakes import count_namesakes
from counseling.queries.patients import NotFound, get_patient_id, get_treatment_row
from counseling.refs import new_request_key
from counseling.routes.station import name_of, this_day
from counseling.routes.viewing import note_view
from counseling.services import doses

bp = Blueprint("doses", __name__, url_prefix="/patients/<ref>")

# Hidden fields are written by us, so anything but plain ASCII digits is a forged or broken form.
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
KEY = re.compile(r"[0-9a-f]{32}")


@bp.get("/dose")
@requires(Permission.RECORD_DOSE)
def show(ref: str) -> ResponseReturnValue:
    row = person(ref)
    note_view("station.dose", [row.patient_id])
    return render_template("pages/station/dose.html", **the_person(row))


@bp.post("/dose")
@requires(Permission.RECORD_DOSE)
def record(ref: str) -> ResponseReturnValue:
    patient_id = patient_id_of(ref)
    seen, key = seen_dose(), form_key()
    if request.form.get("gap_check") == "signs":
        return keep_visit(ref, patient_id, "withheld", "signs", key)
    try:
        doses.record_dose(
            db.session,
            patient_id,
            seen,
            site_id=g.viewer.site_id,
            by=g.viewer.staff_id,
            actor=g.viewer.actor,
            request_key=key,
            today=this_day(),
            now=utc_now(),
        )
    except Refusal as refusal:
        return render_template("pages/station/dose.html", **the_person(person(ref)), said=refusal), 409
    return redirect(url_for("station.index", done=ref), 303)


@bp.post("/visit")
@requires(Permission.RECORD_DOSE)
def visit(ref: str) -> ResponseReturnValue:
    """Somebody whom a rule stopped came to the window: kept as a visit, and the doctor gets a task of today."""
    patient_id = patient_id_of(ref)
    reason = request.form.get("reason", "")
    if reason not in ("gap_stops_dose", "no_order", "not_active"):
        abort(400)
    return keep_visit(ref, patient_id, "stopped", reason, form_key())


def keep_visit(ref: str, patient_id: int, outcome: str, reason: str, key: str) -> ResponseReturnValue:
    doses.record_visit(
        db.session,
        patient_id,
        outcome,
        site_id=g.viewer.site_id,
        reason=reason,
        observations=request.form.get("observations", "").strip()[:1000] or None,
        by=g.viewer.staff_id,
        actor=g.viewer.actor,
        request_key=key,
        today=this_day(),
        now=utc_now(),
    )
    return redirect(url_for("doses.handed_over", ref=ref), 303)


@bp.get("/handed-over")
@requires(Permission.RECORD_DOSE)
def handed_over(ref: str) -> ResponseReturnValue:
    """After a stop: what to say and what happens next; nobody is just sent away."""
    row = person(ref)
    note_view("station.handed_over", [row.patient_id])
    return render_template("pages/station/handed_over.html", row=row, name=name_of(row))


def patient_id_of(ref: str) -> int:
    try:
        return get_patient_id(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def person(ref: str) -> Any:
    try:
        return get_treatment_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def the_person(row: Any) -> dict[str, Any]:
    """Everything that the dose page shows, as the rules see it at this moment."""
    day = this_day()
    bands = list_bands(db.session, day)
    loaded = find_attendance(db.session, row.patient_id, g.viewer.site_id, day)
    facts: dict[str, Any] = {
        "row": row,
        "name": name_of(row),
        "today": day,
        "last": today.find_last_dose(db.session, row.patient_id),
        "namesakes": count_namesakes(db.session, row.patient_id, row.station_id, name_of(row)),
        "request_key": new_request_key(),
        "unapproved": any(band.approved_on is None for band in bands),
        "stop": None,
        "recorded": list_of_the_day(db.session, row.patient_id, day),
    }
    if loaded is None:
        return {**facts, "stop": Refusal("day_not_open", state=None), "attendance": None, "part": None}
    attendance = loaded.attendance
    try:
        ensure_may_dose(attendance, bands)
    except Refusal as refusal:
        facts["stop"] = refusal
    return {
        **facts,
        "attendance": attendance,
        "part": attendance.next_part(),
        "band": band_of(attendance, bands),
        "asks_check": needs_check(attendance, bands),
    }


def seen_dose() -> doses.SeenDose:
    """What the form says stood on the screen. A form that we did not write is refused outright."""
    try:
        dose_on = date.fromisoformat(request.form.get("dose_on", ""))
    except ValueError:
        abort(400)
    return doses.SeenDose(
        dose_on=dose_on,
        order_id=whole_number("order_id"),
        part=whole_number("part"),
        mg_tenths=whole_number("mg_tenths"),
        gap_check=request.form.get("gap_check") == "alert",
    )


def whole_number(field: str) -> int:
    text = request.form.get(field, "")
    if not WHOLE_NUMBER.fullmatch(text):
        abort(400)
    return int(text)


def form_key() -> str:
    text = request.form.get("request_key", "")
    if not KEY.fullmatch(text):
        abort(400)
    return text
