"""Reading what SMS Gate reports: JSON whose shape differs between versions, so nothing in it is taken as given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from counseling.domain.message_states import FailureReason, MessageState
from counseling.sms.reports import Came, Fate, InboundKind, NotUnderstood, content_of

RECEIVED = "sms:received"
# The app reports no calls itself; a phone's automation that does (free "nháy máy") signs the same way and says this.
MISSED_CALL = "call:missed"
FATES: Mapping[str, MessageState] = {
    "sms:sent": MessageState.ACCEPTED,
    "sms:delivered": MessageState.DELIVERED,
    "sms:failed": MessageState.FAILED,
}
# What Android says about a text that it did not send (SmsManager.RESULT_…), and its app of one that died on it: our
# phone, its settings or its network. Nothing speaks of the number: one that is dead never says so (see PhoneLine).
OURS = (
    *("SHORT_CODE_NOT_ALLOWED", "FDN_CHECK_FAILURE", "INVALID_ARGUMENTS", "ENCODING_ERROR", "INVALID_SMSC_ADDRESS"),
    *("RADIO_OFF", "NO_SERVICE", "TTL"),
)
LONGEST_ID = 100


def read_event(raw: bytes) -> Came | Fate | None:
    """One report; None for events that we did not ask for. Raises NotUnderstood."""
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotUnderstood from None
    payload = fields.get("payload") if isinstance(fields, dict) else None
    if not isinstance(payload, dict):
        raise NotUnderstood
    event_key, event = _word(fields, "id"), _word(fields, "event")
    if event in FATES:
        return _fate(event_key, event, payload)
    if event in (RECEIVED, MISSED_CALL):
        kind = InboundKind.TEXT if event == RECEIVED else InboundKind.MISSED_CALL
        return _came(event_key, kind, payload)
    return None


def _came(event_key: str, kind: InboundKind, payload: Mapping[str, Any]) -> Came:
    number = payload.get("sender") or payload.get("phoneNumber")  # older versions know only the second
    body = payload.get("message", "") if kind is InboundKind.TEXT else ""
    if not isinstance(number, str) or not isinstance(body, str):
        raise NotUnderstood
    at = _instant(payload.get("receivedAt"))
    content = content_of(kind, number, body, at)
    return Came(event_key=event_key, content=content, kind=kind, number=number, body=body, at=at)


def _fate(event_key: str, event: str, payload: Mapping[str, Any]) -> Fate:
    state = FATES[event]
    reason = None
    if state is MessageState.FAILED:
        said = str(payload.get("reason", "")).upper()
        reason = FailureReason.OURS if any(word in said for word in OURS) else FailureReason.TEMPORARY
    return Fate(event_key=event_key, message_ref=_word(payload, "messageId"), state=state, reason=reason)


def _word(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or not value.isprintable():
        raise NotUnderstood
    return value


def _instant(value: object) -> datetime | None:
    """None also where our clock does not reach: the first hours of the first year are before it in the east."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None or at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
