"""The list of people in treatment and the search over it. What is typed travels in the body, never in an address."""

from __future__ import annotations

from flask import g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.database import db
from counseling.permissions import Permission, requires
from counseling.queries.patient_search import find_people, list_people
from counseling.routes.patients import bp
from counseling.routes.typed_fields import stripped
from counseling.routes.viewing import note_view

LONGEST_TYPED = 200


@bp.get("/")
@requires(Permission.EDIT_TREATMENT_FILE)
def index() -> ResponseReturnValue:
    found = list_people(db.session, g.viewer, page_of(request.args.get("page")))
    note_view("patients.list", [person.patient_id for person in found.people])
    return render_template("pages/patients/index.html", found=found, typed="")


@bp.post("/find")
@requires(Permission.EDIT_TREATMENT_FILE)
def find() -> ResponseReturnValue:
    typed = typed_words(request.form.get("q"))
    page = page_of(request.form.get("page"))
    found = find_people(db.session, g.viewer, typed, page) if typed else list_people(db.session, g.viewer, page)
    note_view("patients.find", [person.patient_id for person in found.people])
    return render_template("pages/patients/index.html", found=found, typed=typed)


def typed_words(text: str | None) -> str:
    return stripped(text)[:LONGEST_TYPED]


def page_of(text: str | None) -> int:
    """The page number somebody asks for; anything else than a small number is the first page."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1
