"""A volunteer's worklist: whom to go to, in which order, and below it whom the team has met today."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.contacts import TOPICS
from counseling.permissions import Permission, requires
from counseling.queries.worklist import list_work
from counseling.routes.contacts import just_saved
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.parts import this_day
from counseling.routes.viewing import note_view

bp = Blueprint("outreach", __name__, url_prefix="/outreach")


@bp.get("/")
@requires(Permission.SEE_OUTREACH_LIST)
def index() -> ResponseReturnValue:
    today, page = this_day(), page_of(request.args.get("page"))
    work = list_work(db.session, g.viewer, today, utc_now(), page)
    note_view("outreach.list", [row.patient_id for row in (*work.waiting, *work.done)])
    return render_template("pages/outreach/index.html", work=work, today=today, topics=TOPICS, **just_saved())
