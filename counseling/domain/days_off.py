"""Weekends and holidays as a station lives them: on which evening people are told that tomorrow is as always."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from counseling.domain.reminders import HOLIDAY_UNSAID, HOURS_UNKNOWN, SHUT
from counseling.domain.station_days import Hours

A_DAY = timedelta(days=1)
LOOKED_AHEAD = 10  # Tết with the weekends on both sides
SATURDAY = 5
OpenHours = Mapping[date, Sequence[Hours] | None]


@dataclass(frozen=True)
class Calendar:
    """The country's days: `holidays` are days off, `worked` are Saturdays that are worked for one of them."""

    holidays: Collection[date]
    worked: Collection[date] = ()

    def is_off(self, day: date) -> bool:
        return day in self.holidays or (day.weekday() >= SATURDAY and day not in self.worked)


def days_off_ahead(today: date, hours: OpenHours, calendar: Calendar) -> list[date]:
    """The days off that this evening speaks of, beginning with tomorrow; empty where it says nothing.

    All on which the station is open without a gap, said on the last day before them (after a shut day, too) and never
    again within them. Where no hours are true on all of these, tomorrow alone: the rest is said on its own eve.
    """
    if calendar.is_off(today) and hours.get(today) and shared_hours(_stretch(today, hours, calendar), hours):
        return []  # said with today
    days = _stretch(today + A_DAY, hours, calendar)
    return days if shared_hours(days, hours) else days[:1]


def _stretch(first: date, hours: OpenHours, calendar: Calendar) -> list[date]:
    """Days off from this one on, on which the station is open without a gap."""
    days: list[date] = []
    day = first
    while len(days) < LOOKED_AHEAD and calendar.is_off(day) and hours.get(day):
        days.append(day)
        day += A_DAY
    return days


def why_not_tomorrow(days: Sequence[date], hours: OpenHours, calendar: Calendar, said: Collection[date]) -> str | None:
    """None: it is certain that the station is open on these days. `said`: those of which the station has spoken itself.

    The week does not know holidays: on one of them nobody is told to come before the station has said its hours.
    """
    if not days:
        return SHUT
    if any(hours.get(day) is None for day in days):
        return HOURS_UNKNOWN
    if any(not hours[day] for day in days):
        return SHUT
    return HOLIDAY_UNSAID if any(day in calendar.holidays and day not in said for day in days) else None


def shared_hours(days: Sequence[date], hours: OpenHours) -> Hours | None:
    """Hours that are true on each of these days: from the latest opening to the earliest shutting of the first span."""
    spans = [spans[0] for day in days if (spans := hours.get(day))]
    opens: time = max((span.opens_at for span in spans), default=time.max)
    closes: time = min((span.closes_at for span in spans), default=time.min)
    return Hours(opens, closes) if opens < closes else None
