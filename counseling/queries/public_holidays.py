"""Public holidays of Việt Nam: lunar dates are data that somebody keeps for us (PyPI package `holidays`)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache


def holidays_between(first: date, last: date) -> set[date]:
    """Days off by law from first to last, both counted in, those moved to a working day included."""
    years = range(first.year, last.year + 1)
    return {day for year in years for day in _of_year(year) if first <= day <= last}


@lru_cache(maxsize=10)
def _of_year(year: int) -> frozenset[date]:
    import holidays  # 3 MB of the calendars of all countries: not before the first page that asks

    return frozenset(holidays.country_holidays("VN", years=year))
