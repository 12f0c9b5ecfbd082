"""The desk: who comes today, what the teams brought back, who is to be asked; and the list of the point's people."""

from __future__ import annotations

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.permissions import Permission, requires
from counseling.queries.counseling import load_day
from counseling.queries.support_people import list_by_name
from counseling.routes.counseling_desk import bp
from counseling.routes.patients.finding import page_of, typed_words
from counseling.routes.patients.parts import this_day, zone
from counseling.routes.support_words import LABELS, WEEKDAYS
from counseling.routes.viewing import note_view


@bp.get("/")
@requires(Permission.SEE_COUNSELING_DESK)
def index() -> ResponseReturnValue:
    today = this_day()
    day = load_day(db.session, g.viewer, today, zone())
    note_view("counseling.day", day.patient_ids)
    words = {"labels": LABELS, "weekdays": WEEKDAYS}
    return render_template("pages/counseling/day.html", day=day, today=today, zone=zone(), **words)


@bp.get("/people")
@requires(Permission.SEE_COUNSELING_DESK)
def people() -> ResponseReturnValue:
    return people_page("", page_of(request.args.get("page")))


@bp.post("/find")
@requires(Permission.SEE_COUNSELING_DESK)
def find() -> ResponseReturnValue:
    return people_page(typed_words(request.form.get("q")), page_of(request.form.get("page")))


def people_page(typed: str, page: int) -> str:
    found = list_by_name(db.session, g.viewer, typed, page)
    note_view("counseling.list", [person.patient_id for person in found.people])
    return render_template("pages/counseling/people.html", found=found, typed=typed)
