"""Who is signed in where, on which devices of a site, and ending it."""

from __future__ import annotations

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.sessions import list_open_sessions
from counseling.queries.staff import find_staff
from counseling.routes.admin import bp
from counseling.routes.admin.shared import found
from counseling.routes.own_paths import own_path
from counseling.services import phone_tokens, staff_sessions
from counseling.services.station_devices import revoke_device as revoke_station_device


@bp.get("/sessions")
@requires(Permission.ADMINISTER)
def session_list() -> ResponseReturnValue:
    rows = list_open_sessions(db.session, utc_now())
    return render_template("pages/admin/sessions.html", rows=rows, own_id=g.viewer.session_id)


@bp.post("/sessions/<int:session_id>/end")
@requires(Permission.ADMINISTER)
def end_session(session_id: int) -> ResponseReturnValue:
    try:
        staff_sessions.end_session(db.session, g.viewer, session_id, utc_now())
    except Refusal:
        abort(404)
    flash(gettext("Đã đăng xuất nơi đó."), "done")
    return redirect(own_path(request.form.get("next"), url_for("admin.session_list")), 303)


@bp.post("/sites/<int:site_id>/devices/<int:device_id>/revoke")
@requires(Permission.ADMINISTER)
def revoke_device(site_id: int, device_id: int) -> ResponseReturnValue:
    try:
        revoke_station_device(db.session, g.viewer, device_id, utc_now())
    except Refusal:
        abort(404)
    flash(gettext("Đã bỏ máy đó. Mọi người đang dùng máy đó đã được đăng xuất."), "done")
    return redirect(url_for("admin.site_page", site_id=site_id), 303)


@bp.post("/staff/<int:staff_id>/phones/<int:token_id>/revoke")
@requires(Permission.ADMINISTER)
def revoke_phone(staff_id: int, token_id: int) -> ResponseReturnValue:
    try:
        phone_tokens.revoke_of(db.session, g.viewer, staff_id, token_id, utc_now())
    except Refusal:
        abort(404)
    flash(gettext("Máy đó không gửi được nữa. Khi có sóng, nó xóa danh sách nhưng vẫn giữ lần ghi chưa gửi."), "done")
    return redirect(url_for("admin.staff_page", staff_id=staff_id), 303)


@bp.post("/staff/<int:staff_id>/sessions/end")
@requires(Permission.ADMINISTER)
def end_all_sessions(staff_id: int) -> ResponseReturnValue:
    row = found(find_staff(db.session, staff_id))
    staff_sessions.end_all_sessions(db.session, g.viewer, row.id, utc_now())
    flash(gettext("Mọi nơi đang đăng nhập bằng tài khoản này đã được đăng xuất."), "done")
    return redirect(url_for("admin.staff_page", staff_id=row.id), 303)
