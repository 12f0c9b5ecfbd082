"""Hours and days as our texts say them: plain letters, the way people say them."""

from __future__ import annotations

from datetime import date, time

WEEKDAYS = ("thu Hai", "thu Ba", "thu Tu", "thu Nam", "thu Sau", "thu Bay", "Chu nhat")
# From which hour on the part of the day is called so.
PARTS = ((18, "toi"), (13, "chieu"), (11, "trua"), (0, "sang"))


def hour_of(at: time) -> str:
    """10h30, 8h."""
    return f"{at.hour}h{at.minute:02d}" if at.minute else f"{at.hour}h"


def hour_and_part(at: time) -> str:
    """8h sang, 14h30 chieu."""
    part = next(name for since, name in PARTS if at.hour >= since)
    return f"{hour_of(at)} {part}"


def day_of(day: date) -> str:
    """thu Tu 25/11."""
    return f"{WEEKDAYS[day.weekday()]} {day.day}/{day.month}"
