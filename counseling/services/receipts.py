"""A provider's word on delivery: kept as it came, and believed as far as the states allow."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.channels import FAILS_AFTER
from counseling.domain.message_states import FailureReason, MessageState, after_receipt
from counseling.models.channels import SmsChannel
from counseling.models.texts import DeliveryReceipt, OutboundMessage, PhoneLine
from counseling.services.channel_failures import count_failing, note_reaches
from counseling.services.message_moves import lock_message, move
from counseling.services.test_texts import note_report

HAS_LEFT = (MessageState.ACCEPTED, MessageState.DELIVERED)
# One read for both: this is asked for every report.
FIND_KNOWN = select(
    select(DeliveryReceipt.id).where(DeliveryReceipt.event_key == bindparam("of_event")).scalar_subquery().label("id"),
    select(SmsChannel.failing_numbers)
    .where(SmsChannel.gateway == bindparam("of_gateway"))
    .scalar_subquery()
    .label("failing"),
)


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
    known = tx.execute(FIND_KNOWN, {"of_event": event_key, "of_gateway": message.gateway}).one()
    if known.id is not None:
        return
    values = {"event_key": event_key, "message_id": message.id, "reported": state.value, "reason": reason}
    tx.execute(insert(DeliveryReceipt).values(**values, received_at=now))
    if known.failing and state in HAS_LEFT:
        note_reaches(tx, message.gateway)
    to = after_receipt(MessageState(message.state), state)
    if to != message.state:
        if to is MessageState.FAILED:
            _count_not_reached(tx, message, _reason(to, reason), known.failing or 0, now)
        move(tx, message, to, now, reason=_reason(to, reason))


def _count_not_reached(tx: Session, message: Row[Any], reason: str | None, failing: int, now: datetime) -> None:
    """Only what a provider reports of a text that it had: a gateway that took nothing says nothing of the number.

    Neither does one that gets no text out, to whomever: `failing` numbers in a row so far.
    """
    if reason == FailureReason.PERMANENT:
        return
    failing = count_failing(tx, message, now) or failing
    if reason == FailureReason.TEMPORARY and failing < FAILS_AFTER:
        line = update(PhoneLine).where(PhoneLine.id == message.line_id)
        tx.execute(line.values(temporary_failures=PhoneLine.temporary_failures + 1))


def _reason(to: MessageState, reported: str | None) -> str | None:
    if to is not MessageState.FAILED:
        return None
    return reported if reported in set(FailureReason) else FailureReason.TEMPORARY.value
