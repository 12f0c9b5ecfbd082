"""Reversing a dose that was recorded by mistake: one person asks, another signs."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.reversals import VoidReason
from counseling.permissions import Permission, requires
from counseling.queries import dose_reversals as queries
from counseling.queries.patient_search import name_of
from counseling.refs import new_request_key
from counseling.routes.patients.parts import key_of, this_day, treatment_row
from counseling.routes.viewing import note_view
from counseling.services import dose_reversals
from counseling.services.second_signature import signer_id

bp = Blueprint("reversals", __name__)

LONGEST_NOTE = 300
STATUS = {"too_many_tries": 429, "reason_needs_words": 422, "reason_missing": 422, "second_signature_wrong": 422}


@bp.get("/reversals/")
@requires(Permission.REVERSE_DOSE)
def index() -> ResponseReturnValue:
    """Everything that waits for a second signature at this desk."""
    rows = queries.list_waiting(db.session, g.viewer)
    note_view("reversals.list", [row.patient_id for row in rows])
    return render_template("pages/reversals/index.html", rows=rows, home=home_of_the_desk(), me=g.viewer.staff_id)


@bp.get("/patients/<ref>/doses/<int:dose_id>/reversal")
@requires(Permission.REVERSE_DOSE)
def show(ref: str, dose_id: int) -> ResponseReturnValue:
    return page(treatment_row(ref), dose_id)


@bp.post("/patients/<ref>/doses/<int:dose_id>/reversal")
@requires(Permission.REVERSE_DOSE)
def ask(ref: str, dose_id: int) -> ResponseReturnValue:
    row, key = treatment_row(ref), key_of(request.form.get("request_key"))
    dose_of(row, dose_id)
    reason = request.form.get("reason", "")
    if reason not in list(VoidReason):
        return page(row, dose_id, Refusal("reason_missing"))
    try:
        dose_reversals.ask_reversal(
            db.session,
            patient_id=row.patient_id,
            dose_id=dose_id,
            reason=VoidReason(reason),
            note=request.form.get("note", "")[:LONGEST_NOTE],
            by=g.viewer.staff_id,
            actor=g.viewer.actor,
            request_key=key,
            now=utc_now(),
        )
    except Refusal as refusal:
        return page(row, dose_id, refusal)
    return redirect(url_for(".show", ref=ref, dose_id=dose_id), 303)


@bp.post("/patients/<ref>/doses/<int:dose_id>/reversal/sign")
@requires(Permission.REVERSE_DOSE)
def sign(ref: str, dose_id: int) -> ResponseReturnValue:
    """The second signature: of whoever is signed in here, or on the first one's screen by name and password."""
    row = treatment_row(ref)
    dose_of(row, dose_id)
    try:
        # Before the transaction: hashing a password is slow on purpose.
        dose_reversals.sign_reversal(
            db.session,
            patient_id=row.patient_id,
            request_id=request_id(),
            signer=second_person(),
            actor=g.viewer.actor,
            now=utc_now(),
        )
    except Refusal as refusal:
        return page(row, dose_id, refusal)
    return redirect(url_for(".show", ref=ref, dose_id=dose_id), 303)


@bp.post("/patients/<ref>/doses/<int:dose_id>/reversal/withdraw")
@requires(Permission.REVERSE_DOSE)
def withdraw(ref: str, dose_id: int) -> ResponseReturnValue:
    row = treatment_row(ref)
    dose_of(row, dose_id)
    who: dict[str, Any] = {"by": g.viewer.staff_id, "actor": g.viewer.actor, "now": utc_now()}
    try:
        dose_reversals.withdraw_reversal(db.session, patient_id=row.patient_id, request_id=request_id(), **who)
    except Refusal as refusal:
        return page(row, dose_id, refusal)
    return redirect(url_for(".show", ref=ref, dose_id=dose_id), 303)


def page(row: Any, dose_id: int, refusal: Refusal | None = None) -> ResponseReturnValue:
    """The dose and what can be done about it now; after a refusal the same page says why."""
    dose = dose_of(row, dose_id)
    note_view("reversals.dose", [row.patient_id])
    shown = render_template(
        "pages/reversals/dose.html",
        row=row,
        name=name_of(db.session, row),
        dose=dose,
        is_own=dose.request is not None and dose.request.asked_by_id == g.viewer.staff_id,
        refusal=refusal,
        reasons=[reason.value for reason in VoidReason],
        typed={name: request.form.get(name, "") for name in ("reason", "note", "username")},
        request_key=new_request_key(),
        longest_note=LONGEST_NOTE,
        today=this_day(),
        may_dose=g.viewer.may(Permission.RECORD_DOSE),
    )
    return (shown, STATUS.get(refusal.code, 409)) if refusal else shown


def dose_of(row: Any, dose_id: int) -> queries.DoseFacts:
    dose = queries.find_dose(db.session, row.patient_id, dose_id)
    if dose is None:
        abort(404)
    return dose


def request_id() -> int:
    """Which request stood on the screen: a later one about the same dose is not signed unread."""
    number = request.form.get("request_id", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0


def second_person() -> int:
    username, password = request.form.get("username", ""), request.form.get("password", "")
    if not username and not password:
        own: int = g.viewer.staff_id
        return own
    return signer_id(db.session, username=username, password=password, device_id=g.viewer.device_id, now=utc_now())


def home_of_the_desk() -> str:
    return url_for("station.index" if g.viewer.may(Permission.SEE_TODAY) else "doctor.index")
