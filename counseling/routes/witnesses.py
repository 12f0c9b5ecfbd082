"""Doses that wait for a second pair of eyes: read and signed at the window, or on one's own phone."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.witnessing import is_late
from counseling.permissions import Permission, requires
from counseling.queries import witnesses
from counseling.refs import new_request_key
from counseling.routes.patients.parts import key_of, this_day, zone
from counseling.routes.reversals import home_of_the_desk
from counseling.routes.tasks import beginning_of
from counseling.routes.viewing import note_view
from counseling.services.dose_witnesses import Witnessed, sign_doses

bp = Blueprint("witnesses", __name__, url_prefix="/station/witness")


@bp.get("/")
@requires(Permission.WITNESS_DOSE)
def index() -> ResponseReturnValue:
    return page()


@bp.post("/")
@requires(Permission.WITNESS_DOSE)
def sign() -> ResponseReturnValue:
    """Only what was ticked by hand is signed; what could not be is said by name, and the others stand signed."""
    key, viewer = key_of(request.form.get("request_key")), g.viewer
    try:
        result = sign_doses(
            db.session,
            ticked(),
            by=viewer.staff_id,
            session_id=viewer.session_id,
            actor=viewer.actor,
            request_key=key,
            now=utc_now(),
        )
    except Refusal as refusal:
        return page(refusal=refusal), 422
    if result.left:
        return page(result), 409
    count = len(result.signed)
    flash(ngettext("Đã ký %(num)s liều.", "Đã ký %(num)s liều.", count), "done")
    return redirect(url_for(".index"), 303)


def ticked() -> set[int]:
    """The ids that our own page wrote beside the boxes; whatever else was sent names no dose."""
    texts = request.form.getlist("dose")
    return {int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 10}


def page(result: Witnessed | None = None, refusal: Refusal | None = None) -> str:
    today = this_day()
    lines = witnesses.list_unsigned(db.session, g.viewer)
    signed = witnesses.list_signed_since(db.session, g.viewer, beginning_of(today))
    left = witnesses.list_lines(db.session, g.viewer, result.left.keys()) if result else []
    note_view("witnesses.list", [line.patient_id for line in (*lines, *signed, *left)])
    return render_template(
        "pages/station/witness.html",
        others=[line for line in lines if line.given_by_id != g.viewer.staff_id],
        own=[line for line in lines if line.given_by_id == g.viewer.staff_id],
        signed=[(line, line.witnessed_at and is_late(line.witnessed_at, line.dose_on, zone())) for line in signed],
        left=left,
        result=result,
        refusal=refusal,
        today=today,
        home=home_of_the_desk(),
        has_sites=not g.viewer.may(Permission.RECORD_DOSE),
        request_key=new_request_key(),
    )
