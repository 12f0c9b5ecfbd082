"""Vietnamese is the source of every text; English is a complete translation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, g, has_request_context, session
from flask_babel import Babel, get_translations

LOCALES = ("vi", "en")
TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"


def init_app(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    app.config["BABEL_DEFAULT_LOCALE"] = "vi"
    config = app.extensions["diem_tua_config"]
    Babel(app, locale_selector=current_locale, timezone_selector=lambda: str(config.timezone))
    # Flask-Babel finds out the language again for each sentence of a page: a twentieth of what the list of today took.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's i18n extension
        lambda sentence: _sentences().ugettext(sentence),
        lambda one, many, number: _sentences().ungettext(one, many, number),
        newstyle=True,
    )


def _sentences() -> Any:
    """The sentences of this request's language, which does not change while it is answered."""
    if "sentences" not in g:
        g.sentences = get_translations()
    return g.sentences


def current_locale() -> str:
    """The language of whoever is signed in, else the one chosen in this browser, else Vietnamese."""
    if not has_request_context():
        return "vi"
    viewer = g.get("viewer")
    chosen = viewer.locale if viewer else session.get("locale")
    return chosen if chosen in LOCALES else "vi"
