"""The demo's phones, side by side: what was sent, and a reply typed. Absent outside demo mode."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("simulator", __name__, url_prefix="/simulator")
