"""One's own PIN."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.own_security import pin_set_at
from counseling.routes.house_form import HouseForm
from counseling.routes.refusal_words import say_at
from counseling.services.pins import set_pin

bp = Blueprint("pins", __name__, url_prefix="/account/pin")
WORDS = "pages/hands/_words.html"
AT_PASSWORD = dict.fromkeys(("own_signature_missing", "own_signature_wrong", "too_many_tries"), "password")


class PinForm(HouseForm):
    pin = StringField(lazy_gettext("Mã PIN mới"), [InputRequired(lazy_gettext("Nhập 6 chữ số")), Length(max=100)])
    again = StringField(
        lazy_gettext("Nhập lại mã PIN"),
        [InputRequired(lazy_gettext("Nhập lại mã PIN")), EqualTo("pin", lazy_gettext("Hai lần nhập chưa giống nhau"))],
    )
    password = PasswordField(
        lazy_gettext("Mật khẩu đang dùng"), [InputRequired(lazy_gettext("Nhập mật khẩu đang dùng")), Length(max=1000)]
    )


@bp.get("")
@requires(Permission.USE_OWN_ACCOUNT)
def show() -> ResponseReturnValue:
    return page(PinForm())


@bp.post("")
@requires(Permission.USE_OWN_ACCOUNT)
def save() -> ResponseReturnValue:
    form = PinForm(request.form)
    if not form.validate():
        return page(form), 422
    try:
        set_pin(db.session, g.viewer, form.password.data, form.pin.data.strip(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {**AT_PASSWORD, "": "pin"})
        return page(form), 422
    flash(gettext("Đã đặt mã PIN."), "done")
    return redirect(url_for(".show"), 303)


def page(form: PinForm) -> str:
    return render_template("pages/account/pin.html", form=form, set_at=pin_set_at(db.session, g.viewer.staff_id))
