"""Aftercare: opening a person's file, and ending it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.spoken_languages import VIETNAMESE
from counseling.permissions import Permission, requires
from counseling.queries.aftercare import Supporter, list_supporters
from counseling.refs import new_request_key
from counseling.routes.counseling_desk import bp
from counseling.routes.counseling_desk.forms import AftercareForm, EndForm
from counseling.routes.counseling_desk.parts import WORDS, day_said, name_of, person_of
from counseling.routes.patients.parts import key_of, me, this_day
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import LANGUAGES, id_of
from counseling.routes.viewing import note_view
from counseling.services.aftercare import end_aftercare, open_aftercare

FIRST_IN_DAYS = (1, 3, 7, 14)
FIELDS = {"supporter_not_here": "supporter", "": "other_day"}


@bp.get("/aftercare/<ref>/new")
@requires(Permission.MANAGE_AFTERCARE)
def new_aftercare(ref: str) -> ResponseReturnValue:
    person = person_of(ref)
    return opening_page(person, prepared(person, AftercareForm(request_key=new_request_key())))


@bp.post("/aftercare/<ref>/new")
@requires(Permission.MANAGE_AFTERCARE)
def begin_aftercare(ref: str) -> ResponseReturnValue:
    person = person_of(ref)
    form = prepared(person, AftercareForm(request.form))
    key = key_of(form.request_key.data)
    if not form.validate():
        return opening_page(person, form), 422
    try:
        open_aftercare(
            db.session,
            patient_id=person.patient_id,
            site_id=g.viewer.site_id,
            supporter_id=id_of(form.supporter),
            rhythm=form.rhythm.data,
            first_on=form.on,
            by=me(),
            request_key=key,
            today=this_day(),
            now=utc_now(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return opening_page(person, form), 422
    flash(gettext("Đã lập hồ sơ đồng hành."), "done")
    return redirect(url_for("patients.show", ref=ref), 303)


@bp.get("/aftercare/<ref>/end")
@requires(Permission.MANAGE_AFTERCARE)
def choose_end(ref: str) -> ResponseReturnValue:
    return ending_page(person_of(ref), EndForm())


@bp.post("/aftercare/<ref>/end")
@requires(Permission.MANAGE_AFTERCARE)
def finish_aftercare(ref: str) -> ResponseReturnValue:
    person, form = person_of(ref), EndForm(request.form)
    if not form.validate():
        return ending_page(person, form), 422
    where = {"patient_id": person.patient_id, "site_id": g.viewer.site_id}
    if end_aftercare(db.session, **where, reason=form.reason.data, by=me(), today=this_day(), now=utc_now()):
        flash(gettext("Đã kết thúc đồng hành."), "done")
    else:
        flash(gettext("Không có ai đang đồng hành với người này."), "attention")
    return redirect(url_for("patients.show", ref=ref), 303)


def prepared(person: Row[*tuple[Any, ...]], form: AftercareForm) -> AftercareForm:
    found = list_supporters(db.session, g.viewer.site_id, person.team_id, person.language)
    groups = {
        gettext("Chưa rõ"): [("", gettext("Chưa có ai"))],
        gettext("Điểm tư vấn"): [(str(one.id), with_languages(one)) for one in found if not one.is_volunteer],
        gettext("Đội tình nguyện"): [(str(one.id), with_languages(one)) for one in found if one.is_volunteer],
    }
    form.supporter.choices = {label: people for label, people in groups.items() if people}
    days = [this_day() + timedelta(days=days) for days in FIRST_IN_DAYS]
    form.first.choices = [(day.isoformat(), day_said(day)) for day in days]
    form.first.data = form.first.data or (None if form.other_day.data else days[2].isoformat())
    return form


def with_languages(one: Supporter) -> str:
    """A name, and what is spoken besides Vietnamese."""
    others = [str(label) for language, label in LANGUAGES if language in one.languages and language != VIETNAMESE]
    return " · ".join([one.name, *others])


def opening_page(person: Row[*tuple[Any, ...]], form: AftercareForm) -> str:
    note_view("counseling.aftercare", [person.patient_id])
    found = list_supporters(db.session, g.viewer.site_id, person.team_id)
    return render_template(
        "pages/counseling/aftercare.html",
        person=person,
        name=name_of(person),
        form=form,
        languages=dict(LANGUAGES),
        speakers=[one.name for one in found if person.language in one.languages],
    )


def ending_page(person: Row[*tuple[Any, ...]], form: EndForm) -> str:
    note_view("counseling.aftercare_end", [person.patient_id])
    return render_template("pages/counseling/aftercare_end.html", person=person, name=name_of(person), form=form)
