"""One person at the window: who it is, what the order says; poured, then drunk or not."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.overdose_advice import at_the_dose, on_leaving
from counseling.domain.refusal import Refusal
from counseling.domain.window import band_of, ensure_may_dose, needs_check
from counseling.permissions import Permission, requires
from counseling.queries import today
from counseling.queries.attendance import find_attendance
from counseling.queries.bands import list_bands
from counseling.queries.cups import find_cup, list_visits
from counseling.queries.doctor_calls import list_calls
from counseling.queries.dose_reversals import list_of_the_day
from counseling.queries.good_days import find_round_days
from counseling.queries.holds import list_holds
from counseling.queries.namesakes import count_namesakes
from counseling.queries.observations import asks_for_observation, observation_hours
from counseling.queries.patients import NotFound, get_patient_id, get_treatment_row
from counseling.queries.replacements import find_vomited
from counseling.refs import new_request_key
from counseling.routes.station import name_of, this_day
from counseling.routes.tasks import beginning_of
from counseling.routes.viewing import note_view
from counseling.services import doses, pours, visits

bp = Blueprint("doses", __name__, url_prefix="/patients/<ref>")

# Hidden fields are written by us, so anything but plain ASCII digits is a forged or broken form.
WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")
KEY = re.compile(r"[0-9a-f]{32}")


@bp.get("/dose")
@requires(Permission.RECORD_DOSE)
def show(ref: str) -> ResponseReturnValue:
    return dose_page(ref)


@bp.post("/pour")
@requires(Permission.RECORD_DOSE)
def pour(ref: str) -> ResponseReturnValue:
    """The cup is poured; whether it was drunk is asked on the same page."""
    seen, key = seen_dose(), form_key()
    if request.form.get("gap_check") == "signs":
        return keep_visit(ref, patient_id_of(ref), "withheld", "signs", key)
    try:
        pours.pour_dose(db.session, ref, seen, request_key=key, **here())
    except Refusal as refusal:
        return dose_page(ref, refusal), 409
    return redirect(url_for(".show", ref=ref), 303)


@bp.post("/dose")
@requires(Permission.RECORD_DOSE)
def record(ref: str) -> ResponseReturnValue:
    seen, key = seen_dose(), form_key()
    try:
        doses.record_dose(db.session, ref, seen, request_key=key, **here())
    except Refusal as refusal:
        return dose_page(ref, refusal), 409
    return redirect(url_for("station.index", done=ref), 303)


@bp.post("/spill")
@requires(Permission.RECORD_DOSE)
def spill(ref: str) -> ResponseReturnValue:
    """What was poured is not drunk: poured away, and written down as such."""
    patient_id, reason, key = patient_id_of(ref), request.form.get("reason", ""), form_key()
    if reason not in pours.SPILL_REASONS:
        return dose_page(ref, Refusal("reason_missing")), 422
    pour_id = whole_number("pour_id")
    try:
        pours.spill_pour(
            db.session, patient_id, pour_id, reason, observations=observations(), request_key=key, **here()
        )
    except Refusal as refusal:
        return dose_page(ref, refusal), 409
    went = reason in pours.VISIT_AFTER
    return redirect(url_for(".handed_over" if went else ".show", ref=ref), 303)


@bp.post("/visit")
@requires(Permission.RECORD_DOSE)
def visit(ref: str) -> ResponseReturnValue:
    """Somebody came and is not dosed: a rule stops it (`reason`), or they refuse, or show signs (`outcome`)."""
    patient_id = patient_id_of(ref)
    reason = request.form.get("reason", "")
    outcome = request.form.get("outcome", "stopped" if reason else "")  # nothing was chosen: that is said at its place
    if outcome == "stopped" and reason not in visits.STOPS:
        abort(400)
    if outcome not in ("stopped", "refused", "withheld"):
        return dose_page(ref, Refusal("reason_missing")), 422
    return keep_visit(ref, patient_id, outcome, reason if outcome == "stopped" else None, form_key())


@bp.post("/vomited")
@requires(Permission.RECORD_DOSE)
def vomited(ref: str) -> ResponseReturnValue:
    """The dose did not stay down: the doctor is told, and decides."""
    patient_id, key = patient_id_of(ref), form_key()
    minutes = request.form.get("minutes", "").strip()
    at = here()
    try:
        visits.record_vomiting(
            db.session,
            patient_id,
            minutes_after=int(minutes) if WHOLE_NUMBER.fullmatch(minutes) else None,
            observations=observations(),
            request_key=key,
            **at,
        )
    except Refusal as refusal:
        return dose_page(ref, refusal), 422 if refusal.code == "minutes_unclear" else 409
    return redirect(url_for(".handed_over", ref=ref), 303)


def keep_visit(ref: str, patient_id: int, outcome: str, reason: str | None, key: str) -> ResponseReturnValue:
    at = here()
    came = visits.NewVisit(patient_id, at.pop("site_id"), outcome, reason, observations())
    try:
        visits.record_visit(db.session, came, request_key=key, **at)
    except Refusal as refusal:
        return dose_page(ref, refusal), 409
    return redirect(url_for("doses.handed_over", ref=ref), 303)


@bp.get("/handed-over")
@requires(Permission.RECORD_DOSE)
def handed_over(ref: str) -> ResponseReturnValue:
    """After a stop: what to say and what happens next; nobody is just sent away."""
    return handed_over_page(ref)


def handed_over_page(ref: str, *, unanswered: bool = False) -> str:
    row, day = person(ref), this_day()
    note_view("station.handed_over", [row.patient_id])
    visits_of_today = list_visits(db.session, row.patient_id, day)
    visit = visits_of_today[-1] if visits_of_today else None
    return render_template(
        "pages/station/handed_over.html",
        row=row,
        name=name_of(row),
        visit=visit,
        calls=list_calls(db.session, row.patient_id, beginning_of(day)),
        dialled=dialled(row.facility_phone),
        advice=on_leaving(visit.outcome, the_person(row)["advice"]) if visit else None,
        today=day,
        unanswered=unanswered,
        request_key=new_request_key(),
    )


def dialled(phone: str | None) -> str | None:
    """What a phone dials of a number as somebody typed it; None where there is none."""
    return "".join(sign for sign in phone or "" if sign.isascii() and (sign.isdigit() or sign == "+")) or None


def here() -> dict[str, Any]:
    """Who stands at which window, and when: what every service of the window is told."""
    viewer = g.viewer
    return {
        "site_id": viewer.site_id, "by": viewer.staff_id, "actor": viewer.actor, "today": this_day(), "now": utc_now(),
    }  # fmt: skip


def observations() -> str | None:
    return request.form.get("observations", "").strip()[:1000] or None


def dose_page(ref: str, said: Refusal | None = None) -> str:
    row = person(ref)
    note_view("station.dose", [row.patient_id])
    by_card = request.args.get("by") == "card"
    return render_template("pages/station/dose.html", **the_person(row), said=said, by_card=by_card)


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
    bands = list_bands(db.session, day, g.viewer.site_id)
    loaded = find_attendance(db.session, row.patient_id, g.viewer.site_id, day)
    held = list_holds(db.session, row.patient_id, day)
    facts: dict[str, Any] = {
        "row": row,
        "name": name_of(row),
        "today": day,
        "last": today.find_last_dose(db.session, row.patient_id),
        "namesakes": count_namesakes(db.session, row.patient_id, row.station_id, name_of(row)),
        "request_key": new_request_key(),
        "good_days": find_round_days(db.session, row.patient_id, day),
        "unapproved": any(band.approved_on is None for band in bands),
        "holds": [hold for hold in held if hold.lifted_at is None],
        "stop": None,
        "cup": None,
        "observe_hours": 0,
        "advice": None,
        "vomited": find_vomited(db.session, row.patient_id, day),
        "recorded": list_of_the_day(db.session, row.patient_id, day),
    }
    if loaded is None:
        return {**facts, "stop": Refusal("day_not_open", state=None), "attendance": None, "part": None}
    attendance = loaded.attendance
    try:
        ensure_may_dose(attendance, bands)
    except Refusal as refusal:
        facts["stop"] = refusal
    is_first = attendance.order is not None and asks_for_observation(db.session, attendance.order.id, day)
    if is_first:
        facts["observe_hours"] = observation_hours(db.session, day, g.viewer.site_id)
    if attendance.next_part() is not None or attendance.order is None:
        facts["advice"] = at_the_dose(
            gap=attendance.gap,
            bands=bands,
            is_first_of_induction=is_first,
            last_dose_at=drunk_at(facts["last"]),
            holds_lifted_at=[hold.lifted_at for hold in held if hold.kind == "hold" and hold.lifted_at],
            is_stopped=facts["stop"] is not None,
        )
    return {
        **facts,
        "attendance": attendance,
        "part": attendance.next_part(),
        "cup": find_cup(db.session, row.patient_id, day) if attendance.poured else None,
        "band": band_of(attendance, bands),
        "asks_check": needs_check(attendance, bands),
    }


def drunk_at(last: today.LastDose | None) -> datetime | None:
    """When the last dose was drunk at the earliest: of one that was entered from paper only the day is known."""
    if last is None:
        return None
    return beginning_of(last.dose_on) if last.is_late else last.recorded_at


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
