"""Numbers and words are seeded, everything that a gateway can do is provoked, and all that was logged is read."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling import clock, logs
from counseling.config import Config
from counseling.database import writing
from counseling.jobs import tick
from counseling.refs import new_request_key
from counseling.services.sending import send_due
from counseling.services.sweeping import LEASE, sweep
from counseling.services.test_texts import ask_test
from counseling.sms import web_calls
from counseling.sms.gateways import Gateways
from counseling.sms.smsgate import SmsGate
from counseling.sms.twilio import Twilio
from tests.replies.story import has_number, texted
from tests.support.cast import TEAM, Cast, post, sign_in
from tests.support.fake_phone import AFTER, BEFORE, Fault, running_phone, signed
from tests.support.files import patient_of, registered
from tests.support.gateways import AUTH_TOKEN, sid_of, twilio_account, twilio_signed, twilio_text, with_gateways
from tests.support.outbox import EIGHT, a_line, nothing_against, queued
from tests.support.reminding import ZONE

TO, FROM, TESTED = "+84998675309", "+84998675310", "+84998675311"
OUT, IN = "Nhac viec canary-ra", "canary-vao em muon gap"
CANARIES = (
    "98675309",
    "98675310",
    "98675311",
    "9867531",
    "998 675",
    "canary",
    "Canary",
    "phone-password",
    "invented-signing-key",
    AUTH_TOKEN,
)
WRONG = (
    None, Fault(BEFORE, 429), Fault(AFTER, 500), Fault(BEFORE, None), Fault(AFTER, None), Fault(BEFORE, 400),
    Fault(BEFORE, 200, OUT.encode()), Fault(AFTER, 202, b"{}", hang_seconds=0.4), Fault(BEFORE, 401),
)  # fmt: skip


FINDS = {"/patients/": "q", "/messages/missed-calls/": "digits"}
VISIT = {
    "version": "visits-1", "team_id": str(TEAM), "community_name": "Anh Canary", "place": "home", "pretext": "club",
    "never_by": "bà canary 0998675312", "agreed": "y",
}  # fmt: skip
VISITS = (VISIT, {**VISIT, "team_id": "canary"})


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance", LOG_LEVEL="DEBUG")


def test_no_log_at_any_level_holds_a_number_or_words(
    app: Flask,
    session: Session,
    cast: Cast,
    start_clock_at: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    postgresql_wrote: Callable[[], str],
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(web_calls, "ANSWER_SECONDS", 0.2)
    logs.set_up("DEBUG")
    logging.getLogger().setLevel(logging.DEBUG)  # as somebody does who looks for a fault
    start_clock_at(EIGHT)
    with running_phone(lambda: EIGHT) as phone:
        texts_go_out(session, phone.account, phone.faults)
    people_work(app, session, cast)
    reports_come_in(app)
    ask_test(session, cast.viewer_of("admin"), "smsgate", TESTED, request_key="0f" * 16, now=EIGHT)
    nowhere = Twilio(twilio_account("http://127.0.0.1:9"), clock.utc_now)
    tick(session, Gateways({"twilio": nowhere}, "twilio"), EIGHT, ZONE, dice=Random(1))
    with pytest.raises(RuntimeError), writing(session):
        raise RuntimeError(f"{TO} {OUT}")
    said = stream.getvalue()
    logs.set_up("INFO")
    assert "a channel was stopped" in said  # it was logged …
    assert "a report was refused" in said
    said += postgresql_wrote()
    for canary in CANARIES:
        assert canary not in said  # … without telling


def texts_go_out(session: Session, account: object, faults: list[Fault | None]) -> None:
    gateway = SmsGate(account, "here", clock.utc_now)  # type: ignore[arg-type]
    line, now = a_line(session, TO), EIGHT
    for wrong in WRONG:
        queued(session, line, body=OUT, now=now, expires_at=now + timedelta(hours=3))
        faults[:] = [wrong]
        send_due(session, gateway, now, ZONE, look_again=nothing_against)
        now += LEASE + timedelta(minutes=1)
        sweep(session, gateway, now, ZONE)


def people_work(app: Flask, session: Session, cast: Cast) -> None:
    """What staff type on the pages of texts and numbers, taken or refused."""
    ref = registered(session, cast, full_name="Canary Văn Đức", phone="0998675312")
    patient_id = patient_of(session, ref)
    has_number(session, patient_id, number=FROM)
    text = texted(session, IN, number=FROM, at=EIGHT)
    client, person, typed = app.test_client(), f"/patients/{ref}/", "0998 675 313"
    sign_in(client, "dispenser")
    asked = {"version": "texts-2", "language": "vi", "pronoun": "anh/chi", "agreed": "y", "how": "aloud"}
    answers = [
        *(sent(client, f"/messages/{text.ref}/answer", body=body) for body in ("Vâng, canary", "Canary Văn Đức ơi")),
        *(sent(client, f"{where}find", **{name: "99867531"}) for where, name in FINDS.items()),
        *(sent(client, f"{person}agreements/texts", **asked, purposes=purpose) for purpose in ("daily", "canary")),
        *(sent(client, f"{person}phones", number=number) for number in (typed, f"{typed} canary 99867531")),
        *(sent(client, f"{person}agreements/visits", **fields) for fields in VISITS),
    ]
    assert [answer.status_code for answer in answers] == [303, 422, 200, 200, 303, 422, 303, 422, 303, 422]
    phones = re.findall(r"/phones/(\w+)/digits", client.get(f"{person}agreements").text)
    assert len(phones) == 2, "the third is good already"
    for phone in phones:
        for act in ("digits", "confirm", "wrong"):
            assert sent(client, f"{person}phones/{phone}/{act}").status_code == 303


def sent(client: FlaskClient, url: str, **fields: object) -> TestResponse:
    return post(client, url, request_key=new_request_key(), **fields)


def reports_come_in(app: Flask) -> None:
    client = app.test_client()
    right = {"id": "x", "event": "sms:received", "payload": {"sender": FROM, "message": IN}}
    for body in (json.dumps(right).encode(), f"{FROM} {IN}".encode(), b"\xff" + IN.encode()):
        for headers in (signed(body, EIGHT), signed(body, EIGHT, key="not the key"), {}):
            client.post("/sms/smsgate", data=body, headers=headers)
    body, headers = twilio_signed("/sms/twilio/inbound", twilio_text(FROM, IN, sid_of(1)))
    for sent in (body, body + b"&Body=canary", body.replace(b"NumMedia", b"canary")):
        client.post("/sms/twilio/inbound", data=sent, headers=headers)
