"""The way in: everybody lands at the desk they sit at."""

from __future__ import annotations

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.permissions import Permission, Viewer, public, requires
from counseling.routes.shell import PAGES

bp = Blueprint("home", __name__)


@bp.get("/")
@requires(Permission.USE_OWN_ACCOUNT)
def index() -> ResponseReturnValue:
    return redirect(home_of(g.viewer), 303)


def home_of(viewer: Viewer) -> str:
    """The first page of the desk that somebody sits at; of whoever has to choose a password or a desk, that."""
    if viewer.must_change_password:
        return url_for("account.password")
    if viewer.role_id is not None:
        for permission, address, _, _ in PAGES:
            if viewer.may(permission):
                return request.script_root + address
    return url_for("account.desk")


@bp.get("/manifest.webmanifest")
@public
def manifest() -> ResponseReturnValue:
    return Response(render_template("manifest.webmanifest"), mimetype="application/manifest+json")
