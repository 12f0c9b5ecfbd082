"""Writing and stopping a person's dose orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, cast

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.bands import list_bands, list_limits
from counseling.queries.cups import list_seen
from counseling.queries.doctor_desk import list_tasks_of
from counseling.queries.holds import list_holds
from counseling.queries.orders import OrderFacts, list_orders, orders_for_form, whole_orders
from counseling.queries.patient_search import name_of
from counseling.queries.patients import NotFound, get_treatment_row
from counseling.queries.replacements import find_vomited
from counseling.routes.order_form import OrderForm, SignedForm, empty_form
from counseling.routes.refusal_words import say_at
from counseling.routes.taper_form import TaperForm, empty_taper_form
from counseling.routes.viewing import note_view
from counseling.services.orders import STOP_REASONS, stop_dose_order, write_dose_order, write_taper
from counseling.services.second_signature import ensure_own_signature, signer_id

bp = Blueprint("orders", __name__, url_prefix="/patients/<ref>/orders")

WORDS = "pages/orders/_words.html"
SEEN_SINCE = timedelta(days=7)
# The field beside which a refusal's sentence stands; "" is the place of every other code.
PLACES = {
    "": "dose_1",
    "order_ends_before_start": "ends_on",
    "order_starts_in_past": "starts_on",
    "order_starts_too_late": "starts_on",
    "order_after_todays_dose": "starts_on",
    "order_written_meanwhile": "starts_on",
    "order_overlaps": "starts_on",
    "order_too_long": "ends_on",
    "order_phase_one_time": "phase",
    "restart_needs_induction": "phase",
    "restart_needs_examination": "restart_examined",
    "first_dose_above_usual": "above_usual_considered",
    "own_signature_missing": "own_password",
    "own_signature_wrong": "own_password",
    "dose_above_300_needs_second_doctor": "second_username",
    "second_doctor_is_the_same": "second_username",
    "second_doctor_not_a_doctor": "second_username",
    "second_signature_wrong": "second_password",
    "too_many_tries": "own_password",
}


@bp.get("/")
@requires(Permission.WRITE_DOSE_ORDER)
def index(ref: str) -> ResponseReturnValue:
    return list_page(patient_row(ref))


@bp.get("/new")
@requires(Permission.WRITE_DOSE_ORDER)
def new(ref: str) -> ResponseReturnValue:
    row = patient_row(ref)
    facts = facts_of(row)
    return form_page(row, facts, empty_form(facts, this_day()))


@bp.post("/new")
@requires(Permission.WRITE_DOSE_ORDER)
def write(ref: str) -> ResponseReturnValue:
    row, form = patient_row(ref), OrderForm(request.form)
    if not form.validate():
        return form_page(row, facts_of(row), form), 422
    try:
        order_id = write_order(row, form)
    except Refusal as refusal:
        return refused(row, form, refusal)
    return redirect(url_for(".index", ref=ref, written=order_id), 303)


@bp.get("/taper")
@requires(Permission.WRITE_DOSE_ORDER)
def new_taper(ref: str) -> ResponseReturnValue:
    row = patient_row(ref)
    facts = facts_of(row)
    return taper_page(row, facts, empty_taper_form(facts, this_day()))


@bp.post("/taper")
@requires(Permission.WRITE_DOSE_ORDER)
def write_steps(ref: str) -> ResponseReturnValue:
    row, form = patient_row(ref), TaperForm(request.form)
    if not form.validate():
        return taper_page(row, facts_of(row), form), 422
    try:
        order_id = write_taper(db.session, steps=form.steps, ends_on=form.ends_on.day, **signed(row, form))
    except Refusal as refusal:
        return refused(row, form, refusal, taper_page)
    return redirect(url_for(".index", ref=ref, written=order_id), 303)


@bp.post("/<int:order_id>/stop")
@requires(Permission.WRITE_DOSE_ORDER)
def stop(ref: str, order_id: int) -> ResponseReturnValue:
    row, reason = patient_row(ref), request.form.get("reason", "")
    if reason not in STOP_REASONS:
        return list_page(row, unanswered=order_id), 422
    who = {"by": g.viewer.staff_id, "actor": g.viewer.actor, "now": utc_now(), "today": this_day()}
    try:
        stop_dose_order(db.session, order_id=order_id, patient_id=row.patient_id, reason=reason, **who)
    except Refusal as refusal:
        if refusal.code == "order_not_for_this_person":
            abort(404)
        return list_page(row, refusal=refusal), 409
    return redirect(url_for(".index", ref=ref, stopped=order_id), 303)


def write_order(row: Any, form: OrderForm) -> int:
    return write_dose_order(
        db.session,
        phase=Phase(form.phase.data),
        parts_tenths=form.parts_tenths,
        starts_on=form.starts_on.day,
        ends_on=form.ends_on.day,
        above_usual_considered=form.above_usual_considered.data,
        **signed(row, form),
    )


def signed(row: Any, form: SignedForm) -> dict[str, Any]:
    """Who signs what was read. Passwords are checked first and outside the transaction: hashing is slow on purpose."""
    viewer, now = g.viewer, utc_now()
    ensure_own_signature(db.session, viewer.staff_id, form.own_password.data, viewer.device_id, now)
    return {
        "patient_id": row.patient_id,
        "station_id": row.station_id,
        "note": (form.note.data or "").strip(),
        "restart_examined": form.restart_examined.data,
        "second_doctor_id": second_signer(form),
        "latest_seen": form.latest_seen,
        "request_key": form.request_key.data,
        "by": viewer.staff_id,
        "actor": viewer.actor,
        "now": now,
        "today": this_day(),
    }


def second_signer(form: SignedForm) -> int | None:
    if not form.is_second_signed:
        return None
    username, password = form.second_username.data or "", form.second_password.data or ""
    return signer_id(db.session, username=username, password=password, device_id=g.viewer.device_id, now=utc_now())


def refused(row: Any, form: Any, refusal: Refusal, page: Callable[..., str] | None = None) -> ResponseReturnValue:
    if refusal.code == "order_not_for_this_person":
        abort(404)  # moved to another station while the form stood open
    say_at(form, refusal, WORDS, PLACES if page is None else taper_places(form, refusal))
    facts = facts_of(row)
    form.latest.data = str(facts.latest_id)  # what is shown now is what the next try agrees to
    status = {"order_written_meanwhile": 409, "too_many_tries": 429}.get(refusal.code, 422)
    return (page or form_page)(row, facts, form), status


def taper_places(form: TaperForm, refusal: Refusal) -> dict[str, str]:
    """The same sentences at the fields of a table of steps."""
    moved = {"": "step_1_mg", "dose_1": "step_1_mg", "starts_on": "step_1_on", "phase": "step_1_on"}
    places = {code: moved.get(field, field) for code, field in PLACES.items()}
    kind = {"taper_days_not_forward": "on", "taper_not_down": "mg"}.get(refusal.code)
    if kind is not None:
        places[refusal.code] = form.field_of(cast(int, refusal.facts["step"]), kind)
    return {**places, "taper_needs_steps": "step_2_on"}


def form_page(row: Any, facts: OrderFacts, form: OrderForm) -> str:
    return render_template("pages/orders/new.html", **around_a_form(row, facts), form=form)


def taper_page(row: Any, facts: OrderFacts, form: TaperForm) -> str:
    return render_template("pages/orders/taper.html", **around_a_form(row, facts), form=form)


def around_a_form(row: Any, facts: OrderFacts) -> dict[str, Any]:
    """What a doctor reads beside the form, and by which limits of the place the order will be judged."""
    note_view("orders.new", [row.patient_id])
    day = this_day()
    bands, limits = (read(db.session, day, row.station_id) for read in (list_bands, list_limits))
    return {
        **person(row),
        "facts": facts,
        "tasks": list_tasks_of(db.session, g.viewer, row.patient_id),
        "today": day,
        "limits": limits,
        "unapproved": any(rule.approved_on is None for rule in (*bands, *limits)),
    }


def list_page(row: Any, **more: Any) -> str:
    note_view("orders.index", [row.patient_id])
    orders = list_orders(db.session, row.patient_id)
    wholes = whole_orders(orders)
    shown = {name: next((o for o in wholes if chosen(name) in o.ids), None) for name in ("written", "stopped")}
    return render_template(
        "pages/orders/index.html",
        **person(row),
        orders=wholes,
        today=this_day(),
        reasons=STOP_REASONS,
        vomited=find_vomited(db.session, row.patient_id, this_day()),
        **{"refusal": None, "unanswered": None, **shown, **more},
    )


def chosen(name: str) -> int | None:
    return request.args.get(name, type=int)


def person(row: Any) -> dict[str, Any]:
    """Who it is, and what was seen and is held: what a doctor decides with."""
    today = this_day()
    return {
        "row": row,
        "name": name_of(db.session, row),
        "seen": list_seen(db.session, row.patient_id, today - SEEN_SINCE),
        "holds": [hold for hold in list_holds(db.session, row.patient_id, today) if hold.lifted_at is None],
    }


def patient_row(ref: str) -> Any:
    try:
        return get_treatment_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def facts_of(row: Any) -> OrderFacts:
    today = this_day()
    return orders_for_form(db.session, row.patient_id, list_bands(db.session, today, row.station_id), today)


def this_day() -> date:
    return station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)
