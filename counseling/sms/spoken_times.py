"""Hours and days as our texts say them: the way people say them, in plain letters or with marks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time

WEEKDAYS = ("thu Hai", "thu Ba", "thu Tu", "thu Nam", "thu Sau", "thu Bay", "Chu nhat")
MARKED_WEEKDAYS = ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật")
# From which hour on the part of the day is called so, without marks and with them.
PARTS = ((18, "toi", "tối"), (13, "chieu", "chiều"), (11, "trua", "trưa"), (0, "sang", "sáng"))
AND, UNTIL = ("va", "và"), ("den", "đến")


def hour_of(at: time) -> str:
    """10h30, 8h."""
    return f"{at.hour}h{at.minute:02d}" if at.minute else f"{at.hour}h"


def hour_and_part(at: time, *, has_marks: bool = False) -> str:
    """8h sang, 14h30 chieu."""
    plain, marked = next((plain, marked) for since, plain, marked in PARTS if at.hour >= since)
    return f"{hour_of(at)} {marked if has_marks else plain}"


def day_of(day: date, *, has_marks: bool = False) -> str:
    """thu Tu 25/11."""
    return f"{_weekday(day, has_marks)} {day.day}/{day.month}"


def days_of(days: Sequence[date], *, has_marks: bool = False) -> str:
    """Days in a row: "thu Bay", "thu Bay va Chu nhat"; three and more from the first to the last, with their dates."""
    if len(days) == 1:
        return _weekday(days[0], has_marks)
    if len(days) == 2:
        return f"{_weekday(days[0], has_marks)} {AND[has_marks]} {_weekday(days[1], has_marks)}"
    return f"{day_of(days[0], has_marks=has_marks)} {UNTIL[has_marks]} {day_of(days[-1], has_marks=has_marks)}"


def _weekday(day: date, has_marks: bool) -> str:
    return (MARKED_WEEKDAYS if has_marks else WEEKDAYS)[day.weekday()]
