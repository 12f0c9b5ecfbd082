"""Texts of the whole installation: price, how long words are kept, what was blanked, the gateway's phone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, IntegerField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.gateway_phone import ITEMS
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.sites import find_reader_of_strangers, find_site, list_sites
from counseling.queries.text_keeping import find_text_settings, list_blanked, list_checks
from counseling.refs import new_request_key
from counseling.routes.admin import bp
from counseling.routes.admin.shared import WORDS
from counseling.routes.filters import local_day
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import key_of
from counseling.routes.refusal_words import say_at
from counseling.services.gateway_phone import record_checks
from counseling.services.text_settings import set_reader_of_strangers, set_text_settings

FIELDS = {"days_not_right": "kept_days", "": "price"}
ITEM_WORDS = {
    "dedicated": lazy_gettext("Máy chỉ dùng để gửi tin, không ai dùng riêng"),
    "locked": lazy_gettext("Máy khóa màn hình, mã chỉ người giữ máy biết"),
    "previews_off": lazy_gettext("Không hiện lời tin trên màn hình khóa"),
    "auto_delete": lazy_gettext("Tin đi và tin đến tự xóa khỏi máy"),
    "no_zalo": lazy_gettext("Không cài Zalo, Facebook; không đồng bộ danh bạ"),
    "neutral_name": lazy_gettext("SIM đứng tên một cơ quan, tên không nói lên việc gì"),
    "unlabelled": lazy_gettext("Máy và SIM không dán nhãn, không ghi tên nơi này"),
    "kept_away": lazy_gettext("Máy cất trong ngăn có khóa"),
    "plugged_in": lazy_gettext("Máy cắm điện, có sóng, còn tiền trong SIM"),
    "second_sim": lazy_gettext("Có sẵn SIM thứ hai của nhà mạng khác"),
}


class TextSettingsForm(HouseForm):
    price = IntegerField(lazy_gettext("Giá một tin, đồng"), [Optional()])
    kept_days = IntegerField(lazy_gettext("Giữ lời tin bao nhiêu ngày"), [InputRequired(lazy_gettext("Ghi số ngày"))])


class StrangersForm(HouseForm):
    site_id = SelectField(lazy_gettext("Điểm tư vấn đọc tin của số lạ"), [InputRequired()], coerce=int)


class PhoneForm(HouseForm):
    items = SelectMultipleField(
        lazy_gettext("Những điều đúng với máy"),
        [Optional()],
        choices=[(item, ITEM_WORDS[item]) for item in ITEMS],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    request_key = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items.flags.required = True  # each is looked at; that none is so is an answer too


@bp.get("/texts/")
@requires(Permission.ADMINISTER)
def texts() -> ResponseReturnValue:
    return texts_page(settings_form())


@bp.post("/texts/")
@requires(Permission.ADMINISTER)
def save_texts() -> ResponseReturnValue:
    form = TextSettingsForm(request.form)
    if not form.validate():
        return texts_page(form), 422
    try:
        set_text_settings(db.session, g.viewer, form.price.data, form.kept_days.data, utc_now())
    except Refusal as refusal:
        if refusal.code == "not_administrator":
            raise
        say_at(form, refusal, WORDS, FIELDS)
        return texts_page(form), 422
    flash(gettext("Đã lưu."), "done")
    return redirect(url_for("admin.texts"), 303)


@bp.post("/texts/strangers")
@requires(Permission.ADMINISTER)
def save_reader_of_strangers() -> ResponseReturnValue:
    form = strangers_form(request.form)
    if not form.validate():
        return texts_page(settings_form(), form), 422
    try:
        set_reader_of_strangers(db.session, g.viewer, form.site_id.data, utc_now())
    except Refusal as refusal:
        if refusal.code == "not_administrator":
            raise
        say_at(form, refusal, WORDS, {"": "site_id"})  # closed since the page was made
        return texts_page(settings_form(), form), 422
    flash(gettext("Đã lưu."), "done")
    return redirect(url_for("admin.texts"), 303)


@bp.get("/texts/phone")
@requires(Permission.ADMINISTER)
def gateway_phone() -> ResponseReturnValue:
    return phone_page(PhoneForm(request_key=new_request_key()))


@bp.post("/texts/phone")
@requires(Permission.ADMINISTER)
def check_phone() -> ResponseReturnValue:
    form = PhoneForm(request.form)
    key = key_of(form.request_key.data)
    if not form.validate():
        return phone_page(form), 422
    record_checks(db.session, g.viewer, form.items.data, request_key=key, now=utc_now())
    flash(gettext("Đã ghi lần xem máy này."), "done")
    return redirect(url_for("admin.gateway_phone"), 303)


def settings_form() -> TextSettingsForm:
    settings = find_text_settings(db.session)
    return TextSettingsForm(price=settings.price, kept_days=settings.kept_days)


def strangers_form(data: Mapping[str, Any] | None = None) -> StrangersForm:
    reader = find_reader_of_strangers(db.session)
    form = StrangersForm(data, site_id=reader[1] if reader else None)
    points = [site for site in list_sites(db.session) if site.counsels and site.closed_on is None]
    form.site_id.choices = [(site.id, site.name) for site in points]
    return form


def reads_meanwhile() -> str | None:
    """The place that reads strangers' texts where no counseling point is open to choose."""
    reader = find_reader_of_strangers(db.session)
    site = find_site(db.session, reader[1]) if reader else None
    return site.name if site else None


def texts_page(form: TextSettingsForm, strangers: StrangersForm | None = None) -> str:
    now = utc_now()
    checks = list_checks(db.session, now)
    return render_template(
        "pages/admin/texts.html",
        form=form,
        strangers=strangers or strangers_form(),
        reads_meanwhile=reads_meanwhile(),
        blanked=list_blanked(db.session, now, local_day),
        due=sum(check.is_due or not check.is_so for check in checks),
    )


def phone_page(form: PhoneForm) -> str:
    checks = list_checks(db.session, utc_now())
    return render_template("pages/admin/gateway_phone.html", form=form, checks=checks, words=ITEM_WORDS)
