"""Practice days, seen from the real application: begin one, go on with it, end it, and the slip that says so."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.languages import current_locale
from counseling.permissions import Permission, Side, requires
from counseling.practice.folder import FOLDER, PREFIX, Learner, PracticeFolder, Running
from counseling.queries.practice_days import find_own, list_own, list_practised
from counseling.routes.shell import DESK_LABELS
from counseling.services import practice_days

bp = Blueprint("practice_days", __name__, url_prefix="/practice-days")


def folder() -> PracticeFolder:
    found: PracticeFolder = current_app.extensions[FOLDER]
    return found


@bp.get("/")
@requires(Permission.PRACTISE)
def index() -> ResponseReturnValue:
    running = folder().running_of(g.viewer.staff_id)
    return render_template(
        "pages/practice/index.html",
        slips=list_own(db.session, g.viewer),
        running=running,
        may_go_on=running is not None and running.learner.session_id == g.viewer.session_id,
        may_see_others=g.viewer.may(Permission.SEE_PRACTICE_DAYS),
    )


@bp.post("/")
@requires(Permission.PRACTISE)
def start() -> ResponseReturnValue:
    viewer, now = g.viewer, utc_now()
    learner = Learner(viewer.staff_id, viewer.session_id, viewer.site_id, str(viewer.kind), current_locale())
    running = folder().begin(learner, now)
    practice_days.note_practice_begun(db.session, viewer, running.ref, now)
    return let_in(running)


@bp.post("/go-on")
@requires(Permission.PRACTISE)
def go_on() -> ResponseReturnValue:
    """Back into a practice whose page was closed; one that another signing-in began cannot be entered any more."""
    running = folder().running_of(g.viewer.staff_id)
    if running is None or running.learner.session_id != g.viewer.session_id:
        return redirect(url_for(".index"), 303)
    return let_in(running)


def let_in(running: Running) -> ResponseReturnValue:
    token = folder().issue_token(running.ref, utc_now())
    return redirect(f"{request.script_root}{PREFIX}/enter/{token}", 303)


@bp.get("/end")
@requires(Permission.PRACTISE)
def end() -> ResponseReturnValue:
    running = folder().running_of(g.viewer.staff_id)
    if running is None:
        return redirect(url_for(".index"), 303)
    return render_template("pages/practice/end.html", running=running, tried=folder().tried(running))


@bp.post("/end")
@requires(Permission.PRACTISE)
def finish() -> ResponseReturnValue:
    running = folder().find(request.form.get("ref"))
    if running is None or running.learner.staff_id != g.viewer.staff_id:
        return redirect(url_for(".show", ref=own_slip(request.form.get("ref", ""))), 303)
    try:
        practice_days.end_practice(
            db.session, g.viewer, running.ref, running.started_at, folder().tried(running), utc_now()
        )
    except Refusal:
        abort(409)
    folder().throw_away(running.ref)
    return redirect(url_for(".show", ref=running.ref), 303)


def own_slip(ref: str) -> str:
    """The reference of a slip that is there already: the button was tapped twice."""
    if find_own(db.session, g.viewer, ref) is None:
        abort(404)
    return ref


@bp.get("/people")
@requires(Permission.SEE_PRACTICE_DAYS)
def people() -> ResponseReturnValue:
    return render_template(
        "pages/practice/people.html",
        rows=list_practised(db.session, g.viewer),
        desks={str(kind): label for (kind, side), label in DESK_LABELS.items() if side is Side.TREATMENT},
        may_practise=g.viewer.may(Permission.PRACTISE),
    )


@bp.get("/<ref>")
@requires(Permission.PRACTISE)
def show(ref: str) -> ResponseReturnValue:
    slip = find_own(db.session, g.viewer, ref)
    if slip is None:
        abort(404)
    return render_template("pages/practice/slip.html", slip=slip)
