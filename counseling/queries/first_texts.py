"""Whether the owner of a number knows that nobody reads at once, and how to stop.

They do when they have compared digits, whose text says so, or when the first text has gone out.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select

from counseling.database import AnySession
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage

FIRST = "first"  # a key of sms/wording.py
WENT = ("accepted", "delivered", "unknown")
ON_ITS_WAY = ("queued", "claimed")


def is_told(line_id: Any) -> ColumnElement[bool]:
    """As a condition on a number's line. A first text of which nobody knows what became of it counts as seen.

    Only of those who have the number now: it may have come to another owner.
    """
    return or_(
        exists().where(
            PhoneNumber.line_id == line_id, PhoneNumber.removed_at.is_(None), PhoneNumber.compared_at.is_not(None)
        ),
        exists().where(
            OutboundMessage.line_id == line_id,
            OutboundMessage.wording == FIRST,
            OutboundMessage.state.in_(WENT),
            PhoneNumber.line_id == line_id,
            PhoneNumber.removed_at.is_(None),
            PhoneNumber.patient_id == OutboundMessage.patient_id,
            PhoneNumber.side == OutboundMessage.side,
        ),
    )


def is_being_told(session: AnySession, line_id: int, but: int) -> bool:
    """Whether a first text other than this one is just being handed over to this number."""
    other = OutboundMessage.line_id == line_id, OutboundMessage.wording == FIRST, OutboundMessage.id != but
    begun = OutboundMessage.state == "claimed", OutboundMessage.attempt_started_at.is_not(None)
    return session.execute(select(OutboundMessage.id).where(*other, *begun).limit(1)).first() is not None


def is_told_soon(line_id: Any, patient_id: int, side: str) -> ColumnElement[bool]:
    """The same, or this file's own first text is on its way: another's may wait for longer than this one's reminder."""
    own = OutboundMessage.patient_id == patient_id, OutboundMessage.side == side, OutboundMessage.line_id == line_id
    waits = exists().where(*own, OutboundMessage.wording == FIRST, OutboundMessage.state.in_(ON_ITS_WAY))
    return or_(is_told(line_id), waits)
