"""Whether somebody is still supported here."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.file_parts import list_status_changes
from counseling.routes.counseling_desk import bp
from counseling.routes.counseling_desk.forms import StatusForm
from counseling.routes.counseling_desk.parts import WORDS, name_of, person_of
from counseling.routes.patients.parts import me, this_day
from counseling.routes.refusal_words import say_at
from counseling.routes.support_words import STATUS_WORDS
from counseling.routes.typed_fields import day_text
from counseling.routes.viewing import note_view
from counseling.services.support_status import change_support_status
from counseling.treatment_rows import SUPPORT


@bp.get("/status/<ref>")
@requires(Permission.RECORD_SESSION)
def status(ref: str) -> ResponseReturnValue:
    return status_page(person_of(ref), StatusForm(since_on=day_text(this_day())))


@bp.post("/status/<ref>")
@requires(Permission.RECORD_SESSION)
def change_status(ref: str) -> ResponseReturnValue:
    person, form = person_of(ref), StatusForm(request.form)
    if not form.validate():
        return status_page(person, form), 422
    try:
        change_support_status(
            db.session,
            person.patient_id,
            site_id=g.viewer.site_id,
            status=form.status.data,
            since_on=form.since_on.read,
            by=me(),
            today=this_day(),
            now=utc_now(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "since_on"})
        return status_page(person, form), 422
    flash(gettext("Đã ghi tình trạng mới."), "done")
    return redirect(url_for("patients.show", ref=ref), 303)


def status_page(person: Row[*tuple[Any, ...]], form: StatusForm) -> str:
    note_view("counseling.status", [person.patient_id])
    return render_template(
        "pages/counseling/status.html",
        person=person,
        name=name_of(person),
        form=form,
        history=list_status_changes(db.session, person.patient_id, SUPPORT, person.ref),
        labels={"statuses": STATUS_WORDS},
    )
