"""A zero byte is in no text that somebody types. PostgreSQL keeps none and would answer with an error of its driver."""

from __future__ import annotations

from flask import Flask, abort, request

ZERO = "\x00"


def init_app(app: Flask) -> None:
    app.before_request(refuse)


def refuse() -> None:
    """400 for a request with a zero byte in its address or form. Runs after the doorkeeper, who knows who is asking."""
    if request.blueprint == "gateways":
        return  # their raw bytes are verified first, and a form that is read here is not raw any more
    sent = (request.args, request.form)
    in_fields = any(ZERO in text for fields in sent for texts in fields.listvalues() for text in texts)
    if in_fields or ZERO in request.path:
        abort(400)
