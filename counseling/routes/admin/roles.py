"""Roles given and ended."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.staff import find_staff
from counseling.routes.admin import bp
from counseling.routes.admin.shared import WORDS, found
from counseling.routes.admin.staff import ROLE_FIELDS, act, back, show
from counseling.routes.admin.staff_forms import RoleForm, role_form
from counseling.routes.refusal_words import say_at
from counseling.services import staff_roles


@bp.post("/staff/<int:staff_id>/roles")
@requires(Permission.ADMINISTER)
def give_role(staff_id: int) -> ResponseReturnValue:
    row, form = found(find_staff(db.session, staff_id)), role_form(RoleForm, db.session, request.form)
    if not form.validate():
        return show(row, roles=form), 422
    try:
        staff_roles.give_role(db.session, g.viewer, row.id, form.chosen(), utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, ROLE_FIELDS)
        return show(row, roles=form), 422
    return back(row)


@bp.post("/staff/<int:staff_id>/roles/<int:role_id>/end")
@requires(Permission.ADMINISTER)
def end_role(staff_id: int, role_id: int) -> ResponseReturnValue:
    row = found(find_staff(db.session, staff_id))
    found(next((role for role in row.roles if role.desk.id == role_id), None))
    done = gettext("Vai trò đã kết thúc.")
    return act(staff_id, lambda: staff_roles.end_role(db.session, g.viewer, role_id, utc_now()), done)
