"""Nobody sees a traceback: a page in plain words, and a log line with an id and no personal data."""

from __future__ import annotations

import secrets
import traceback

import structlog
from flask import Flask, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

SHOWN = (400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(Exception, show_unforeseen)


def show(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if error.response is not None and code < 400:
        return error.response
    return page(code if code in SHOWN else 500 if code >= 500 else 400, is_token=isinstance(error, CSRFError)), code


def show_unforeseen(error: Exception) -> ResponseReturnValue:
    """Log where it happened, never what the message says: messages of libraries carry values."""
    error_id = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "counseling" in frame.filename] or list(frames)
    where = f"{ours[-1].filename.rpartition('counseling/')[2]}:{ours[-1].lineno}" if ours else "?"
    structlog.get_logger().error(
        "unforeseen error",
        error_id=error_id,
        error_type=type(error).__name__,
        where=where,
        endpoint=request.endpoint,
        method=request.method,
    )
    if current_app.config.get("RAISE_UNFORESEEN"):
        raise error
    return _page_in_any_case(error_id), 500


def _page_in_any_case(error_id: str) -> str:
    """With the reader's language where that can be had: what has just failed may be asked for once more by the page."""
    try:
        return page(500, error_id)
    except Exception:
        g.viewer = None
        return page(500, error_id)


def page(code: int, error_id: str | None = None, *, is_token: bool = False) -> str:
    """The page of an error. `is_token`: a form of another session, on a station's device most likely a colleague's."""
    if "viewer" not in g:
        g.viewer = None
    name = "errors/_fragment.html" if "HX-Request" in request.headers else "errors/error.html"
    of_colleague = is_token and g.viewer is not None and g.viewer.device_site_id is not None
    return render_template(name, code=code, error_id=error_id, of_colleague=of_colleague)
