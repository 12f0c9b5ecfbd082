"""What gateways report: signed or refused, kept once, and believed only as far as the states allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling import clock
from counseling.config import Config
from counseling.database import vault_of, writing
from counseling.models.channels import SmsChannel
from counseling.models.texts import DeliveryReceipt, InboundMessage, PhoneLine
from counseling.services.channel_care import care_for_channels
from counseling.services.channel_settings import ask_attach, start_channel
from counseling.services.sms_consents import start_texts_of_line
from counseling.services.worker_beats import beat
from counseling.sms.gateways import Gateways
from counseling.sms.smsgate import SmsGate
from tests.support.cast import Cast
from tests.support.fake_phone import MOST_TRIES, FakePhone, Report, running_phone, signed
from tests.support.gateways import PUBLIC_URL, sid_of, twilio_signed, twilio_status, twilio_text, with_gateways
from tests.support.outbox import EIGHT, FakeProvider, a_line, message, queued, send

NUMBER = "+84912000077"


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance")


@pytest.fixture(autouse=True)
def at_eight(app: Flask, start_clock_at: Callable[..., None]) -> None:
    start_clock_at(EIGHT)


@pytest.fixture
def phone(client: FlaskClient) -> FakePhone:
    """A phone that is attached already; its reports go straight to the application."""
    phone = FakePhone(clock.utc_now)
    phone.webhooks = dict.fromkeys(("sms:received", "sms:sent", "sms:delivered", "sms:failed"), "here")
    return phone


def poster(client: FlaskClient) -> Callable[[Report, dict[str, str]], int]:
    return lambda report, headers: client.post("/sms/smsgate", data=report.body, headers=headers).status_code


def event(client: FlaskClient, name: str, payload: dict[str, Any], key: str = "event-x") -> TestResponse:
    body = json.dumps({"id": key, "event": name, "payload": payload}).encode()
    return client.post("/sms/smsgate", data=body, headers=signed(body, clock.utc_now()))


def twilio(client: FlaskClient, path: str, form: dict[str, str]) -> TestResponse:
    body, headers = twilio_signed(path, form)
    return client.post(path, data=body, headers=headers)


def stored(session: Session) -> list[tuple[str, str | None]]:
    """Kind and words of everything that came in."""
    session.rollback()
    rows = session.execute(select(InboundMessage).order_by(InboundMessage.id)).scalars().all()
    return [(row.kind, vault_of(session).open("inbound_messages.body", row.ref, row.body)) for row in rows]


def handed_over(session: Session, gateway: Any) -> Any:
    """A text that this gateway has taken."""
    message_id = queued(session, a_line(session))
    send(session, gateway)
    return message(session, message_id)


def an_accepted_text(session: Session, name: str = "smsgate") -> Any:
    provider = FakeProvider()
    provider.name = name
    return handed_over(session, provider)


def test_a_text_on_the_phone_is_kept_once_however_often_it_is_reported(
    session: Session, client: FlaskClient, phone: FakePhone
) -> None:
    phone.receive(NUMBER, "1")
    phone.receive(NUMBER, "Dạ em tới ạ 🙂", old_version=True)
    assert phone.report(poster(client)) == 0
    for report in phone.reports:  # the phone did not hear our 200
        report.delivered = False
    assert phone.report(poster(client)) == 0
    assert stored(session) == [("text", "1"), ("text", "Dạ em tới ạ 🙂")]


def test_the_same_text_under_a_second_event_is_the_same_text(
    session: Session, client: FlaskClient, phone: FakePhone
) -> None:
    """As after an export of the inbox, and as some versions do by themselves. The same words later are another text."""
    phone.receive(NUMBER, "1")
    phone._export({"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"})
    phone.now = lambda: EIGHT + timedelta(seconds=20)
    phone.receive(NUMBER, "1")
    assert phone.report(poster(client)) == 0
    assert stored(session) == [("text", "1"), ("text", "1")]


def test_what_the_phone_gave_up_on_while_nobody_answered_comes_in_after_all(
    session: Session, cast: Cast, client: FlaskClient, start_clock_at: Callable[..., None]
) -> None:
    """Away for three days: the phone's tries are over by then, and the real adapter asks for its inbox over HTTP."""
    posts, back = list[int](), EIGHT + timedelta(days=3)

    def nobody(*_: object) -> int:
        posts.append(1)
        return 0

    with running_phone(clock.utc_now) as phone:
        gateway = SmsGate(phone.account, f"{PUBLIC_URL}/sms/smsgate", clock.utc_now)
        ask_attach(session, cast.viewer_of("admin"), SmsGate.name, EIGHT)
        care_for_channels(session, Gateways.of(gateway), EIGHT)
        phone.receive(NUMBER, "em ban viec")
        for _ in range(MOST_TRIES + 5):
            assert phone.report(nobody) == 1
        assert len(posts) == MOST_TRIES
        start_clock_at(back)
        beat(session, EIGHT)
        care_for_channels(session, Gateways.of(gateway), back)
        assert stored(session) == [], "the phone sends it by and by"
        assert phone.report(poster(client)) == 1, "of the first report nothing comes any more"
        assert [tries.tries for tries in phone.reports] == [MOST_TRIES, 1]
        assert stored(session) == [("text", "em ban viec")]
        beat(session, back)
        care_for_channels(session, Gateways.of(gateway), back + timedelta(minutes=1))
        assert len(phone.exported) == 1
        assert datetime.fromisoformat(phone.exported[0]["since"]) < EIGHT
        assert datetime.fromisoformat(phone.exported[0]["until"]) == back


def test_a_missed_call_is_kept_as_one(session: Session, client: FlaskClient) -> None:
    payload = {"sender": NUMBER, "receivedAt": EIGHT.isoformat()}
    for key in ("call-1", "call-1", "call-2"):
        assert event(client, "call:missed", payload, key).status_code == 200
    assert stored(session) == [("missed_call", "")]


@pytest.mark.parametrize("words", ["", "a" * 2_000, "🙂" * 500, "\x00", "\ud800"])
def test_no_words_break_it(session: Session, client: FlaskClient, words: str) -> None:
    assert event(client, "sms:received", {"sender": "VIETTEL", "message": words}).status_code == 200
    assert len(stored(session)) == 1


def test_receipts_come_in_any_order_and_a_final_state_stays(session: Session, cast: Cast, client: FlaskClient) -> None:
    text = an_accepted_text(session)
    for number, name in enumerate(("sms:delivered", "sms:sent", "sms:failed", "sms:delivered")):
        assert event(client, name, {"messageId": text.ref}, f"event-{number}").status_code == 200
    assert message(session, text.id).state == "delivered"
    assert session.execute(select(func.count(DeliveryReceipt.id))).scalar_one() == 4


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("RESULT_ERROR_GENERIC_FAILURE", "temporary"),
        ("", "temporary"),
        ("TTL expired", "ours"),
        ("RESULT_ERROR_RADIO_OFF", "ours"),
        ("RESULT_ERROR_NO_SERVICE", "ours"),
        ("RESULT_ERROR_SHORT_CODE_NOT_ALLOWED", "ours"),
    ],
)
def test_what_our_own_phone_could_not_do_is_not_the_numbers(
    session: Session, cast: Cast, client: FlaskClient, said: str, reason: str
) -> None:
    text = an_accepted_text(session)
    assert event(client, "sms:failed", {"messageId": text.ref, "reason": said}).status_code == 200
    assert message(session, text.id).reason == reason
    failures = session.execute(select(PhoneLine.temporary_failures).where(PhoneLine.id == text.line_id)).scalar_one()
    assert failures == (reason == "temporary")


def test_a_receipt_for_a_text_that_we_do_not_know_is_taken_and_does_nothing(
    session: Session, client: FlaskClient
) -> None:
    assert event(client, "sms:delivered", {"messageId": "not-ours"}).status_code == 200
    assert session.execute(select(func.count(DeliveryReceipt.id))).scalar_one() == 0


def test_a_long_text_that_is_reported_part_by_part_is_one_text(
    session: Session, cast: Cast, client: FlaskClient, phone: FakePhone
) -> None:
    message_id = queued(session, a_line(session), body="Nhac viec. " * 40)
    provider = FakeProvider()
    send(session, provider)
    phone._keep(
        {"id": message(session, message_id).ref, "textMessage": {"text": "Nhac viec. " * 40},
         "phoneNumbers": [NUMBER], "ttl": 60, "withDeliveryReport": True}
    )  # fmt: skip
    phone.deliver()
    assert len(phone.reports) == 6
    assert phone.report(poster(client)) == 0
    assert message(session, message_id).state == "delivered"


def test_what_is_not_signed_by_the_phone_is_refused(session: Session, client: FlaskClient) -> None:
    body = json.dumps({"id": "x", "event": "sms:received", "payload": {"sender": NUMBER, "message": "NGUNG"}}).encode()
    good = signed(body, EIGHT)
    wrong: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body + b" ", good),
        (body, {**good, "X-Signature": good["X-Signature"].upper()}),
        (body, {**good, "X-Signature": ""}),
        (body, signed(body, EIGHT, key="another-signing-key")),
        (body, signed(body, EIGHT - timedelta(minutes=6))),  # recorded and played again
        (body, signed(body, EIGHT + timedelta(minutes=6))),
        (body, {**good, "X-Timestamp": good["X-Timestamp"] + "0"}),
        (body, {**good, "X-Timestamp": "٣" * 10}),
    ]
    for sent, headers in wrong:
        headers = {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
        assert client.post("/sms/smsgate", data=sent, headers=headers).status_code == 403, headers
    assert stored(session) == []
    assert client.post("/sms/smsgate", data=body, headers=good).status_code == 200


def test_what_is_signed_and_makes_no_sense_is_let_go(session: Session, client: FlaskClient) -> None:
    for body in (b"", b"[]", b"\xff\xfe\x00", b'{"id":1}', b"[" * 10_000, b'{"id":"x","event":"sms:received"}',
                 b'{"id":"x","event":"sms:received","payload":{"sender":1,"message":2}}'):  # fmt: skip
        assert client.post("/sms/smsgate", data=body, headers=signed(body, EIGHT)).status_code == 200
    assert stored(session) == []


def test_what_is_larger_than_a_report_is_refused_unread(session: Session, client: FlaskClient) -> None:
    body = b"x" * (16 * 1024 + 1)
    assert client.post("/sms/smsgate", data=body, headers=signed(body, EIGHT)).status_code == 413
    form = {**twilio_text(NUMBER, "y" * 17_000, sid_of(1))}
    assert twilio(client, "/sms/twilio/inbound", form).status_code == 413


def test_twilios_text_is_kept_once_and_answered_with_nothing_to_do(session: Session, client: FlaskClient) -> None:
    for _ in range(2):
        answer = twilio(client, "/sms/twilio/inbound", twilio_text(NUMBER, "Dạ +1 & 2 ạ", sid_of(1)))
        assert (answer.status_code, answer.mimetype, "<Response/>" in answer.text) == (200, "text/xml", True)
    assert stored(session) == [("text", "Dạ +1 & 2 ạ")]


def test_twilios_signature_is_over_the_public_address_whatever_a_proxy_says(
    session: Session, client: FlaskClient
) -> None:
    body, headers = twilio_signed("/sms/twilio/inbound", twilio_text(NUMBER, "1", sid_of(2)))
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Host": "10.0.0.1:8000"}
    answer = client.post("/sms/twilio/inbound", data=body, headers={**headers, **forwarded})
    assert answer.status_code == 200
    assert len(stored(session)) == 1


def test_another_cut_of_the_same_letters_is_not_what_twilio_has_said(session: Session, client: FlaskClient) -> None:
    """Twilio signs names and values run together: each of these has a right signature."""
    form = twilio_text(NUMBER, "xin chao", sid_of(3))
    body, headers = twilio_signed("/sms/twilio/inbound", form)
    cuts = (("Body", "Bod", "yxin chao"), ("Body", "Bodyxin", " chao"), ("From", "From+", NUMBER[1:]))
    for whole, name, cut in (*cuts, ("FromCountry", "FromCountr", "yVN")):
        forged = {key: value for key, value in form.items() if key != whole}
        forged[name] = cut
        body, same = twilio_signed("/sms/twilio/inbound", forged)
        assert same["X-Twilio-Signature"] == headers["X-Twilio-Signature"]
        assert client.post("/sms/twilio/inbound", data=body, headers=same).status_code == 200  # signed, and let go
    doubled = body + b"&Body=NGUNG"
    assert client.post("/sms/twilio/inbound", data=doubled, headers=headers).status_code == 403
    assert stored(session) == []


def test_twilios_word_moves_the_text_that_stands_in_the_address(
    session: Session, cast: Cast, client: FlaskClient
) -> None:
    text = an_accepted_text(session, "twilio")
    path = f"/sms/twilio/status?ref={text.ref}"
    for number, status in enumerate(("sent", "undelivered", "delivered", "undelivered")):
        code = 30003 if status == "undelivered" else None
        form = twilio_status(status, NUMBER, sid_of(4 + number), code)
        assert twilio(client, path, form).status_code == 200
    row = message(session, text.id)
    assert (row.state, row.reason) == ("failed", "temporary")
    body, headers = twilio_signed(path, twilio_status("delivered", NUMBER, sid_of(9)))
    assert client.post("/sms/twilio/status?ref=another", data=body, headers=headers).status_code == 403


def test_an_opt_out_at_twilio_is_one_here(session: Session, cast: Cast, client: FlaskClient) -> None:
    text = an_accepted_text(session, "twilio")
    form = twilio_status("failed", NUMBER, sid_of(5), 21610)
    assert twilio(client, f"/sms/twilio/status?ref={text.ref}", form).status_code == 200
    session.rollback()
    line = session.execute(select(PhoneLine).where(PhoneLine.id == text.line_id)).scalar_one()
    assert line.opted_out_at is not None
    assert message(session, text.id).reason == "permanent"


def test_a_suspended_account_stops_the_channel(session: Session, cast: Cast, client: FlaskClient) -> None:
    text = an_accepted_text(session, "twilio")
    form = twilio_status("failed", NUMBER, sid_of(6), 30002)
    assert twilio(client, f"/sms/twilio/status?ref={text.ref}", form).status_code == 200
    session.rollback()
    channel = session.execute(select(SmsChannel).where(SmsChannel.gateway == "twilio")).scalar_one()
    assert channel.stopped_why == "account"
    row = message(session, text.id)
    assert (row.state, row.reason) == ("failed", "ours")


def test_whoever_reports_is_heard_of(session: Session, client: FlaskClient) -> None:
    event(client, "sms:something-new", {})
    assert session.execute(select(SmsChannel.heard_at).where(SmsChannel.gateway == SmsGate.name)).scalar() is not None


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("muon chet \ud83d", EIGHT.isoformat()),  # half an emoji
        ("muon chet", "0001-01-01T00:00:00+07:00"),
        ("muon chet", "9999-12-31T23:59:59-07:00"),
    ],
)
def test_a_text_is_kept_whatever_the_phone_says_of_it(
    session: Session, client: FlaskClient, words: str, at: str
) -> None:
    assert event(client, "sms:received", {"sender": NUMBER, "message": words, "receivedAt": at}).status_code == 200
    assert session.scalars(select(func.count(InboundMessage.id))).one() == 1


def test_a_call_that_twilio_repeats_stops_nobody_who_has_begun_again_since(
    session: Session, cast: Cast, client: FlaskClient
) -> None:
    text = an_accepted_text(session, "twilio")
    path, later = f"/sms/twilio/status?ref={text.ref}", EIGHT + timedelta(minutes=5)
    form = twilio_status("failed", NUMBER, sid_of(1), 21610)
    assert twilio(client, path, form).status_code == 200
    with writing(session) as tx:
        assert start_texts_of_line(tx, text.line_id, later)
    assert twilio(client, path, form).status_code == 200
    session.rollback()
    assert session.scalars(select(PhoneLine.opted_out_at).where(PhoneLine.id == text.line_id)).one() is None


def test_a_call_that_twilio_repeats_stops_no_channel_that_was_started_again_since(
    session: Session, cast: Cast, client: FlaskClient
) -> None:
    text = an_accepted_text(session, "twilio")
    path, form = f"/sms/twilio/status?ref={text.ref}", twilio_status("failed", NUMBER, sid_of(1), 30002)
    stopped = select(SmsChannel.stopped_why).where(SmsChannel.gateway == "twilio")
    assert twilio(client, path, form).status_code == 200
    session.rollback()
    assert session.scalars(stopped).one() is not None
    session.rollback()
    start_channel(session, cast.viewer_of("admin"), "twilio", EIGHT + timedelta(minutes=5))
    assert twilio(client, path, form).status_code == 200
    session.rollback()
    assert session.scalars(stopped).one() is None
