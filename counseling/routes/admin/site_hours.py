"""A site's week and the days that differ."""

from __future__ import annotations

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.sites import find_site
from counseling.routes.admin import bp
from counseling.routes.admin.hours_forms import ExceptionForm, week_form
from counseling.routes.admin.shared import WORDS, found
from counseling.routes.admin.sites import show_site
from counseling.routes.refusal_words import say_at
from counseling.services import site_hours

EXCEPTION_FIELDS = {"exception_exists": "on_date", "reason_missing": "reason", "reason_too_long": "reason", "": "hours"}


@bp.post("/sites/<int:site_id>/hours")
@requires(Permission.ADMINISTER)
def set_hours(site_id: int) -> ResponseReturnValue:
    row, form = found(find_site(db.session, site_id)), week_form({}, request.form)
    try:
        site_hours.set_weekly_hours(db.session, g.viewer, row.id, form.week(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": f"day{refusal.facts['weekday']}"})
        return show_site(row, week=form), 422
    flash(gettext("Đã lưu giờ mở cửa."), "done")
    return redirect(url_for("admin.site_page", site_id=row.id), 303)


@bp.post("/sites/<int:site_id>/exceptions")
@requires(Permission.ADMINISTER)
def add_exception(site_id: int) -> ResponseReturnValue:
    row, form = found(find_site(db.session, site_id)), ExceptionForm(request.form)
    if not form.validate():
        return show_site(row, exception=form), 422
    try:
        day, hours, reason = form.on_date.data, form.hours.data or "", form.reason.data
        site_hours.add_exception(db.session, g.viewer, row.id, day, hours, reason, utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, EXCEPTION_FIELDS)
        return show_site(row, exception=form), 422
    return redirect(url_for("admin.site_page", site_id=row.id), 303)


@bp.post("/sites/<int:site_id>/exceptions/<int:exception_id>/remove")
@requires(Permission.ADMINISTER)
def remove_exception(site_id: int, exception_id: int) -> ResponseReturnValue:
    row = found(find_site(db.session, site_id))
    try:
        site_hours.remove_exception(db.session, g.viewer, row.id, exception_id, utc_now())
    except Refusal:
        abort(404)
    return redirect(url_for("admin.site_page", site_id=row.id), 303)
