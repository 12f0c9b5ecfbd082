"""A page in plain words whatever has failed, also what the page itself would ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from tests.support.cast import Cast, sign_in
from tests.support.settings import MORNING

WORDS = "Có trục trặc trong hệ thống"


@pytest.fixture
def admin(app: Flask, client: FlaskClient, cast: Cast, start_clock_at: Callable[..., None]) -> FlaskClient:
    app.config["PROPAGATE_EXCEPTIONS"] = False  # as a server has it: what leaves the application is a bare line
    start_clock_at(MORNING)
    sign_in(client, "admin")
    return client


def away(*_: object, **__: object) -> NoReturn:
    raise OperationalError("SELECT 1", {}, Exception("canary"))


@pytest.mark.parametrize("path", ["/", "/admin/channels", "/no-such-page"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_whoever_is_signed_in_reads_plain_words_while_the_database_is_away(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(Session, "execute", away)
    monkeypatch.setattr(Session, "connection", away)
    answer = admin.get(path, headers=headers)
    assert answer.status_code == 500
    assert WORDS in answer.text
    assert "Mã sự cố" in answer.text
    assert "canary" not in answer.text


def test_a_page_of_an_error_that_fails_over_its_reader_comes_without_one(
    app: Flask, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asks_for_the_reader() -> dict[str, object]:
        return {} if g.get("viewer") is None else away()

    monkeypatch.setattr("counseling.queries.channels.list_channels", away)
    app.template_context_processors[None].append(asks_for_the_reader)
    answer = admin.get("/admin/channels")
    assert answer.status_code == 500
    assert WORDS in answer.text
