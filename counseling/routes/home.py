"""The way in: everybody lands at the desk they sit at."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.permissions import Permission, public, requires
from counseling.routes.shell import PAGES

bp = Blueprint("home", __name__)


@bp.get("/")
@requires(Permission.USE_OWN_ACCOUNT)
def index() -> ResponseReturnValue:
    if g.viewer.must_change_password:
        return redirect(url_for("account.password"), 303)
    for permission, address, _, _ in PAGES:
        if g.viewer.role_id is not None and g.viewer.may(permission):
            return redirect(request.script_root + address, 303)
    return redirect(url_for("account.desk"), 303)


@bp.get("/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    return Response(render_template("manifest.webmanifest"), mimetype="application/manifest+json")
