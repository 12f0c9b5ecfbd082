"""The devices of one's station."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length, Optional

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.own_security import find_second_factor
from counseling.queries.station_devices import enrolled_site_of, list_station_devices
from counseling.routes.house_form import HouseForm
from counseling.routes.pins import AT_PASSWORD, WORDS
from counseling.routes.refusal_words import say_at
from counseling.services import station_devices

bp = Blueprint("devices", __name__, url_prefix="/devices")


class EnrolForm(HouseForm):
    password = PasswordField(
        lazy_gettext("Mật khẩu đang dùng"), [InputRequired(lazy_gettext("Nhập mật khẩu đang dùng")), Length(max=1000)]
    )
    code = StringField(lazy_gettext("Mã 6 số trên điện thoại, hoặc một mã dự phòng"), [Optional(), Length(max=100)])


@bp.get("/")
@requires(Permission.KEEP_DEVICES)
def index() -> ResponseReturnValue:
    return page(EnrolForm())


@bp.post("/")
@requires(Permission.KEEP_DEVICES)
def enrol() -> ResponseReturnValue:
    form = EnrolForm(request.form)
    if not form.validate():
        return page(form), 422
    password, code = form.password.data, form.code.data or ""
    asks = asks_second_factor()
    try:
        station_devices.enrol_device(db.session, g.viewer, password, code, utc_now(), asks_second_factor=asks)
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {**AT_PASSWORD, "": "code" if asks else "password"})
        return page(form), 422
    flash(gettext("Máy này đã là máy của trạm. Mỗi người đặt mã PIN rồi đổi người bằng mã PIN."), "done")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:device_id>/revoke")
@requires(Permission.KEEP_DEVICES)
def revoke(device_id: int) -> ResponseReturnValue:
    try:
        station_devices.revoke_device(db.session, g.viewer, device_id, utc_now())
    except Refusal:
        abort(404)
    flash(gettext("Đã bỏ máy đó. Mọi người đang dùng máy đó đã được đăng xuất."), "done")
    return redirect(url_for(".index"), 303)


def asks_second_factor() -> bool:
    return not current_app.extensions["diem_tua_config"].demo


def page(form: EnrolForm) -> str:
    here = enrolled_site_of(db.session, g.viewer.device_id)
    factor = find_second_factor(db.session, g.viewer.staff_id)
    return render_template(
        "pages/account/devices.html",
        rows=list_station_devices(db.session, g.viewer.site_id),
        own_id=g.viewer.device_id,
        is_ours=here == g.viewer.site_id,
        is_of_others=here not in (None, g.viewer.site_id),
        form=form,
        asks_code=asks_second_factor(),
        has_factor=factor is not None and factor.confirmed_at is not None,
    )
