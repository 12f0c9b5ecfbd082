"""A volunteer's list: the team's people, by the name that they chose."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.permissions import Permission, requires
from counseling.queries.support_people import list_by_name
from counseling.routes.patients.finding import page_of
from counseling.routes.typed_fields import LANGUAGES
from counseling.routes.viewing import note_view

bp = Blueprint("outreach", __name__, url_prefix="/outreach")


@bp.get("/")
@requires(Permission.SEE_OUTREACH_LIST)
def index() -> ResponseReturnValue:
    found = list_by_name(db.session, g.viewer, page=page_of(request.args.get("page")))
    note_view("outreach.list", [person.patient_id for person in found.people])
    return render_template("pages/outreach/index.html", found=found, languages=dict(LANGUAGES))
