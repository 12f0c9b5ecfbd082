"""The duty roster of a site: a page for who keeps it, on either side."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, SelectField, SelectMultipleField, TimeField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.duty import POSITIONS, WAITS, WEEK, Shift, mask_of, next_start, on_duty
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.duty import find_phone, list_possible, list_roster, list_shifts
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import key_of, me, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import ReadField, read_e164
from counseling.services.duty_roster import add_shift, end_shift, list_unreached, set_duty_phone

bp = Blueprint("duty", __name__, url_prefix="/messages/duty")
WORDS = "pages/messages/_duty_words.html"
WEEKDAYS = (
    lazy_gettext("Thứ Hai"), lazy_gettext("Thứ Ba"), lazy_gettext("Thứ Tư"), lazy_gettext("Thứ Năm"),
    lazy_gettext("Thứ Sáu"), lazy_gettext("Thứ Bảy"), lazy_gettext("Chủ nhật"),
)  # fmt: skip


class ShiftForm(HouseForm):
    staff_id = SelectField(lazy_gettext("Ai trực"), [InputRequired()], coerce=int, validate_choice=False)
    position = SelectField(
        lazy_gettext("Gọi thứ mấy"), [InputRequired()], coerce=int, choices=[(number, number) for number in POSITIONS]
    )
    days = SelectMultipleField(
        lazy_gettext("Những ngày nào"),
        [InputRequired(lazy_gettext("Chọn ít nhất một ngày"))],
        coerce=int,
        choices=list(enumerate(WEEKDAYS)),
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    starts_at = TimeField(lazy_gettext("Từ giờ"), [InputRequired()])
    ends_at = TimeField(lazy_gettext("Đến giờ"), [InputRequired()])
    wait_minutes = SelectField(
        lazy_gettext("Chờ bao nhiêu phút thì gọi người sau"), [InputRequired()], coerce=int,
        choices=[(minutes, minutes) for minutes in WAITS],
    )  # fmt: skip
    request_key = HiddenField()

    def shift(self) -> Shift:
        return Shift(
            staff_id=self.staff_id.data, days=mask_of(self.days.data), starts_at=self.starts_at.data,
            ends_at=self.ends_at.data, position=self.position.data, wait_minutes=self.wait_minutes.data,
        )  # fmt: skip


class PhoneForm(HouseForm):
    number = ReadField(lazy_gettext("Số điện thoại của tôi"), read_e164, [Optional()])


@bp.get("/")
@requires(Permission.KEEP_DUTY_ROSTER)
def index() -> ResponseReturnValue:
    usual = {"days": list(range(WEEK)), "wait_minutes": WAITS[1], "request_key": new_request_key()}
    return roster_page(ShiftForm(data=usual), PhoneForm())


@bp.post("/")
@requires(Permission.KEEP_DUTY_ROSTER)
def add() -> ResponseReturnValue:
    form = ShiftForm(request.form)
    key = key_of(form.request_key.data)
    if not form.validate():
        return roster_page(form, PhoneForm()), 422
    try:
        add_shift(db.session, *here(), form.shift(), by=me(), request_key=key, now=utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"days_missing": "days", "": "staff_id"})
        return roster_page(form, PhoneForm()), 422
    flash(gettext("Đã ghi ca trực."), "done")
    return redirect(url_for(".index"), 303)


@bp.post("/<int:shift_id>/end")
@requires(Permission.KEEP_DUTY_ROSTER)
def end(shift_id: int) -> ResponseReturnValue:
    try:
        is_ended = end_shift(db.session, *here(), shift_id, by=me(), now=utc_now())
    except Refusal:
        abort(404)
    if is_ended:
        flash(gettext("Đã bỏ ca trực."), "done")
    return redirect(url_for(".index"), 303)


@bp.post("/phone")
@requires(Permission.KEEP_DUTY_ROSTER)
def phone() -> ResponseReturnValue:
    """One's own number only: a colleague's would tell a stranger's phone that we have something to say."""
    form = PhoneForm(request.form)
    if not form.validate():
        return roster_page(ShiftForm(data={"request_key": new_request_key()}), form), 422
    set_duty_phone(db.session, form.number.read, by=me(), now=utc_now())
    flash(gettext("Đã ghi số của anh/chị.") if form.number.read else gettext("Đã xóa số của anh/chị."), "done")
    return redirect(url_for(".index"), 303)


def here() -> tuple[str, int]:
    return str(g.viewer.side), g.viewer.site_id


def roster_page(form: ShiftForm, phone_form: PhoneForm) -> str:
    form.staff_id.choices = list_possible(db.session, *here())
    local, shifts = utc_now().astimezone(zone()), list_shifts(db.session, *here())
    there: set[int] = {shift.staff_id for shift in on_duty(shifts, local)}
    roster = list_roster(db.session, *here())
    context: dict[str, Any] = {
        "roster": roster,
        "unreached": list_unreached(db.session, {shift.staff_id for shift in roster}),
        "there": [name for staff_id, name in form.staff_id.choices if staff_id in there],
        "since": None if there else next_start(shifts, local),
        "own_phone": find_phone(db.session, g.viewer.staff_id),
    }
    return render_template(
        "pages/messages/duty.html", form=form, phone_form=phone_form, weekdays=WEEKDAYS, week=WEEK, **context
    )
