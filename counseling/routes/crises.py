"""What cannot wait: the line above every page of whoever reads a site's texts, and taking it on."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.permissions import Permission, passive, requires
from counseling.queries import crises
from counseling.queries.patients import NotFound
from counseling.routes.patients.parts import ensure_ref, me
from counseling.routes.shell import desk_label
from counseling.routes.urgent import page_of_alert, urgent_lines
from counseling.services.crises import take_on

bp = Blueprint("crises", __name__, url_prefix="/messages/urgent")


@bp.get("/")
@requires(Permission.ANSWER_MESSAGES)
@passive
def live() -> ResponseReturnValue:
    """The line again when it has changed since `seen`; 204 when it has not."""
    found = urgent_lines(g.viewer, desk_label)
    if request.args.get("seen") == found.version:
        return "", 204
    return render_template("partials/messages/_urgent.html", urgent=found)


@bp.get("/<alert>/")
@requires(Permission.ANSWER_MESSAGES)
def elsewhere(alert: str) -> ResponseReturnValue:
    """A visit of another point, where nobody is left to read it."""
    ensure_ref(alert)
    try:
        found, whence = crises.get_alert_from_elsewhere(db.session, g.viewer, alert)
    except NotFound:
        abort(404)
    return render_template("pages/messages/danger_elsewhere.html", alert=found, whence=whence)


@bp.post("/<alert>/take")
@requires(Permission.ANSWER_MESSAGES)
def take(alert: str) -> ResponseReturnValue:
    ensure_ref(alert)
    try:
        found = crises.get_alert(db.session, g.viewer, alert)
    except NotFound:
        abort(404)
    if take_on(db.session, found.id, by=me(), now=utc_now()):
        flash(gettext("Đã ghi: anh/chị lo việc này. Máy không gọi người trực khác nữa."), "done")
    else:
        flash(gettext("Đã có người nhận trước. Tên người nhận ở ngay dưới đây."), "quiet")
    return redirect(page_of_alert(found) or url_for("tasks.index"), 303)
