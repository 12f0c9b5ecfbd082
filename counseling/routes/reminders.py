"""What a site reminds of: one page per kind, which shows what it will send tomorrow before anything is saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.reminder_limits import FIGURES
from counseling.domain.station_days import Hours
from counseling.permissions import Permission, Side, requires
from counseling.queries import inbox
from counseling.queries.reminder_rules import RuleRow, list_site_rules
from counseling.routes.patients.parts import me, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.reminder_forms import WORDS, RuleForm, rule_form
from counseling.services.reminder_examples import example_of
from counseling.services.reminder_preview import Preview, preview
from counseling.services.reminder_rules import Rule
from counseling.services.rule_changes import change_rule

bp = Blueprint("reminders", __name__, url_prefix="/reminders")
STATUS = {"rule_changed_meanwhile": 409}


@bp.get("/")
@requires(Permission.MANAGE_REMINDERS)
def index() -> ResponseReturnValue:
    rules = own_rules()
    shown = [(rule, tomorrow_of(rule)) for rule in rules]
    unhandled = inbox.count_unhandled(db.session, g.viewer)
    return render_template("pages/reminders/index.html", rules=shown, unhandled=unhandled, tomorrow=tomorrow())


@bp.get("/<kind>")
@requires(Permission.MANAGE_REMINDERS)
def rule(kind: str) -> ResponseReturnValue:
    found = own_rule(kind)
    return rule_page(found, rule_form(found))


@bp.post("/<kind>")
@requires(Permission.MANAGE_REMINDERS)
def change(kind: str) -> ResponseReturnValue:
    """Show what the new values send; save them only where that was on the page already."""
    found, form = own_rule(kind), RuleForm(request.form).of_kind(kind)
    if not form.validate():
        return rule_page(found, form), 422
    if form.shown.data != form.code():
        form.shown.data = form.code()
        return rule_page(found, form, is_shown=True)
    try:
        change_rule(
            db.session, g.viewer.site_id, side(), kind, form.new_rule(), seen=form.version_seen, by=me(), now=utc_now()
        )
    except Refusal as refusal:
        return refused(found, form, refusal)
    flash(gettext("Đã lưu. Tin đã xếp theo cách cũ được bỏ, tin mới tự xếp trong vài phút."), "done")
    return redirect(url_for(".index"), 303)


def refused(found: RuleRow, form: RuleForm, refusal: Refusal) -> ResponseReturnValue:
    """What was typed stays; a rule that somebody else has changed meanwhile is shown beside it."""
    say_at(form, refusal, WORDS, {"": str(refusal.facts.get("name", "hours"))})
    form.shown.data, form.seen.data = "", str(found.version)
    return rule_page(found, form), STATUS.get(refusal.code, 422)


def rule_page(found: RuleRow, form: RuleForm, *, is_shown: bool = False) -> str:
    values: dict[str, Any] = {"rule": found, "form": form, "is_shown": is_shown}
    values["supports"] = g.viewer.side is Side.SUPPORT
    values |= {
        "preview": tomorrow_of(as_typed(found, form)),
        "example": example_of(db.session, g.viewer.site_id, found.kind, tomorrow()),
    }
    return render_template("pages/reminders/rule.html", **values)


def as_typed(found: RuleRow, form: RuleForm) -> RuleRow:
    """The rule with what was typed and can be read; the rest as it stands."""
    span: Hours | None = form.hours.read
    figures = {name: form[name].data or getattr(found, name) for name in FIGURES if name in form}
    seen = replace(found, **figures)
    return replace(seen, not_before=span.opens_at, not_after=span.closes_at) if span else seen


def tomorrow_of(found: RuleRow) -> Preview:
    times = found.not_before, found.not_after
    figures = found.silence_days, found.unseen_days, found.most_open_tasks
    rule = Rule(g.viewer.site_id, side(), found.kind, found.version, *times, *figures)
    return preview(db.session, rule, tomorrow(), utc_now(), zone())


def own_rules() -> list[RuleRow]:
    return list_site_rules(db.session, g.viewer.site_id, side())


def own_rule(kind: str) -> RuleRow:
    return next((rule for rule in own_rules() if rule.kind == kind), None) or abort(404)


def side() -> str:
    return str(g.viewer.side)


def tomorrow() -> date:
    return this_day() + timedelta(days=1)
