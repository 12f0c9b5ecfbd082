"""People in treatment: find, register, read and keep their files; cards. Outside the reader's scope all is 404."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("patients", __name__, url_prefix="/patients")

from counseling.routes.patients import (  # noqa: E402 - they need bp
    agreements,
    cards,
    changing,
    file,
    finding,
    hiv,
    numbers,
    registering,
    text_choices,
    treatment,
)

__all__ = [
    "agreements", "bp", "cards", "changing", "file", "finding", "hiv", "numbers", "registering", "text_choices",
    "treatment",
]  # fmt: skip
