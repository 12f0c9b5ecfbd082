"""Twilio through the real adapter: requests as its own description wants them, and its numbers in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from email.utils import format_datetime

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
from counseling.sms.twilio import Twilio
from tests.support.fake_phone import AFTER, BEFORE
from tests.support.fake_phone import Fault as Wrong
from tests.support.gateways import ACCOUNT_SID, FROM, PUBLIC_URL, twilio_account
from tests.support.outbox import BODY, EIGHT
from tests.support.prism import FaultProxy, running_prism, twilio_error

NUMBER = "+84912000001"
TEXT = TextToSend(ref="abc", number=NUMBER, body=BODY, expires_at=EIGHT + timedelta(hours=2))
ASKED = AttemptedText(ref="abc", number=NUMBER, body=BODY, attempted_at=EIGHT)
T, P, OURS = FailureReason.TEMPORARY, FailureReason.PERMANENT, FailureReason.OURS


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultProxy]:
    with running_prism(tmp_path_factory.mktemp("prism")) as proxy:
        yield proxy


@pytest.fixture
def proxy(running: FaultProxy) -> FaultProxy:
    running.faults.clear()
    running.seen.clear()
    running.passed = 0
    return running


@pytest.fixture
def gateway(proxy: FaultProxy) -> Twilio:
    return Twilio(twilio_account(proxy.url), lambda: EIGHT)


def test_a_text_is_asked_for_as_twilios_description_wants_it(proxy: FaultProxy, gateway: Twilio) -> None:
    gateway.send(TEXT)
    assert proxy.passed == 1
    assert proxy.seen == [
        (
            "POST",
            f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
            {
                "To": [NUMBER],
                "From": [FROM],
                "Body": [BODY],
                "ValidityPeriod": ["7200"],
                "StatusCallback": [f"{PUBLIC_URL}/sms/twilio/status?ref=abc"],
            },
        )
    ]


def test_a_messaging_service_stands_in_the_place_of_a_number(proxy: FaultProxy) -> None:
    service = "MG" + "1b" * 16
    account = replace(twilio_account(proxy.url), sender=None, messaging_service_sid=service)
    Twilio(account, lambda: EIGHT).send(TEXT)
    assert proxy.passed == 1
    fields = proxy.seen[0][2]
    assert fields["MessagingServiceSid"] == [service]
    assert "From" not in fields


@pytest.mark.parametrize("seconds", [0.9, 0, -600])
def test_a_text_without_life_left_is_not_handed_over(proxy: FaultProxy, gateway: Twilio, seconds: float) -> None:
    with pytest.raises(SmsTooLate):
        gateway.send(replace(TEXT, expires_at=EIGHT + timedelta(seconds=seconds)))
    assert proxy.seen == []


def test_a_refusal_for_who_has_told_twilio_to_stop_says_so(proxy: FaultProxy, gateway: Twilio) -> None:
    for code, stopped in ((21610, True), (21211, False)):
        proxy.faults.append(twilio_error(code))
        with pytest.raises(SmsRejected) as refused:
            gateway.send(TEXT)
        assert refused.value.opted_out is stopped


def test_asking_lists_by_number_and_day_and_hands_nothing_over(proxy: FaultProxy, gateway: Twilio) -> None:
    assert gateway.resolve_unknown(ASKED) is None  # what Prism makes up is no text of ours
    assert proxy.passed >= 1
    method, _, asked = proxy.seen[0]
    assert (method, asked["To"], asked["DateSent>"]) == ("GET", [NUMBER], ["2026-11-22T00:58:00Z"])
    assert {method for method, _, _ in proxy.seen} == {"GET"}


@pytest.mark.parametrize(
    ("body", "minutes", "known"),
    [(BODY, 0, True), (BODY, 3, True), (BODY, -30, None), ("other words", 0, None)],
)
def test_a_text_of_these_words_since_the_attempt_is_ours(
    proxy: FaultProxy, gateway: Twilio, body: str, minutes: int, known: bool | None
) -> None:
    created = format_datetime((EIGHT + timedelta(minutes=minutes)).astimezone(UTC))
    found = {"body": body, "date_created": created, "sid": "SM1"}
    proxy.faults.append(Wrong(BEFORE, 200, json.dumps({"messages": [found], "page_size": 50}).encode()))
    assert gateway.resolve_unknown(ASKED) is known


@pytest.mark.parametrize(
    ("wrong", "reason", "permanent"),
    [
        (twilio_error(20429, 429), T, False),
        (twilio_error(0, 503), T, False),
        (twilio_error(21211), P, True),
        (twilio_error(21614), P, True),
        (twilio_error(21635), P, True),
        (twilio_error(21610), P, True),
        (twilio_error(21611), T, True),
        (twilio_error(30036), T, True),
        (twilio_error(30007), OURS, True),
        (twilio_error(99999), OURS, True),
    ],
)
def test_what_twilio_refuses_provably_was_not_sent(
    proxy: FaultProxy, gateway: Twilio, wrong: Wrong, reason: FailureReason, permanent: bool
) -> None:
    proxy.faults.append(wrong)
    with pytest.raises(SmsRejected) as refused:
        gateway.send(TEXT)
    assert (refused.value.reason, refused.value.permanent) == (reason, permanent)


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (twilio_error(20003, 401), Fault.CREDENTIALS),
        (twilio_error(0, 403), Fault.CREDENTIALS),
        (twilio_error(20404, 404), Fault.CREDENTIALS),
        (twilio_error(0, 404), Fault.ADDRESS),
        (twilio_error(21408), Fault.REGION),
        (twilio_error(21606), Fault.SENDER),
        (twilio_error(21608), Fault.ACCOUNT),
        (twilio_error(21612), Fault.SENDER),
        (twilio_error(30002), Fault.ACCOUNT),
    ],
)
def test_what_somebody_has_to_put_right_stops_the_channel(
    proxy: FaultProxy, gateway: Twilio, wrong: Wrong, fault: Fault
) -> None:
    proxy.faults.append(wrong)
    with pytest.raises(SmsMisconfigured) as stopped:
        gateway.send(TEXT)
    assert stopped.value.fault is fault


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong(AFTER, None),
        Wrong(BEFORE, None),
        Wrong(AFTER, 500),
        Wrong(AFTER, 502, b"<html>bad gateway</html>"),
        Wrong(AFTER, 504),
        Wrong(AFTER, 408, b'{"message":"Request Time-out"}'),
        Wrong(AFTER, 201, b"<html>Welcome to our hotel</html>"),
        Wrong(AFTER, 201, b"{}", hang_seconds=0.6),
    ],
)
def test_what_may_have_been_taken_is_unknown(
    proxy: FaultProxy, gateway: Twilio, monkeypatch: pytest.MonkeyPatch, wrong: Wrong
) -> None:
    monkeypatch.setattr(web_calls, "ANSWER_SECONDS", 0.2)
    proxy.faults.append(wrong)
    with pytest.raises(SmsOutcomeUnknown):
        gateway.send(TEXT)


def test_nobody_at_the_address_and_no_such_name_have_nothing() -> None:
    for url in ("http://127.0.0.1:9", "http://no-such-host.invalid"):
        away = Twilio(twilio_account(url), lambda: EIGHT)
        with pytest.raises(SmsRejected) as refused:
            away.send(TEXT)
        assert (refused.value.reason, refused.value.permanent) == (T, False)
        assert away.resolve_unknown(ASKED) is None
