"""The administrator's pages: accounts, places, teams. Nothing here reads a patient."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("admin", __name__, url_prefix="/admin")

from counseling.routes.admin import (  # noqa: E402 - they need bp
    areas,
    channels,
    roles,
    sessions,
    site_hours,
    sites,
    staff,
    teams,
    texts,
)

__all__ = ["areas", "bp", "channels", "roles", "sessions", "site_hours", "sites", "staff", "teams", "texts"]
