"""Sites: the list, one site, adding and changing."""

from __future__ import annotations

from datetime import timedelta

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.amounts import format_ml
from counseling.domain.refusal import Refusal
from counseling.languages import current_locale
from counseling.permissions import Permission, requires
from counseling.queries.sites import SiteRow, find_site, get_week, list_exceptions, list_former_names, list_sites
from counseling.queries.station_devices import list_station_devices
from counseling.routes.admin import bp
from counseling.routes.admin.hours_forms import ExceptionForm, WeekForm, week_form
from counseling.routes.admin.place_forms import SiteForm, site_form
from counseling.routes.admin.shared import WORDS, found, today
from counseling.routes.refusal_words import say_at
from counseling.services import sites

PAST_SHOWN = timedelta(days=30)
FIELDS = {
    "code_not_right": "code",
    "code_taken": "code",
    "no_such_area": "area_id",
    "area_is_no_commune": "area_id",
    "without_function": "treats",
    "treated_by_needed": "treated_by_id",
    "treated_by_itself": "treated_by_id",
    "treated_by_does_not_treat": "treated_by_id",
    "closed_before_opened": "closed_on",
    "danger_waits": "closed_on",
    "witness_without_doses": "asks_for_witness",
    "": "name",
}


@bp.get("/sites/")
@requires(Permission.ADMINISTER)
def site_list() -> ResponseReturnValue:
    return render_template("pages/admin/site_list.html", rows=list_sites(db.session))


@bp.get("/sites/new")
@requires(Permission.ADMINISTER)
def new_site() -> ResponseReturnValue:
    return render_template("pages/admin/site_form.html", form=site_form(db.session, None), row=None)


@bp.post("/sites/new")
@requires(Permission.ADMINISTER)
def add_site() -> ResponseReturnValue:
    form = site_form(db.session, None, request.form)
    if not form.validate():
        return render_template("pages/admin/site_form.html", form=form, row=None), 422
    try:
        site_id = sites.add_site(db.session, g.viewer, form["code"].data, form.details(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return render_template("pages/admin/site_form.html", form=form, row=None), 422
    return redirect(url_for("admin.site_page", site_id=site_id), 303)


@bp.get("/sites/<int:site_id>/")
@requires(Permission.ADMINISTER)
def site_page(site_id: int) -> ResponseReturnValue:
    return show_site(found(find_site(db.session, site_id)))


@bp.get("/sites/<int:site_id>/change")
@requires(Permission.ADMINISTER)
def change_site_page(site_id: int) -> ResponseReturnValue:
    row = found(find_site(db.session, site_id))
    return render_template("pages/admin/site_form.html", form=site_form(db.session, row), row=row)


@bp.post("/sites/<int:site_id>/change")
@requires(Permission.ADMINISTER)
def change_site(site_id: int) -> ResponseReturnValue:
    row = found(find_site(db.session, site_id))
    form = site_form(db.session, row, request.form)
    if not form.validate() or not _changed(row, form):
        return render_template("pages/admin/site_form.html", form=form, row=row), 422
    flash(gettext("Đã lưu."), "done")
    return redirect(url_for("admin.site_page", site_id=row.id), 303)


def _changed(row: SiteRow, form: SiteForm) -> bool:
    try:
        sites.change_site(db.session, g.viewer, row.id, form.details(), today(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return False
    return True


def show_site(row: SiteRow, week: WeekForm | None = None, exception: ExceptionForm | None = None) -> str:
    return render_template(
        "pages/admin/site.html",
        row=row,
        step=step_words(row.pour_step_hundredths),
        former_names=list_former_names(db.session, row.id),
        week=week or week_form(get_week(db.session, row.id)),
        exception=exception or ExceptionForm(),
        devices=list_station_devices(db.session, row.id),
        exceptions=list_exceptions(db.session, row.id, today() - PAST_SHOWN),
    )


def step_words(hundredths: int | None) -> str | None:
    """As it is typed: "0,5 ml"; in English with a point."""
    mark = "," if current_locale() == "vi" else "."
    return None if hundredths is None else f"{format_ml(hundredths, decimal_mark=mark)} ml"
