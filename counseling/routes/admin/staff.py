"""Accounts: the list, one account, adding, disabling, a new password."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.phones import list_phones
from counseling.queries.sessions import list_open_sessions
from counseling.queries.staff import StaffRow, find_staff, list_staff
from counseling.routes.admin import bp
from counseling.routes.admin.shared import WORDS, found
from counseling.routes.admin.staff_forms import LanguagesForm, NameForm, RoleForm, StaffForm, role_form
from counseling.routes.refusal_words import say_at
from counseling.routes.shell import desk_label
from counseling.services import passwords, staff_accounts

FIELDS = {"name_missing": "display_name", "name_too_long": "display_name"}
ROLE_FIELDS = {"role_held_already": "role", "role_not_understood": "role", "": "place"}
ACCOUNT_FIELDS = {"username_taken": "username", "username_not_right": "username", **FIELDS, **ROLE_FIELDS}


@bp.get("/")
@requires(Permission.ADMINISTER)
def staff_list() -> ResponseReturnValue:
    return render_template("pages/admin/staff_list.html", rows=list_staff(db.session), desk_label=desk_label)


@bp.get("/staff/new")
@requires(Permission.ADMINISTER)
def new_staff() -> ResponseReturnValue:
    return render_template("pages/admin/staff_new.html", form=role_form(StaffForm, db.session))


@bp.post("/staff/new")
@requires(Permission.ADMINISTER)
def add_staff() -> ResponseReturnValue:
    form = role_form(StaffForm, db.session, request.form)
    if not form.validate():
        return render_template("pages/admin/staff_new.html", form=form), 422
    password = passwords.one_time_password()
    try:
        staff_id = staff_accounts.add_staff(
            db.session, g.viewer, form.username.data, form.display_name.data, [form.chosen()], password, utc_now()
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, ACCOUNT_FIELDS)
        return render_template("pages/admin/staff_new.html", form=form), 422
    return one_time_password(found(find_staff(db.session, staff_id)), password)


@bp.get("/staff/<int:staff_id>/")
@requires(Permission.ADMINISTER)
def staff_page(staff_id: int) -> ResponseReturnValue:
    return show(found(find_staff(db.session, staff_id)))


@bp.post("/staff/<int:staff_id>/name")
@requires(Permission.ADMINISTER)
def rename_staff(staff_id: int) -> ResponseReturnValue:
    row, form = found(find_staff(db.session, staff_id)), NameForm(request.form)
    try:
        staff_accounts.rename_staff(db.session, g.viewer, row.id, form.display_name.data or "", utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "display_name"})
        return show(row, names=form), 422
    return back(row)


@bp.post("/staff/<int:staff_id>/languages")
@requires(Permission.ADMINISTER)
def set_languages(staff_id: int) -> ResponseReturnValue:
    row, form = found(find_staff(db.session, staff_id)), LanguagesForm(request.form)
    if not form.validate():
        return show(row, spoken=form), 422
    staff_accounts.set_languages(db.session, g.viewer, row.id, form.languages.data, utc_now())
    flash(gettext("Đã lưu."), "done")
    return back(row)


@bp.post("/staff/<int:staff_id>/disable")
@requires(Permission.ADMINISTER)
def disable_staff(staff_id: int) -> ResponseReturnValue:
    text = gettext("Tài khoản đã khóa; mọi nơi đang đăng nhập đã được đăng xuất.")
    return act(staff_id, lambda: staff_accounts.disable_staff(db.session, g.viewer, staff_id, utc_now()), text)


@bp.post("/staff/<int:staff_id>/enable")
@requires(Permission.ADMINISTER)
def enable_staff(staff_id: int) -> ResponseReturnValue:
    text = gettext("Tài khoản đã mở lại.")
    return act(staff_id, lambda: staff_accounts.enable_staff(db.session, g.viewer, staff_id, utc_now()), text)


@bp.post("/staff/<int:staff_id>/password")
@requires(Permission.ADMINISTER)
def reset_password(staff_id: int) -> ResponseReturnValue:
    row, password = found(find_staff(db.session, staff_id)), passwords.one_time_password()
    staff_accounts.reset_password(db.session, g.viewer, row.id, password, utc_now())
    return one_time_password(row, password)


def act(staff_id: int, verb: Callable[[], None], done: str) -> ResponseReturnValue:
    """Do one thing to an account and go back to it; a refusal is said above the account."""
    row = found(find_staff(db.session, staff_id))
    try:
        verb()
    except Refusal as refusal:
        return show(row, refusal=refusal), 422
    flash(done, "done")
    return back(row)


def back(row: StaffRow) -> ResponseReturnValue:
    return redirect(url_for("admin.staff_page", staff_id=row.id), 303)


def one_time_password(row: StaffRow, password: str) -> ResponseReturnValue:
    """Shown as the answer and kept nowhere: whoever loads the page again does not see it."""
    return render_template("pages/admin/one_time_password.html", row=row, password=password)


def show(
    row: StaffRow,
    roles: RoleForm | None = None,
    names: NameForm | None = None,
    refusal: Refusal | None = None,
    spoken: LanguagesForm | None = None,
) -> str:
    return render_template(
        "pages/admin/staff.html",
        row=row,
        form=roles or role_form(RoleForm, db.session),
        names=names or NameForm(display_name=row.display_name),
        spoken=spoken or LanguagesForm(languages=row.languages.split()),
        refusal=refusal,
        sessions=list_open_sessions(db.session, utc_now(), row.id),
        phones=list_phones(db.session, row.id, utc_now()),
        desk_label=desk_label,
        is_self=row.id == g.viewer.staff_id,
    )
