"""What volunteers' phones have brought and what still lies on them, for the point and the area: coverage, not fault."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.contacts import DANGERS
from counseling.domain.help_numbers import LONGEST_LABEL
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries import waiting_visits as waiting
from counseling.queries.crises import find_alert_of_visit
from counseling.queries.help_numbers import list_for_area
from counseling.queries.month_sheets import get_own_team_role, list_volunteers, month_sheet
from counseling.queries.patients import NotFound
from counseling.queries.phones import list_quiet_phones
from counseling.routes.outreach import around_month, month_of
from counseling.routes.patients.parts import ensure_ref, this_day, zone
from counseling.routes.support_words import STATUS_WORDS
from counseling.routes.typed_fields import stripped
from counseling.routes.viewing import note_view
from counseling.services import help_numbers
from counseling.services.waiting_visits import dismiss_visit, match_visit, try_again

bp = Blueprint("teams", __name__, url_prefix="/teams")

REASONS = ("recorded_by_hand", "duplicate", "mistake", "trial")


@bp.get("/")
@requires(Permission.SEE_COVERAGE)
def index() -> ResponseReturnValue:
    visits = waiting.list_waiting_visits(db.session, g.viewer)
    note_view("teams.index", [patient_id for visit in visits for patient_id in visit.shown_ids])
    return render_template(
        "pages/teams/index.html",
        visits=visits,
        by_point=[] if g.viewer.may(Permission.MATCH_VISITS) else waiting.count_by_point(db.session, g.viewer),
        phones=list_quiet_phones(db.session, g.viewer, utc_now()),
        volunteers=list_volunteers(db.session, g.viewer, this_day(), zone()),
        now=utc_now(),
        may_match=g.viewer.may(Permission.MATCH_VISITS),
        may_keep_numbers=g.viewer.may(Permission.KEEP_HELP_NUMBERS),
    )


@bp.get("/visits/<ref>/")
@requires(Permission.MATCH_VISITS)
def visit(ref: str) -> ResponseReturnValue:
    ensure_ref(ref)
    try:
        found = waiting.get_waiting_visit(db.session, g.viewer, ref)
    except NotFound:
        abort(404)
    can_match = found.said and found.is_author_known
    people = waiting.list_supported(db.session, g.viewer, found.named_refs) if can_match else []
    note_view("teams.visit", [*found.shown_ids, *(person.patient_id for person in people)])
    alert = find_alert_of_visit(db.session, g.viewer, ref)
    fields = {"people": people, "reasons": REASONS, "alert": alert, "statuses": STATUS_WORDS}
    return render_template("pages/teams/visit.html", visit=found, **fields)


@bp.post("/visits/<ref>/match")
@requires(Permission.MATCH_VISITS)
def match(ref: str) -> ResponseReturnValue:
    person = request.form.get("person", "")
    ensure_ref(person)
    return decide(ref, lambda: match_visit(db.session, g.viewer, ref, person, utc_now()), gettext("Đã ghi vào sổ."))


@bp.post("/visits/<ref>/dismiss")
@requires(Permission.MATCH_VISITS)
def dismiss(ref: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return decide(ref, lambda: dismiss_visit(db.session, g.viewer, ref, reason, utc_now()), gettext("Đã cất đi."))


@bp.post("/visits/<ref>/again")
@requires(Permission.MATCH_VISITS)
def again(ref: str) -> ResponseReturnValue:
    ensure_ref(ref)
    try:
        is_read = try_again(db.session, g.viewer, ref, zone=zone(), now=utc_now())
    except NotFound:
        abort(404)
    flash(
        gettext("Đã đọc được.") if is_read else gettext("Vẫn chưa đọc được. Báo quản trị: khóa OUTBOX_KEYS cũ."),
        "done" if is_read else "attention",
    )
    return redirect(url_for(".index"), 303)


def decide(ref: str, act: Callable[[], None], done: str) -> ResponseReturnValue:
    ensure_ref(ref)
    try:
        act()
    except NotFound:
        abort(404)
    except Refusal as refusal:
        if refusal.code != "visit_decided":
            abort(400)
        flash(gettext("Lần ghi này vừa có người khác xử lý."), "attention")
        return redirect(url_for(".index"), 303)
    flash(done, "done")
    return redirect(url_for(".index"), 303)


@bp.get("/sheets/<int:role_id>")
@requires(Permission.SEE_COVERAGE)
def sheet(role_id: int) -> ResponseReturnValue:
    try:
        own = get_own_team_role(db.session, g.viewer, role_id)
        found = month_sheet(db.session, own, month_of(request.args.get("month")), zone())
    except NotFound:
        abort(404)
    return render_template("pages/outreach/month.html", sheet=found, role_id=role_id, **around_month(found.first))


@bp.get("/numbers")
@requires(Permission.KEEP_HELP_NUMBERS)
def numbers() -> ResponseReturnValue:
    return numbers_page()


@bp.post("/numbers")
@requires(Permission.KEEP_HELP_NUMBERS)
def add_number() -> ResponseReturnValue:
    form = request.form
    number, label, signs = form.get("number", ""), stripped(form.get("label"))[:LONGEST_LABEL], form.getlist("sign")
    try:
        source = stripped(form.get("source"))[:LONGEST_LABEL]
        help_numbers.add_help_number(db.session, g.viewer, number, label, signs, source, utc_now())
    except Refusal as refusal:
        return numbers_page(refusal), 422
    flash(gettext("Đã thêm số."), "done")
    return redirect(url_for(".numbers"), 303)


@bp.post("/numbers/<int:number_id>/approve")
@requires(Permission.KEEP_HELP_NUMBERS)
def approve_number(number_id: int) -> ResponseReturnValue:
    return change_number(lambda: help_numbers.approve_number(db.session, g.viewer, number_id, utc_now()))


@bp.post("/numbers/<int:number_id>/end")
@requires(Permission.KEEP_HELP_NUMBERS)
def end_number(number_id: int) -> ResponseReturnValue:
    return change_number(lambda: help_numbers.end_number(db.session, g.viewer, number_id, utc_now()))


def change_number(act: Callable[[], None]) -> ResponseReturnValue:
    try:
        act()
    except Refusal:
        abort(404)
    return redirect(url_for(".numbers"), 303)


def numbers_page(refusal: Refusal | None = None) -> str:
    lines = list_for_area(db.session, g.viewer)
    return render_template("pages/teams/numbers.html", lines=lines, signs=DANGERS, refusal=refusal, typed=request.form)
