"""A phone that takes every text while none arrives: said of the phone, and not of people's numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from counseling import clock
from counseling.config import Config
from counseling.database import writing
from counseling.domain.channels import FAILS_AFTER
from counseling.models.channels import SmsChannel
from counseling.models.texts import PhoneLine
from counseling.queries.channels import FAILING, WORKS, list_channels
from counseling.services.channel_settings import start_channel
from counseling.services.receipts import apply_receipt
from counseling.services.test_texts import ask_test, send_tests
from counseling.sms.gateways import Gateways
from counseling.sms.smsgate import SmsGate
from counseling.sms.twilio_events import read_status
from tests.support.cast import Cast, sign_in
from tests.support.fake_phone import FakePhone, running_phone
from tests.support.gateways import sid_of, twilio_status, with_gateways
from tests.support.outbox import EIGHT, FakeProvider, a_line, message, queued, send

NO_MONEY = "RESULT_ERROR_GENERIC_FAILURE"
TESTED = "+84912345678"


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance")


@pytest.fixture(autouse=True)
def at_eight(app: Flask, cast: Cast, start_clock_at: Callable[..., None]) -> None:
    start_clock_at(EIGHT)


def taken(session: Session, line_id: int | None = None) -> Any:
    """A text that the phone has taken."""
    provider = FakeProvider()
    provider.name = "smsgate"
    message_id = queued(session, line_id or a_line(session), wording="help")
    send(session, provider)
    return message(session, message_id)


def told(session: Session, text: Any, word: str, reason: str | None = None) -> None:
    apply_receipt(session, f"{text.ref}:{word}", text.ref, word, reason, EIGHT)


def fail(session: Session, times: int, reason: str | None = "temporary") -> list[int]:
    """Texts to so many numbers that do not arrive; gives the lines."""
    texts = [taken(session) for _ in range(times)]
    for text in texts:
        told(session, text, "failed", reason)
    return [text.line_id for text in texts]


def state(session: Session) -> str:
    session.rollback()
    return list_channels(session, ["smsgate"], EIGHT)[0].state


def counted(session: Session, lines: list[int]) -> list[int]:
    session.rollback()
    found = {
        row.id: row.temporary_failures for row in session.execute(select(PhoneLine.id, PhoneLine.temporary_failures))
    }
    return [found[line] for line in lines]


def test_a_phone_without_money_is_said_to_fail_and_the_numbers_are_not_blamed(
    session: Session, client: FlaskClient
) -> None:
    """Over HTTP both ways: the phone takes each text, and reports each as failed."""
    with running_phone(clock.utc_now) as phone:
        gateway = SmsGate(phone.account, "https://tua.example.org/sms/smsgate", clock.utc_now)
        gateway.attach()
        lines = [a_line(session) for _ in range(FAILS_AFTER + 3)]
        for line in lines:
            queued(session, line, wording="help")
        send(session, gateway)
        phone.deliver(failing=NO_MONEY, leaves=False)
        assert phone.report(poster(client)) == 0
        assert state(session) == FAILING
        assert counted(session, lines) == [1] * (FAILS_AFTER - 1) + [0] * 4, "the first ones could be dead"
        arrives(session, client, phone, gateway)
    assert state(session) == WORKS


def arrives(session: Session, client: FlaskClient, phone: FakePhone, gateway: SmsGate) -> None:
    queued(session, a_line(session), wording="help")
    send(session, gateway)
    phone.deliver()
    assert phone.report(poster(client)) == 0


def poster(client: FlaskClient) -> Callable[..., int]:
    return lambda report, headers: client.post("/sms/smsgate", data=report.body, headers=headers).status_code


def test_one_number_that_is_dead_is_not_the_phones_fault(session: Session) -> None:
    lines = [a_line(session), a_line(session)]
    for number in range(2 * FAILS_AFTER):
        told(session, taken(session, lines[number % 2]), "failed")
    assert state(session) == WORKS
    assert counted(session, lines) == [FAILS_AFTER, FAILS_AFTER]


@pytest.mark.parametrize("word", ["accepted", "delivered"])
def test_one_text_that_goes_out_in_between_shows_that_the_phone_can(session: Session, word: str) -> None:
    fail(session, FAILS_AFTER - 1)
    told(session, taken(session), word)
    lines = fail(session, FAILS_AFTER - 1)
    assert (state(session), counted(session, lines)) == (WORKS, [1] * len(lines))
    fail(session, 1)
    assert state(session) == FAILING
    told(session, taken(session), word)
    assert state(session) == WORKS
    assert counted(session, fail(session, 1)) == [1]


def test_what_has_left_the_phone_and_does_not_arrive_is_the_numbers(session: Session) -> None:
    """A night's texts to phones that are off: sent one after another, given up one after another."""
    texts = [taken(session) for _ in range(FAILS_AFTER + 1)]
    for word in ("accepted", "failed"):
        for text in texts:
            told(session, text, word)
    assert state(session) == WORKS
    assert counted(session, [text.line_id for text in texts]) == [1] * len(texts)


@pytest.mark.parametrize(("reason", "expected"), [("ours", FAILING), ("temporary", FAILING), ("permanent", WORKS)])
def test_no_signal_speaks_against_the_phone_and_a_number_that_does_not_exist_does_not(
    session: Session, reason: str, expected: str
) -> None:
    fail(session, FAILS_AFTER, reason)
    assert state(session) == expected


def test_a_test_text_that_arrives_shows_that_the_phone_can_again(session: Session, cast: Cast) -> None:
    fail(session, FAILS_AFTER)
    admin, provider = cast.viewer_of("admin"), FakeProvider()
    provider.name = "smsgate"
    ask_test(session, admin, "smsgate", TESTED, request_key="0f" * 16, now=EIGHT)
    send_tests(session, Gateways.of(provider), EIGHT)
    ref = provider.sent[-1].ref
    apply_receipt(session, "test:failed", ref, "failed", "temporary", EIGHT)
    apply_receipt(session, "nobody's", "nobodys", "delivered", None, EIGHT)
    assert state(session) == FAILING
    apply_receipt(session, "test:delivered", ref, "delivered", None, EIGHT)
    assert state(session) == WORKS


def test_whoever_starts_a_channel_again_begins_to_count_anew(session: Session, cast: Cast) -> None:
    fail(session, FAILS_AFTER)
    start_channel(session, cast.viewer_of("admin"), "smsgate", EIGHT)
    assert state(session) == WORKS


def test_while_texts_arrive_nothing_is_written_about_the_phone(session: Session) -> None:
    text, statements = taken(session), list[str]()
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    told(session, text, "delivered")
    about = [statement for statement in statements if "sms_channels" in statement]
    assert len(about) == 1, "read together with whether the report is known"
    assert not any(statement.startswith("UPDATE") for statement in about)


def test_everybody_who_looks_after_the_channels_reads_it(app: Flask, session: Session, client: FlaskClient) -> None:
    sign_in(client, "admin")
    fail(session, FAILS_AFTER - 1)
    pages = ("/admin/", "/admin/sites/1/", "/admin/channels")

    def read() -> tuple[set[bool], bool]:
        said = {"cần người xem" in client.get(page, follow_redirects=True).text for page in pages}
        return said, "nhận tin mà không tin nào đi được" in client.get("/admin/channels").text

    assert read() == ({False}, False)
    fail(session, 1)
    assert read() == ({True}, True)
    page = client.get("/admin/channels").text
    assert all(word in page for word in ("SIM hết tiền", "mất sóng", "Dừng đường này"))
    ready = app.test_client().get("/readyz").get_json()
    assert ready["failing"] == ["smsgate"]
    shown = json.loads(app.test_cli_runner().invoke(args=["queue", "--json"]).output)
    assert [one["state"] for one in shown["channels"]] == ["failing", "works"]
    assert "channel smsgate: failing" in app.test_cli_runner().invoke(args=["queue"]).output


def test_a_channel_that_is_stopped_is_said_to_be_stopped(session: Session) -> None:
    fail(session, FAILS_AFTER)
    with writing(session) as tx:
        tx.execute(SmsChannel.__table__.update().values(stopped_at=EIGHT, stopped_why="by_hand"))  # type: ignore[attr-defined]  # a Core table
    assert state(session) == "stopped"


@pytest.mark.parametrize("word", ["accepted", "scheduled", "queued", "sending"])
def test_what_a_provider_says_before_a_text_has_left_does_not_speak_for_it(word: str) -> None:
    """Or one that takes everything and sends nothing would never be said to fail, and the numbers would be blamed."""
    form = twilio_status(word, "+84912000077", sid_of(1))
    assert read_status(list(form.items()), "ref1", form["AccountSid"]) is None
    form = twilio_status("sent", "+84912000077", sid_of(1))
    assert read_status(list(form.items()), "ref1", form["AccountSid"]) is not None
