"""The demo's phones, side by side: what was sent, and a reply typed. Absent outside demo mode."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling import clock
from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db
from counseling.permissions import passive, public
from counseling.queries import demo_phones
from counseling.refs import new_request_key
from counseling.routes.patients.finding import page_of, typed_words
from counseling.routes.patients.parts import ensure_ref, key_of
from counseling.services.demo_clock import keep_signed_in
from counseling.services.inbound import LONGEST_BODY, store_inbound
from counseling.services.simulated_phones import hand_phone, switch_phone
from counseling.simulating import tick_now

bp = Blueprint("simulator", __name__, url_prefix="/simulator")
MORNING = time(6, 30)
AN_HOUR = timedelta(hours=1)
LONGEST_REFS = 400


@bp.before_request
def ensure_demo() -> None:
    """These pages show texts to whoever asks: they exist only where everybody is invented."""
    if not configured().demo or not demo_phones.is_demo(db.session):
        abort(404)


@bp.get("/")
@public
def index() -> ResponseReturnValue:
    return page_with(demo_phones.list_phones(db.session, page=page_of(request.args.get("page"))))


@bp.post("/find")
@public
def find() -> ResponseReturnValue:
    typed = typed_words(request.form.get("q"))
    return page_with(demo_phones.list_phones(db.session, typed, page_of(request.form.get("page"))), typed)


@bp.get("/phones")
@public
@passive
def live_phones() -> ResponseReturnValue:
    """The screens of these phones again when anything has changed since `seen`; 204 when nothing has."""
    version = demo_phones.phones_version(db.session)
    if request.args.get("seen") == version:
        return "", 204
    refs = request.args.get("refs", "")[:LONGEST_REFS]
    phones = demo_phones.get_phones(db.session, refs.split("-"))
    return render_template("partials/simulator/_live.html", phones=phones, version=version, refs=refs)


@bp.post("/<ref>/reply")
@public
def reply(ref: str) -> ResponseReturnValue:
    """Somebody types a text, or taps a digit: it comes in as from any gateway, and is worked on at once."""
    phone = phone_of(ref)
    key = key_of(request.form.get("request_key"))
    body = request.form.get("digit") or request.form.get("body", "")
    store_inbound(
        db.session,
        gateway="simulator",
        event_key=key,
        number=phone.number,
        body=body[:LONGEST_BODY],
        received_at=utc_now(),
    )
    tick_now(app(), zone())
    return back_to(ref)


@bp.post("/<ref>/phone")
@public
def set_phone(ref: str) -> ResponseReturnValue:
    phone, to = phone_of(ref), request.form.get("to", "")
    if to in ("on", "off"):
        switch_phone(db.session, phone.line_id, is_off=to == "off", now=utc_now())
    elif to in ("other", "owner"):
        hand_phone(db.session, phone.line_id, held_by_other=to == "other")
    else:
        abort(400)
    return back_to(ref)


@bp.post("/clock")
@public
def move_clock() -> ResponseReturnValue:
    before, to = utc_now(), request.form.get("to", "")
    if to not in ("hour", "morning"):
        abort(400)
    after = before + AN_HOUR if to == "hour" else next_morning(before, zone())
    clock.start_at(after)
    keep_signed_in(db.session, before, after)
    tick_now(app(), zone(), plan_every=None)
    return redirect(url_for(".index"), 303)


def next_morning(now: datetime, here: ZoneInfo) -> datetime:
    """The next 6:30 at the station, before the first people come."""
    local = now.astimezone(here)
    days = 0 if local.time() < MORNING else 1
    return datetime.combine(local.date() + timedelta(days=days), MORNING, here)


def page_with(found: demo_phones.Phones, typed: str = "") -> str:
    return render_template("pages/simulator/index.html", found=found, typed=typed, new_key=new_request_key)


def back_to(ref: str) -> ResponseReturnValue:
    if "HX-Request" in request.headers:
        return render_template("partials/simulator/_phone.html", phone=phone_of(ref), new_key=new_request_key)
    return redirect(url_for(".index", _anchor=f"phone-{ref}"), 303)


def phone_of(ref: str) -> demo_phones.Phone:
    ensure_ref(ref)
    found = demo_phones.get_phones(db.session, [ref])
    if not found:
        abort(404)
    return found[0]


def app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]  # a tick has a session of its own


def configured() -> Config:
    config: Config = current_app.extensions["diem_tua_config"]
    return config


def zone() -> ZoneInfo:
    return configured().timezone
