"""After a dose that was vomited: the doctor's one-time order, and the replacement at the window."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms.validators import InputRequired, Length

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.holds import is_on_hold
from counseling.queries.replacements import find_vomited
from counseling.refs import new_request_key
from counseling.routes.doses import form_key, patient_id_of, whole_number
from counseling.routes.doses import person as station_person
from counseling.routes.order_form import BAD_AMOUNTS, DoseField, SignedForm
from counseling.routes.orders import PLACES, WORDS, patient_row, person, second_signer
from counseling.routes.refusal_words import say_at
from counseling.routes.station import name_of, this_day
from counseling.routes.viewing import note_view
from counseling.services.replacements import Signed, record_replacement, write_one_time_order
from counseling.services.second_signature import ensure_own_signature

bp = Blueprint("replacements", __name__, url_prefix="/patients/<ref>")


class OneTimeForm(SignedForm):
    dose_1 = DoseField(lazy_gettext("Liều uống bù một lần, mg"), [InputRequired(BAD_AMOUNTS["empty"]), Length(max=40)])


@bp.get("/orders/one-time")
@requires(Permission.WRITE_DOSE_ORDER)
def new(ref: str) -> ResponseReturnValue:
    return order_page(patient_row(ref), OneTimeForm(request_key=new_request_key()))


@bp.post("/orders/one-time")
@requires(Permission.WRITE_DOSE_ORDER)
def write(ref: str) -> ResponseReturnValue:
    row, form = patient_row(ref), OneTimeForm(request.form)
    if not form.validate():
        return order_page(row, form), 422
    viewer, now = g.viewer, utc_now()
    try:
        ensure_own_signature(db.session, viewer.staff_id, form.own_password.data, viewer.device_id, now)
        write_one_time_order(
            db.session,
            row.patient_id,
            form.dose_1.tenths or 0,
            signed(form.request_key.data, second_signer(form)),
            station_id=row.station_id,
            note=(form.note.data or "").strip(),
        )
    except Refusal as refusal:
        if refusal.code == "order_not_for_this_person":
            abort(404)  # moved to another station while the form stood open
        fields = {code: place for code, place in PLACES.items() if place in form}
        say_at(form, refusal, WORDS, {**fields, "": "dose_1"})
        return order_page(row, form), 429 if refusal.code == "too_many_tries" else 422
    return redirect(url_for(".new", ref=ref), 303)


@bp.get("/replacement")
@requires(Permission.RECORD_DOSE)
def show(ref: str) -> ResponseReturnValue:
    return window_page(station_person(ref))


@bp.post("/replacement")
@requires(Permission.RECORD_DOSE)
def record(ref: str) -> ResponseReturnValue:
    patient_id, key = patient_id_of(ref), form_key()
    order_id, mg_tenths = whole_number("order_id"), whole_number("mg_tenths")
    try:
        is_alert = request.form.get("gap_check") == "alert"
        where = {"site_id": g.viewer.site_id, "is_alert": is_alert}
        record_replacement(db.session, patient_id, order_id, mg_tenths, signed(key), **where)
    except Refusal as refusal:
        return window_page(station_person(ref), refusal), 409
    return redirect(url_for(".show", ref=ref), 303)


def signed(request_key: str, second_doctor_id: int | None = None) -> Signed:
    return Signed(
        by=g.viewer.staff_id,
        actor=g.viewer.actor,
        request_key=request_key,
        now=utc_now(),
        today=this_day(),
        second_doctor_id=second_doctor_id,
    )


def order_page(row: Any, form: OneTimeForm) -> str:
    note_view("orders.one_time", [row.patient_id])
    vomited = find_vomited(db.session, row.patient_id, this_day())
    return render_template("pages/orders/one_time.html", **person(row), form=form, vomited=vomited)


def window_page(row: Any, refusal: Refusal | None = None) -> str:
    note_view("station.replacement", [row.patient_id])
    return render_template(
        "pages/station/replacement.html",
        row=row,
        name=name_of(row),
        vomited=find_vomited(db.session, row.patient_id, this_day()),
        is_on_hold=is_on_hold(db.session, row.patient_id),
        request_key=new_request_key(),
        refusal=refusal,
    )
