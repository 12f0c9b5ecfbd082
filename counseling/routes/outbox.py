"""The door of phones that worked without a signal: one sealed entry per request, and the token with which it comes.

No form token: those end, and an entry may have waited for weeks. A token of the phone, JSON with a header that no form
can send, and what the browser says of where the request comes from stand for it. Answers are JSON, whatever happens.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from counseling.clock import utc_now
from counseling.database import db, letterbox_of
from counseling.domain.phone_entries import FORM_VERSION, LONGEST_ENTRY, read_letter
from counseling.domain.refusal import Refusal
from counseling.logs import logger
from counseling.permissions import Permission, RoleKind, Viewer, public, requires
from counseling.queries.actors import actor_ref, list_colleagues
from counseling.routes.patients.parts import zone
from counseling.services.phone_entries import Report, take_entry
from counseling.services.phone_tokens import Held, find_token, issue_token

bp = Blueprint("outbox", __name__, url_prefix="/outbox")

SCHEME = "Device "
LONGEST_TOKEN = 100
MOST_WAITING = 100_000


def init_app(app: Flask) -> None:
    """What pages of a volunteer tell the phone's script; see `phone_data`."""
    app.extensions["phone"] = phone_data


@bp.record_once
def leave_out_the_form_token(state: BlueprintSetupState) -> None:
    for door in (take, alive):
        state.app.extensions["csrf"].exempt(door)


def phone_data(viewer: Viewer | None) -> dict[str, Any] | None:
    """Whose phone this is, and the key that entries are sealed to. Only volunteers work without a signal."""
    if viewer is None or viewer.kind is not RoleKind.VOLUNTEER or viewer.role_id is None:
        return None
    box = letterbox_of(db.session)
    return {
        "actor": actor_ref(db.session, viewer.role_id),
        "outbox_key": {"id": box.newest_id, "point": box.newest_point},
        "form_version": FORM_VERSION,
        "as_of": utc_now().astimezone(zone()).isoformat(timespec="seconds"),
        "team": [{"ref": one.ref, "name": one.name} for one in list_colleagues(db.session, viewer)],
    }


@bp.post("")
@public  # the phone's token says whose entry it is; nobody has to be signed in
def take() -> ResponseReturnValue:
    held = shown_token()
    if held is None or not held.is_good:
        return not_let_in(held)
    if not is_of_our_script():
        return refused(400, "not_from_here")
    raw = request.stream.read(LONGEST_ENTRY + 1)
    if len(raw) > LONGEST_ENTRY:
        return refused(413, "too_long")
    try:
        letter = read_letter(raw)
        result = take_entry(db.session, held, letter, report(), zone=zone(), now=utc_now())
    except Refusal as refusal:
        return not_taken(refusal)
    return jsonify(id=letter.id, result=result)


@bp.post("/alive")
@public  # as above: a phone that has nothing to send asks whether it was signed out from afar
def alive() -> ResponseReturnValue:
    """Reads one row and writes none, so that nothing is counted: it costs less than the sign-in page."""
    held = shown_token()
    if held is None or not held.is_good:
        return not_let_in(held)
    return jsonify(alive=True) if is_of_our_script() else refused(400, "not_from_here")


@bp.post("/device")
@requires(Permission.LOG_CONTACT)
def device() -> ResponseReturnValue:
    try:
        made = issue_token(db.session, g.viewer, utc_now())
    except Refusal:
        return refused(403, "may_not_log")
    actor = actor_ref(db.session, g.viewer.role_id)
    return jsonify(token=made.token, expires_at=made.expires_at.isoformat(timespec="seconds"), actor=actor)


@bp.errorhandler(Exception)
def broken(error: Exception) -> ResponseReturnValue:
    """Never a page: a script reads this. What went wrong is logged without what it was about."""
    if isinstance(error, HTTPException):
        return error if error.code is not None and error.code < 400 else refused(error.code or 500, "refused")
    logger().error("unforeseen error", error_type=type(error).__name__, endpoint=request.endpoint)
    if current_app.config.get("RAISE_UNFORESEEN"):
        raise error
    return refused(500, "broken")


def shown_token() -> Held | None:
    shown = request.headers.get("Authorization", "")
    token = shown.removeprefix(SCHEME)
    if token == shown or not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    return find_token(db.session, token, utc_now())


def is_of_our_script() -> bool:
    """A header that makes a browser ask first, and the browser's own word on where the request comes from."""
    if request.headers.get("X-Outbox") != "1" or request.mimetype != "application/json":
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin in own_origins()


def own_origins() -> set[str]:
    public_url: str | None = current_app.extensions["diem_tua_config"].public_url
    here = urlsplit(request.host_url)
    return {f"{here.scheme}://{here.netloc}", *([public_url] if public_url else [])}


def report() -> Report:
    """What the phone says of itself; what cannot be understood it has not said."""
    count, _, since = request.headers.get("X-Outbox-Waiting", "").partition(";")
    waiting = int(count) if count.isascii() and count.isdigit() and len(count) < 7 else None
    return Report(
        sent_at=instant(request.headers.get("X-Outbox-Clock", "")),
        waiting=None if waiting is None else min(waiting, MOST_WAITING),
        waiting_since=instant(since.strip()),
    )


def instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.utcoffset() is not None else None
    except (ValueError, OverflowError):
        return None


def not_let_in(held: Held | None) -> Response:
    """The same for whatever is wrong, but for a token that was revoked: that phone has to forget its list."""
    response = jsonify(revoked=held is not None and held.is_revoked)
    response.status_code = 401
    return response


def not_taken(refusal: Refusal) -> Response:
    if refusal.code == "token_ended":
        return not_let_in(shown_token())
    if refusal.code == "too_many_entries":
        response = jsonify(wait_seconds=refusal.facts["wait_seconds"])
        response.status_code = 429
        response.headers["Retry-After"] = str(refusal.facts["wait_seconds"])
        return response
    return refused(400, "no_entry")


def refused(status: int, code: str) -> Response:
    response = jsonify(error=code)
    response.status_code = status
    return response
