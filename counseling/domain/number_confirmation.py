"""How long the comparison of a number with its owner's phone is good for: numbers are sold on and phones are lent."""

from datetime import datetime, timedelta

GOOD_FOR = timedelta(days=90)
ASK_AHEAD = timedelta(days=14)  # so early the desk is reminded, so that nobody's texts end in between


def good_since(now: datetime) -> datetime:
    """A number that was confirmed at this moment or before gets nothing but the two digits any more."""
    return now - GOOD_FOR


def is_good(confirmed_at: datetime | None, now: datetime) -> bool:
    return confirmed_at is not None and confirmed_at > good_since(now)


def is_due(confirmed_at: datetime | None, now: datetime) -> bool:
    """Whether it is to be compared again: never done, past its time, or soon."""
    return confirmed_at is None or confirmed_at <= good_since(now) + ASK_AHEAD
