"""A provider's word on delivery: kept as it came, and believed as far as the states allow."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.message_states import FailureReason, MessageState, after_receipt
from counseling.models.texts import DeliveryReceipt, OutboundMessage, PhoneLine
from counseling.services.message_moves import lock_message, move
from counseling.services.test_texts import note_report


def apply_receipt(
    session: AnySession, event_key: str, message_ref: str, reported: str, reason: str | None, now: datetime
) -> None:
    """Keep one receipt and let it move its text. A repeated `event_key` and a reference that is not ours do nothing;
    that of a test text is noted with it.

    `reported` is one of MessageState (ValueError otherwise), `reason` of a failure one of FailureReason; any other
    word is kept with the receipt and counts as temporary.
    """
    with writing(session) as tx:
        note_receipt(tx, event_key, message_ref, reported, reason, now)


def note_receipt(
    tx: Session, event_key: str, message_ref: str, reported: str, reason: str | None, now: datetime
) -> None:
    """The same inside the caller's transaction, as its last act: it locks the text and then the site's chain."""
    state = MessageState(reported)
    message = lock_message(tx, OutboundMessage.ref == message_ref)
    if message is None:
        note_report(tx, message_ref, state, now)
        return
    # Behind the text's lock, so that of two equal receipts at one moment the second finds the first.
    if tx.execute(select(DeliveryReceipt.id).where(DeliveryReceipt.event_key == event_key)).first():
        return
    values = {"event_key": event_key, "message_id": message.id, "reported": state.value, "reason": reason}
    tx.execute(insert(DeliveryReceipt).values(**values, received_at=now))
    to = after_receipt(MessageState(message.state), state)
    if to != message.state:
        _count_not_reached(tx, message.line_id, to, _reason(to, reason))
        move(tx, message, to, now, reason=_reason(to, reason))


def _count_not_reached(tx: Session, line_id: int, to: MessageState, reason: str | None) -> None:
    """Only what a provider reports of a text that it had: a gateway that took nothing says nothing of the number."""
    if to is MessageState.FAILED and reason == FailureReason.TEMPORARY:
        line = update(PhoneLine).where(PhoneLine.id == line_id)
        tx.execute(line.values(temporary_failures=PhoneLine.temporary_failures + 1))


def _reason(to: MessageState, reported: str | None) -> str | None:
    if to is not MessageState.FAILED:
        return None
    return reported if reported in set(FailureReason) else FailureReason.TEMPORARY.value
