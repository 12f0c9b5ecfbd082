"""How often somebody in aftercare is asked how they are."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from counseling.domain.refusal import Refusal

DAYS_OF_RHYTHM = {"weekly": 7, "fortnightly": 14}
RHYTHMS = (*DAYS_OF_RHYTHM, "monthly")
FIRST_WITHIN_DAYS = 92


def check_in_after(rhythm: str, day: date) -> date:
    """The day of the next check-in after somebody was met or has answered on `day`.

    Monthly is the same day of the next month, or that month's last where it has no such day (31/01 → 28/02).
    """
    if rhythm in DAYS_OF_RHYTHM:
        return day + timedelta(days=DAYS_OF_RHYTHM[rhythm])
    if rhythm != "monthly":
        raise Refusal("rhythm_unknown")
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def ensure_first_check_in(first_on: date, today: date) -> None:
    """Refuse a first check-in that lies behind (check_in_in_past) or months ahead (check_in_too_late)."""
    if first_on < today:
        raise Refusal("check_in_in_past")
    if first_on > today + timedelta(days=FIRST_WITHIN_DAYS):
        raise Refusal("check_in_too_late", days=FIRST_WITHIN_DAYS)
