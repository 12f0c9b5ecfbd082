"""Public holidays of Việt Nam: lunar dates are data that somebody keeps for us (PyPI package `holidays`)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from counseling.domain.days_off import Calendar


def holidays_between(first: date, last: date) -> set[date]:
    """Days off by law from first to last, both counted in, those moved to a working day included."""
    years = range(first.year, last.year + 1)
    return {day for year in years for day in _of_year(year) if first <= day <= last}


@lru_cache(maxsize=10)
def calendar_of(year: int) -> Calendar:
    """The days of a year and of the next, so that an evening of December sees New Year; and the Saturdays that are
    worked for a day off."""
    import holidays

    found = holidays.country_holidays("VN", years=(year, year + 1))
    return Calendar(frozenset(found), frozenset(found.weekend_workdays))


@lru_cache(maxsize=10)
def _of_year(year: int) -> frozenset[date]:
    import holidays  # 3 MB of the calendars of all countries: not before the first page that asks

    return frozenset(holidays.country_holidays("VN", years=year))
