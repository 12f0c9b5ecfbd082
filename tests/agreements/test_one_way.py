"""Where texts may go out by a way that carries nothing back, the desk says how to stop: the text says it in vain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from sqlalchemy.orm import Session

from counseling.config import Config
from counseling.database import writing
from counseling.models.channels import SmsChannel, SmsRoute
from tests.agreements.story import NUMBER
from tests.support.cast import Cast, sign_in
from tests.support.files import registered
from tests.support.gateways import with_gateways
from tests.support.settings import MORNING

SAID = "người này nhắn NGUNG thì không về đến đây"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance")


@pytest.fixture
def desk(app: Flask, session: Session, cast: Cast, start_clock_at: Callable[..., None]) -> FlaskClient:
    start_clock_at(MORNING)
    client = app.test_client()
    sign_in(client, "dispenser")
    return client


def routed(session: Session, kind: str, gateway: str, fallback: str | None) -> None:
    with writing(session) as tx:
        tx.execute(insert(SmsChannel).values(gateway="twilio", error_streak=0, is_one_way=True))
        tx.execute(insert(SmsRoute).values(kind=kind, gateway=gateway, fallback=fallback))


@pytest.mark.parametrize("kind", ["answers", "reminders"])
@pytest.mark.parametrize(("gateway", "fallback"), [("twilio", None), ("smsgate", "twilio")])
def test_the_desk_is_told_to_say_how_to_stop(
    session: Session, cast: Cast, desk: FlaskClient, kind: str, gateway: str, fallback: str | None
) -> None:
    ref = registered(session, cast, phone=NUMBER)
    assert SAID not in desk.get(f"/patients/{ref}/agreements").text
    routed(session, kind, gateway, fallback)
    assert SAID in desk.get(f"/patients/{ref}/agreements").text


def test_nothing_is_said_of_a_way_that_texts_do_not_take(session: Session, cast: Cast, desk: FlaskClient) -> None:
    ref = registered(session, cast, phone=NUMBER)
    routed(session, "answers", "smsgate", None)
    assert SAID not in desk.get(f"/patients/{ref}/agreements").text
