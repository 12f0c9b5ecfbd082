"""When a channel is left alone, for how long, and which one carries a text."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

# So many texts in a row that a gateway did not take or did not answer to: it is away.
AWAY_AFTER = 3
# So many different numbers in a row whose text it took and could not send: it is the channel, and not the numbers.
FAILS_AFTER = 5
# Segments a minute that an administrator may set: 500 a second, more than one process hands over.
FASTEST = 30_000
# A test text that nobody has sent by then is not sent any more.
TEST_DIES_AFTER = timedelta(minutes=10)
NOT_SENT, UNANSWERED = "not_sent", "unanswered"  # of a test text: why it was not taken
BY_HAND = "by_hand"  # why a channel stands that an administrator has stopped
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(minutes=10)


class TextKind(StrEnum):
    """Answers are what somebody waits for: they go first, and often another way."""

    ANSWERS = "answers"
    REMINDERS = "reminders"


def rest_after(streak: int) -> timedelta | None:
    """How long a gateway is left alone after so many failures in a row; then one text tries it again."""
    if streak < AWAY_AFTER:
        return None
    return min(FIRST_REST * (1 << min(streak - AWAY_AFTER, 10)), LONGEST_REST)


def is_resting(rests_until: datetime | None, now: datetime) -> bool:
    """A rest that lies further ahead than the longest was begun before somebody set the clock back."""
    return rests_until is not None and now < rests_until <= now + LONGEST_REST


def carrier_of(route: Sequence[str | None], open_ones: Container[str]) -> str | None:
    """The first of a route (its channel, its fallback) that takes texts now; None: they wait."""
    return next((name for name in route if name is not None and name in open_ones), None)


def fault_of_silence(asked_at: datetime, attempted_at: datetime | None, now: datetime) -> str | None:
    """Why nobody waits any longer for a test text of which nothing was heard; None: it may still go.

    Whoever hands texts over may not run at all, or have been killed between the gateway's yes and writing it down.
    """
    if now - (attempted_at or asked_at) < TEST_DIES_AFTER:
        return None
    return NOT_SENT if attempted_at is None else UNANSWERED
