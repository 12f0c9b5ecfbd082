"""Volunteer teams: the list, adding, changing, closing."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.sites import find_team, list_teams
from counseling.routes.admin import bp
from counseling.routes.admin.place_forms import team_form
from counseling.routes.admin.shared import WORDS, found, today
from counseling.routes.refusal_words import say_at
from counseling.services import outreach_teams

FIELDS = {
    "code_not_right": "code",
    "code_taken": "code",
    "no_such_area": "area_id",
    "area_is_no_commune": "area_id",
    "site_does_not_counsel": "site_id",
    "": "name",
}


@bp.get("/teams/")
@requires(Permission.ADMINISTER)
def team_list() -> ResponseReturnValue:
    return render_template("pages/admin/team_list.html", rows=list_teams(db.session))


@bp.get("/teams/new")
@requires(Permission.ADMINISTER)
def new_team() -> ResponseReturnValue:
    return render_template("pages/admin/team.html", form=team_form(db.session, None), row=None)


@bp.post("/teams/new")
@requires(Permission.ADMINISTER)
def add_team() -> ResponseReturnValue:
    form = team_form(db.session, None, request.form)
    if not form.validate():
        return render_template("pages/admin/team.html", form=form, row=None), 422
    try:
        outreach_teams.add_team(db.session, g.viewer, form["code"].data, form.details(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return render_template("pages/admin/team.html", form=form, row=None), 422
    return saved()


@bp.get("/teams/<int:team_id>/")
@requires(Permission.ADMINISTER)
def team_page(team_id: int) -> ResponseReturnValue:
    row = found(find_team(db.session, team_id))
    return render_template("pages/admin/team.html", form=team_form(db.session, row), row=row)


@bp.post("/teams/<int:team_id>/")
@requires(Permission.ADMINISTER)
def change_team(team_id: int) -> ResponseReturnValue:
    row = found(find_team(db.session, team_id))
    form = team_form(db.session, row, request.form)
    if not form.validate():
        return render_template("pages/admin/team.html", form=form, row=row), 422
    try:
        outreach_teams.change_team(db.session, g.viewer, row.id, form.details(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return render_template("pages/admin/team.html", form=form, row=row), 422
    return saved()


@bp.post("/teams/<int:team_id>/close")
@requires(Permission.ADMINISTER)
def close_team(team_id: int) -> ResponseReturnValue:
    outreach_teams.close_team(db.session, g.viewer, found(find_team(db.session, team_id)).id, today(), utc_now())
    return saved()


@bp.post("/teams/<int:team_id>/reopen")
@requires(Permission.ADMINISTER)
def reopen_team(team_id: int) -> ResponseReturnValue:
    outreach_teams.reopen_team(db.session, g.viewer, found(find_team(db.session, team_id)).id, utc_now())
    return saved()


def saved() -> ResponseReturnValue:
    flash(gettext("Đã lưu."), "done")
    return redirect(url_for("admin.team_list"), 303)
