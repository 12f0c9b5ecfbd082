"""A year of somebody's treatment as one mark per day, and what share of the expected days was fully given."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from counseling.domain.adherence import Adherence, complete_adherence

MONTHS_SHOWN = 12
ADHERENCE_DAYS = 30
SATURDAY = 5
A_DAY = timedelta(days=1)
STOPPING_OUTCOMES = frozenset({"stopped", "withheld"})


class Mark(StrEnum):
    """What is known of one day. The order is that of the page's key."""

    COMPLETE = "complete"
    PART = "part"  # some of a split dose
    ELSEWHERE = "elsewhere"  # another register answers for the day
    SHUT = "shut"  # an order ran, and the station was shut
    MISSED = "missed"
    REFUSED = "refused"  # came, and did not want to drink
    STOPPED = "stopped"  # came, and a rule or signs of intoxication stopped the dose
    NO_ORDER = "no_order"
    BEFORE = "before"  # not registered here yet
    TODAY = "today"  # an order runs, and there is still time


@dataclass(frozen=True)
class YearFacts:
    """Days as sets. `given`: days with a dose in this ledger; `shut`: the station was not open; `outcomes`: of visits
    without a dose, by day."""

    today: date
    registered_on: date
    summary: Adherence
    ordered: Collection[date]
    given: Collection[date]
    elsewhere: Collection[date]
    shut: Collection[date]
    outcomes: Mapping[date, Collection[str]]


def first_day(today: date) -> date:
    """The first day of the oldest month that is shown."""
    months = today.year * 12 + today.month - MONTHS_SHOWN
    return date(months // 12, months % 12 + 1, 1)


def mark_of(day: date, facts: YearFacts) -> Mark:
    """The one mark of a day up to today. What covered it goes before everything that happened besides."""
    if facts.summary.is_covered(day):
        if day in facts.elsewhere and day not in facts.given:
            return Mark.ELSEWHERE
        return Mark.COMPLETE if facts.summary.is_complete(day) else Mark.PART
    outcomes = facts.outcomes.get(day, ())
    if STOPPING_OUTCOMES & set(outcomes):
        return Mark.STOPPED
    if "refused" in outcomes:
        return Mark.REFUSED
    if day < facts.registered_on:
        return Mark.BEFORE
    if day not in facts.ordered:
        return Mark.NO_ORDER
    if day == facts.today:
        return Mark.TODAY
    return Mark.SHUT if day in facts.shut else Mark.MISSED


def weeks_of(month: date, today: date) -> list[list[date | None]]:
    """The days of a month in weeks from Monday; None before its first day, and after its last or after today."""
    last = min((month.replace(day=28) + 4 * A_DAY).replace(day=1) - A_DAY, today)
    cells: list[date | None] = [None] * month.weekday()
    cells += [month + back * A_DAY for back in range((last - month).days + 1)]
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def months_since(first: date, today: date) -> list[date]:
    """The first day of each month, the latest first."""
    numbers = range(today.year * 12 + today.month - 1, first.year * 12 + first.month - 2, -1)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def expected_days(facts: YearFacts) -> set[date]:
    """Days of the last 30 before today on which a dose was expected here.

    Excuses count for these figures only, never for the gap: a day on which the station was shut is not expected,
    unless a dose covered it all the same.
    """
    days = (facts.today - back * A_DAY for back in range(1, ADHERENCE_DAYS + 1))
    return {
        day
        for day in days
        if day >= facts.registered_on
        and day in facts.ordered
        and (day not in facts.shut or facts.summary.is_covered(day))
    }


def days_off(days: Collection[date], holidays: Collection[date]) -> set[date]:
    """Saturdays, Sundays and public holidays among the days."""
    return {day for day in days if day.weekday() >= SATURDAY or day in holidays}


def complete_share(summary: Adherence, expected: Collection[date]) -> tuple[int, int]:
    """(fully given days, expected days)."""
    if not expected:
        return 0, 0
    return complete_adherence(summary, expected, min(expected), max(expected))
