"""The rules of a facility: what holds, its source, who has approved it; approving, changing, the paper to sign."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.domain.band_sets import bands_from_starts
from counseling.domain.order_limits import values_of
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.bands import facility_of
from counseling.queries.rules import RuleSet, find_bands, find_limits
from counseling.queries.sites import find_site
from counseling.routes.refusal_words import say_at
from counseling.routes.rule_forms import (
    TODAY,
    BandsForm,
    ChangeForm,
    LimitsForm,
    SigningForm,
    empty_bands_form,
    empty_limits_form,
    empty_signing_form,
)
from counseling.services.rules import BANDS, LIMITS, Signing, approve_rules, change_bands, change_limits
from counseling.services.second_signature import ensure_own_signature, signer_id

bp = Blueprint("rules", __name__, url_prefix="/doctor/rules")

WORDS = "pages/doctor/_rule_words.html"
FIND = {BANDS: find_bands, LIMITS: find_limits}
# The field beside which a refusal's sentence stands, unless the refusal names a row of its own.
PLACES = {
    "": "source",
    "looser_needs_second_doctor": "second_username",
    "second_doctor_is_the_same": "second_username",
    "second_doctor_not_a_doctor": "second_username",
    "second_signature_wrong": "second_password",
    "own_signature_missing": "own_password",
    "own_signature_wrong": "own_password",
    "too_many_tries": "own_password",
}
STATUS = {"rules_changed_meanwhile": 409, "rules_approved_already": 409, "too_many_tries": 429}


@bp.get("/")
@requires(Permission.APPROVE_RULES)
def index() -> ResponseReturnValue:
    return index_page()


@bp.post("/bands/approve")
@requires(Permission.APPROVE_RULES)
def approve_bands() -> ResponseReturnValue:
    return approve(BANDS)


@bp.post("/limits/approve")
@requires(Permission.APPROVE_RULES)
def approve_limits() -> ResponseReturnValue:
    return approve(LIMITS)


def approve(kind: str) -> ResponseReturnValue:
    facility_id, form = own_facility(), SigningForm(request.form, prefix=kind)
    if not form.validate():
        return index_page(**{f"{kind}_form": form}), 422
    try:
        change_id = approve_rules(db.session, kind, signed(form, facility_id))
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "own_password"})
        form.seen.data = str(find_rules(kind, facility_id).newest_id)
        return index_page(**{f"{kind}_form": form}), STATUS.get(refusal.code, 422)
    return redirect(url_for(".index", signed=change_id), 303)


@bp.get("/bands")
@requires(Permission.APPROVE_RULES)
def bands() -> ResponseReturnValue:
    found = find_rules(BANDS, own_facility())
    return bands_page(found, empty_bands_form(found.coming_rows or found.rows, found.newest_id))


@bp.post("/bands")
@requires(Permission.APPROVE_RULES)
def write_bands() -> ResponseReturnValue:
    facility_id, form = own_facility(), BandsForm(request.form)
    if not form.validate():
        return bands_page(find_rules(BANDS, facility_id), form), 422
    try:
        new = bands_from_starts(form.starts, form.source.data)
        change_id = change_bands(db.session, new, signed(form, facility_id))
    except Refusal as refusal:
        say_refused(form, refusal, str(refusal.facts.get("response", "")))
        return bands_page(anew(BANDS, facility_id, form), form), STATUS.get(refusal.code, 422)
    return redirect(url_for(".index", signed=change_id), 303)


@bp.get("/limits")
@requires(Permission.APPROVE_RULES)
def limits() -> ResponseReturnValue:
    found = find_rules(LIMITS, own_facility())
    return limits_page(found, empty_limits_form(standing_limits(found), found.newest_id))


@bp.post("/limits")
@requires(Permission.APPROVE_RULES)
def write_limits() -> ResponseReturnValue:
    facility_id, form = own_facility(), LimitsForm(request.form)
    found = find_rules(LIMITS, facility_id)
    if not form.validate():
        return limits_page(found, form), 422
    try:
        values = form.values(standing_limits(found))
        change_id = change_limits(db.session, values, form.source.data, signed(form, facility_id))
    except Refusal as refusal:
        say_refused(form, refusal, str(refusal.facts.get("name", "")))
        return limits_page(anew(LIMITS, facility_id, form), form), STATUS.get(refusal.code, 422)
    return redirect(url_for(".index", signed=change_id), 303)


@bp.get("/paper")
@requires(Permission.APPROVE_RULES)
def paper() -> ResponseReturnValue:
    """The sheet to sign by hand: every row that nobody has approved here, with its source."""
    return render_template("pages/doctor/rules_paper.html", **the_rules())


def signed(form: SigningForm, facility_id: int) -> Signing:
    """Who signs, by password, checked here and outside the transaction: hashing is slow on purpose."""
    viewer, now = g.viewer, utc_now()
    ensure_own_signature(db.session, viewer.staff_id, form.own_password.data or "", viewer.device_id, now)
    changes = isinstance(form, ChangeForm)
    second_id = None
    if changes and form.is_second_signed:
        typed = {"username": form.second_username.data or "", "password": form.second_password.data or ""}
        second_id = signer_id(db.session, **typed, device_id=viewer.device_id, now=now)
    return Signing(
        facility_id=facility_id,
        by=viewer.staff_id,
        actor=viewer.actor,
        seen=form.newest_seen,
        request_key=form.request_key.data,
        now=now,
        today=this_day(),
        second_id=second_id,
        from_today=changes and form.begins.data == TODAY,
    )


def say_refused(form: ChangeForm, refusal: Refusal, row: str) -> None:
    """A refusal about one row stands at that row's field, if there is one to type into."""
    place = row if refusal.code not in PLACES and row in form else PLACES.get(refusal.code, PLACES[""])
    say_at(form, refusal, WORDS, {"": place})


def anew(kind: str, facility_id: int, form: ChangeForm) -> RuleSet:
    """What is shown now is what the next try agrees to."""
    found = find_rules(kind, facility_id)
    form.seen.data = str(found.newest_id)
    return found


def index_page(**forms: Any) -> str:
    rules = the_rules()
    fresh = {f"{kind}_form": empty_signing_form(rules[kind].newest_id, kind) for kind in FIND}
    done = request.args.get("signed", type=int)
    return render_template("pages/doctor/rules.html", **rules, **{**fresh, **forms}, signed=done)


def bands_page(found: RuleSet, form: BandsForm) -> str:
    return render_template("pages/doctor/rules_bands.html", found=found, form=form)


def limits_page(found: RuleSet, form: LimitsForm) -> str:
    return render_template("pages/doctor/rules_limits.html", found=found, form=form, standing=standing_limits(found))


def the_rules() -> dict[str, Any]:
    """Both kinds as they hold at the doctor's place; only the facility's own doctors may sign."""
    facility_id = facility_of(db.session, g.viewer.site_id) or abort(404)
    return {
        "bands": find_rules(BANDS, facility_id),
        "limits": find_rules(LIMITS, facility_id),
        "facility": find_site(db.session, facility_id),
        "may_sign": facility_id == g.viewer.site_id,
        "today": this_day(),
    }


def find_rules(kind: str, facility_id: int) -> RuleSet:
    return FIND[kind](db.session, facility_id, this_day())


def standing_limits(found: RuleSet) -> dict[Any, int | None]:
    return values_of(found.coming_rows or found.rows)


def own_facility() -> int:
    """Rules are signed at the facility; a doctor who works at one of its stations reads them."""
    site_id: int = g.viewer.site_id
    if facility_of(db.session, site_id) != site_id:
        abort(404)
    return site_id


def this_day() -> date:
    return station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)
