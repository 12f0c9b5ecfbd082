"""What gateways report to us, in our own words: a text or a call that came in, or the fate of one that went out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from counseling.domain.message_states import FailureReason, MessageState
from counseling.sms.gateway import Fault

LONGEST = 16 * 1024  # bytes of a report; ten parts of the widest alphabet are 3 kB


class InboundKind(StrEnum):
    TEXT = "text"
    MISSED_CALL = "missed_call"  # nháy máy: call me back


@dataclass(frozen=True, kw_only=True)
class Came:
    """`content`: tells the same happening from another one where it is reported under a second event key.

    `at`: when the network took it in; None where the provider does not tell.
    """

    event_key: str
    content: str | None = field(repr=False)
    kind: InboundKind
    number: str = field(repr=False)
    body: str = field(repr=False)
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Fate:
    """`fault`: the channel itself is at fault; `opted_out`: the person has told the provider to stop."""

    event_key: str
    message_ref: str
    state: MessageState
    reason: FailureReason | None = None
    fault: Fault | None = None
    opted_out: bool = False


class NotUnderstood(Exception):  # noqa: N818 - says what is the case
    """Signed by the gateway and still nothing that we can use: it would be sent again for ever, so it is let go."""


def content_of(kind: InboundKind, number: str, body: str, at: datetime | None) -> str | None:
    """Who, what and when in one text, of which a keyed digest is kept; None where nobody tells the instant."""
    if at is None:
        return None
    instant = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return "\n".join((kind.value, number, instant, body))
