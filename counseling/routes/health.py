"""Is the process there, and may it serve?"""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db
from counseling.permissions import public
from counseling.queries.readiness import list_failing, list_problems, list_stopped_by_hand

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    return jsonify(ok=True)


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """200 when all is right, else 503 and the codes of what is not; `gateway` null: texts are off.

    `stopped_by_hand`, where there are any: channels that an administrator has stopped, which keeps nobody from working.
    `failing`, where there are any: channels that take texts and get none out.
    """
    config: Config = current_app.extensions["diem_tua_config"]
    gateway, names, now = config.sms_gateway, config.gateway_names, utc_now()
    problems = list_problems(db.session, now, expects_worker=gateway is not None, gateways=names)
    said = {"ready": not problems, "problems": problems, "gateway": gateway}
    beside = {
        "stopped_by_hand": list_stopped_by_hand(db.session, names, now),
        "failing": list_failing(db.session, names, now),
    }
    return jsonify(said | {name: found for name, found in beside.items() if found}), 503 if problems else 200
