"""SMS Gate through the real adapter, over HTTP, with a phone that keeps to the protocol."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from counseling.domain.message_states import FailureReason
from counseling.sms import web_calls
from counseling.sms.gateway import (
    AttemptedText,
    Fault,
    SmsMisconfigured,
    SmsOutcomeUnknown,
    SmsRejected,
    SmsTooLate,
    TextToSend,
)
from counseling.sms.smsgate import SmsGate
from tests.support.fake_phone import AFTER, BEFORE, DEVICE_ID, FakePhone, running_phone
from tests.support.fake_phone import Fault as Wrong
from tests.support.outbox import BODY, EIGHT

NUMBER = "+84912000001"
HOOK = "https://tua.example.org/sms/smsgate"


@pytest.fixture(scope="module")
def running() -> Iterator[FakePhone]:
    with running_phone(lambda: EIGHT) as phone:
        yield phone


@pytest.fixture
def phone(running: FakePhone) -> FakePhone:
    for of_the_last_story in (running.kept, running.requests, running.faults, running.webhooks, running.exported):
        of_the_last_story.clear()
    running.is_server = False
    return running


@pytest.fixture
def gateway(phone: FakePhone) -> SmsGate:
    return SmsGate(phone.account, HOOK, lambda: EIGHT)


def text(ref: str = "abc", **changes: object) -> TextToSend:
    plain = TextToSend(ref=ref, number=NUMBER, body=BODY, expires_at=EIGHT + timedelta(hours=2))
    return replace(plain, **changes)  # type: ignore[arg-type]


def attempted(ref: str = "abc") -> AttemptedText:
    return AttemptedText(ref=ref, number=NUMBER, body=BODY, attempted_at=EIGHT)


def test_a_text_arrives_with_our_reference_its_words_and_the_time_it_may_live(
    phone: FakePhone, gateway: SmsGate
) -> None:
    gateway.send(text(body="Nhắc việc: đến sớm nhé"))
    assert [(k.ref, k.number, k.body, k.ttl) for k in phone.kept.values()] == [
        ("abc", NUMBER, "Nhắc việc: đến sớm nhé", 7200)
    ]


def test_texts_go_through_the_sim_that_was_set_and_else_through_the_phones_own(phone: FakePhone) -> None:
    for ref, sim in (("own", None), ("second", 2)):
        SmsGate(replace(phone.account, sim_number=sim), HOOK, lambda: EIGHT).send(text(ref))
    assert {kept.ref: kept.sim for kept in phone.kept.values()} == {"own": None, "second": 2}


def test_texts_go_through_the_phone_that_was_named_and_else_the_choice_is_not_ours(phone: FakePhone) -> None:
    for ref, device_id in (("any", None), ("named", DEVICE_ID)):
        SmsGate(replace(phone.account, device_id=device_id), HOOK, lambda: EIGHT).send(text(ref))
    assert {kept.ref: kept.device for kept in phone.kept.values()} == {"any": None, "named": DEVICE_ID}


@pytest.mark.parametrize("is_server", [True, False])
def test_a_phone_that_is_not_there_is_a_wrong_setting_and_no_fault_of_the_text(
    phone: FakePhone, is_server: bool
) -> None:
    phone.is_server = is_server
    with pytest.raises(SmsMisconfigured) as wrong:
        SmsGate(replace(phone.account, device_id="another"), HOOK, lambda: EIGHT).send(text())
    assert wrong.value.fault is Fault.DEVICE
    assert not phone.kept


def test_the_same_text_again_is_taken_as_done_and_goes_out_once(phone: FakePhone, gateway: SmsGate) -> None:
    gateway.send(text())
    gateway.send(text())
    phone.deliver()
    assert [kept.times_sent for kept in phone.kept.values()] == [1]


def test_asking_hands_nothing_over(phone: FakePhone, gateway: SmsGate) -> None:
    assert gateway.resolve_unknown(attempted()) is False
    gateway.send(text())
    assert gateway.resolve_unknown(attempted()) is True
    assert [method for method, path in phone.requests if "abc" in path] == ["GET", "GET"]
    assert len(phone.kept) == 1


@pytest.mark.parametrize(
    ("wrong", "kept"),
    [
        (Wrong(BEFORE, None), 0),  # cut off before it was kept
        (Wrong(AFTER, None), 1),  # taken, then cut off
        (Wrong(AFTER, 500), 1),
        (Wrong(BEFORE, 502), 0),
        (Wrong(BEFORE, 408, b"<html>Request Time-out</html>"), 0),  # a proxy that gave up
        (Wrong(AFTER, 408, b"<html>Request Time-out</html>"), 1),
        (Wrong(BEFORE, 200, b"<html>Welcome to our hotel</html>"), 0),
        (Wrong(BEFORE, 200, b'{"id":"somebody else"}'), 0),
        (Wrong(AFTER, 202, b"[" * 100_000), 1),  # so deep that reading it breaks
        (Wrong(AFTER, 202, b'{"id":"abc"}', hang_seconds=0.6), 1),  # later than we wait
    ],
)
def test_what_may_have_been_taken_is_unknown(
    phone: FakePhone, gateway: SmsGate, monkeypatch: pytest.MonkeyPatch, wrong: Wrong, kept: int
) -> None:
    monkeypatch.setattr(web_calls, "ANSWER_SECONDS", 0.2)
    phone.faults.append(wrong)
    with pytest.raises(SmsOutcomeUnknown):
        gateway.send(text())
    assert len(phone.kept) == kept
    assert gateway.resolve_unknown(attempted()) is bool(kept)


@pytest.mark.parametrize(
    ("status", "reason", "permanent"),
    [
        (429, FailureReason.TEMPORARY, False),
        (503, FailureReason.TEMPORARY, False),
        (400, FailureReason.OURS, True),
        (413, FailureReason.OURS, True),
    ],
)
def test_what_is_refused_before_it_is_kept_provably_was_not_sent(
    phone: FakePhone, gateway: SmsGate, status: int, reason: FailureReason, permanent: bool
) -> None:
    phone.faults.append(Wrong(BEFORE, status))
    with pytest.raises(SmsRejected) as refused:
        gateway.send(text())
    assert (refused.value.reason, refused.value.permanent) == (reason, permanent)


@pytest.mark.parametrize(("status", "fault"), [(401, Fault.CREDENTIALS), (404, Fault.ADDRESS), (302, Fault.ADDRESS)])
def test_a_wrong_setting_is_not_a_failure_of_the_text(
    phone: FakePhone, gateway: SmsGate, status: int, fault: Fault
) -> None:
    phone.faults.append(Wrong(BEFORE, status))
    with pytest.raises(SmsMisconfigured) as wrong:
        gateway.send(text())
    assert wrong.value.fault is fault


@pytest.mark.parametrize("seconds", [4, 0, -600])
def test_a_text_without_life_left_is_not_handed_over(phone: FakePhone, gateway: SmsGate, seconds: int) -> None:
    """The phone takes no life below five seconds, and a longer one than it has would be a promise broken."""
    with pytest.raises(SmsTooLate):
        gateway.send(text(expires_at=EIGHT + timedelta(seconds=seconds)))
    assert phone.requests == []
    gateway.send(text(expires_at=EIGHT + timedelta(seconds=5)))
    assert [kept.ttl for kept in phone.kept.values()] == [5]


def test_a_phone_that_cannot_be_reached_has_nothing(phone: FakePhone) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for url in (f"http://127.0.0.1:{nobody.getsockname()[1]}", "http://no-such-host.invalid"):
            away = SmsGate(replace(phone.account, url=url), HOOK, lambda: EIGHT)
            with pytest.raises(SmsRejected) as refused:
                away.send(text())
            assert (refused.value.reason, refused.value.permanent) == (FailureReason.TEMPORARY, False)
            assert away.resolve_unknown(attempted()) is None


def test_a_stranger_in_the_place_of_the_phone_gets_nothing(phone: FakePhone) -> None:
    """Plain HTTP where TLS is expected: no certificate, no text."""
    stranger = SmsGate(replace(phone.account, url=f"https://127.0.0.1:{phone.port}"), HOOK, lambda: EIGHT)
    with pytest.raises((SmsRejected, SmsMisconfigured)):
        stranger.send(text())
    assert not phone.kept


def test_the_phone_is_told_where_to_report_to_and_in_which_order_to_send(phone: FakePhone, gateway: SmsGate) -> None:
    for _ in range(2):
        gateway.attach()
    assert phone.webhooks == dict.fromkeys(("sms:received", "sms:sent", "sms:delivered", "sms:failed"), HOOK)
    for ref in ("first", "second"):
        gateway.send(text(ref))
    assert phone.deliver() == ["first", "second"]


@pytest.mark.parametrize("status", [404, 400])
def test_an_older_version_without_the_order_is_attached_all_the_same(
    phone: FakePhone, gateway: SmsGate, status: int
) -> None:
    phone.faults += [None, None, None, None, Wrong(BEFORE, status)]
    gateway.attach()
    assert len(phone.webhooks) == 4


@pytest.mark.parametrize(
    "address", ["http://tua.example.org", "http://192.168.1.5:8000", "http://localhost:8000", "http://127.0.0.1.org"]
)
def test_an_address_that_no_phone_calls_is_not_even_registered(phone: FakePhone, address: str) -> None:
    """A server in between would take it, and nothing would ever come."""
    with pytest.raises(SmsMisconfigured) as wrong:
        SmsGate(phone.account, f"{address}/sms/smsgate", lambda: EIGHT).attach()
    assert wrong.value.fault is Fault.REPORTS
    assert phone.requests == []


def test_a_program_on_the_phone_itself_is_called_without_encryption(phone: FakePhone) -> None:
    own = "http://127.0.0.1:8000/sms/smsgate"
    SmsGate(phone.account, own, lambda: EIGHT).attach()
    assert set(phone.webhooks.values()) == {own}


def test_where_a_server_stands_in_between_an_export_says_of_which_phone(phone: FakePhone, gateway: SmsGate) -> None:
    phone.is_server = True
    with pytest.raises(SmsRejected) as refused:
        gateway.report_again(EIGHT - timedelta(hours=1), EIGHT)
    assert refused.value.permanent
    named = SmsGate(replace(phone.account, device_id=DEVICE_ID), HOOK, lambda: EIGHT)
    named.report_again(EIGHT - timedelta(hours=1), EIGHT)
    assert phone.exported == [{"since": "2026-11-22T00:00:00Z", "until": "2026-11-22T01:00:00Z", "deviceId": DEVICE_ID}]


def test_nothing_of_the_secrets_is_told_by_looking_at_the_objects(gateway: SmsGate, phone: FakePhone) -> None:
    said = f"{gateway!r} {phone.account!r} {text()!r} {attempted()!r}"
    assert not any(secret in said for secret in (phone.password, "invented-signing-key", NUMBER, BODY))
