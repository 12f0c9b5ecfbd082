"""Vietnamese is the source of every text; English is a complete translation."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, g, has_request_context, session
from flask_babel import Babel

LOCALES = ("vi", "en")
TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"


def init_app(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    app.config["BABEL_DEFAULT_LOCALE"] = "vi"
    config = app.extensions["diem_tua_config"]
    Babel(app, locale_selector=current_locale, timezone_selector=lambda: str(config.timezone))


def current_locale() -> str:
    """The language of whoever is signed in, else the one chosen in this browser, else Vietnamese."""
    if not has_request_context():
        return "vi"
    viewer = g.get("viewer")
    chosen = viewer.locale if viewer else session.get("locale")
    return chosen if chosen in LOCALES else "vi"
