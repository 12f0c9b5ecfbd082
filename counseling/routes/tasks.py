"""What waits for the people of a station or a counseling point."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from counseling.clock import utc_now
from counseling.database import db, vault_of
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, Side, requires
from counseling.queries import tasks
from counseling.queries.crises import Alert, find_alert_about
from counseling.queries.doctor_calls import Call, list_calls
from counseling.queries.file_parts import list_phones
from counseling.queries.patients import NotFound, get_support_row, get_treatment_row
from counseling.queries.waiting_visits import count_waiting
from counseling.routes.patients.parts import ensure_ref, newest_shown, this_day
from counseling.routes.viewing import note_view
from counseling.services.tasks import settle_waiting
from counseling.support_rows import open_community_name
from counseling.treatment_rows import open_text

bp = Blueprint("tasks", __name__, url_prefix="/tasks")


@bp.get("/")
@requires(Permission.SEE_TASKS)
def index() -> ResponseReturnValue:
    today, now = this_day(), utc_now()
    waiting = tasks.list_waiting(db.session, g.viewer, today, now)
    settled = tasks.list_settled(db.session, g.viewer, beginning_of(today), now)
    in_need = tasks.list_in_need(db.session, g.viewer)
    note_view("tasks.list", [*(row.patient_id for row in waiting + settled), *(row.patient_id for row in in_need)])
    return render_template(
        "pages/tasks/index.html",
        waiting=waiting,
        settled=settled,
        in_need=in_need,
        today=today,
        unmatched=count_waiting(db.session, g.viewer) if g.viewer.may(Permission.MATCH_VISITS) else None,
    )


@bp.get("/<ref>/")
@requires(Permission.SEE_TASKS)
def show(ref: str) -> ResponseReturnValue:
    row = person(ref)
    note_view("tasks.person", [row.patient_id])
    waiting = tasks.list_waiting(db.session, g.viewer, this_day(), utc_now(), row.patient_id)
    return render_template(
        "pages/tasks/person.html",
        row=row,
        name=name_of(row),
        waiting=waiting,
        calls=calls_about(row, waiting),
        phones=list_phones(db.session, row.patient_id, str(g.viewer.side)),
        alert=alert_about(row, waiting),
        may_log=g.viewer.may(Permission.LOG_CONTACT),
        today=this_day(),
    )


@bp.post("/<ref>/close")
@requires(Permission.SEE_TASKS)
def close(ref: str) -> ResponseReturnValue:
    row, kind, outcome = person(ref), request.form.get("kind", ""), request.form.get("outcome", "")
    try:
        closed = settle_waiting(
            db.session, g.viewer, row.patient_id, kind, shown=newest_shown(), outcome=outcome, now=utc_now()
        )
    except Refusal:  # what no page of ours offers
        abort(400)
    if closed:
        flash(gettext("Đã ghi xong việc của %(name)s.", name=name_of(row)), "done")
    else:
        flash(gettext("Việc này đã xong từ trước."), "quiet")
    return redirect(url_for(".index"), 303)


def person(ref: str) -> Row[*tuple[Any, ...]]:
    """The file of the reader's own side behind an address, or 404."""
    ensure_ref(ref)
    find = get_support_row if g.viewer.side is Side.SUPPORT else get_treatment_row
    try:
        return find(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def calls_about(row: Row[*tuple[Any, ...]], waiting: list[tasks.TaskRow]) -> list[Call]:
    """Calls to the doctor since the stop that the station follows up; the support side knows of none."""
    stops = [task.since for task in waiting if task.is_follow_up]
    return list_calls(db.session, row.patient_id, min(stops)) if stops else []


def alert_about(row: Row[*tuple[Any, ...]], waiting: list[tasks.TaskRow]) -> Alert | None:
    """The alert of a visit for as long as something is to be done about it: afterwards it is history."""
    found = find_alert_about(db.session, g.viewer, row.patient_id)
    is_over = found is not None and found.taken_at and not any(task.is_danger for task in waiting)
    return None if is_over else found


def name_of(row: Row[*tuple[Any, ...]]) -> str:
    vault = vault_of(db.session)
    if g.viewer.side is Side.SUPPORT:
        return open_community_name(vault, row.ref, row.community_name)
    name = open_text(vault, row.ref, "full_name", row.full_name) or ""
    return f"{name}, {row.birth_year}"


def beginning_of(day: date) -> datetime:
    return datetime.combine(day, time(), current_app.extensions["diem_tua_config"].timezone)
