"""Is the process there, and may it serve?"""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.permissions import public
from counseling.queries.readiness import list_problems

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    return jsonify(ok=True)


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """200 when the database answers, its migrations and guards are right and the clock is; else 503 and the codes."""
    problems = list_problems(db.session, utc_now())
    return jsonify(ready=not problems, problems=problems), 503 if problems else 200
