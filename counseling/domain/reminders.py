"""Which reminders are due, from plain facts: no database, no clock.

A text that says "yesterday was missed" to somebody who came is worse than none, so whatever is not certain holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta

from counseling.domain.station_days import DayState

MISSED_YESTERDAY, APPOINTMENT, CHECK_IN = "missed_yesterday", "appointment", "check_in"
A_DAY = timedelta(days=1)
PLANNED_AHEAD = timedelta(days=2)
# An appointment after a week of Tết is reminded of on the last day before it; further back it would be forgotten again.
FARTHEST_BACK = 7
# Of those expected: above that it is more likely that something was not recorded than that nobody came.
MOST_TEXTED_PERCENT = 25

# What `why_not_missed` answers. Staff read the held ones in one line; they end by themselves or by a person.
SHUT = "shut"
ON_PAPER, NOT_CLOSED, HOURS_UNKNOWN = "on_paper", "day_not_closed", "hours_unknown"
TOO_MANY = "too_many"
HELD_BY_THE_DAY = (ON_PAPER, NOT_CLOSED, HOURS_UNKNOWN)


@dataclass(frozen=True)
class ShippedRule:
    """What a site of a function reminds of until somebody changes it; local times of the station."""

    function: str
    side: str
    kind: str
    not_before: time
    not_after: time


SHIPPED_RULES = (
    ShippedRule("dispenses", "treatment", MISSED_YESTERDAY, time(7), time(9)),
    ShippedRule("counsels", "support", APPOINTMENT, time(9), time(17)),
    ShippedRule("counsels", "support", CHECK_IN, time(9), time(17)),
)


@dataclass(frozen=True)
class StationMorning:
    """What is known of a station on the morning after. A state None: nobody opened that day; hours None: not said."""

    yesterday: DayState | None
    today: DayState | None
    was_open: bool | None
    is_open: bool | None


def why_not_missed(morning: StationMorning) -> str | None:
    """None: people may be told that yesterday was missed. "shut": there is nothing to tell. Else why it is held.

    Only a closed day says who did not come; and who was given a dose on paper this morning must not be asked to come.
    """
    if morning.is_open is False or (morning.yesterday is None and morning.was_open is False):
        return SHUT
    if DayState.ON_PAPER in (morning.yesterday, morning.today):
        return ON_PAPER
    if morning.yesterday is not DayState.CLOSED:
        return NOT_CLOSED
    return HOURS_UNKNOWN if morning.is_open is None else None


def has_missed(covered_through: date | None, yesterday: date) -> bool:
    """Whether nothing covers yesterday, nor any day since, of somebody who had an order running on it."""
    return covered_through is None or covered_through < yesterday


def are_too_many(texted: int, expected: int) -> bool:
    """Whether a person must look before so many of those expected are told that they were missed."""
    return texted * 100 > expected * MOST_TEXTED_PERCENT


def day_before(appointment_on: date, is_open: Callable[[date], bool]) -> date | None:
    """The last day before an appointment on which the site is open; None where it stays shut for a week."""
    days = (appointment_on - A_DAY * back for back in range(1, FARTHEST_BACK + 1))
    return next((day for day in days if is_open(day)), None)


def first_open_day(since: date, until: date, is_open: Callable[[date], bool]) -> date | None:
    """The first day of a span, both counted in, on which the site is open."""
    days = (since + A_DAY * ahead for ahead in range((until - since).days + 1))
    return next((day for day in days if is_open(day)), None)


def answers_count_until(kind: str, on_date: date) -> date:
    """The last day on which a digit still answers this reminder's question; that of an appointment ends when it starts.

    The next morning's text opens a question of its own; somebody who is asked how they are may take longer.
    """
    return on_date + A_DAY * (3 if kind == CHECK_IN else 1)
