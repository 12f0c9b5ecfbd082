"""What the administrator's pages share."""

from __future__ import annotations

from datetime import date
from typing import TypeVar

from flask import abort, current_app
from flask.typing import ResponseReturnValue

from counseling.clock import station_day, utc_now
from counseling.domain.refusal import Refusal
from counseling.routes import errors
from counseling.routes.admin import bp

T = TypeVar("T")
WORDS = "pages/admin/_words.html"


def found(row: T | None) -> T:
    """The row, or the page that says that there is none."""
    if row is None:
        abort(404)
    return row


def today() -> date:
    return station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)


@bp.errorhandler(Refusal)
def not_any_more(refusal: Refusal) -> ResponseReturnValue:
    """What no page expects: the administrator lost the role, or the row went away, while the request was on its way."""
    code = 403 if refusal.code == "not_administrator" else 409
    return errors.page(code), code
