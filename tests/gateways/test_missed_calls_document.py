"""docs/missed-calls.md says how a phone reports a missed call: what stands there is run and worked out."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.clock import utc_now
from counseling.config import Config
from counseling.models.texts import InboundMessage
from counseling.sms.smsgate_events import MISSED_CALL
from tests.support.fake_phone import SIGNING_KEY
from tests.support.gateways import PUBLIC_URL, with_gateways
from tests.support.server import ROOT

DOCUMENT = (ROOT / "docs" / "missed-calls.md").read_text(encoding="utf-8")
NUMBER = "+84912000077"
SAYS_WHAT_IT_IS_GIVEN = 'curl() { printf "%s\\n" "$@"; }\n'


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance", SMSGATE_SIGNING_KEY=key_of(DOCUMENT))


def key_of(document: str) -> str:
    found = re.search(r"With the key `([^`]+)`", document)
    assert found is not None
    return found.group(1)


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)\n```", DOCUMENT, re.DOTALL)
    assert found is not None
    return found.group(1)


def kinds(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(InboundMessage.kind)))


def test_the_example_of_the_document_is_taken_and_a_wrong_one_is_not(
    session: Session, client: FlaskClient, start_clock_at: Callable[..., None]
) -> None:
    body = block("json")
    found = re.search(r"the timestamp `([0-9]+)`", DOCUMENT)
    assert found is not None and MISSED_CALL in body
    timestamp, signature = found.group(1), block("text")
    start_clock_at(datetime.fromtimestamp(int(timestamp), UTC))
    headers = {"X-Timestamp": timestamp, "X-Signature": signature}
    assert client.post("/sms/smsgate", data=body + "\n", headers=headers).status_code == 403, "a line break too many"
    assert kinds(session) == []
    for _ in range(2):
        assert client.post("/sms/smsgate", data=body, headers=headers).status_code == 200
    assert kinds(session) == ["missed_call"]


def test_the_script_of_the_document_is_taken(session: Session, client: FlaskClient) -> None:
    environment = {**os.environ, "PUBLIC_URL": PUBLIC_URL, "SMSGATE_SIGNING_KEY": key_of(DOCUMENT)}
    script = SAYS_WHAT_IT_IS_GIVEN + block("sh")
    ran = subprocess.run(
        ["sh", "-c", script, "sh", NUMBER], env=environment, capture_output=True, text=True, check=True
    )
    given = ran.stdout.splitlines()
    headers = dict(line.split(": ", 1) for line in given if line.startswith("X-"))
    body = given[given.index("--data-binary") + 1]
    assert given[-1] == f"{PUBLIC_URL}/sms/smsgate"
    assert abs(utc_now().timestamp() - int(headers["X-Timestamp"])) < 300
    assert client.post("/sms/smsgate", data=body, headers=headers).status_code == 200
    assert kinds(session) == ["missed_call"]
    assert SIGNING_KEY not in DOCUMENT
