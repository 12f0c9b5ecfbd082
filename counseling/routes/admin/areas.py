"""The tree of areas: drawing one, renaming it, putting communes under it."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.areas import AreaRow, find_area, list_area_tree
from counseling.routes.admin import bp
from counseling.routes.admin.place_forms import AreaNameForm, MoveForm, area_form, move_form
from counseling.routes.admin.shared import WORDS, found
from counseling.routes.refusal_words import say_at
from counseling.services import areas


@bp.get("/areas/")
@requires(Permission.ADMINISTER)
def area_list() -> ResponseReturnValue:
    return render_template("pages/admin/area_list.html", rows=list_area_tree(db.session))


@bp.get("/areas/new")
@requires(Permission.ADMINISTER)
def new_area() -> ResponseReturnValue:
    return render_template("pages/admin/area_new.html", form=area_form(db.session))


@bp.post("/areas/new")
@requires(Permission.ADMINISTER)
def draw_area() -> ResponseReturnValue:
    form = area_form(db.session, request.form)
    if not form.validate():
        return render_template("pages/admin/area_new.html", form=form), 422
    try:
        area_id = areas.draw_area(db.session, g.viewer, form.code.data, form.name.data, form.parent_id.data, utc_now())
    except Refusal as refusal:
        fields = {"code_not_right": "code", "code_taken": "code", "parent_is_leaf": "parent_id", "": "name"}
        say_at(form, refusal, WORDS, fields)
        return render_template("pages/admin/area_new.html", form=form), 422
    return redirect(url_for("admin.area_page", area_id=area_id), 303)


@bp.get("/areas/<int:area_id>/")
@requires(Permission.ADMINISTER)
def area_page(area_id: int) -> ResponseReturnValue:
    return show(found(find_area(db.session, area_id)))


@bp.post("/areas/<int:area_id>/name")
@requires(Permission.ADMINISTER)
def rename_area(area_id: int) -> ResponseReturnValue:
    row, form = found(find_area(db.session, area_id)), AreaNameForm(request.form)
    try:
        areas.rename_area(db.session, g.viewer, row.id, form.name.data or "", utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "name"})
        return show(row, names=form), 422
    flash(gettext("Đã lưu."), "done")
    return redirect(url_for("admin.area_page", area_id=row.id), 303)


@bp.post("/areas/<int:area_id>/move-here")
@requires(Permission.ADMINISTER)
def move_here(area_id: int) -> ResponseReturnValue:
    row = found(find_area(db.session, area_id))
    form = move_form(db.session, row, request.form)
    if not form.validate():
        return show(row, moves=form), 422
    try:
        areas.move_areas(db.session, g.viewer, form.areas.data, row.id, utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "areas"})
        return show(row, moves=form), 422
    flash(gettext("Đã chuyển."), "done")
    return redirect(url_for("admin.area_page", area_id=row.id), 303)


def show(row: AreaRow, names: AreaNameForm | None = None, moves: MoveForm | None = None) -> str:
    return render_template(
        "pages/admin/area.html",
        row=row,
        below=[area for area in list_area_tree(db.session) if area.parent_id == row.id],
        names=names or AreaNameForm(name=row.name),
        moves=moves or move_form(db.session, row),
    )
