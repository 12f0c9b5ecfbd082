"""Texts of a site: the inbox where staff answer, and the queue of what goes out."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("messages", __name__, url_prefix="/messages")
