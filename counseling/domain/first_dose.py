"""After the first dose of an induction order somebody stays and is looked at, for the hours that the facility says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Seen(StrEnum):
    """How somebody was when they were looked at."""

    WELL = "well"
    DROWSY = "drowsy"
    HARD_TO_WAKE = "hard_to_wake"
    LEFT = "left"  # went away before the time was over

    @property
    def asks_for_a_doctor(self) -> bool:
        return self is not Seen.WELL


@dataclass(frozen=True)
class Look:
    """One look at somebody."""

    seen: Seen
    at: datetime


def ends_at(given_at: datetime, hours: int) -> datetime:
    """When the observation is over at the earliest."""
    return given_at + timedelta(hours=hours)


def is_over(given_at: datetime, hours: int, looks: Sequence[Look]) -> bool:
    """Whether nobody has to look again: well at the end of the time or after it, or gone away."""
    end = ends_at(given_at, hours)
    last = max(looks, key=lambda look: look.at, default=None)
    return last is not None and (last.seen is Seen.LEFT or (last.seen is Seen.WELL and last.at >= end))


def minutes_left(given_at: datetime, hours: int, now: datetime) -> int:
    """Whole minutes until the observation may end, rounded up; 0 when it is time to look."""
    seconds = (ends_at(given_at, hours) - now).total_seconds()
    return max(-int(-seconds // 60), 0)
