"""One's own second factor: codes of a phone, and ten codes on paper."""

from __future__ import annotations

import segno
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from markupsafe import Markup
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.second_factor import in_fours
from counseling.permissions import Permission, requires
from counseling.queries.own_security import find_second_factor
from counseling.routes.house_form import HouseForm
from counseling.routes.pins import AT_PASSWORD, WORDS
from counseling.routes.refusal_words import say_at
from counseling.services import second_factor

bp = Blueprint("second_step", __name__, url_prefix="/account/second-step")


class BeginForm(HouseForm):
    password = PasswordField(
        lazy_gettext("Mật khẩu đang dùng"), [InputRequired(lazy_gettext("Nhập mật khẩu đang dùng")), Length(max=1000)]
    )


class ConfirmForm(HouseForm):
    code = StringField(
        lazy_gettext("Mã 6 số trên điện thoại"),
        [InputRequired(lazy_gettext("Nhập mã đang hiện trên điện thoại")), Length(max=100)],
    )


class OffForm(BeginForm):
    code = StringField(
        lazy_gettext("Mã 6 số trên điện thoại, hoặc một mã dự phòng"),
        [InputRequired(lazy_gettext("Nhập mã đang hiện trên điện thoại")), Length(max=100)],
    )


@bp.get("")
@requires(Permission.USE_OWN_ACCOUNT)
def show() -> ResponseReturnValue:
    return page()


@bp.post("/begin")
@requires(Permission.USE_OWN_ACCOUNT)
def begin() -> ResponseReturnValue:
    form = BeginForm(request.form)
    if not form.validate():
        return page(form), 422
    try:
        second_factor.begin(db.session, g.viewer, form.password.data, utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "password"})
        return page(form), 422
    return redirect(url_for(".show"), 303)


@bp.post("/confirm")
@requires(Permission.USE_OWN_ACCOUNT)
def confirm() -> ResponseReturnValue:
    """The recovery codes stand on this answer and nowhere else."""
    form = ConfirmForm(request.form)
    if not form.validate():
        return page(form), 422
    try:
        codes = second_factor.confirm(db.session, g.viewer, form.code.data, utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "code"})
        return page(form), 422
    return render_template("pages/account/recovery_codes.html", codes=[in_fours(code) for code in codes])


@bp.post("/off")
@requires(Permission.USE_OWN_ACCOUNT)
def turn_off() -> ResponseReturnValue:
    form = OffForm(request.form)
    if not form.validate():
        return page(form), 422
    try:
        second_factor.turn_off(db.session, g.viewer, form.password.data, form.code.data, utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {**AT_PASSWORD, "": "code"})
        return page(form), 422
    flash(gettext("Đã tắt xác nhận 2 bước."), "done")
    return redirect(url_for(".show"), 303)


def page(sent: HouseForm | None = None) -> str:
    """What stands there now: nothing yet, a secret that waits for its first code, or turned on."""
    found = find_second_factor(db.session, g.viewer.staff_id)
    kind = BeginForm if found is None else ConfirmForm if found.confirmed_at is None else OffForm
    form = sent if type(sent) is kind else kind()
    waiting = found.secret if found else None
    drawing = qr_of(second_factor.setup_address(g.viewer.display_name, waiting)) if waiting else None
    letters = in_fours(waiting) if waiting else None
    return render_template("pages/account/second_step.html", found=found, form=form, drawing=drawing, letters=letters)


def qr_of(address: str) -> Markup:
    """The address as a drawing, with the quiet border that cameras ask for."""
    drawing = segno.make_qr(address, error="m")
    svg = drawing.svg_inline(border=4, omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Markup(svg)  # noqa: S704 - made by segno: paths only, the address is not in it
