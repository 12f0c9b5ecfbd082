"""Holds and alerts of one person: set, read at the window, lifted with a reason. The treatment team's alone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.holds import LONGEST_WORDS
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, RoleKind, requires
from counseling.queries.holds import list_holds
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import ensure_ref, key_of, me, this_day, treatment_row
from counseling.routes.refusal_words import say_at
from counseling.routes.station import name_of
from counseling.routes.typed_fields import stripped
from counseling.routes.viewing import note_view
from counseling.services import holds

bp = Blueprint("holds", __name__, url_prefix="/patients/<ref>/holds")
WORDS = "pages/station/_hold_words.html"


class HoldForm(HouseForm):
    kind = RadioField(
        lazy_gettext("Việc gì"),
        [InputRequired(lazy_gettext("Chọn tạm dừng hay lưu ý"))],
        choices=[
            ("alert", lazy_gettext("Lưu ý: đọc trước khi rót, vẫn cho uống")),
            ("hold", lazy_gettext("Tạm dừng: không cho uống cho đến khi gỡ")),
        ],
    )
    words = TextAreaField(
        lazy_gettext("Vì sao, và người ở cửa cần làm gì"),
        [InputRequired(lazy_gettext("Ghi vì sao")), Length(max=LONGEST_WORDS)],
        filters=[stripped],
    )
    request_key = HiddenField()


class LiftForm(HouseForm):
    words = TextAreaField(
        lazy_gettext("Đã giải quyết thế nào"),
        [InputRequired(lazy_gettext("Ghi đã giải quyết thế nào")), Length(max=LONGEST_WORDS)],
        filters=[stripped],
    )


@bp.get("/")
@requires(Permission.EDIT_TREATMENT_FILE)
def index(ref: str) -> ResponseReturnValue:
    return holds_page(treatment_row(ref), HoldForm(request_key=new_request_key()))


@bp.post("/")
@requires(Permission.EDIT_TREATMENT_FILE)
def put(ref: str) -> ResponseReturnValue:
    row, form = treatment_row(ref), HoldForm(request.form)
    key = key_of(form.request_key.data)
    if not form.validate():
        return holds_page(row, form), 422
    try:
        holds.set_hold(
            db.session, row.patient_id, form.kind.data, form.words.data,
            by_doctor=is_doctor(), by=me(), request_key=key, now=utc_now(),
        )  # fmt: skip
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "words"})
        return holds_page(row, form), 422
    flash(gettext("Đã đặt tạm dừng.") if form.kind.data == "hold" else gettext("Đã ghi lưu ý."), "done")
    return redirect(url_for(".index", ref=ref), 303)


@bp.post("/<hold>/lift")
@requires(Permission.EDIT_TREATMENT_FILE)
def lift(ref: str, hold: str) -> ResponseReturnValue:
    row, form = treatment_row(ref), LiftForm(request.form)
    ensure_ref(hold)
    if not form.validate():
        return holds_page(row, HoldForm(request_key=new_request_key()), lifting=hold, lift_form=form), 422
    try:
        is_ended = holds.lift_hold(
            db.session, row.patient_id, hold, form.words.data, is_doctor=is_doctor(), by=me(), now=utc_now()
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "words"})
        return holds_page(row, HoldForm(request_key=new_request_key()), lifting=hold, lift_form=form), 409
    flash(gettext("Đã gỡ.") if is_ended else gettext("Việc này đã gỡ từ trước."), "done" if is_ended else "quiet")
    return redirect(url_for(".index", ref=ref), 303)


@bp.post("/<hold>/keep")
@requires(Permission.RECORD_DOSE)
def keep(ref: str, hold: str) -> ResponseReturnValue:
    """An alert was read at the window and stays; on to the dose."""
    row = treatment_row(ref)
    ensure_ref(hold)
    try:
        holds.keep_alert(db.session, row.patient_id, hold, by=me(), today=this_day(), now=utc_now())
    except Refusal:
        flash(gettext("Lưu ý này không còn."), "quiet")
    return redirect(url_for("doses.show", ref=ref), 303)


def is_doctor() -> bool:
    return bool(g.viewer.kind is RoleKind.DOCTOR)


def holds_page(row: Any, form: HoldForm, lifting: str | None = None, lift_form: LiftForm | None = None) -> str:
    note_view("patients.holds", [row.patient_id])
    return render_template(
        "pages/station/holds.html",
        row=row,
        name=name_of(row),
        holds=list_holds(db.session, row.patient_id, this_day()),
        form=form,
        lifting=lifting,
        lift_form=lift_form or LiftForm(),
        is_doctor=is_doctor(),
        may_dose=g.viewer.may(Permission.RECORD_DOSE),
    )
