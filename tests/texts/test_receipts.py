"""What providers say afterwards: late, twice, out of order. And the simulator, which says it too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of
from counseling.domain.message_states import FailureReason
from counseling.models.audit import AuditEntry
from counseling.models.texts import DeliveryReceipt, PhoneLine, SimulatedText
from counseling.services.audit_verification import verify
from counseling.services.receipts import apply_receipt
from counseling.services.simulated_phones import SimulatedPhones, hand_phone, switch_phone
from counseling.services.sweeping import sweep
from counseling.sms.gateway import AttemptedText, SmsOutcomeUnknown, SmsRejected, TextToSend
from counseling.sms.simulator import Simulator
from tests.support.cast import Cast
from tests.support.outbox import BODY, EIGHT, FakeProvider, a_line, message, queued, send, states

NINE = EIGHT + timedelta(hours=1)


def receipt(session: Session, ref: str, reported: str, key: str, reason: str | None = None) -> None:
    apply_receipt(session, key, ref, reported, reason, NINE)


@pytest.fixture
def accepted(session: Session, cast: Cast) -> str:
    """The reference of a text that the provider has taken."""
    text = queued(session, a_line(session))
    send(session, FakeProvider())
    return str(message(session, text).ref)


def kept(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count(DeliveryReceipt.id))).scalar_one()


def failures(session: Session) -> int:
    session.rollback()
    return session.execute(select(PhoneLine.permanent_failures)).scalar_one()


def test_delivered_is_final_whatever_comes_after_it(session: Session, accepted: str) -> None:
    for number, word in enumerate(("accepted", "delivered", "accepted", "failed")):
        receipt(session, accepted, word, f"event {number}")
    assert states(session) == ["delivered"]
    assert kept(session) == 4
    actions = session.execute(select(AuditEntry.action).where(AuditEntry.subject == "message:1")).scalars().all()
    assert actions == ["message.accepted", "message.delivered"]
    assert verify(session).broken == []


def test_the_same_event_twice_is_kept_once(session: Session, accepted: str) -> None:
    for _ in range(2):
        receipt(session, accepted, "failed", "event", "permanent")
    assert (kept(session), failures(session)) == (1, 1)


def test_a_receipt_for_a_reference_that_is_not_ours_does_nothing(session: Session, accepted: str) -> None:
    receipt(session, "somebodyelse", "delivered", "event")
    assert (states(session), kept(session)) == (["accepted"], 0)


def test_a_word_that_no_provider_says_is_a_mistake_of_its_adapter(session: Session, accepted: str) -> None:
    with pytest.raises(ValueError, match="READ"):
        receipt(session, accepted, "READ", "event")
    assert kept(session) == 0


@pytest.mark.parametrize(("said", "reason"), [("permanent", "permanent"), ("30008", "temporary"), (None, "temporary")])
def test_a_failure_has_an_honest_reason(session: Session, accepted: str, said: str | None, reason: str) -> None:
    receipt(session, accepted, "failed", "event", said)
    row = message(session, 1)
    assert (row.state, row.reason, row.finished_at) == ("failed", reason, NINE)
    assert failures(session) == (1 if reason == "permanent" else 0)
    assert session.execute(select(DeliveryReceipt.reason)).scalar_one() == said


def test_a_number_that_was_reached_begins_to_count_anew(session: Session, cast: Cast) -> None:
    line, gateway = a_line(session), FakeProvider()
    refs = [message(session, queued(session, line)).ref for _ in range(2)]
    send(session, gateway)
    receipt(session, refs[0], "failed", "first", "permanent")
    receipt(session, refs[1], "delivered", "second")
    assert failures(session) == 0


def test_a_late_receipt_settles_an_unknown_text(session: Session, cast: Cast) -> None:
    gateway = FakeProvider(repeat_safe=False)
    gateway.after = SmsOutcomeUnknown()
    text = queued(session, a_line(session))
    send(session, gateway)
    assert states(session) == ["unknown"]
    receipt(session, message(session, text).ref, "delivered", "event")
    assert states(session) == ["delivered"]


def test_a_receipt_that_overtakes_the_answer_of_the_call_stands(session: Session, cast: Cast) -> None:
    class Quick(FakeProvider):
        def send(self, message: TextToSend) -> None:
            super().send(message)
            with Session(session.get_bind(), expire_on_commit=False) as other:
                apply_receipt(other, "event", message.ref, "delivered", None, EIGHT)

    queued(session, a_line(session))
    send(session, Quick())
    assert states(session) == ["delivered"]


def test_a_text_that_waits_for_a_second_attempt_does_not_go_when_the_first_has_arrived(
    session: Session, cast: Cast
) -> None:
    """The provider said no, and delivered all the same."""
    gateway = FakeProvider()
    gateway.before = SmsRejected(FailureReason.TEMPORARY, permanent=False)
    text = queued(session, a_line(session))
    send(session, gateway)
    assert states(session) == ["queued"]
    receipt(session, message(session, text).ref, "delivered", "event")
    gateway.before = None
    send(session, gateway, NINE)
    assert (states(session), gateway.sent) == (["delivered"], [])


# --- the simulator --------------------------------------------------------------------------------------------------


@pytest.fixture
def simulator(session: Session) -> Simulator:
    return Simulator(SimulatedPhones(lambda: Session(session.get_bind(), expire_on_commit=False), lambda: EIGHT))


def shown(session: Session) -> list[Row[tuple[str, object]]]:
    session.rollback()
    return list(session.execute(select(SimulatedText.message_ref, SimulatedText.shown_at)).all())


def test_a_phone_that_is_on_shows_the_text_and_says_so(session: Session, cast: Cast, simulator: Simulator) -> None:
    line = a_line(session)
    text = queued(session, line)
    send(session, simulator)
    row = message(session, text)
    assert (row.state, row.gateway) == ("delivered", "simulator")
    taken = session.execute(select(SimulatedText)).scalar_one()
    assert (taken.line_id, taken.shown_at) == (line, EIGHT)
    assert vault_of(session).open("simulated_texts.body", row.ref, taken.body) == BODY


def test_a_text_waits_for_a_phone_that_is_off(session: Session, cast: Cast, simulator: Simulator) -> None:
    line = a_line(session)
    switch_phone(session, line, is_off=True, now=EIGHT)
    texts = [queued(session, line) for _ in range(2)]
    send(session, simulator)
    assert states(session) == ["accepted", "accepted"]
    assert [at for _, at in shown(session)] == [None, None]
    switch_phone(session, line, is_off=False, now=NINE)
    assert states(session) == ["delivered", "delivered"]
    assert [at for _, at in shown(session)] == [NINE, NINE]
    assert message(session, texts[0]).finished_at == NINE


def test_what_goes_out_by_itself_is_not_shown_at_night_by_a_phone_that_was_off(
    session: Session, cast: Cast, simulator: Simulator
) -> None:
    """Whatever its own life is: the first text is good for a day."""
    line, tonight, day = a_line(session), EIGHT + timedelta(hours=15), timedelta(hours=24)
    switch_phone(session, line, is_off=True, now=EIGHT)
    for is_automatic in (True, False):
        queued(session, line, is_automatic=is_automatic, expires_at=EIGHT + day)
    send(session, simulator)
    switch_phone(session, line, is_off=False, now=tonight)
    assert states(session) == ["failed", "delivered"]


def test_a_text_that_died_while_the_phone_was_off_is_never_shown(
    session: Session, cast: Cast, simulator: Simulator
) -> None:
    line = a_line(session)
    switch_phone(session, line, is_off=True, now=EIGHT)
    text = queued(session, line, expires_at=EIGHT + timedelta(minutes=30))
    send(session, simulator)
    for now in (NINE, NINE + timedelta(minutes=1)):
        switch_phone(session, line, is_off=False, now=now)
    row = message(session, text)
    assert (row.state, row.reason) == ("failed", "temporary")
    assert [at for _, at in shown(session)] == [None]
    assert kept(session) == 1


def test_one_reference_is_one_text_however_often_it_is_handed_over(
    session: Session, cast: Cast, simulator: Simulator
) -> None:
    row = message(session, queued(session, a_line(session, "+84998005678")))
    text = TextToSend(ref=row.ref, number="+84998005678", body=BODY, expires_at=row.expires_at)
    asked = AttemptedText(ref=row.ref, number=text.number, body=BODY, attempted_at=EIGHT)
    assert simulator.resolve_unknown(asked) is False
    for _ in range(2):
        simulator.send(text)
    assert simulator.resolve_unknown(asked) is True
    assert (len(shown(session)), kept(session)) == (1, 1)


def test_a_number_that_nobody_has_is_rejected_for_good(session: Session, cast: Cast, simulator: Simulator) -> None:
    text = TextToSend(ref="x", number="+84998009999", body=BODY, expires_at=NINE)
    with pytest.raises(SmsRejected) as caught:
        simulator.send(text)
    assert (caught.value.reason, caught.value.permanent) == (FailureReason.PERMANENT, True)


def test_the_simulator_settles_an_attempt_without_an_end(
    session: Session, cast: Cast, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after it had taken the first text, and before it took the second."""

    def dies(when: str) -> Callable[[TextToSend], None]:
        def send_and_die(message: TextToSend) -> None:
            if when == "after":
                Simulator.send(simulator, message)
            raise SmsOutcomeUnknown

        return send_and_die

    line = a_line(session)
    switch_phone(session, line, is_off=True, now=EIGHT)
    for when in ("after", "before"):
        queued(session, line)
        monkeypatch.setattr(simulator, "send", dies(when))
        send(session, simulator)
    monkeypatch.undo()
    assert states(session) == ["unknown", "unknown"]
    sweep(session, simulator, NINE, VIETNAM)
    assert states(session) == ["accepted", "queued"]
    send(session, simulator, NINE)
    assert states(session) == ["accepted", "accepted"]
    assert len(shown(session)) == 2


def test_a_phone_in_other_hands_is_still_a_phone(session: Session, cast: Cast, simulator: Simulator) -> None:
    line = a_line(session)
    hand_phone(session, line, held_by_other=True)
    switch_phone(session, line, is_off=True, now=EIGHT)
    switch_phone(session, line, is_off=False, now=EIGHT)
    queued(session, line)
    send(session, simulator)
    assert states(session) == ["delivered"]
