"""What a provider does not take is tried again while there is time, and the queue does not suffer for it."""

from __future__ import annotations

import io
import sys
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling import logs
from counseling.domain.message_states import FailureReason
from counseling.models.texts import PhoneLine
from counseling.sms.gateway import SmsRejected, TextToSend
from tests.support.cast import Cast
from tests.support.outbox import (
    BODY,
    EIGHT,
    FakeProvider,
    a_line,
    a_person,
    kill_before_the_attempt,
    message,
    queued,
    send,
    states,
    swept,
)

AWAY = SmsRejected(FailureReason.TEMPORARY, permanent=False)
NOBODY = SmsRejected(FailureReason.PERMANENT, permanent=True)
OUR_FAULT = SmsRejected(FailureReason.OURS, permanent=True)


def test_a_text_that_was_not_taken_is_tried_again_while_there_is_time(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    gateway.before = AWAY
    text = queued(session, a_line(session), expires_at=EIGHT + timedelta(minutes=30))
    tried: list[int] = []
    for minute in range(30):
        send(session, gateway, EIGHT + timedelta(minutes=minute))
        if len(gateway.handed_over) > len(tried):
            tried.append(minute)
    assert tried == [0, 1, 3, 7, 15]
    row = message(session, text)
    assert (row.state, row.reason, row.attempts) == ("failed", "temporary", 5)
    assert gateway.sent == []


def test_a_gateway_that_comes_back_gets_the_text_once(session: Session, cast: Cast) -> None:
    """Between the attempts it counts for nothing: it has no place in the day, and a killed sender begins it anew."""
    gateway = FakeProvider(repeat_safe=False)
    gateway.before = AWAY
    text = queued(session, a_line(session), patient_id=a_person(session))
    send(session, gateway)
    row = message(session, text)
    assert (row.state, row.claimed_at, row.attempt_started_at, row.count_slot) == ("queued", None, None, None)
    gateway.before = None
    soon = EIGHT + timedelta(minutes=1)
    kill_before_the_attempt(session, gateway, soon)
    for minute in range(10):
        swept(session, gateway, soon + timedelta(minutes=minute))
        send(session, gateway, soon + timedelta(minutes=minute))
    assert (states(session), len(gateway.sent)) == (["accepted"], 1)


def test_a_run_ends_when_the_gateway_is_away(session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log says so, and neither it nor the text as a debugger shows it holds a number or words."""
    stream, gateway = io.StringIO(), FakeProvider()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.set_up("DEBUG")
    gateway.before = AWAY
    for number in range(10):
        queued(session, a_line(session, f"+8499877665{number}"))
    send(session, gateway)
    assert len(gateway.handed_over) == 3
    text = TextToSend(ref="our-own", number="+84998776650", body=BODY, expires_at=EIGHT)
    shown = stream.getvalue() + repr(text)
    assert "the gateway takes nothing" in shown and "our-own" in shown
    assert "99877" not in shown and BODY not in shown
    monkeypatch.undo()
    logs.set_up("INFO")


def test_failures_of_a_number_are_counted_and_ours_are_not(session: Session, cast: Cast) -> None:
    gateway, line = FakeProvider(), a_line(session)
    for rejection in (OUR_FAULT, NOBODY, NOBODY):
        gateway.before = rejection
        queued(session, line)
        send(session, gateway)
    assert states(session) == ["failed"] * 3
    assert session.execute(select(PhoneLine.permanent_failures)).scalar_one() == 2
    assert len(gateway.handed_over) == 3
