"""Writing down a session: with somebody known, or with somebody who gives no name."""

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
from counseling.refs import new_request_key
from counseling.routes.counseling_desk import bp
from counseling.routes.counseling_desk.forms import SessionForm
from counseling.routes.counseling_desk.parts import WORDS, name_of, person_of
from counseling.routes.patients.parts import key_of, me, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.viewing import note_view
from counseling.services.counseling_sessions import SessionDetails, log_session

Person = Row[*tuple[Any, ...]] | None
FIELDS = {"session_in_future": "other_day", "session_too_old": "other_day", "": "other_minutes"}


@bp.get("/session/new")
@requires(Permission.RECORD_SESSION)
def new_session() -> ResponseReturnValue:
    return page(None, empty())


@bp.post("/session/new")
@requires(Permission.RECORD_SESSION)
def record_session() -> ResponseReturnValue:
    return record(None)


@bp.get("/session/new/<ref>")
@requires(Permission.RECORD_SESSION)
def new_session_with(ref: str) -> ResponseReturnValue:
    return page(person_of(ref), empty())


@bp.post("/session/new/<ref>")
@requires(Permission.RECORD_SESSION)
def record_session_with(ref: str) -> ResponseReturnValue:
    return record(person_of(ref))


def record(person: Person) -> ResponseReturnValue:
    form = SessionForm(request.form).offer(this_day())
    key = key_of(form.request_key.data)
    if not form.validate():
        return page(person, form), 422
    try:
        log_session(
            db.session,
            details_of(form),
            site_id=g.viewer.site_id,
            patient_id=person.patient_id if person else None,
            by=me(),
            request_key=key,
            today=this_day(),
            now=utc_now(),
            zone=zone(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return page(person, form), 422
    flash(gettext("Đã ghi buổi tư vấn."), "done")
    return redirect(after(person, form), 303)


def after(person: Person, form: SessionForm) -> str:
    if person is None:
        return url_for(".index")
    if form.book_next.data:
        return url_for(".new_appointment", ref=person.ref)
    return url_for("patients.show", ref=person.ref)


def empty() -> SessionForm:
    return SessionForm(request_key=new_request_key()).offer(this_day())


def page(person: Person, form: SessionForm) -> str:
    note_view("counseling.session", [person.patient_id] if person else [])
    name = name_of(person) if person else None
    return render_template("pages/counseling/session.html", person=person, name=name, form=form)


def details_of(form: SessionForm) -> SessionDetails:
    return SessionDetails(
        kind=form.kind.data,
        form=form.form.data,
        minutes=form.lasted,
        held_on=form.on,
        topics=tuple(form.topics.data or ()),
        agreed=(form.agreed.data or "").strip() or None,
        sex=form.sex.data,
    )
