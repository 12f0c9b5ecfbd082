"""Which reminders are due, from plain facts: no database, no clock.

A text that says "yesterday was missed" to somebody who came is worse than none, so whatever is not certain holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from counseling.domain.reminder_kinds import ASKING_HOW_THEY_ARE
from counseling.domain.station_days import DayState, Hours

A_DAY = timedelta(days=1)
PLANNED_AHEAD = timedelta(days=2)
# An appointment after a week of Tết is reminded of on the last day before it; further back it would be forgotten again.
FARTHEST_BACK = 7
# Of those expected: above that it is more likely that something was not recorded than that nobody came.
MOST_TEXTED_PERCENT = 25
# A window records somebody every few minutes; silent for longer, it may be writing on paper without having said so.
FRESH_FOR = timedelta(minutes=30)
# "Còn kịp": late enough that most have come, early enough to set out.
LAST_CALL_FROM, LAST_CALL_UNTIL = timedelta(minutes=75), timedelta(minutes=25)
# An order that ends within so many days is spoken of early in the week; within so few, on any day.
ENDS_SOON, ENDS_NOW = timedelta(days=6), timedelta(days=2)
THURSDAY = 3
# Who is asked how the week is, is asked on one of these days, always the same: their inner number modulo five.
ASKED_ON_DAYS = 5

# What `why_not_missed` and its neighbours answer. Staff read the held ones in one line; they end by themselves or by a
# person.
SHUT = "shut"
ON_PAPER, NOT_CLOSED, HOURS_UNKNOWN = "on_paper", "day_not_closed", "hours_unknown"
NOT_RECORDED, HOLIDAY_UNSAID = "not_recorded", "holiday_unsaid"
TOO_MANY = "too_many"
HELD_BY_THE_DAY = (ON_PAPER, NOT_CLOSED, HOURS_UNKNOWN, NOT_RECORDED, HOLIDAY_UNSAID)


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


def why_not_today(morning: StationMorning, last_entry_at: datetime | None, now: datetime) -> str | None:
    """None: who is not in today's book has not come yet. Else as `why_not_missed`.

    A book in which nothing was written for half an hour says nothing about who stands in the room.
    """
    if morning.is_open is False or morning.today is DayState.CLOSED:
        return SHUT
    if morning.today is DayState.ON_PAPER:
        return ON_PAPER
    if morning.is_open is None:
        return HOURS_UNKNOWN
    is_fresh = last_entry_at is not None and now - FRESH_FOR < last_entry_at <= now
    return None if morning.today is DayState.RECORDING and is_fresh else NOT_RECORDED


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


def last_call(hours: list[Hours]) -> tuple[time, time] | None:
    """Between which times of a day "still in time" is said: before the window shuts for the day. None: it is shut."""
    if not hours:
        return None
    shuts = datetime.combine(date.min + A_DAY, hours[-1].closes_at)
    return (shuts - LAST_CALL_FROM).time(), (shuts - LAST_CALL_UNTIL).time()


def ends_by(today: date) -> date:
    """By when an order has to end to be spoken of today: "this week" is true from Monday to Thursday, on other days
    only of what ends at once."""
    return today + (ENDS_SOON if today.weekday() <= THURSDAY else ENDS_NOW)


def answers_count_until(kind: str, on_date: date) -> date:
    """The last day on which a digit still answers this reminder's question; that of an appointment ends when it starts.

    The next morning's text opens a question of its own; somebody who is asked how they are may take longer.
    """
    return on_date + A_DAY * (3 if kind in ASKING_HOW_THEY_ARE else 1)
