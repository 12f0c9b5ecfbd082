"""That the doctor was called about somebody at the window, and whether they were reached."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.permissions import Permission, requires
from counseling.routes.doses import form_key, handed_over_page, here, patient_id_of
from counseling.services.doctor_calls import record_doctor_call

bp = Blueprint("doctor_calls", __name__, url_prefix="/patients/<ref>")

ANSWERS = {"reached": True, "not_reached": False}


@bp.post("/doctor-call")
@requires(Permission.RECORD_DOSE)
def record(ref: str) -> ResponseReturnValue:
    patient_id, key, answer = patient_id_of(ref), form_key(), request.form.get("answer", "")
    if answer not in ANSWERS:
        return handed_over_page(ref, unanswered=True), 422
    record_doctor_call(db.session, patient_id, is_reached=ANSWERS[answer], request_key=key, **here())
    return redirect(url_for("doses.handed_over", ref=ref), 303)
