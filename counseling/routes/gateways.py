"""Where gateways report to us. Signed instead of signed in; raw bytes are verified before anything in them is read."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from counseling import logs
from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db
from counseling.permissions import public
from counseling.services.gateway_reports import take_report
from counseling.sms import smsgate_events, twilio_events
from counseling.sms.reports import LONGEST, Came, Fate, NotUnderstood
from counseling.sms.signatures import is_from_smsgate, is_from_twilio

bp = Blueprint("gateways", __name__, url_prefix="/sms")
# Twilio reads the answer to a text as what it shall do next: nothing.
NOTHING_TO_DO = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@bp.post("/smsgate")
@public
def smsgate() -> ResponseReturnValue:
    account = configured().smsgate
    if account is None:
        abort(404)
    raw, now = raw_body(), utc_now()
    signature, timestamp = request.headers.get("X-Signature", ""), request.headers.get("X-Timestamp", "")
    if not is_from_smsgate(raw, account.signing_key, signature, timestamp, now):
        return refused()
    try:
        report = smsgate_events.read_event(raw)
    except NotUnderstood:
        return let_go()
    return taken("smsgate", report)


@bp.post("/twilio/inbound")
@public
def twilio_inbound() -> ResponseReturnValue:
    fields, account_sid = twilio_form()
    if fields is None:
        return refused()
    try:
        taken("twilio", twilio_events.read_inbound(fields, account_sid))
    except NotUnderstood:
        let_go()
    return Response(NOTHING_TO_DO, mimetype="text/xml")


@bp.post("/twilio/status")
@public
def twilio_status() -> ResponseReturnValue:
    fields, account_sid = twilio_form()
    if fields is None:
        return refused()
    try:
        return taken("twilio", twilio_events.read_status(fields, request.args.get("ref", ""), account_sid))
    except NotUnderstood:
        return let_go()


def twilio_form() -> tuple[list[tuple[str, str]] | None, str]:
    """The form of a request that Twilio has signed, else None; over the configured address, whatever a proxy says."""
    account = configured().twilio
    if account is None:
        abort(404)
    raw = raw_body()
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    url = f"{account.public_url}{request.path}{query}"
    try:
        fields = twilio_events.fields_of(raw)
    except NotUnderstood:
        return None, account.account_sid
    signature = request.headers.get("X-Twilio-Signature", "")
    is_signed = is_from_twilio(url, fields, account.auth_token, signature)
    return (fields if is_signed else None), account.account_sid


def raw_body() -> bytes:
    raw: bytes = request.stream.read(LONGEST + 1)
    if len(raw) > LONGEST:
        abort(413)
    return raw


def taken(gateway: str, report: Came | Fate | None) -> ResponseReturnValue:
    take_report(db.session, gateway, report, utc_now())
    return "", 200


def refused() -> ResponseReturnValue:
    logs.logger().warning("a report was refused", where=request.endpoint)
    return "", 403


def let_go() -> ResponseReturnValue:
    """Signed, and nothing that we understand: an error would only have it sent again for two days."""
    logs.logger().warning("a report was not understood", where=request.endpoint)
    return "", 200


def configured() -> Config:
    config: Config = current_app.extensions["diem_tua_config"]
    return config
