"""What to do now, and whom to call. Nobody's name is on it: a phone may keep it for where there is no signal."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.domain.contacts import DANGERS
from counseling.permissions import Permission, requires
from counseling.queries.help_numbers import list_for_desk

bp = Blueprint("danger", __name__, url_prefix="/outreach/danger")


@bp.get("/")
@requires(Permission.LOG_CONTACT)
def show() -> ResponseReturnValue:
    numbers = list_for_desk(db.session, g.viewer)
    is_saved = "saved" in request.args
    at_point = not g.viewer.may(Permission.SEE_OUTREACH_LIST)
    return render_template(
        "pages/outreach/danger.html", numbers=numbers, signs=DANGERS, is_saved=is_saved, at_point=at_point
    )
