"""Channels of texts: how each is, who carries what, and a test text whose way is shown step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from werkzeug.local import LocalProxy
from wtforms import HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import AnySession, db
from counseling.domain.channels import FASTEST, TextKind
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, Viewer, passive, requires
from counseling.queries import channels as queries
from counseling.refs import new_request_key
from counseling.registers.bad_cell import BadCell
from counseling.registers.phones import parse_phone
from counseling.routes.admin import bp
from counseling.routes.admin.shared import WORDS
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import key_of
from counseling.routes.refusal_words import say_at
from counseling.services import channel_settings, denied_numbers
from counseling.services.test_texts import ask_test

NUMBER_WRONG = lazy_gettext("Ghi số điện thoại như 0912 345 678")
PACE_WRONG = lazy_gettext("Ghi số tin mỗi phút, từ 1 đến %(most)s", most=FASTEST)
NAMES = {
    "smsgate": lazy_gettext("Điện thoại có SIM (SMS Gate)"),
    "twilio": "Twilio",
    "simulator": lazy_gettext("Điện thoại mô phỏng"),
}
KINDS = {
    TextKind.REMINDERS: lazy_gettext("Tin nhắc"),
    TextKind.ANSWERS: lazy_gettext("Câu trả lời và tin do nhân viên viết"),
}


class RouteForm(HouseForm):
    gateway = SelectField(lazy_gettext("Gửi qua"), [InputRequired()])
    fallback = SelectField(lazy_gettext("Khi đường đó không nhận"), [Optional()])


class PaceForm(HouseForm):
    per_minute = IntegerField(lazy_gettext("Số tin mỗi phút"), [Optional(), NumberRange(1, FASTEST, PACE_WRONG)])


class DeniedForm(HouseForm):
    number = StringField(lazy_gettext("Số điện thoại"), [InputRequired(NUMBER_WRONG)])


class TrialForm(HouseForm):
    gateway = SelectField(lazy_gettext("Gửi thử qua"), [InputRequired()])
    number = StringField(lazy_gettext("Số điện thoại của chính anh/chị"), [InputRequired(NUMBER_WRONG)])
    request_key = HiddenField()


@bp.context_processor
def channel_marks() -> dict[str, object]:
    """At the tab and above every page of the administrator. Looked up by a page that shows them only: the page of an
    error has to come without a database, too.
    """
    return {
        "stopped_channels": LocalProxy(lambda: count_channels()[0]),
        "troubled_channels": LocalProxy(lambda: count_channels()[1]),
    }


def count_channels() -> tuple[int, int]:
    """Those that are stopped, and those that somebody has to look at."""
    if "channel_counts" not in g:
        found = queries.list_channels(db.session, names(), utc_now())
        to_look_at = sum(one.state == queries.FAILING or one.unreported_since is not None for one in found)
        g.channel_counts = sum(one.state == queries.STOPPED for one in found), to_look_at
    counts: tuple[int, int] = g.channel_counts
    return counts


@bp.get("/channels")
@requires(Permission.ADMINISTER)
def channel_list() -> ResponseReturnValue:
    return channels_page()


@bp.get("/channels/tests")
@requires(Permission.ADMINISTER)
@passive
def live_tests() -> ResponseReturnValue:
    """The steps of the last test texts again; 204 when nothing has changed since `seen`."""
    tests = queries.list_tests(db.session, utc_now())
    if request.args.get("seen") == version_of(tests):
        return "", 204
    found = queries.list_channels(db.session, names(), utc_now())
    return render_template(
        "partials/admin/_tests.html", tests=tests, version=version_of(tests), names=NAMES, **what_they_cannot(found)
    )


@bp.post("/channels/test")
@requires(Permission.ADMINISTER)
def send_test() -> ResponseReturnValue:
    form = trial_form(request.form)
    key = key_of(form.request_key.data)
    if not form.validate():
        return channels_page(test=form), 422
    number = number_of(form)
    if number is None:
        return channels_page(test=form), 422
    try:
        ask_test(db.session, g.viewer, form.gateway.data, number, request_key=key, now=utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "number"})
        return channels_page(test=form), 422
    flash(gettext("Tin thử đang chờ gửi, trong vòng nửa phút."), "done")
    return redirect(url_for("admin.channel_list", _anchor="tests"), 303)


@bp.post("/channels/routes/<kind>")
@requires(Permission.ADMINISTER)
def route_texts(kind: str) -> ResponseReturnValue:
    if kind not in set(TextKind):
        abort(404)
    form = route_form(TextKind(kind), request.form)
    if not form.validate():
        return channels_page(routes={TextKind(kind): form}), 422
    route = channel_settings.Route(form.gateway.data, form.fallback.data or None)
    try:
        channel_settings.set_route(db.session, g.viewer, TextKind(kind), route, names(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "fallback"})
        return channels_page(routes={TextKind(kind): form}), 422
    flash(gettext("Đã lưu đường gửi."), "done")
    return redirect(url_for("admin.channel_list"), 303)


@bp.post("/channels/<name>/pace")
@requires(Permission.ADMINISTER)
def set_pace(name: str) -> ResponseReturnValue:
    form = PaceForm(request.form, prefix=f"{name}-")
    if not form.validate():
        return channels_page(paces={existing(name): form}), 422
    channel_settings.set_pace(db.session, g.viewer, existing(name), form.per_minute.data, utc_now())
    flash(gettext("Đã lưu tốc độ gửi."), "done")
    return redirect(url_for("admin.channel_list"), 303)


@bp.post("/channels/<name>/start")
@requires(Permission.ADMINISTER)
def start_channel(name: str) -> ResponseReturnValue:
    channel_settings.start_channel(db.session, g.viewer, existing(name), utc_now())
    flash(gettext("Đường này gửi lại từ bây giờ."), "done")
    return redirect(url_for("admin.channel_list"), 303)


@bp.post("/channels/<name>/stop")
@requires(Permission.ADMINISTER)
def stop_channel(name: str) -> ResponseReturnValue:
    channel_settings.stop_by_hand(db.session, g.viewer, existing(name), utc_now())
    flash(gettext("Đường này không gửi gì nữa, cho đến khi bấm Cho gửi lại."), "done")
    return redirect(url_for("admin.channel_list"), 303)


@bp.post("/channels/<name>/attach")
@requires(Permission.ADMINISTER)
def attach_channel(name: str) -> ResponseReturnValue:
    channel_settings.ask_attach(db.session, g.viewer, existing(name), utc_now())
    flash(gettext("Đang báo cho điện thoại nơi gửi tin về, trong vòng nửa phút."), "done")
    return redirect(url_for("admin.channel_list"), 303)


@bp.post("/channels/<name>/looked")
@requires(Permission.ADMINISTER)
def note_looked(name: str) -> ResponseReturnValue:
    channel_settings.note_looked(db.session, g.viewer, existing(name), utc_now())
    flash(gettext("Đã ghi: đã xem tin trên điện thoại."), "done")
    return redirect(url_for("admin.channel_list"), 303)


@bp.post("/channels/denied")
@requires(Permission.ADMINISTER)
def deny_number() -> ResponseReturnValue:
    return mark_number(denied_numbers.deny_number, gettext("Từ bây giờ không nhắn số này."))


@bp.post("/channels/allowed")
@requires(Permission.ADMINISTER)
def allow_number() -> ResponseReturnValue:
    return mark_number(denied_numbers.allow_number, gettext("Số này được nhắn lại."))


def mark_number(mark: Callable[[AnySession, Viewer, str, datetime], None], said: str) -> ResponseReturnValue:
    form = DeniedForm(request.form, prefix="denied-")
    number = number_of(form) if form.validate() else None
    if number is None:
        return channels_page(denied=form), 422
    mark(db.session, g.viewer, number, utc_now())
    flash(said, "done")
    return redirect(url_for("admin.channel_list", _anchor="denied"), 303)


def number_of(form: TrialForm | DeniedForm) -> str | None:
    """The typed number in E.164; None where it is none, which is said at its field."""
    try:
        return parse_phone(form.number.data).e164
    except BadCell:
        form.number.errors = [*form.number.errors, NUMBER_WRONG]
        return None


def channels_page(
    test: TrialForm | None = None,
    routes: dict[TextKind, RouteForm] | None = None,
    paces: dict[str, PaceForm] | None = None,
    denied: DeniedForm | None = None,
) -> str:
    found = queries.list_channels(db.session, names(), utc_now())
    tests = queries.list_tests(db.session, utc_now())
    wrong, cannot = routes or {}, what_they_cannot(found)
    return render_template(
        "pages/admin/channels.html",
        channels=found,
        paces={one.gateway: PaceForm(prefix=f"{one.gateway}-", per_minute=one.per_minute) for one in found}
        | (paces or {}),
        routes=[route_line(kind, wrong.get(kind) or route_form(kind), cannot["one_way"]) for kind in KINDS],
        denied=denied or DeniedForm(prefix="denied-"),
        denied_count=queries.count_denied(db.session),
        test=test or trial_form(),
        tests=tests,
        version=version_of(tests),
        names=NAMES,
        **cannot,
    )


def what_they_cannot(found: list[queries.ChannelHealth]) -> dict[str, set[str]]:
    """By name: which channels carry nothing back, and which do not say what has arrived."""
    return {
        "one_way": {one.gateway for one in found if one.is_one_way},
        "without_receipts": {one.gateway for one in found if one.is_without_receipts},
    }


def route_line(kind: TextKind, form: RouteForm, one_way: set[str]) -> tuple[TextKind, Any, RouteForm, bool]:
    """A kind of texts with its form, and whether they go where nobody can answer."""
    chosen = {form.gateway.data, form.fallback.data}
    return kind, KINDS[kind], form, bool(chosen & one_way)


def trial_form(data: Any = None) -> TrialForm:
    form = TrialForm(data, request_key=new_request_key())
    form.gateway.choices = choices()
    return form


def route_form(kind: TextKind, data: Any = None) -> RouteForm:
    first = names()[0] if names() else ""
    row = next(route for route in queries.list_routes(db.session, first) if route.kind is kind)
    form = RouteForm(data, prefix=f"{kind}-", gateway=row.gateway, fallback=row.fallback or "")
    form.gateway.choices = choices()
    form.fallback.choices = [("", gettext("Chờ đến khi gửi được")), *choices()]
    return form


def version_of(tests: list[queries.TestText]) -> str:
    """What changes with each step; a fault goes away when a report proves that the text was taken."""
    steps = [f"{one.ref}{sum(step is not None for step in vars(one).values())}{one.fault or ''}" for one in tests]
    return "-".join(steps)


def choices() -> list[tuple[str, str]]:
    return [(name, str(NAMES[name])) for name in names()]


def existing(name: str) -> str:
    if name not in names():
        abort(404)
    return name


def names() -> tuple[str, ...]:
    config: Config = current_app.extensions["diem_tua_config"]
    return config.gateway_names
