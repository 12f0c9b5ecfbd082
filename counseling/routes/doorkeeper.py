"""Every request passes here: who is it, and may they? What declares nothing is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import LoginManager, UserMixin, current_user

from counseling.clock import utc_now
from counseling.database import db
from counseling.permissions import Permission, Viewer
from counseling.queries.hands import find_station_device
from counseling.queries.viewers import find_viewer
from counseling.routes.devices import device_token
from counseling.services.presence import note_seen

SEEN_AGAIN_AFTER = timedelta(seconds=60)
# Addresses that stay the same whether a person exists or not, and whether the reader may see them or not.
NOT_FOUND_RATHER_THAN_FORBIDDEN = (
    *("patients", "register", "orders", "doses", "holds", "observations", "replacements", "reversals", "paper_doses"),
    *("contacts", "tasks", "messages", "sending", "reminders", "devices", "doctor_calls", "teams"),
    *("answers", "text_tasks", "missed_calls", "canned", "duty", "crises"),  # under /messages
)

# A form without script, filled in for longer than a session lasts: whoever takes it for saved has lost a visit.
VISITS = ("contacts", "outreach")


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """What Flask-Login carries: the session's token as id, and the viewer behind it."""

    def __init__(self, token: str, viewer: Viewer) -> None:
        self.id = token
        self.viewer = viewer


def init_app(app: Flask) -> None:
    manager = LoginManager()
    manager.session_protection = None  # phones change their network address; the session row is the protection
    # Its context processor loads who is signed in for every page, those of errors too: without a database such a page
    # would fail like what it tells of. No template reads `current_user`.
    manager.init_app(app, add_context_processor=False)
    # Nobody is remembered beyond a session. What would see to it looks into the session after every answer, files too,
    # and each file would be one for this cookie only: loaded anew after every sign-in.
    app.after_request_funcs[None].remove(manager._update_remember_cookie)
    manager.user_loader(load)
    app.before_request(check)


def load(token: str) -> SignedIn | None:
    now = utc_now()
    found = find_viewer(db.session, token, now)
    if found is None:
        return None
    viewer, last_seen_at = found
    view = current_app.view_functions.get(request.endpoint or "")
    if now - last_seen_at > SEEN_AGAIN_AFTER and not hasattr(view, "passive") and not viewer.is_locked:
        note_seen(db.session, viewer.session_id, now)
    return SignedIn(token, viewer)


def check() -> ResponseReturnValue | None:
    g.viewer = g.behind_lock = None
    if request.endpoint is None:
        let_in(getattr(current_user, "viewer", None))  # no such address: the error page says so, in their language
        return None
    view: Any = current_app.view_functions[request.endpoint]
    if not hasattr(view, "permission"):
        abort(500, "a route without a declared permission")
    if request.endpoint in ("static", "health.healthz", "health.readyz"):
        return None
    let_in(getattr(current_user, "viewer", None))  # nobody signed in: Flask-Login's anonymous user has none
    permission: Permission | None = view.permission
    return None if permission is None else admit(g.viewer, permission)


def let_in(viewer: Viewer | None) -> None:
    """A locked session is nobody for every page; only the ways out of the lock look at who stands behind it."""
    if viewer is not None and viewer.is_locked:
        g.behind_lock = viewer
    else:
        g.viewer = viewer


def admit(viewer: Viewer | None, permission: Permission) -> ResponseReturnValue | None:
    """None lets the request in; else the way to the sign-in page, the choice of a desk, or a refusal."""
    if viewer is None:
        return signed_out()
    if permission is not Permission.USE_OWN_ACCOUNT:
        if viewer.must_change_password:
            return redirect(url_for("account.password"), 303)
        if viewer.role_id is None:
            return redirect(url_for("account.desk"), 303)
    if not viewer.may(permission):
        abort(404 if request.blueprint in NOT_FOUND_RATHER_THAN_FORBIDDEN else 403)
    return None


def signed_out() -> ResponseReturnValue:
    way_in = "hands.index" if is_at_station_device() else "account.login"
    if "HX-Request" in request.headers:
        # The page that asked must not go on showing names: htmx follows this header whatever the status.
        return Response(status=401, headers={"HX-Redirect": url_for(way_in)})
    if request.method == "POST" and request.blueprint in VISITS:
        flash(gettext("Chưa lưu: phiên làm việc đã hết. Đăng nhập rồi ghi lại lần thăm."), "attention")
    after = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for(way_in, next=None if after == "/" else after), 303)


def is_at_station_device() -> bool:
    """Whether this browser is a station's device, whoever is signed in or not."""
    return g.behind_lock is not None or find_station_device(db.session, device_token()) is not None
