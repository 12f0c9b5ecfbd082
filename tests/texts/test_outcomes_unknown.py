"""No answer is not a no: the provider is asked before anything is sent again."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.message_states import FailureReason, MessageState
from counseling.models.texts import OutboundMessage
from counseling.services.receipts import apply_receipt
from counseling.services.sweeping import LEASE, sweep
from counseling.sms.gateway import AttemptedText, SmsOutcomeUnknown, SmsRejected, TextToSend
from tests.support.cast import Cast
from tests.support.outbox import (
    BODY,
    EIGHT,
    FakeProvider,
    a_line,
    kill_before_handing_over,
    message,
    queued,
    send,
    states,
    swept,
)

LATER = EIGHT + LEASE + timedelta(seconds=1)
TOMORROW = EIGHT + timedelta(days=1)
AWAY = SmsRejected(FailureReason.TEMPORARY, permanent=False)


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
        swept(session, gateway, LATER)
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
    swept(session, gateway, LATER)
    assert states(session) == ["unknown"]


def test_a_provider_is_asked_as_long_as_the_text_would_be_in_time(session: Session, cast: Cast) -> None:
    gateway = FakeProvider()
    gateway.after = SmsOutcomeUnknown()
    queued(session, a_line(session))
    send(session, gateway)
    swept(session, gateway, TOMORROW)
    assert states(session) == ["unknown"]
    swept(session, gateway, LATER)
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
    swept(session, gateway, LATER)
    assert states(session) == ["unknown", "unknown"]
    gateway.before = None
    swept(session, gateway, LATER)
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
    swept(session, gateway, LATER)
    assert states(session) == ["delivered"]


def test_the_word_of_an_earlier_attempt_does_not_undo_a_later_one(session: Session, cast: Cast) -> None:
    """The first call was so slow that the text was swept and attempted again; then it says: not taken."""
    text = queued(session, a_line(session))
    second = FakeProvider()
    second.after = SmsOutcomeUnknown()

    class Slow(FakeProvider):
        def send(self, message: TextToSend) -> None:
            with Session(session.get_bind(), expire_on_commit=False) as other:
                swept(other, self, LATER)
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
    swept(session, other, LATER)
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
