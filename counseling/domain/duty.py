"""Who is on duty at a moment, who is called first, and how long until the next one is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from counseling.domain.refusal import Refusal

WEEK = 7
POSITIONS = (1, 2, 3, 4, 5)
WAITS = (5, 10, 15, 30)  # minutes until the next one is called
LONGEST_WAIT = timedelta(minutes=60)
EVERY_DAY = (1 << WEEK) - 1


@dataclass(frozen=True, kw_only=True)
class Shift:
    """`days` has a bit for each weekday on which it begins (Monday is bit 0). Ending at or before the hour at which it
    begins, it ends on the next day.
    """

    staff_id: int
    days: int
    starts_at: time
    ends_at: time
    position: int
    wait_minutes: int


def ensure_shift(shift: Shift) -> None:
    """Refuse what is no shift: days_missing, position_unknown, wait_unknown."""
    if not 0 < shift.days <= EVERY_DAY:
        raise Refusal("days_missing")
    if shift.position not in POSITIONS:
        raise Refusal("position_unknown")
    if shift.wait_minutes not in WAITS:
        raise Refusal("wait_unknown")


def days_of(mask: int) -> list[int]:
    """The weekdays of a mask."""
    return [day for day in range(WEEK) if mask & 1 << day]


def mask_of(days: Sequence[int]) -> int:
    return sum(1 << day for day in {*days} if 0 <= day < WEEK)


def is_on(shift: Shift, at: datetime) -> bool:
    """Whether a shift is running at a local moment; its last minute is not part of it."""
    hour = at.time().replace(tzinfo=None)
    if shift.starts_at < shift.ends_at:
        return _begins_on(shift, at.date()) and shift.starts_at <= hour < shift.ends_at
    began_today = _begins_on(shift, at.date()) and hour >= shift.starts_at
    return began_today or (_begins_on(shift, at.date() - timedelta(days=1)) and hour < shift.ends_at)


def on_duty(shifts: Sequence[Shift], at: datetime) -> list[Shift]:
    """Those whom a call may reach at a local moment, the first to be called first; each person once."""
    running = sorted((shift for shift in shifts if is_on(shift, at)), key=lambda one: (one.position, one.staff_id))
    first: dict[int, Shift] = {}
    for shift in running:
        first.setdefault(shift.staff_id, shift)
    return list(first.values())


def next_start(shifts: Sequence[Shift], at: datetime) -> datetime | None:
    """When the next shift begins after a local moment; None where there is none."""
    days = (at.date() + timedelta(days=ahead) for ahead in range(WEEK + 1))
    starts = (
        datetime.combine(day, shift.starts_at, at.tzinfo) for day in days for shift in shifts if _begins_on(shift, day)
    )
    return min((start for start in starts if start > at), default=None)


def whom_next(there: Sequence[Shift], calls: int) -> tuple[Shift, timedelta]:
    """Who is called after so many calls, in turns, and how long they have; each further turn waits longer."""
    turn, place = divmod(calls, len(there))
    wait = timedelta(minutes=there[place].wait_minutes) * (turn + 1)
    return there[place], min(wait, LONGEST_WAIT)


def _begins_on(shift: Shift, day: date) -> bool:
    return bool(shift.days & 1 << day.weekday())
