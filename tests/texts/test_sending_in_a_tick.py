"""How much of what is due one tick sends: all of it, as long as there is time; nobody who texts us waits for that."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of, writing
from counseling.domain.message_states import MessageState
from counseling.jobs import READS_FOR, SENDS_FOR, Ticked, read_and_answer, tick
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.queries.worker_beats import find_beat
from counseling.services import inbound
from counseling.services.breaker import Breaker
from counseling.services.inbound import store_inbound
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.phone_lines import ensure_line
from counseling.services.sweeping import LEASE
from counseling.services.work_time import WorkTime
from counseling.sms.gateway import AttemptedText, SmsOutcomeUnknown, TextToSend
from tests.support.cast import DONG_KINH, Cast
from tests.support.outbox import BODY, EIGHT, FakeProvider, a_line, nothing_against, queued, states

LONG = timedelta(days=2)
NUMBER = "+84912000111"


class Hand:
    """Seconds and the clock, moved by whoever takes time; and whether the process was told to end."""

    def __init__(self, now: datetime = EIGHT) -> None:
        self.passed, self.began, self.is_told = 0.0, now, False

    def take(self, seconds: float) -> None:
        self.passed += seconds

    def now(self) -> datetime:
        return self.began + timedelta(seconds=self.passed)

    def work_time(self) -> WorkTime:
        return WorkTime(lambda: self.passed, lambda: self.is_told)


class Taking(FakeProvider):
    """Takes everything, each text in so many seconds; does `meanwhile` with each."""

    def __init__(self, hand: Hand, seconds: float = 0.0, *, at_once: int = 1, per_minute: int = 30_000) -> None:
        super().__init__(per_minute=per_minute)
        self.abilities = replace(self.abilities, calls_at_once=at_once)
        self.hand, self.seconds = hand, seconds
        self.meanwhile: Callable[[int], object] = lambda count: None

    def send(self, message: TextToSend) -> None:
        self.hand.take(self.seconds)
        super().send(message)
        self.meanwhile(len(self.sent))


def many(session: Session, count: int, *, now: datetime = EIGHT) -> None:
    """So many reminders that are due, each to a phone of its own."""
    own: dict[str, Any] = {"side": "treatment", "site_id": DONG_KINH, "wording": "missed_yesterday"}
    with writing(session) as tx:
        for number in range(count):
            line_id = ensure_line(tx, vault_of(session), f"+8497{number:07d}")
            text = NewMessage(**own, line_id=line_id, body=BODY, is_automatic=True, expires_at=now + LONG)
            assert enqueue(tx, text, now) is not None


def ticked(session: Session, gateway: FakeProvider, hand: Hand, **options: Any) -> Ticked:
    session.rollback()
    given = {"dice": random.Random(1), "clock": hand.now, "work_time": hand.work_time(), **options}
    done = tick(session, gateway, hand.now(), VIETNAM, **given)
    assert done.failed == ()
    return done


def how_many(session: Session, state: MessageState) -> int:
    session.rollback()
    counted = select(func.count()).where(OutboundMessage.state == state.value)
    return session.execute(counted.select_from(OutboundMessage)).scalar_one()


def test_a_tick_sends_all_of_a_thousand_texts_that_are_due_each_once(session: Session, cast: Cast) -> None:
    hand = Hand()
    gateway = Taking(hand, at_once=50)
    many(session, 1000)
    done = ticked(session, gateway, hand)
    assert (done.sent, done.is_more_due) == (1000, False)
    assert len(set(gateway.handed_over)) == len(gateway.handed_over) == 1000
    assert how_many(session, MessageState.ACCEPTED) == 1000


def test_a_gateways_pace_holds_however_much_time_a_tick_has(session: Session, cast: Cast) -> None:
    hand = Hand()
    gateway = Taking(hand, at_once=50, per_minute=260)
    many(session, 300)
    done = ticked(session, gateway, hand)
    assert (done.sent, done.is_more_due) == (260, False), "nothing more may go in this minute: no tick has to hurry"
    hand.take(61)
    assert ticked(session, gateway, hand).sent == 40


def test_a_slow_gateway_keeps_no_tick_longer_than_its_time_and_the_next_goes_on(session: Session, cast: Cast) -> None:
    hand = Hand()
    gateway = Taking(hand, seconds=4)
    many(session, 5)
    first = ticked(session, gateway, hand)
    assert (first.sent, first.is_more_due) == (3, True), "8 seconds are within the time, 12 are not"
    assert SENDS_FOR == 10
    assert find_beat(session) == hand.now(), "the rest of the tick had its turn"
    second = ticked(session, gateway, hand)
    assert (second.sent, second.is_more_due) == (2, False)


def test_who_texts_while_much_is_sent_is_read_meanwhile_and_answered_before_the_rest(
    session: Session, cast: Cast
) -> None:
    hand = Hand()
    gateway = Taking(hand, seconds=1)
    many(session, 9)
    unread: list[int] = []

    def comes_in(count: int) -> None:
        with Session(session.get_bind(), expire_on_commit=False) as other:
            if count == 1:
                came = {"gateway": "fake", "event_key": "1", "number": NUMBER, "body": "HELP"}
                assert store_inbound(other, **came, received_at=hand.now())
            waits = select(func.count()).where(InboundMessage.read_at.is_(None))
            unread.append(other.execute(waits).scalar_one())

    gateway.meanwhile = comes_in
    done = ticked(session, gateway, hand)
    assert (done.read, unread[:3]) == (1, [1, 1, 0]), "with the second text its two seconds were over"
    assert [text.number == NUMBER for text in gateway.sent][:4] == [False, False, True, False]


def test_a_process_that_was_told_to_end_begins_no_further_text_and_leaves_none_behind(
    session: Session, cast: Cast
) -> None:
    hand = Hand()
    gateway = Taking(hand, at_once=4)
    many(session, 20)
    gateway.meanwhile = lambda count: setattr(hand, "is_told", count >= 5)
    assert ticked(session, gateway, hand).sent == 8, "the two batches that had begun"
    assert sorted(states(session)) == ["accepted"] * 8 + ["queued"] * 12


def test_eight_in_the_evening_passes_in_the_middle_of_a_tick(session: Session, cast: Cast) -> None:
    hand = Hand(EIGHT + timedelta(hours=12) - timedelta(seconds=5))
    gateway = Taking(hand, seconds=2)
    many(session, 5, now=hand.began)
    assert ticked(session, gateway, hand, breaker=Breaker(lambda: 0.0)).sent == 3
    assert hand.now() > EIGHT + timedelta(hours=12)
    assert sorted(states(session)) == ["accepted"] * 3 + ["queued"] * 2


def test_a_burst_that_comes_in_is_read_on_until_nothing_waits(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look reads so many numbers and answers them, and then it looks again instead of resting first."""
    monkeypatch.setattr(inbound, "MOST_LINES", 3)
    hand = Hand()
    for number in range(8):
        came = {"gateway": "fake", "event_key": str(number), "number": f"+8491200{number:04d}", "body": "HELP"}
        assert store_inbound(session, **came, received_at=EIGHT)
    gateway = Taking(hand)
    given: dict[str, Any] = {"clock": hand.now, "work_time": hand.work_time(), "dice": random.Random(1)}
    assert read_and_answer(session, gateway, EIGHT, VIETNAM, **given) == 8
    assert len(gateway.sent) == 8
    assert read_and_answer(session, gateway, EIGHT, VIETNAM, **given) == 0


def test_each_text_is_noted_as_read_at_the_moment_at_which_it_was(session: Session, cast: Cast) -> None:
    hand = Hand()
    for number in range(6):
        came = {"gateway": "fake", "event_key": str(number), "number": f"+8491200{number:04d}", "body": "x"}
        assert store_inbound(session, **came, received_at=EIGHT)

    def clock() -> datetime:
        hand.take(1)
        return hand.now()

    assert inbound.read_inbound(session, EIGHT, VIETNAM, random.Random(1), clock=clock) == 6
    session.rollback()
    read = [at or EIGHT for at in session.scalars(select(InboundMessage.read_at).order_by(InboundMessage.id))]
    assert read == [EIGHT + timedelta(seconds=passed) for passed in range(1, 7)]


def test_reading_leaves_the_rest_of_a_tick_its_turn(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbound, "MOST_LINES", 1)
    hand = Hand()
    for number in range(4):
        came = {"gateway": "fake", "event_key": str(number), "number": f"+8491200{number:04d}", "body": "x"}
        assert store_inbound(session, **came, received_at=EIGHT)

    def clock() -> datetime:
        hand.take(READS_FOR / 2)
        return hand.now()

    done = ticked(session, Taking(hand), hand, clock=clock)
    assert 0 < done.read < 4


def test_a_gateway_that_answers_no_question_does_not_keep_a_tick_for_minutes(session: Session, cast: Cast) -> None:
    class Silent(Taking):
        asked = 0

        def resolve_unknown(self, message: AttemptedText) -> bool | None:
            self.asked += 1
            self.hand.take(10)
            raise SmsOutcomeUnknown

    hand = Hand()
    gateway = Silent(hand)
    gateway.after = SmsOutcomeUnknown()
    line = a_line(session)
    for _ in range(3):
        queued(session, line, expires_at=EIGHT + LONG)
    late = queued(session, line, expires_at=EIGHT + LEASE, send_after=EIGHT + LEASE / 2)
    ticked(session, gateway, hand, breaker=Open())
    hand.take(LEASE.total_seconds() + 1)
    gateway.asked = 0
    ticked(session, gateway, hand, breaker=Open())
    assert gateway.asked == 1
    session.rollback()
    late_one = session.execute(select(OutboundMessage.state).where(OutboundMessage.id == late)).scalar_one()
    assert late_one == "expired", "what has died is still written down"


class Open(Breaker):
    """Finds nothing against any text."""

    def look_again(self, *_: object) -> None:
        nothing_against()
