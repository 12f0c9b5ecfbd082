"""The area's list: adherence on the treatment side, contacts on the community side, never both on one page."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.permissions import Permission, Side, requires
from counseling.queries.adherence_list import list_adherence
from counseling.queries.support_people import list_by_commune
from counseling.routes.doorkeeper import admit
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.parts import this_day
from counseling.routes.viewing import note_view

bp = Blueprint("supervision", __name__, url_prefix="/supervision")


@bp.get("/")
@requires(Permission.USE_OWN_ACCOUNT)  # two sides share the address: which permission it takes is decided below
def index() -> ResponseReturnValue:
    supports = g.viewer.side is Side.SUPPORT
    kept_out = admit(g.viewer, Permission.SEE_CONTACT_LIST if supports else Permission.SEE_ADHERENCE_LIST)
    if kept_out is not None:
        return kept_out
    return contacts() if supports else adherence()


def adherence() -> str:
    found = list_adherence(db.session, g.viewer, this_day(), page_of(request.args.get("page")))
    note_view("supervision.adherence", [person.patient_id for person in found.people])
    return render_template("pages/supervision/adherence.html", found=found)


def contacts() -> str:
    found = list_by_commune(db.session, g.viewer, page_of(request.args.get("page")))
    note_view("supervision.contacts", [person.patient_id for person in found.people])
    return render_template("pages/supervision/contacts.html", found=found)
