"""The area's list: adherence on the treatment side, contacts on the community side, never both on one page.

From either, a supervisor gives the next task to those who stand beside the person.
"""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, Side, passive, requires
from counseling.queries import adherence_list, contact_list
from counseling.queries.missed_calls import count_reach
from counseling.queries.patients import NotFound, get_patient_id, get_support_row
from counseling.routes.doorkeeper import admit
from counseling.routes.patients.parts import ensure_ref, this_day, zone
from counseling.routes.viewing import note_view
from counseling.services.next_tasks import GIVEN_TASKS, give_station_task, give_support_task

bp = Blueprint("supervision", __name__, url_prefix="/supervision")


@bp.get("/")
@requires(Permission.USE_OWN_ACCOUNT)  # two sides share the address: which permission it takes is decided below
def index() -> ResponseReturnValue:
    return kept_out() or (contacts() if g.viewer.side is Side.SUPPORT else adherence())


@bp.get("/reach")
@requires(Permission.USE_OWN_ACCOUNT)  # as the list
@passive
def reach() -> ResponseReturnValue:
    """Asked for by the list once it stands: of a whole province, counting takes longer than the list itself."""
    return kept_out() or render_template(
        "partials/messages/_reach.html", reach=count_reach(db.session, g.viewer, this_day())
    )


def kept_out() -> ResponseReturnValue | None:
    supports = g.viewer.side is Side.SUPPORT
    return admit(g.viewer, Permission.SEE_CONTACT_LIST if supports else Permission.SEE_ADHERENCE_LIST)


def adherence() -> str:
    sort = request.args.get("sort", "")
    found = adherence_list.list_adherence(db.session, g.viewer, this_day(), utc_now(), zone(), sort)
    note_view("supervision.adherence", [person.patient_id for person in found.people])
    return render_template("pages/supervision/adherence.html", found=found, today=this_day())


def contacts() -> str:
    sort = request.args.get("sort", "")
    found = contact_list.list_silence(db.session, g.viewer, this_day(), utc_now(), sort)
    note_view("supervision.contacts", [person.patient_id for person in found.people])
    return render_template("pages/supervision/contacts.html", found=found, today=this_day())


@bp.get("/<ref>/task")
@requires(Permission.GIVE_TASK)
def task(ref: str) -> ResponseReturnValue:
    patient_id = patient_of(ref)
    note_view("supervision.task", [patient_id])
    if g.viewer.side is Side.SUPPORT:
        silence = contact_list.get_silence_line(db.session, g.viewer, patient_id, this_day(), utc_now())
        return render_template("pages/supervision/support_task.html", line=silence, today=this_day())
    line = adherence_list.get_adherence_line(db.session, g.viewer, patient_id, this_day(), utc_now(), zone())
    return render_template("pages/supervision/station_task.html", line=line, kinds=GIVEN_TASKS, today=this_day())


@bp.post("/<ref>/task")
@requires(Permission.GIVE_TASK)
def give(ref: str) -> ResponseReturnValue:
    patient_id, today, now = patient_of(ref), this_day(), utc_now()
    try:
        if g.viewer.side is Side.SUPPORT:
            is_new = give_support_task(db.session, g.viewer, patient_id, today=today, now=now)
        else:
            kind = request.form.get("kind", "")
            is_new = give_station_task(db.session, g.viewer, patient_id, kind, today=today, now=now)
    except Refusal as refusal:
        return refused(ref, refusal)
    flash(gettext("Đã giao việc.") if is_new else gettext("Hôm nay đã giao việc này rồi."), "done")
    return redirect(url_for(".index"), 303)


def refused(ref: str, refusal: Refusal) -> ResponseReturnValue:
    """Only what changed while the form stood open is worth a sentence; the rest no page of ours sends."""
    if refusal.code != "file_not_active":
        abort(404 if refusal.code == "not_in_the_area" else 400)
    flash(gettext("Hồ sơ này vừa được kết thúc: không giao việc được nữa."), "attention")
    return redirect(url_for("patients.show", ref=ref), 303)


def patient_of(ref: str) -> int:
    """The inner id behind a reference of the reader's own side and area, or 404."""
    ensure_ref(ref)
    try:
        if g.viewer.side is Side.SUPPORT:
            return int(get_support_row(db.session, g.viewer, ref).patient_id)
        return get_patient_id(db.session, g.viewer, ref)
    except NotFound:
        abort(404)
