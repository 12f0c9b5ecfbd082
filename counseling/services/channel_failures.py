"""Whether a channel gets texts out at all: a SIM without money takes every text and sends none.

Counted in different numbers, because one that is dead fails for itself. A text that is reported to have left speaks for
the channel, whatever comes of it later.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, literal, update
from sqlalchemy.orm import Session

from counseling.domain.message_states import MessageState
from counseling.models.channels import SmsChannel
from counseling.models.texts import DeliveryReceipt, OutboundMessage

REACHES = {"failing_numbers": 0, "failing_since": None}


def note_reaches(tx: Session, gateway: str | None) -> None:
    """One of its texts has left it. Locks its row where it was failing."""
    tx.execute(update(SmsChannel).where(SmsChannel.gateway == gateway, SmsChannel.failing_numbers > 0).values(REACHES))


def count_failing(tx: Session, message: Row[Any], now: datetime) -> int | None:
    """Count the number of a text that is reported as failed; gives how many there are now, None where it adds none.

    Locks the channel's row, no chain.
    """
    has_left = exists().where(
        DeliveryReceipt.message_id == message.id, DeliveryReceipt.reported == MessageState.ACCEPTED.value
    )
    is_counted = exists().where(
        OutboundMessage.line_id == message.line_id,
        OutboundMessage.gateway == SmsChannel.gateway,
        OutboundMessage.state == MessageState.FAILED.value,
        OutboundMessage.finished_at >= SmsChannel.failing_since,
    )
    since = func.coalesce(SmsChannel.failing_since, literal(now, SmsChannel.failing_since.type))
    one_more = update(SmsChannel).where(SmsChannel.gateway == message.gateway, ~has_left, ~is_counted)
    counted = one_more.values(failing_numbers=SmsChannel.failing_numbers + 1, failing_since=since)
    return tx.execute(counted.returning(SmsChannel.failing_numbers)).scalar()
