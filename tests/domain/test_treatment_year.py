"""Marks of days and shares of expected days, as rules."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.adherence import recount
from counseling.domain.treatment_year import (
    Mark,
    YearFacts,
    complete_share,
    days_off,
    expected_days,
    first_day,
    mark_of,
    months_since,
    weeks_of,
)

TODAY = date(2026, 11, 22)  # a Sunday
A_DAY = timedelta(days=1)
YESTERDAY = TODAY - A_DAY


def ago(days: int) -> date:
    return TODAY - days * A_DAY


def facts(covered: Collection[date] = (), complete: Collection[date] = (), **changes: Any) -> YearFacts:
    """An order has run for 100 days, for somebody registered 50 days ago, of whom nothing else is known."""
    values: dict[str, Any] = {
        "today": TODAY,
        "registered_on": ago(50),
        "summary": recount(covered, complete),
        "ordered": {ago(number) for number in range(100)},
        "given": {*covered, *complete},
        "elsewhere": set(),
        "shut": set(),
        "outcomes": {},
    }
    return YearFacts(**{**values, **changes})


def test_a_day_without_anything_was_missed_as_long_as_an_order_ran() -> None:
    assert mark_of(YESTERDAY, facts()) is Mark.MISSED
    assert mark_of(YESTERDAY, facts(ordered=set())) is Mark.NO_ORDER


def test_today_is_no_missed_day() -> None:
    assert mark_of(TODAY, facts()) is Mark.TODAY
    assert mark_of(TODAY, facts(complete=[TODAY])) is Mark.COMPLETE
    assert mark_of(TODAY, facts(ordered=set())) is Mark.NO_ORDER


def test_one_of_two_parts_is_said_apart() -> None:
    assert mark_of(YESTERDAY, facts(covered=[YESTERDAY])) is Mark.PART
    assert mark_of(YESTERDAY, facts(complete=[YESTERDAY])) is Mark.COMPLETE


def test_before_the_file_nothing_is_known_but_what_another_register_said() -> None:
    assert mark_of(ago(51), facts()) is Mark.BEFORE
    assert mark_of(ago(50), facts()) is Mark.MISSED
    told = facts(complete=[ago(51)], given=set(), elsewhere={ago(51)})
    assert mark_of(ago(51), told) is Mark.ELSEWHERE


def test_a_dose_of_our_own_goes_before_another_registers_word() -> None:
    assert mark_of(ago(9), facts(complete=[ago(9)], elsewhere={ago(9)})) is Mark.COMPLETE


@pytest.mark.parametrize(("outcome", "mark"), [
    ("stopped", Mark.STOPPED), ("withheld", Mark.STOPPED), ("refused", Mark.REFUSED), ("vomited", Mark.MISSED),
])  # fmt: skip
def test_somebody_who_came_in_vain_did_not_stay_away(outcome: str, mark: Mark) -> None:
    assert mark_of(YESTERDAY, facts(outcomes={YESTERDAY: {outcome}})) is mark


def test_whoever_was_dosed_after_all_was_dosed() -> None:
    after_all = facts(complete=[YESTERDAY], outcomes={YESTERDAY: {"withheld"}})
    assert mark_of(YESTERDAY, after_all) is Mark.COMPLETE


def test_a_stop_is_said_also_where_no_order_ran_and_today() -> None:
    assert mark_of(TODAY, facts(ordered=set(), outcomes={TODAY: {"stopped"}})) is Mark.STOPPED


def test_a_shut_station_excuses_whoever_had_an_order() -> None:
    assert mark_of(YESTERDAY, facts(shut={YESTERDAY})) is Mark.SHUT
    assert mark_of(YESTERDAY, facts(shut={YESTERDAY}, ordered=set())) is Mark.NO_ORDER


def test_a_shut_day_is_not_expected_unless_a_dose_covered_it() -> None:
    assert len(expected_days(facts())) == 30
    assert YESTERDAY not in expected_days(facts(shut={YESTERDAY}))
    assert YESTERDAY in expected_days(facts(shut={YESTERDAY}, complete=[YESTERDAY]))


def test_neither_today_nor_days_before_the_file_are_expected() -> None:
    expected = expected_days(facts(registered_on=ago(3)))
    assert expected == {ago(3), ago(2), ago(1)}


def test_the_share_counts_days_that_were_fully_given() -> None:
    story = facts(covered=[ago(1), ago(2), ago(3)], complete=[ago(1), ago(2)], registered_on=ago(5))
    assert complete_share(story.summary, expected_days(story)) == (2, 5)
    assert complete_share(story.summary, set()) == (0, 0)


def test_days_off_are_saturdays_sundays_and_holidays() -> None:
    week = {ago(number) for number in range(1, 8)}  # Sunday 15th to Saturday 21st
    assert days_off(week, {date(2026, 11, 18)}) == {date(2026, 11, day) for day in (15, 18, 21)}


@pytest.mark.parametrize("today, first", [
    (date(2026, 11, 22), date(2025, 12, 1)), (date(2026, 12, 31), date(2026, 1, 1)),
    (date(2027, 1, 1), date(2026, 2, 1)), (date(2028, 2, 29), date(2027, 3, 1)),
])  # fmt: skip
def test_twelve_months_with_this_one(today: date, first: date) -> None:
    assert first_day(today) == first
    months = months_since(first, today)
    assert (len(months), months[0], months[-1]) == (12, today.replace(day=1), first)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_weeks_hold_every_day_of_the_month_up_to_today_under_its_weekday(today: date) -> None:
    for month in months_since(first_day(today), today):
        weeks = weeks_of(month, today)
        days = [day for week in weeks for day in week if day]
        assert days == [month + number * A_DAY for number in range(len(days))]
        assert days[-1] == today or (days[-1] + A_DAY).day == 1
        assert all(len(week) == 7 for week in weeks)
        assert all(day is None or day.weekday() == place for week in weeks for place, day in enumerate(week))
