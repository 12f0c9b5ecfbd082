"""Sending exactly as often as meant, whatever dies in between."""

from __future__ import annotations

import io
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from counseling import logs
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.message_states import FailureReason, MessageState
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.channels import SmsChannel
from counseling.models.texts import OutboundMessage, PhoneLine, Reminder
from counseling.queries.worker_beats import find_beat
from counseling.services import message_attempts
from counseling.services.audit_verification import verify
from counseling.services.channels import Lane
from counseling.services.message_attempts import Attempt, Claim, begin, claim_due
from counseling.services.message_moves import lock_message, move
from counseling.services.receipts import apply_receipt
from counseling.services.reminder_gates import why_not_now
from counseling.services.sending import send_due
from counseling.services.sweeping import LEASE, sweep
from counseling.sms.gateway import AttemptedText, SmsOutcomeUnknown, SmsRejected, SmsTooLate, TextToSend
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.outbox import (
    BODY,
    EIGHT,
    FakeProvider,
    Killed,
    a_line,
    a_person,
    a_reminder,
    message,
    nothing_against,
    queued,
    send,
    states,
)
from tests.support.treatment import TODAY

LATER = EIGHT + LEASE + timedelta(seconds=1)
TOMORROW = EIGHT + timedelta(days=1)
AWAY = SmsRejected(FailureReason.TEMPORARY, permanent=False)
NOBODY = SmsRejected(FailureReason.PERMANENT, permanent=True)
OUR_FAULT = SmsRejected(FailureReason.OURS, permanent=True)


def swept(session: Session, gateway: FakeProvider, now: datetime = LATER) -> None:
    sweep(session, gateway, now, VIETNAM)


def claimed(session: Session, now: datetime) -> Claim | None:
    lane = Lane(FakeProvider(), frozenset({"answers", "reminders"}), room=1, pace=30)
    return next(iter(claim_due(session, lane, now, 1)), None)


def in_threads(session: Session, count: int, work: Callable[[Session], object]) -> None:
    """The same work by so many senders who begin together, each with a session of its own."""
    together, errors = threading.Barrier(count), list[BaseException]()

    def one() -> None:
        try:
            with Session(session.get_bind(), expire_on_commit=False) as own:
                together.wait(timeout=30)
                work(own)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


# --- one text -----------------------------------------------------------------------------------------------------


def test_a_text_that_is_due_is_handed_over_once_and_accepted(session: Session, cast: Cast) -> None:
    gateway, line = FakeProvider(), a_line(session, "+84998001234")
    text = queued(session, line, patient_id=a_person(session))
    assert send(session, gateway).accepted == 1
    assert send(session, gateway).accepted == 0
    row = message(session, text)
    assert [(t.number, t.body, t.ref) for t in gateway.sent] == [("+84998001234", BODY, row.ref)]
    assert (row.state, row.attempts, row.attempt_started_at, row.gateway) == ("accepted", 1, EIGHT, "fake")
    assert (row.counted_on, row.count_slot) == (TODAY, 1)


def test_nothing_goes_before_its_time_or_after_it(session: Session, cast: Cast) -> None:
    gateway, line = FakeProvider(), a_line(session)
    queued(session, line, send_after=EIGHT + timedelta(minutes=1))
    queued(session, line, expires_at=EIGHT)
    send(session, gateway)
    assert gateway.handed_over == []
    send(session, gateway, EIGHT + timedelta(minutes=1))
    assert len(gateway.sent) == 1


def test_a_worker_that_stood_for_three_days_sends_nothing_stale(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    for _ in range(3):
        queued(session, a_line(session))
    send(session, gateway, EIGHT + timedelta(days=3))
    swept(session, gateway, EIGHT + timedelta(days=3))
    assert gateway.handed_over == []
    assert states(session) == ["expired"] * 3
    assert set(session.execute(select(OutboundMessage.reason)).scalars()) == {None}  # nobody tried


def test_the_database_is_let_go_while_the_gateway_is_called(session: Session, cast: Cast) -> None:
    """Another person's change goes through while the provider takes its time."""
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    held: list[int] = []

    class Slow(FakeProvider):
        def send(self, message: TextToSend) -> None:
            held.append(engine.pool.checkedout())  # type: ignore[attr-defined]  # QueuePool, not every pool has it
            with Session(engine) as other, writing(other) as tx:
                tx.execute(update(PhoneLine).values(permanent_failures=0))
            super().send(message)

    queued(session, a_line(session))
    session.rollback()
    assert send(session, Slow()).accepted == 1
    assert held == [0]


def test_what_people_typed_and_answers_go_before_the_reminders(session: Session, cast: Cast) -> None:
    gateway, line = FakeProvider(), a_line(session)
    refs = [
        message(session, queued(session, line, **changes)).ref
        for changes in ({}, {"wording": "stopped"}, {"wording": "typed", "is_automatic": False})
    ]
    send(session, gateway)
    assert gateway.refs() == [refs[1], refs[2], refs[0]]


def test_no_faster_than_the_gateway_can(session: Session, cast: Cast) -> None:
    gateway = FakeProvider(per_minute=3)
    for _ in range(7):
        queued(session, a_line(session))
    for seconds, sent in ((0, 3), (30, 3), (60, 6), (90, 6), (120, 7)):
        send(session, gateway, EIGHT + timedelta(seconds=seconds))
        assert len(gateway.sent) == sent, seconds


def test_segments_count_for_the_pace_and_not_texts(session: Session, cast: Cast) -> None:
    gateway = FakeProvider(per_minute=4)
    for _ in range(4):
        queued(session, a_line(session), body="a" * 200)
    send(session, gateway)
    assert len(gateway.sent) == 2


def test_a_run_sends_no_more_than_it_is_told(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    for _ in range(3):
        queued(session, a_line(session))
    assert send(session, gateway, most=2).accepted == 2


# --- looking again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "state", "reason"),
    [
        ("cleared:dosed", "cleared", "dosed"),
        ("refused:opted_out", "refused", "opted_out"),
        ("expired", "expired", None),
    ],
)
def test_what_must_not_go_any_more_is_ended_with_its_reminder(
    session: Session, cast: Cast, verdict: str, state: str, reason: str | None
) -> None:
    gateway, person = FakeProvider(), a_person(session)
    reminder_id = a_reminder(session, person)
    text = queued(session, a_line(session), patient_id=person, reminder_id=reminder_id)
    assert send(session, gateway, look_again=lambda *_: verdict).by_state == {MessageState(state): 1}
    row = message(session, text)
    assert gateway.handed_over == []
    assert (row.state, row.reason, row.attempts, row.attempt_started_at, row.finished_at) == (
        state, reason, 0, None, EIGHT,
    )  # fmt: skip
    found = session.execute(select(Reminder.state, Reminder.reason)).one()
    assert tuple(found) == (state, reason)


def test_a_reminder_that_somebody_cancelled_stays_cancelled(session: Session, cast: Cast) -> None:
    person = a_person(session)
    reminder_id = a_reminder(session, person, state="cancelled")
    queued(session, a_line(session), patient_id=person, reminder_id=reminder_id)
    send(session, FakeProvider(), look_again=lambda *_: "cleared:moved")
    assert states(session) == ["cleared"]
    assert session.execute(select(Reminder.state)).scalar_one() == "cancelled"


def test_a_text_is_never_moved_where_the_table_does_not_lead(session: Session, cast: Cast) -> None:
    text = queued(session, a_line(session))
    send(session, FakeProvider())
    with pytest.raises(ValueError, match="accepted to expired"), writing(session) as tx:
        row = lock_message(tx, OutboundMessage.id == text)
        assert row is not None
        move(tx, row, MessageState.EXPIRED, LATER)
    assert states(session) == ["accepted"]


def test_what_has_to_wait_goes_later_and_stands_in_nobodys_way(session: Session, cast: Cast) -> None:
    gateway, line = FakeProvider(), a_line(session)
    waits, goes = queued(session, line), queued(session, line)
    send(session, gateway, look_again=lambda tx, row, *_: "wait" if row.id == waits else None)
    assert states(session) == ["queued", "accepted"]
    assert message(session, waits).attempts == 0
    send(session, gateway, EIGHT + timedelta(minutes=5))
    assert states(session) == ["accepted", "accepted"]
    assert gateway.refs() == [message(session, goes).ref, message(session, waits).ref]


def test_the_gates_are_asked_when_nobody_says_otherwise(session: Session, cast: Cast) -> None:
    """The real second look: nobody's number that was opted out gets a reminder, and one that fails gets nothing."""
    gateway, stopped, failing, fine = FakeProvider(), a_line(session), a_line(session), a_line(session)
    with writing(session) as tx:
        tx.execute(update(PhoneLine).where(PhoneLine.id == stopped).values(opted_out_at=EIGHT))
        tx.execute(update(PhoneLine).where(PhoneLine.id == failing).values(permanent_failures=2))
    refused = queued(session, stopped)
    confirmation = queued(session, stopped, wording="stopped")
    dead = queued(session, failing, wording="typed", is_automatic=False)
    reminder = queued(session, fine)
    send_due(session, gateway, EIGHT, VIETNAM)
    assert [(message(session, each).state, message(session, each).reason) for each in (refused, dead)] == [
        ("refused", "opted_out"),
        ("refused", "number_fails"),
    ]
    assert sorted(gateway.refs()) == sorted(message(session, each).ref for each in (confirmation, reminder))


def test_a_text_that_cannot_be_opened_fails_and_the_queue_goes_on(session: Session, cast: Cast) -> None:
    gateway, line = FakeProvider(), a_line(session)
    broken, blanked, fine = (queued(session, line) for _ in range(3))
    with writing(session) as tx:
        moved = select(OutboundMessage.body).where(OutboundMessage.id == fine).scalar_subquery()
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == broken).values(body=moved))
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == blanked).values(body=None))
    send(session, gateway)
    assert states(session) == ["failed", "failed", "accepted"]
    assert message(session, broken).reason == "ours"


# --- a slow gateway ------------------------------------------------------------------------------------------------


class SlowProvider(FakeProvider):
    """Takes nine seconds for each text, and remembers when each was handed over."""

    def __init__(self, starts_at: datetime) -> None:
        super().__init__()
        self.now, self.moments = starts_at, list[datetime]()

    def send(self, message: TextToSend) -> None:
        self.moments.append(self.now)
        self.now += timedelta(seconds=9)
        super().send(message)


EVENING = EIGHT + timedelta(hours=12)  # 20:00, from when nothing goes out by itself


@pytest.mark.parametrize("dies", [EVENING, EVENING + timedelta(hours=3)])
def test_nothing_is_handed_over_after_its_time_however_slow_the_gateway(
    session: Session, cast: Cast, dies: datetime
) -> None:
    gateway = SlowProvider(EVENING - timedelta(seconds=30))
    for _ in range(10):
        queued(session, a_line(session), expires_at=dies)
    for _ in range(2):
        send(session, gateway, gateway.now, look_again=why_not_now, clock=lambda: gateway.now)
    assert [(EVENING - moment).total_seconds() for moment in gateway.moments] == [30, 21, 12, 3]
    assert Counter(states(session)) == {"accepted": 4, "queued": 6}


def test_a_tick_asks_again_what_time_it_is(session: Session, cast: Cast) -> None:
    """What it sends, and what it does after that: its last sign of life is of when it ended."""
    gateway = SlowProvider(EVENING - timedelta(seconds=30))
    for _ in range(10):
        queued(session, a_line(session), expires_at=EVENING)
    assert tick(session, gateway, gateway.now, VIETNAM, clock=lambda: gateway.now).failed == ()
    assert [(EVENING - moment).total_seconds() for moment in gateway.moments] == [30, 21, 12, 3]
    assert Counter(states(session)) == {"accepted": 4, "expired": 6}
    assert find_beat(session) == gateway.now > EVENING


def test_what_a_gateway_refuses_for_its_age_is_expired_and_says_nothing_of_the_gateway(
    session: Session, cast: Cast
) -> None:
    """Between our look and the gateway's lie moments; a text that dies in them is nobody's failure."""
    gateway, person = FakeProvider(), a_person(session)
    gateway.before = SmsTooLate()
    ids = [queued(session, a_line(session), patient_id=person) for _ in range(3)]
    assert send(session, gateway).by_state == {MessageState.EXPIRED: 3}
    row = message(session, ids[0])
    assert (row.state, row.reason, row.counted_on, row.count_slot) == ("expired", None, None, None)
    assert session.execute(select(SmsChannel.error_streak, SmsChannel.rests_until)).all() == []


def test_who_has_told_the_provider_to_stop_gets_nothing_any_more(session: Session, cast: Cast) -> None:
    """Refused at once, and not by a later report: it is the same word of the same person."""
    gateway, stopped, another = FakeProvider(), a_line(session), a_line(session)
    gateway.before = SmsRejected(FailureReason.PERMANENT, permanent=True, opted_out=True)
    refused = queued(session, stopped)
    later = queued(session, stopped, send_after=EIGHT + timedelta(hours=1))
    of_another = queued(session, another, send_after=EIGHT + timedelta(hours=1))
    send(session, gateway)
    lines = session.execute(select(PhoneLine.id).where(PhoneLine.opted_out_at == EIGHT)).scalars().all()
    assert lines == [stopped]
    gateway.before = None
    send(session, gateway, EIGHT + timedelta(hours=1), look_again=why_not_now)
    states_of = [message(session, text).state for text in (refused, later, of_another)]
    assert states_of == ["failed", "cancelled", "accepted"]


# --- three a day ----------------------------------------------------------------------------------------------------


def test_nobody_gets_more_than_three_automatic_texts_a_day(session: Session, cast: Cast) -> None:
    gateway, person = FakeProvider(), a_person(session)
    for line in (a_line(session), a_line(session)):  # a second number of the same person changes nothing
        for _ in range(2):
            queued(session, line, patient_id=person, expires_at=TOMORROW + timedelta(hours=12))
    queued(session, a_line(session), patient_id=a_person(session))
    send(session, gateway)
    assert states(session) == ["accepted", "accepted", "accepted", "refused", "accepted"]
    assert message(session, 4).reason == "daily_cap"
    queued(session, a_line(session), patient_id=person, now=TOMORROW)
    assert send(session, gateway, TOMORROW).accepted == 1


def test_the_day_of_the_cap_is_the_stations_day(session: Session, cast: Cast) -> None:
    """23:30 and 00:30 at the station are one day in UTC."""
    gateway, person = FakeProvider(), a_person(session)
    late = EIGHT.replace(hour=23, minute=30)
    for now in (late, late, late, late + timedelta(hours=1)):
        queued(session, a_line(session), patient_id=person, now=now)
        send(session, gateway, now)
    assert states(session) == ["accepted"] * 4


def test_answers_and_what_people_typed_are_not_counted(session: Session, cast: Cast) -> None:
    gateway, person, line = FakeProvider(), a_person(session), a_line(session)
    exempt: list[dict[str, Any]] = [
        {"wording": "help"},
        {"wording": "crisis"},
        {"wording": "typed", "is_automatic": False, "written_by_id": cast.staff["counselor"]},
    ]
    for changes in (*exempt, {}, {}, {}):
        queued(session, line, patient_id=person, **changes)
    assert send(session, gateway).accepted == 6


def test_a_text_that_was_not_sent_leaves_its_place_to_another(session: Session, cast: Cast) -> None:
    gateway, person, line = FakeProvider(), a_person(session), a_line(session)
    gateway.before = OUR_FAULT
    for _ in range(2):
        queued(session, line, patient_id=person)
    send(session, gateway)
    gateway.before = None
    for _ in range(3):
        queued(session, line, patient_id=person)
    send(session, gateway)
    assert states(session) == ["failed", "failed", "accepted", "accepted", "accepted"]


def test_two_senders_at_one_moment_do_not_pass_the_cap_together(session: Session, cast: Cast) -> None:
    gateway, person = FakeProvider(), a_person(session)
    for _ in range(8):
        queued(session, a_line(session), patient_id=person)
    in_threads(session, 4, lambda own: send(own, gateway))
    assert Counter(states(session)) == {"accepted": 3, "refused": 5}
    assert len(gateway.sent) == 3


def test_two_senders_who_look_at_one_moment_take_two_places(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both see the first place free; the database gives it to one, and the other looks again. SQLite waits in line."""
    gateway, person = FakeProvider(), a_person(session)
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    for _ in range(2):
        queued(session, a_line(session), patient_id=person)
    both_saw, seen = threading.Barrier(2 if is_postgresql else 1), list[int | None]()
    look = message_attempts._free_places

    def look_together(*of_whom: Any) -> dict[int, int | None]:
        places = look(*of_whom)
        seen.extend(places.values())
        if 1 in places.values():
            both_saw.wait(timeout=30)
        return places

    monkeypatch.setattr(message_attempts, "_free_places", look_together)
    in_threads(session, 2, lambda own: send(own, gateway))
    places = session.execute(select(OutboundMessage.count_slot).order_by(OutboundMessage.count_slot)).scalars()
    assert list(places) == [1, 2]
    assert seen == ([1, 1, 2] if is_postgresql else [1, 2])


# --- several senders ------------------------------------------------------------------------------------------------


def test_senders_at_the_same_second_send_each_text_once(session: Session, cast: Cast) -> None:
    gateway = FakeProvider(repeat_safe=False)
    for _ in range(20):
        queued(session, a_line(session))
    in_threads(session, 4, lambda own: send(own, gateway))
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
    swept(session, gateway)
    other = claimed(session, LATER)
    assert slept is not None and other is not None
    if other_has_sent:
        assert isinstance(begin(session, other, gateway, LATER, VIETNAM, nothing_against), Attempt)
    assert begin(session, slept, gateway, LATER, VIETNAM, nothing_against) is MessageState.CLAIMED
    if not other_has_sent:
        assert isinstance(begin(session, other, gateway, LATER, VIETNAM, nothing_against), Attempt)
    assert message(session, 1).attempts == 1


# --- killed in between ----------------------------------------------------------------------------------------------


def kill_before_the_attempt(session: Session, gateway: FakeProvider, now: datetime = EIGHT) -> None:
    def killed(*_: object) -> str | None:
        raise Killed

    with pytest.raises(Killed):
        send(session, gateway, now, look_again=killed)


def kill_before_handing_over(session: Session, gateway: FakeProvider) -> None:
    gateway.before = Killed()
    with pytest.raises(Killed):
        send(session, gateway)
    gateway.before = None


def kill_before_writing_the_end(session: Session, gateway: FakeProvider) -> None:
    gateway.after = Killed()
    with pytest.raises(Killed):
        send(session, gateway)
    gateway.after = None


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


def test_no_answer_is_unknown_and_the_provider_is_asked_before_anything_else(session: Session, cast: Cast) -> None:
    safe, unsafe = FakeProvider(), FakeProvider(repeat_safe=False)
    for gateway, at in ((safe, "before"), (safe, "after"), (unsafe, "before"), (unsafe, "after")):
        queued(session, a_line(session))
        setattr(gateway, at, SmsOutcomeUnknown())
        assert send(session, gateway).by_state == {MessageState.UNKNOWN: 1}
        setattr(gateway, at, None)
        gateway.name = {safe: "safe", unsafe: "unsafe"}[gateway]
        with writing(session) as tx:
            own = update(OutboundMessage).where(OutboundMessage.gateway == "fake")
            tx.execute(own.values(gateway=gateway.name))
    for gateway in (safe, unsafe):
        swept(session, gateway)
        send(session, safe, LATER)
    assert states(session) == ["accepted", "accepted", "unknown", "unknown"]
    assert (len(safe.sent), len(unsafe.sent)) == (2, 1)


def test_a_no_of_a_provider_that_knows_no_references_is_none(session: Session, cast: Cast) -> None:
    """Whoever began the attempt may only be asleep, and hand it over when it wakes."""

    class Denying(FakeProvider):
        def resolve_unknown(self, message: AttemptedText) -> bool | None:
            return False

    gateway = Denying(repeat_safe=False)
    queued(session, a_line(session))
    kill_before_handing_over(session, gateway)
    swept(session, gateway)
    assert states(session) == ["unknown"]


def test_a_provider_is_asked_as_long_as_the_text_would_be_in_time(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    gateway.after = SmsOutcomeUnknown()
    queued(session, a_line(session))
    send(session, gateway)
    swept(session, gateway, TOMORROW)
    assert states(session) == ["unknown"]
    swept(session, gateway)
    assert states(session) == ["accepted"]


def test_a_provider_may_still_be_at_it_when_we_have_given_up_waiting(session: Session, cast: Cast) -> None:
    """Asked at once it says no, and keeps the text a moment later."""
    gateway = FakeProvider()
    gateway.before = SmsOutcomeUnknown()
    queued(session, a_line(session))
    send(session, gateway)
    swept(session, gateway, EIGHT + timedelta(seconds=59))
    assert states(session) == ["unknown"]
    gateway.before = None
    gateway.send(TextToSend(ref=gateway.handed_over[0], number="+84998000000", body=BODY, expires_at=TOMORROW))
    swept(session, gateway, EIGHT + timedelta(seconds=60))
    assert states(session) == ["accepted"]


def test_a_provider_that_does_not_answer_the_question_either_holds_nothing_up(session: Session, cast: Cast) -> None:
    class Silent(FakeProvider):
        def resolve_unknown(self, message: AttemptedText) -> bool | None:
            if self.before is None:
                return super().resolve_unknown(message)
            raise SmsOutcomeUnknown

    gateway = Silent()
    gateway.before = SmsOutcomeUnknown()
    for _ in range(2):
        queued(session, a_line(session))
    send(session, gateway)
    swept(session, gateway)
    assert states(session) == ["unknown", "unknown"]
    gateway.before = None
    swept(session, gateway)
    assert states(session) == ["queued", "queued"]


def test_a_receipt_that_comes_while_the_provider_is_asked_stands(session: Session, cast: Cast) -> None:
    class Quick(FakeProvider):
        def resolve_unknown(self, message: AttemptedText) -> bool | None:
            with Session(session.get_bind(), expire_on_commit=False) as other:
                apply_receipt(other, "event", message.ref, "delivered", None, LATER)
            return True

    gateway = Quick(repeat_safe=False)
    gateway.after = SmsOutcomeUnknown()
    queued(session, a_line(session))
    send(session, gateway)
    swept(session, gateway)
    assert states(session) == ["delivered"]


def test_the_word_of_an_earlier_attempt_does_not_undo_a_later_one(session: Session, cast: Cast) -> None:
    """The first call was so slow that the text was swept and attempted again; then it says: not taken."""
    text = queued(session, a_line(session))
    second = FakeProvider()
    second.after = SmsOutcomeUnknown()

    class Slow(FakeProvider):
        def send(self, message: TextToSend) -> None:
            with Session(session.get_bind(), expire_on_commit=False) as other:
                swept(other, self)
                send(other, second, LATER)
            raise AWAY

    send(session, Slow())
    row = message(session, text)
    assert (row.state, row.attempts, len(second.sent)) == ("unknown", 2, 1)


def test_another_provider_than_the_one_that_was_called_is_not_asked(session: Session, cast: Cast) -> None:
    gateway, other = FakeProvider(), FakeProvider()
    other.name = "other"
    queued(session, a_line(session))
    kill_before_handing_over(session, gateway)
    swept(session, other)
    assert states(session) == ["unknown"]


def test_a_sender_believed_dead_that_comes_back_has_the_last_word(session: Session, cast: Cast) -> None:
    """The provider took so long that the sweep had settled the text; what the call said then is more."""
    text_id = queued(session, a_line(session))

    class Slow(FakeProvider):
        def send(self, message: TextToSend) -> None:
            with Session(session.get_bind(), expire_on_commit=False) as other:
                sweep(other, self, LATER, VIETNAM)
                assert states(other) == ["unknown"]
            super().send(message)

    send(session, Slow(repeat_safe=False))
    assert message(session, text_id).state == "accepted"


# --- what the provider refuses --------------------------------------------------------------------------------------


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


# --- the clock jumps ------------------------------------------------------------------------------------------------


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


# --- the audit ------------------------------------------------------------------------------------------------------


def test_the_audit_holds_ids_and_states_in_the_sites_own_chain(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    here, there = queued(session, a_line(session)), queued(session, a_line(session), site_id=CAO_LOC)
    send(session, gateway)
    entries = session.execute(
        select(AuditEntry.chain, AuditEntry.action, AuditEntry.subject, AuditEntry.details, AuditEntry.actor)
        .where(AuditEntry.subject.like("message:%"))
        .order_by(AuditEntry.id)
    ).all()
    assert [tuple(entry) for entry in entries] == [
        (f"site:{DONG_KINH}", "message.accepted", f"message:{here}", "{}", "job:sender"),
        (f"site:{CAO_LOC}", "message.accepted", f"message:{there}", "{}", "job:sender"),
    ]
