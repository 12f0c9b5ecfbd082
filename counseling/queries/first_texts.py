"""Whether the owner of a number knows that nobody reads at once, and how to stop.

They do when they have compared digits, whose text says so, or when the first text has gone out.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, exists, or_

from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage

FIRST = "first"  # a key of sms/wording.py
WENT = ("accepted", "delivered", "unknown")
MAY_STILL_GO = ("queued", "claimed", *WENT)


def is_told(line_id: Any) -> ColumnElement[bool]:
    """As a condition on a number's line. A first text of which nobody knows what became of it counts as seen."""
    return _has_first(line_id, WENT)


def is_told_soon(line_id: Any) -> ColumnElement[bool]:
    """The same, or the first text is on its way."""
    return _has_first(line_id, MAY_STILL_GO)


def _has_first(line_id: Any, states: tuple[str, ...]) -> ColumnElement[bool]:
    compared = exists().where(PhoneNumber.line_id == line_id, PhoneNumber.compared_at.is_not(None))
    first = OutboundMessage.wording == FIRST, OutboundMessage.state.in_(states)
    return or_(compared, exists().where(OutboundMessage.line_id == line_id, *first))
