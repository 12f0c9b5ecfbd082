"""After a first dose: who is being observed, and how they are."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.first_dose import Seen
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.observations import list_observed, observation_hours
from counseling.refs import new_request_key
from counseling.routes.doses import form_key, patient_id_of, person
from counseling.routes.station import name_of, this_day
from counseling.routes.viewing import note_view
from counseling.services.observations import record_observation

bp = Blueprint("observations", __name__)


@bp.get("/station/first-doses")
@requires(Permission.RECORD_DOSE)
def index() -> ResponseReturnValue:
    day = this_day()
    observed = list_observed(db.session, g.viewer.site_id, day, utc_now())
    note_view("station.first_doses", [one.patient_id for one in observed])
    hours = observation_hours(db.session, day, g.viewer.site_id)
    return render_template("pages/station/first_doses.html", observed=observed, hours=hours)


@bp.get("/patients/<ref>/observation")
@requires(Permission.RECORD_DOSE)
def show(ref: str) -> ResponseReturnValue:
    return page(person(ref))


@bp.post("/patients/<ref>/observation")
@requires(Permission.RECORD_DOSE)
def record(ref: str) -> ResponseReturnValue:
    patient_id, key, seen = patient_id_of(ref), form_key(), request.form.get("seen", "")
    if not seen:
        return page(person(ref), unanswered=True), 422
    if seen not in list(Seen):
        abort(400)
    try:
        record_observation(
            db.session,
            patient_id,
            Seen(seen),
            site_id=g.viewer.site_id,
            note=request.form.get("note", "").strip()[:1000],
            by=g.viewer.staff_id,
            actor=g.viewer.actor,
            request_key=key,
            today=this_day(),
            now=utc_now(),
        )
    except Refusal:
        return page(person(ref)), 409
    if Seen(seen).asks_for_a_doctor:
        return redirect(url_for("doses.handed_over", ref=ref), 303)
    return redirect(url_for(".index"), 303)


def page(row: Any, *, unanswered: bool = False) -> str:
    note_view("station.observation", [row.patient_id])
    day = this_day()
    everybody = list_observed(db.session, g.viewer.site_id, day, utc_now())
    return render_template(
        "pages/station/observation.html",
        row=row,
        name=name_of(row),
        one=next((one for one in everybody if one.patient_id == row.patient_id), None),
        hours=observation_hours(db.session, day, g.viewer.site_id),
        request_key=new_request_key(),
        unanswered=unanswered,
    )
