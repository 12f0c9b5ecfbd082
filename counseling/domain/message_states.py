"""Where a text stands on its way, what may follow, and what a provider's word or silence makes of it."""

from collections.abc import Mapping
from enum import StrEnum


class MessageState(StrEnum):
    """The life of one SMS from us. `accepted` is all that a provider without receipts ever says."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CLEARED = "cleared"
    EXPIRED = "expired"
    REFUSED = "refused"
    CANCELLED = "cancelled"


_S = MessageState
_NOT_SENT = frozenset({_S.CLEARED, _S.EXPIRED, _S.REFUSED, _S.CANCELLED})
_HEARD_OF = frozenset({_S.ACCEPTED, _S.DELIVERED, _S.FAILED})

NEXT_STATES: Mapping[MessageState, frozenset[MessageState]] = {
    # A receipt for a queued text: the attempt that we believed lost has reached the provider. It must not go out again.
    _S.QUEUED: _NOT_SENT | {_S.CLAIMED, _S.ACCEPTED, _S.DELIVERED},
    # Back to the queue only where the provider provably does not have it.
    _S.CLAIMED: _NOT_SENT | _HEARD_OF | {_S.QUEUED, _S.UNKNOWN},
    _S.ACCEPTED: frozenset({_S.DELIVERED, _S.FAILED}),
    _S.UNKNOWN: _HEARD_OF | {_S.QUEUED},
    _S.DELIVERED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CLEARED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.CANCELLED: frozenset(),
}
# Nothing more is done about these; `unknown` may still learn better.
FINISHED = _NOT_SENT | {_S.DELIVERED, _S.FAILED, _S.UNKNOWN}


class FailureReason(StrEnum):
    """Whose failure it was, as staff read it."""

    OURS = "ours"  # a setting, our account, our words: nothing is wrong with the number
    TEMPORARY = "temporary"  # a phone switched off, a busy network
    PERMANENT = "permanent"  # no such number: somebody has to correct it


def after_receipt(current: MessageState, reported: MessageState) -> MessageState:
    """What a provider's word makes of a text: words come late, twice and out of order, and a final state stays."""
    return reported if reported in _HEARD_OF and reported in NEXT_STATES[current] else current


def after_lost_attempt(provider_has_it: bool | None, *, repeat_safe: bool) -> MessageState:
    """What becomes of a text whose attempt began and never ended, as when the power went.

    `provider_has_it` None: it cannot tell. A provider that does not know our reference may be handed the text later, by
    whoever began the attempt and only slept: its "no" is none, and the text stays unknown. One unwanted repeat can
    expose somebody; one missed reminder cannot.
    """
    if provider_has_it:
        return MessageState.ACCEPTED
    return MessageState.QUEUED if provider_has_it is False and repeat_safe else MessageState.UNKNOWN
