"""A text that is due goes once, in its turn and in its time, and not when something speaks against it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.message_states import FailureReason, MessageState
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.channels import SmsChannel
from counseling.models.texts import OutboundMessage, PhoneLine, Reminder
from counseling.queries.worker_beats import find_beat
from counseling.services.message_moves import lock_message, move
from counseling.services.reminder_gates import why_not_now
from counseling.services.sending import send_due
from counseling.services.sweeping import LEASE
from counseling.sms.gateway import SmsRejected, SmsTooLate, TextToSend
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.outbox import (
    BODY,
    EIGHT,
    FakeProvider,
    a_line,
    a_person,
    a_reminder,
    message,
    queued,
    send,
    states,
    swept,
)
from tests.support.treatment import TODAY

LATER = EIGHT + LEASE + timedelta(seconds=1)


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
