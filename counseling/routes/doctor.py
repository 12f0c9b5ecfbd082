"""The doctor's desk: what is open, whom missed days stop, whose order ends."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.permissions import Permission, requires
from counseling.queries import doctor_calls, doctor_desk
from counseling.queries.bands import list_bands
from counseling.queries.dose_reversals import count_waiting
from counseling.queries.witnesses import RECENT, count_unsigned
from counseling.routes.viewing import note_view
from counseling.services.tasks import settle_task

bp = Blueprint("doctor", __name__, url_prefix="/doctor")

LISTS = ("tasks", "stopped", "held", "renewals")
MOST_PAGES = 10_000


@bp.get("/")
@requires(Permission.WRITE_DOSE_ORDER)
def index() -> ResponseReturnValue:
    today = station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)
    bands = list_bands(db.session, today, g.viewer.site_id)
    counts = doctor_desk.count_desk(db.session, g.viewer, bands, today)
    which = chosen_list(counts)
    number = min(max(request.args.get("page", 1, type=int), 1), MOST_PAGES)
    page = read_list(which, bands, today, number)
    note_view(f"doctor.{which}", [row.patient_id for row in page.rows])
    return render_template(
        "pages/doctor/desk.html",
        counts=counts,
        which=which,
        page=page,
        today=today,
        unsigned=count_waiting(db.session, g.viewer),
        unwitnessed=count_unsigned(db.session, g.viewer, today - RECENT),
        calls=doctor_calls.latest_calls(
            db.session, [row.patient_id for row in page.rows], utc_now() - doctor_calls.RECENT
        ),
    )


@bp.post("/tasks/<int:task_id>/close")
@requires(Permission.WRITE_DOSE_ORDER)
def close_task(task_id: int) -> ResponseReturnValue:
    if not doctor_desk.has_task(db.session, g.viewer, task_id):
        abort(404)
    settle_task(db.session, task_id, by=g.viewer.staff_id, actor=g.viewer.actor, now=utc_now())
    return redirect(url_for(".index"), 303)


def chosen_list(counts: doctor_desk.DeskCounts) -> str:
    """The list that was asked for; else the first one that somebody stands on."""
    asked = request.args.get("list", "")
    if asked in LISTS:
        return asked
    filled = zip(LISTS, (counts.tasks, counts.stopped, counts.held, counts.renewals), strict=True)
    return next((name for name, count in filled if count), LISTS[0])


def read_list(which: str, bands: Any, today: Any, number: int) -> doctor_desk.DeskPage:
    if which == "stopped":
        return doctor_desk.list_stopped(db.session, g.viewer, bands, today, number)
    if which == "held":
        return doctor_desk.list_held(db.session, g.viewer, today, number)
    if which == "renewals":
        return doctor_desk.list_renewals(db.session, g.viewer, today, number)
    return doctor_desk.list_tasks(db.session, g.viewer, today, number)
