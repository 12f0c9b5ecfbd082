"""The counseling point: its day, its people by the name that they chose, sessions, appointments, aftercare."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("counseling_desk", __name__, url_prefix="/counseling")

from counseling.routes.counseling_desk import (  # noqa: E402 - need bp
    aftercare,
    appointments,
    day,
    registering,
    sessions,
    status,
)

__all__ = ["aftercare", "appointments", "bp", "day", "registering", "sessions", "status"]
