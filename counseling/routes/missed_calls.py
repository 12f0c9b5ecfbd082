"""Nháy máy, noted by hand: the last digits on the site's phone, the person among those who match, a call-back task."""

from __future__ import annotations

import secrets

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.missed_calls import FEWEST_DIGITS, MOST_DIGITS, find_by_digits
from counseling.refs import new_request_key
from counseling.routes.patients.parts import key_of, me, zone
from counseling.routes.viewing import note_view
from counseling.services.missed_calls import note_missed_call

bp = Blueprint("missed_calls", __name__, url_prefix="/messages/missed-calls")
WHOLE_NUMBER = 10  # digits


@bp.get("/")
@requires(Permission.ANSWER_MESSAGES)
def index() -> ResponseReturnValue:
    return render_template("pages/messages/missed_call.html", digits="", matches=None)


@bp.post("/find")
@requires(Permission.ANSWER_MESSAGES)
def find() -> ResponseReturnValue:
    """People whose number ends so; by POST, because digits of a number are in no address."""
    digits = typed_digits()
    if digits is None:
        return render_template(
            "pages/messages/missed_call.html", digits=request.form.get("digits", "")[:20], matches=None, wrong=True
        ), 422
    matches = find_by_digits(db.session, g.viewer, digits)
    note_view("messages.missed_call", [match.patient_id for match in matches])
    key = new_request_key()
    return render_template("pages/messages/missed_call.html", digits=digits, matches=matches, request_key=key)


@bp.post("/")
@requires(Permission.ANSWER_MESSAGES)
def note() -> ResponseReturnValue:
    key, digits, ref = key_of(request.form.get("request_key")), typed_digits(), request.form.get("ref", "")
    matches = find_by_digits(db.session, g.viewer, digits) if digits else []
    found = next((match for match in matches if match.named.ref == ref), None)
    if found is None:
        abort(404)
    try:
        note_missed_call(
            db.session, found.patient_id, str(g.viewer.side), g.viewer.site_id, found.number, by=me(),
            request_key=key, now=utc_now(), zone=zone(), dice=secrets.SystemRandom(),
        )  # fmt: skip
    except Refusal:  # the key of another person's page
        abort(400)
    flash(gettext("Đã ghi cuộc nháy máy của %(name)s. Việc gọi lại nằm trong danh sách việc.", name=found.named.name),
          "done")  # fmt: skip
    return redirect(url_for("messages.index"), 303)


def typed_digits() -> str | None:
    """The last digits of a number, as many as tell people apart; None for anything else.

    A whole number loses its country or its leading 0, so that it ends as it is kept.
    """
    typed = "".join(char for char in request.form.get("digits", "")[:40] if char not in " .-+()")
    if len(typed) >= WHOLE_NUMBER:
        typed = typed.removeprefix("84").lstrip("0")
    is_right = typed.isascii() and typed.isdigit() and FEWEST_DIGITS <= len(typed) <= MOST_DIGITS
    return typed if is_right else None
