"""Sending exactly as often as meant, whatever dies in between, and whatever the clock does meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.domain.message_states import MessageState
from counseling.models.audit import AuditEntry
from counseling.services.audit_verification import verify
from counseling.services.channels import Lane
from counseling.services.message_attempts import Attempt, Claim, begin, claim_due
from counseling.services.sweeping import LEASE
from tests.support.cast import Cast
from tests.support.outbox import (
    EIGHT,
    FakeProvider,
    a_line,
    a_person,
    kill_before_handing_over,
    kill_before_the_attempt,
    kill_before_writing_the_end,
    message,
    nothing_against,
    queued,
    send,
    send_at_the_same_second,
    states,
    swept,
)

LATER = EIGHT + LEASE + timedelta(seconds=1)
TOMORROW = EIGHT + timedelta(days=1)


def claimed(session: Session, now: datetime) -> Claim | None:
    lane = Lane(FakeProvider(), frozenset({"answers", "reminders"}), room=1, pace=30)
    return next(iter(claim_due(session, lane, now, 1)), None)


def test_senders_at_the_same_second_send_each_text_once(session: Session, cast: Cast) -> None:
    gateway = FakeProvider(repeat_safe=False)
    for _ in range(20):
        queued(session, a_line(session))
    send_at_the_same_second(session, gateway, 4)
    assert states(session) == ["accepted"] * 20
    assert sorted(Counter(gateway.handed_over).values()) == [1] * 20


@pytest.mark.parametrize("other_has_sent", [True, False])
def test_a_sender_that_slept_past_its_lease_does_not_send_what_another_has(
    session: Session, cast: Cast, other_has_sent: bool
) -> None:
    """It wakes between claim and attempt: meanwhile the sweep gave the text back and somebody else claimed it."""
    gateway = FakeProvider(repeat_safe=False)
    queued(session, a_line(session))
    slept = claimed(session, EIGHT)
    swept(session, gateway, LATER)
    other = claimed(session, LATER)
    assert slept is not None and other is not None
    if other_has_sent:
        assert isinstance(begin(session, other, gateway, LATER, VIETNAM, nothing_against), Attempt)
    assert begin(session, slept, gateway, LATER, VIETNAM, nothing_against) is MessageState.CLAIMED
    if not other_has_sent:
        assert isinstance(begin(session, other, gateway, LATER, VIETNAM, nothing_against), Attempt)
    assert message(session, 1).attempts == 1


@pytest.mark.parametrize(
    ("kill", "repeat_safe", "state", "times"),
    [
        (kill_before_the_attempt, True, "accepted", 1),
        (kill_before_the_attempt, False, "accepted", 1),
        (kill_before_handing_over, True, "accepted", 1),
        (kill_before_handing_over, False, "unknown", 0),
        (kill_before_writing_the_end, True, "accepted", 1),
        (kill_before_writing_the_end, False, "unknown", 1),
    ],
)
def test_a_sender_killed_between_two_steps_sends_at_most_once(
    session: Session,
    cast: Cast,
    kill: Callable[[Session, FakeProvider], None],
    repeat_safe: bool,
    state: str,
    times: int,
) -> None:
    gateway = FakeProvider(repeat_safe=repeat_safe)
    text = queued(session, a_line(session), patient_id=a_person(session))
    kill(session, gateway)
    assert states(session) == ["claimed"]
    send(session, gateway, EIGHT + timedelta(seconds=1))
    swept(session, gateway, EIGHT + timedelta(seconds=1))
    assert states(session) == ["claimed"], "the lease has not run out"
    for later in (LATER, LATER + LEASE):
        swept(session, gateway, later)
        send(session, gateway, later)
    assert states(session) == [state]
    assert len(gateway.sent) == times
    row = message(session, text)
    assert len(gateway.handed_over) <= row.attempts <= len(gateway.handed_over) + 1
    entries = select(AuditEntry.action).where(AuditEntry.subject == f"message:{text}").order_by(AuditEntry.id)
    assert session.execute(entries).scalars().all() == ["message.queued"] * (row.attempts - 1) + [f"message.{state}"]
    assert verify(session).broken == []


def test_an_attempt_without_an_end_that_is_too_late_now_expires_and_is_not_sent(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    text = queued(session, a_line(session))
    kill_before_handing_over(session, gateway)
    swept(session, gateway, TOMORROW)
    send(session, gateway, TOMORROW)
    assert gateway.sent == []
    assert (message(session, text).state, message(session, text).reason) == ("expired", "temporary")


def test_a_clock_that_jumps_a_day_ahead_makes_nothing_go_twice(session: Session, cast: Cast) -> None:
    gateway = FakeProvider(repeat_safe=False)
    queued(session, a_line(session))
    kill_before_writing_the_end(session, gateway)
    queued(session, a_line(session))
    for now in (TOMORROW, EIGHT + timedelta(minutes=1), TOMORROW):
        swept(session, gateway, now)
        send(session, gateway, now)
    assert states(session) == ["unknown", "expired"]
    assert len(gateway.sent) == 1


def test_a_clock_that_is_set_back_a_day_leaves_nothing_claimed_for_a_day(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    queued(session, a_line(session), now=EIGHT - timedelta(days=1), expires_at=TOMORROW)
    kill_before_the_attempt(session, gateway)
    yesterday = EIGHT - timedelta(days=1)
    swept(session, gateway, yesterday)
    send(session, gateway, yesterday)
    assert states(session) == ["accepted"]
