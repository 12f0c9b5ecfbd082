"""After a stop: what to say and what happens next, and that the doctor was called."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.domain.overdose_advice import on_leaving
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.cups import list_visits
from counseling.queries.doctor_calls import list_calls
from counseling.refs import new_request_key
from counseling.routes.doses import form_key, here, patient_id_of, person, the_person
from counseling.routes.station import name_of, this_day
from counseling.routes.tasks import beginning_of
from counseling.routes.viewing import note_view
from counseling.services.doctor_calls import record_doctor_call

bp = Blueprint("doctor_calls", __name__, url_prefix="/patients/<ref>")

ANSWERS = {"reached": True, "not_reached": False}


@bp.get("/handed-over")
@requires(Permission.RECORD_DOSE)
def handed_over(ref: str) -> ResponseReturnValue:
    """Nobody is just sent away."""
    return page(person(ref))


@bp.post("/doctor-call")
@requires(Permission.RECORD_DOSE)
def record(ref: str) -> ResponseReturnValue:
    patient_id, key, answer = patient_id_of(ref), form_key(), request.form.get("answer", "")
    if answer not in ANSWERS:
        return page(person(ref), unanswered=True), 422
    try:
        record_doctor_call(db.session, patient_id, is_reached=ANSWERS[answer], request_key=key, **here())
    except Refusal as refusal:
        return page(person(ref), refusal=refusal), 409
    return redirect(url_for(".handed_over", ref=ref), 303)


def page(row: Any, *, unanswered: bool = False, refusal: Refusal | None = None) -> str:
    note_view("station.handed_over", [row.patient_id])
    day = this_day()
    visits = list_visits(db.session, row.patient_id, day)
    visit = visits[-1] if visits else None
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
        refusal=refusal,
        request_key=new_request_key(),
    )


def dialled(phone: str | None) -> str | None:
    """What a phone dials of a number as somebody typed it; None where there is none."""
    digits = "".join(sign for sign in phone or "" if sign.isascii() and (sign.isdigit() or sign == "+"))
    return digits or None
