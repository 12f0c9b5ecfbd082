"""An uploaded register never lies in a temporary file."""

from __future__ import annotations

import tempfile
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, request

from counseling.permissions import public


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them, and a sample of the pages, on both."""
    return sqlite_url


def test_a_large_upload_stays_in_memory(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a temporary file")

    for name in ("TemporaryFile", "SpooledTemporaryFile", "NamedTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
        monkeypatch.setattr(f"werkzeug.formparser.{name}", refuse, raising=False)
    app.config["WTF_CSRF_ENABLED"] = False

    @public
    def length() -> str:
        return str(len(request.files["file"].read()))

    app.add_url_rule("/length", "length", length, methods=["POST"])
    answer = app.test_client().post("/length", data={"file": (BytesIO(b"x" * 3_000_000), "sổ.xlsx")})
    assert answer.text == "3000000"
