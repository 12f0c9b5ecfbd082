"""The administrator's page of channels, and the whole way of a test text there and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session

from counseling.config import Config
from counseling.database import writing
from counseling.domain.channels import FASTEST, TEST_DIES_AFTER
from counseling.domain.message_states import FailureReason
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.channels import SmsChannel, SmsRoute, SmsTest
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.services.channels import stop_channel
from counseling.services.receipts import apply_receipt
from counseling.services.sms_consents import start_texts_of_line, stop_texts_of_line
from counseling.services.test_texts import send_tests
from counseling.sms.gateway import Fault, SmsMisconfigured, SmsOutcomeUnknown, SmsRejected
from counseling.sms.gateways import Gateways
from counseling.sms.smsgate import SmsGate
from tests.support.cast import Cast, post, sign_in
from tests.support.fake_phone import signed
from tests.support.gateways import with_gateways
from tests.support.outbox import EIGHT, FakeProvider, Killed, a_line, message, queued
from tests.support.reminding import ZONE

NUMBER, TYPED = "+84912345678", "0912 345 678"
LATER = EIGHT + TEST_DIES_AFTER + timedelta(minutes=1)
HERE = "đã về lúc"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return with_gateways(database_url, tmp_path / "instance")


@pytest.fixture
def admin(app: Flask, session: Session, cast: Cast, start_clock_at: Callable[..., None]) -> FlaskClient:
    start_clock_at(EIGHT)
    client = app.test_client()
    sign_in(client, "admin")
    return client


def phone() -> FakeProvider:
    gateway = FakeProvider()
    gateway.name, gateway.abilities = "smsgate", SmsGate.abilities
    return gateway


def ask(admin: FlaskClient, number: str = TYPED, gateway: str = "smsgate") -> int:
    page = admin.get("/admin/channels").text
    key = re.findall(r'name="request_key" value="(\w+)"', page)[0]
    fields = {"gateway": gateway, "number": number, "request_key": key}
    return post(admin, "/admin/channels/test", **fields).status_code


def steps(admin: FlaskClient) -> list[str]:
    """The words of the newest test's three steps."""
    part = admin.get("/admin/channels/tests").text
    return [
        re.sub(r"<[^>]+>|\s+", " ", step).strip() for step in re.findall(r'class="why">(.*?)</span></div>', part, re.S)
    ][:3]


def report(app: Flask, name: str, payload: dict[str, str]) -> None:
    body = json.dumps({"id": f"{name}-{payload.get('message')}", "event": name, "payload": payload}).encode()
    assert app.test_client().post("/sms/smsgate", data=body, headers=signed(body, EIGHT)).status_code == 200


def test_a_test_text_is_followed_there_and_back_and_its_number_is_shown_nowhere(
    app: Flask, session: Session, admin: FlaskClient
) -> None:
    gateway = phone()
    assert ask(admin) == 303
    assert ["chờ" in step or "chưa có" in step for step in steps(admin)] == [True] * 3
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    assert [text.number for text in gateway.sent] == [NUMBER]
    assert "đã nhận" in steps(admin)[0]
    report(app, "sms:delivered", {"messageId": gateway.sent[0].ref})
    assert "đã đến" in steps(admin)[1]
    report(app, "sms:received", {"sender": NUMBER, "message": "ok", "receivedAt": EIGHT.isoformat()})
    assert "đã về" in steps(admin)[2]
    page = admin.get("/admin/channels").text
    assert not any(number in page for number in (NUMBER, NUMBER[3:], TYPED, "678"))
    assert session.execute(select(OutboundMessage.id)).first() is None


def test_a_channel_that_carries_nothing_back_says_so_and_waits_for_no_answer(
    session: Session, admin: FlaskClient
) -> None:
    gateway = FakeProvider()
    gateway.name = "twilio"
    assert "Chỉ gửi đi" not in admin.get("/admin/channels").text
    assert ask(admin, gateway="twilio") == 303
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    page = admin.get("/admin/channels").text
    assert "không trả lời được qua đường này" in page
    assert "Trả lời 1…" not in page, "reminders go through the phone"
    part = admin.get("/admin/channels/tests").text
    assert ["1. " in part, "2. " in part, "3. " in part] == [True, False, False]
    fields = {"reminders-gateway": "smsgate", "reminders-fallback": "twilio"}
    assert post(admin, "/admin/channels/routes/reminders", **fields).status_code == 303
    assert "Trả lời 1…" in admin.get("/admin/channels").text
    gateway.abilities = replace(gateway.abilities, two_way=True, receipts=True)
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    assert "Chỉ gửi đi" not in admin.get("/admin/channels").text


NO_WAY_BACK = "Lời nhắn lại như NGUNG không về được"


def test_where_no_answer_comes_back_both_kinds_of_texts_say_how_to_stop_in_vain(
    session: Session, admin: FlaskClient
) -> None:
    """The digits to compare go with the answers, the first text with the reminders."""
    gateway = FakeProvider()
    gateway.name = "twilio"
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    assert NO_WAY_BACK not in admin.get("/admin/channels").text
    for count, kind in enumerate(("answers", "reminders"), start=1):
        fields = {f"{kind}-gateway": "smsgate", f"{kind}-fallback": "twilio"}
        assert post(admin, f"/admin/channels/routes/{kind}", **fields).status_code == 303
        page = admin.get("/admin/channels").text
        assert (page.count(NO_WAY_BACK), page.count("Trả lời 1…")) == (count, count - 1)


def test_a_number_on_the_list_gets_nothing_and_is_shown_nowhere(session: Session, admin: FlaskClient) -> None:
    waiting = [queued(session, a_line(session, NUMBER), wording=wording) for wording in ("missed_yesterday", "crisis")]
    gateway = phone()
    assert "Đang có 0 số" in admin.get("/admin/channels").text
    for _ in range(2):
        assert post(admin, "/admin/channels/denied", **{"denied-number": TYPED}).status_code == 303
    page = admin.get("/admin/channels").text
    assert "Đang có 1 số" in page
    assert not any(number in page for number in (NUMBER, NUMBER[3:], TYPED, "678"))
    assert ask(admin) == 422, "not even a test"
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    assert [(message(session, text).state, message(session, text).reason) for text in waiting] == [
        ("refused", "denied")
    ] * 2
    assert post(admin, "/admin/channels/allowed", **{"denied-number": TYPED}).status_code == 303
    session.rollback()
    said = session.execute(select(AuditEntry.action).where(AuditEntry.subject.like("line:%"))).scalars().all()
    assert said == ["line.denied", "line.allowed"]
    again = queued(session, a_line(session, NUMBER))
    tick(session, gateway, EIGHT, ZONE, dice=Random(1))
    assert message(session, again).state == "accepted"


@pytest.mark.parametrize("number", ["", "abc", "115"])
def test_what_is_no_number_stands_on_no_list(admin: FlaskClient, number: str) -> None:
    answer = post(admin, "/admin/channels/denied", **{"denied-number": number})
    assert (answer.status_code, "Ghi số điện thoại như" in answer.text) == (422, True)


def through(session: Session, gateway: FakeProvider | None = None, now: Any = EIGHT) -> FakeProvider:
    """The gateway to which the test texts that wait were handed."""
    gateway = gateway or phone()
    send_tests(session, Gateways.of(gateway), now)
    return gateway


def failing(error: BaseException) -> FakeProvider:
    """A phone that takes the text, and then says this."""
    gateway = phone()
    gateway.after = error
    return gateway


def test_a_test_text_that_nobody_sends_any_more_does_not_wait(
    session: Session, admin: FlaskClient, start_clock_at: Callable[..., None]
) -> None:
    """As where the work by the clock does not run. The page notices it by itself."""
    assert ask(admin) == 303
    part = admin.get("/admin/channels/tests").text
    seen = re.findall(r"seen=([^\"]*)\"", part)[0]
    assert admin.get(f"/admin/channels/tests?seen={seen}").status_code == 204
    start_clock_at(LATER)
    assert admin.get(f"/admin/channels/tests?seen={seen}").status_code == 200
    assert through(session, now=LATER).sent == []
    assert "không gửi nữa" in steps(admin)[0]


def test_a_test_text_whose_sender_died_has_perhaps_gone(
    session: Session, admin: FlaskClient, start_clock_at: Callable[..., None]
) -> None:
    assert ask(admin) == 303
    gateway = failing(Killed())
    with pytest.raises(Killed):
        through(session, gateway)
    assert steps(admin)[0] == "đang chờ"
    start_clock_at(LATER)
    assert "chưa rõ" in steps(admin)[0]
    apply_receipt(session, "x", gateway.sent[0].ref, "accepted", None, LATER)
    assert "đã nhận lúc" in steps(admin)[0]


def test_a_test_text_of_a_gateway_whose_settings_are_gone_says_so(session: Session, admin: FlaskClient) -> None:
    assert ask(admin, gateway="twilio") == 303
    assert through(session).sent == []
    assert "không còn cài đặt" in steps(admin)[0]
    session.rollback()
    assert session.execute(select(SmsTest.attempt_started_at)).scalar_one() is None


def test_a_number_that_cannot_be_opened_is_said_to_be_shut(session: Session, admin: FlaskClient) -> None:
    assert ask(admin) == 303
    with writing(session) as tx:
        tx.execute(update(PhoneLine).values(number=b"sealed under a key that is gone"))
    assert through(session).sent == []
    assert "không mở được số này" in steps(admin)[0]


def test_a_call_without_an_answer_is_not_clear_until_a_report_proves_that_the_text_was_taken(
    session: Session, admin: FlaskClient
) -> None:
    assert ask(admin) == 303
    gateway = through(session, failing(SmsOutcomeUnknown()))
    assert "chưa rõ" in steps(admin)[0]
    assert "không được" not in steps(admin)[0]
    part = admin.get("/admin/channels/tests").text
    assert 'class="state attention"' in part
    apply_receipt(session, "x", gateway.sent[0].ref, "accepted", None, EIGHT)
    seen = re.findall(r"seen=([^\"]*)\"", part)[0]
    assert admin.get(f"/admin/channels/tests?seen={seen}").status_code == 200, "something has changed"
    apply_receipt(session, "y", gateway.sent[0].ref, "delivered", None, EIGHT)
    assert ["đã nhận lúc" in steps(admin)[0], "đã đến lúc" in steps(admin)[1]] == [True, True]


def test_a_report_that_is_faster_than_the_end_of_the_call_stands(session: Session, admin: FlaskClient) -> None:
    class Slow(FakeProvider):
        def send(self, message: Any) -> None:
            apply_receipt(session, "x", message.ref, "accepted", None, EIGHT)
            raise SmsOutcomeUnknown

    assert ask(admin) == 303
    gateway = Slow()
    gateway.name = "smsgate"
    through(session, gateway)
    assert "đã nhận lúc" in steps(admin)[0]


@pytest.mark.parametrize(
    ("reason", "said"),
    [(FailureReason.OURS, "kiểm tra cài đặt (SIM"), (FailureReason.PERMANENT, "kiểm tra lại số")],
)
def test_a_test_text_that_is_refused_says_what_to_look_at(
    session: Session, admin: FlaskClient, reason: FailureReason, said: str
) -> None:
    assert ask(admin) == 303
    gateway = phone()
    gateway.before = SmsRejected(reason, permanent=True)
    through(session, gateway)
    looked_at = [one for one in ("kiểm tra cài đặt (SIM", "kiểm tra lại số") if one in steps(admin)[0]]
    assert looked_at == [said]


def answer(app: Flask, kind: str = "sms:received", hours: int = 0) -> None:
    """The phone reports something of the tested number, written so many hours ago."""
    written = EIGHT - timedelta(hours=hours)
    report(app, kind, {"sender": NUMBER, "message": "ok", "receivedAt": written.isoformat()})


def test_a_text_that_came_through_another_gateway_is_no_way_back_of_this_one(
    app: Flask, session: Session, admin: FlaskClient
) -> None:
    gateway = FakeProvider()
    gateway.name = "twilio"
    assert ask(admin, gateway="twilio") == 303
    through(session, gateway)
    assert ask(admin) == 303
    through(session)
    answer(app)
    part = admin.get("/admin/channels/tests").text
    assert [HERE in one for one in part.split("<h3>")[1:]] == [True, False]


def test_a_missed_call_is_no_answer_to_a_test_text(app: Flask, session: Session, admin: FlaskClient) -> None:
    assert ask(admin) == 303
    through(session)
    answer(app, "call:missed")
    assert HERE not in steps(admin)[2]


def test_a_text_that_was_written_before_the_test_is_no_answer_to_it(
    app: Flask, session: Session, admin: FlaskClient
) -> None:
    assert ask(admin) == 303
    through(session)
    answer(app, hours=2)
    assert HERE not in steps(admin)[2]


def test_nobody_answers_a_test_text_that_was_not_sent(app: Flask, session: Session, admin: FlaskClient) -> None:
    assert ask(admin) == 303
    answer(app)
    assert HERE not in steps(admin)[2]
    gateway = phone()
    gateway.before = SmsMisconfigured(Fault.CREDENTIALS)
    through(session, gateway)
    report(app, "sms:received", {"sender": NUMBER, "message": "?", "receivedAt": LATER.isoformat()})
    assert HERE not in steps(admin)[2]


def test_an_answer_to_a_test_text_that_comes_a_day_late_has_found_the_way_back(
    app: Flask, session: Session, admin: FlaskClient
) -> None:
    """The phone was away from us meanwhile."""
    assert ask(admin) == 303
    through(session)
    with writing(session) as tx:
        tx.execute(update(SmsTest).values(attempt_started_at=EIGHT - timedelta(hours=49)))
    answer(app, hours=48)
    assert HERE in steps(admin)[2]


def test_while_no_test_text_waits_for_an_answer_one_statement_asks_for_them(
    app: Flask, session: Session, admin: FlaskClient
) -> None:
    statements = list[str]()
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    answer(app)
    about = [statement for statement in statements if "sms_tests" in statement]
    assert [statement.split()[0] for statement in about] == ["SELECT"]


def test_a_number_that_wants_no_texts_gets_no_test_text(session: Session, admin: FlaskClient) -> None:
    assert ask(admin) == 303
    line_id = session.execute(select(PhoneLine.id)).scalar_one()
    with writing(session) as tx:
        stop_texts_of_line(tx, line_id, EIGHT)
    assert through(session).sent == [], "it was asked for before"
    assert "đã nhắn NGUNG" in steps(admin)[0]
    fields = {"gateway": "smsgate", "number": TYPED, "request_key": "0f" * 16}
    refused = post(admin, "/admin/channels/test", **fields)
    assert (refused.status_code, "Số này đã nhắn NGUNG" in refused.text) == (422, True)
    with writing(session) as tx:
        start_texts_of_line(tx, line_id, EIGHT)
    assert ask(admin) == 303
    assert [text.number for text in through(session).sent] == [NUMBER]


def test_the_form_sent_twice_sends_one_text(session: Session, admin: FlaskClient) -> None:
    fields = {"gateway": "smsgate", "number": TYPED, "request_key": "0f" * 16}
    assert [post(admin, "/admin/channels/test", **fields).status_code for _ in range(2)] == [303, 303]
    assert len(session.execute(select(SmsTest.id)).all()) == 1


@pytest.mark.parametrize("number", ["", "abc", "115", "0912 345"])
def test_what_is_no_number_is_said_at_its_field(admin: FlaskClient, number: str) -> None:
    fields = {"gateway": "smsgate", "number": number, "request_key": "0f" * 16}
    answer = post(admin, "/admin/channels/test", **fields)
    assert answer.status_code == 422
    assert "Ghi số điện thoại như" in answer.text


def test_a_channel_that_stands_is_marked_on_every_page_and_says_what_to_do(
    session: Session, admin: FlaskClient
) -> None:
    gateway = phone()
    assert "đã dừng" not in admin.get("/admin/sites/").text
    with writing(session) as tx:
        tx.execute(
            insert(SmsChannel).values(gateway="smsgate", error_streak=0, stopped_at=EIGHT, stopped_why="credentials")
        )
    assert "đã dừng" in admin.get("/admin/sites/").text
    assert "khởi động lại" in admin.get("/admin/channels").text
    gateway.before = SmsMisconfigured(Fault.CREDENTIALS)
    assert ask(admin) == 303  # a test goes out all the same: it shows whether the setting is right now
    tick(session, gateway, EIGHT + timedelta(minutes=1), ZONE, dice=Random(1))
    assert "không được" in steps(admin)[0]
    assert post(admin, "/admin/channels/smsgate/start").status_code == 303
    assert "đã dừng" not in admin.get("/admin/sites/").text


def test_while_a_channel_stands_everybody_whom_it_concerns_reads_it(
    app: Flask, session: Session, admin: FlaskClient
) -> None:
    staff = app.test_client()
    sign_in(staff, "dispenser")
    pages = ("/admin/", "/admin/staff/new", "/admin/sites/1/", "/admin/channels")

    def read() -> tuple[set[bool], str]:
        said = {"Một đường gửi tin đang dừng" in admin.get(page, follow_redirects=True).text for page in pages}
        found = re.findall(r"Đường gửi[^.]*đang dừng: ([^.]*)\.", staff.get("/messages/queue").text)
        return said, "".join(found)

    assert read() == ({False}, "")
    stop_channel(session, "smsgate", Fault.CREDENTIALS, EIGHT)
    assert read() == ({True}, "chưa tin nào đi được")
    fields = {"answers-gateway": "smsgate", "answers-fallback": "twilio"}
    assert post(admin, "/admin/channels/routes/answers", **fields).status_code == 303
    assert read() == ({True}, "tin nhắc chưa đi được")
    assert post(admin, "/admin/channels/smsgate/start").status_code == 303
    assert post(admin, "/admin/channels/twilio/stop").status_code == 303
    assert read() == ({True}, "")


def test_routes_and_paces_are_kept_and_wrong_ones_said(session: Session, admin: FlaskClient) -> None:
    good = {"reminders-gateway": "twilio", "reminders-fallback": "smsgate"}
    assert post(admin, "/admin/channels/routes/reminders", **good).status_code == 303
    same = post(admin, "/admin/channels/routes/reminders", **{**good, "reminders-fallback": "twilio"})
    assert (same.status_code, "Chọn một đường khác" in same.text) == (422, True)
    assert post(admin, "/admin/channels/routes/nothing").status_code == 404
    session.rollback()
    row = session.execute(select(SmsRoute.kind, SmsRoute.gateway, SmsRoute.fallback)).one()
    assert tuple(row) == ("reminders", "twilio", "smsgate")
    assert post(admin, "/admin/channels/smsgate/pace", **{"smsgate-per_minute": "12"}).status_code == 303
    assert post(admin, "/admin/channels/smsgate/pace", **{"smsgate-per_minute": "0"}).status_code == 422
    too_fast = post(admin, "/admin/channels/smsgate/pace", **{"smsgate-per_minute": str(FASTEST + 1)})
    assert (too_fast.status_code, f"từ 1 đến {FASTEST}" in too_fast.text) == (422, True)
    assert post(admin, "/admin/channels/nothing/pace", **{"nothing-per_minute": "3"}).status_code == 404
    session.rollback()
    assert session.execute(select(SmsChannel.segments_per_minute)).scalar_one() == 12


def test_readyz_and_the_queue_command_say_how_channels_are(app: Flask, session: Session, admin: FlaskClient) -> None:
    tick(session, phone(), EIGHT, ZONE, dice=Random(1))
    ready = app.test_client().get("/readyz")
    assert (ready.status_code, ready.get_json()["gateway"]) == (200, "smsgate")
    assert post(admin, "/admin/channels/twilio/stop").status_code == 303
    ready = app.test_client().get("/readyz")
    assert (ready.status_code, ready.get_json()["problems"]) == (200, [])  # somebody meant it: people go on working
    assert ready.get_json()["stopped_by_hand"] == ["twilio"]
    shown = json.loads(app.test_cli_runner().invoke(args=["queue", "--json"]).output)
    assert [(one["gateway"], one["state"], one["why"]) for one in shown["channels"]] == [
        ("smsgate", "works", None),
        ("twilio", "stopped", "by_hand"),
    ]
    plain = app.test_cli_runner().invoke(args=["queue"]).output
    stop_channel(session, "smsgate", Fault.CREDENTIALS, EIGHT)
    ready = app.test_client().get("/readyz")
    assert (ready.status_code, ready.get_json()["problems"]) == (503, ["gateway_stopped"])
    assert "channel twilio: stopped (by_hand)" in plain
