"""On which evening people are told that the days off are as always: weekends, Tết, moved working days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.days_off import Calendar, days_off_ahead, shared_hours, why_not_tomorrow
from counseling.domain.station_days import Hours
from counseling.queries.public_holidays import calendar_of
from counseling.sms.spoken_times import days_of

A_DAY = timedelta(days=1)
OPEN = [Hours(time(6, 30), time(10, 30))]
SHORT = [Hours(time(7), time(9))]
Week = dict[date, list[Hours] | None]


def around(day: date, shut: tuple[date, ...] = (), hours: list[Hours] | None = OPEN) -> Week:
    """Open every day of the weeks around a day, but for those that are shut."""
    days = [day + A_DAY * ahead for ahead in range(-3, 16)]
    return {one: [] if one in shut else hours for one in days}


def eves(first: date, last: date, hours: Mapping[date, list[Hours] | None], calendar: Calendar) -> dict[date, str]:
    """Every evening of a span on which something is said, and of which days."""
    days = [first + A_DAY * ahead for ahead in range((last - first).days + 1)]
    said = {day: days_off_ahead(day, hours, calendar) for day in days}
    return {day: days_of(of) for day, of in said.items() if of}


def test_a_friday_speaks_of_the_weekend_and_no_other_day_does() -> None:
    friday = date(2026, 11, 27)
    week = eves(date(2026, 11, 25), date(2026, 12, 1), around(friday), calendar_of(2026))
    assert week == {friday: "thu Bay va Chu nhat"}


@pytest.mark.parametrize(
    ("friday_before", "spoken"),
    [
        # Tết of Bính Ngọ, 17/2/2026: the weekend before it and the five days off are one stretch.
        (date(2026, 2, 13), "thu Bay 14/2 den thu Sau 20/2"),
        # Tết of Đinh Mùi, 6/2/2027, begins on a Thursday.
        (date(2027, 2, 3), "thu Nam 4/2 den thu Tu 10/2"),
    ],
)
def test_tet_is_one_stretch_where_the_station_never_shuts(friday_before: date, spoken: str) -> None:
    calendar = calendar_of(friday_before.year)
    assert days_of(days_off_ahead(friday_before, around(friday_before), calendar)[:7]) == spoken


def test_tet_with_shut_days_is_spoken_of_again_on_the_eve_of_each_open_stretch() -> None:
    shut = (date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18))
    week = eves(date(2026, 2, 12), date(2026, 2, 23), around(date(2026, 2, 14), shut), calendar_of(2026))
    assert week == {
        date(2026, 2, 13): "thu Bay va Chu nhat",
        date(2026, 2, 18): "thu Nam 19/2 den Chu nhat 22/2",
    }


def test_a_moved_working_day_is_a_working_day_and_the_day_off_for_it_is_one() -> None:
    """22/8/2026, a Saturday, was worked for Monday 31/8."""
    calendar = calendar_of(2026)
    assert not calendar.is_off(date(2026, 8, 22)) and calendar.is_off(date(2026, 8, 23))
    assert days_of(days_off_ahead(date(2026, 8, 22), around(date(2026, 8, 22)), calendar)) == "Chu nhat"
    friday = date(2026, 8, 28)
    assert days_of(days_off_ahead(friday, around(friday), calendar)) == "thu Bay 29/8 den thu Tu 2/9"


def test_an_evening_of_december_sees_new_year() -> None:
    thursday = date(2026, 12, 31)
    assert days_off_ahead(thursday, around(thursday), calendar_of(2026))[0] == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("day", "hours", "said", "why"),
    [
        (date(2026, 11, 28), OPEN, False, None),  # a Saturday that the week knows
        (date(2026, 11, 24), OPEN, False, "holiday_unsaid"),  # a Tuesday that the country has off
        (date(2026, 11, 24), OPEN, True, None),
        (date(2027, 2, 7), OPEN, False, "holiday_unsaid"),  # Tết on a Sunday: the week's own Sunday says nothing
        (date(2026, 11, 28), None, False, "hours_unknown"),
        (date(2026, 11, 28), [], False, "shut"),
    ],
)
def test_of_a_holiday_nothing_is_said_before_the_station_has_said_its_hours(
    day: date, hours: list[Hours] | None, said: bool, why: str | None
) -> None:
    assert why_not_tomorrow([day], {day: hours}, calendar_of(2026), {day} if said else ()) == why


def test_hours_that_are_said_are_true_on_every_day() -> None:
    days = [date(2026, 11, 28), date(2026, 11, 29)]
    assert shared_hours(days, {days[0]: OPEN, days[1]: SHORT}) == Hours(time(7), time(9))
    assert shared_hours(days, {days[0]: SHORT, days[1]: [Hours(time(9), time(11))]}) is None
    assert shared_hours([], {}) is None


AFTERNOON = [Hours(time(13), time(16))]


def test_days_off_without_an_hour_in_common_are_spoken_of_each_on_its_own_eve() -> None:
    """Saturday 7–9 and Sunday 13–16: both have hours that somebody has said, and no text can name them for both."""
    friday = date(2026, 11, 27)
    saturday, sunday = friday + A_DAY, friday + 2 * A_DAY
    hours = {**around(friday), saturday: SHORT, sunday: AFTERNOON}
    assert eves(friday, sunday, hours, calendar_of(2026)) == {friday: "thu Bay", saturday: "Chu nhat"}
    assert shared_hours(days_off_ahead(friday, hours, calendar_of(2026)), hours) == SHORT[0]
    assert shared_hours(days_off_ahead(saturday, hours, calendar_of(2026)), hours) == AFTERNOON[0]


def test_days_off_that_share_hours_after_one_that_does_not_are_spoken_of_together() -> None:
    """The weekend before Tết of 2026 has the mornings, all days off after its Saturday the afternoons."""
    friday = date(2026, 2, 13)
    hours: Week = dict.fromkeys(around(friday), AFTERNOON)
    hours[friday + A_DAY] = SHORT
    assert eves(friday, date(2026, 2, 22), hours, calendar_of(2026)) == {
        friday: "thu Bay",
        friday + A_DAY: "Chu nhat 15/2 den Chu nhat 22/2",
    }


@given(
    first=st.dates(date(2026, 1, 1), date(2027, 10, 1)),
    shut=st.sets(st.integers(0, 15)),
)
def test_each_open_day_off_is_spoken_of_once_and_by_the_day_before_its_stretch(first: date, shut: set[int]) -> None:
    calendar = calendar_of(first.year)
    days = [first + A_DAY * ahead for ahead in range(40)]
    hours: Week = {day: [] if (day - first).days in shut else OPEN for day in days}
    spoken: list[date] = []
    for day in days[:20]:
        of = days_off_ahead(day, hours, calendar)
        if of:
            assert of[0] == day + A_DAY
            assert all(calendar.is_off(one) and hours[one] for one in of)
            assert not (calendar.is_off(day) and hours[day])
        spoken += of
    assert len(spoken) == len(set(spoken))


@given(
    first=st.dates(date(2026, 1, 1), date(2027, 10, 1)),
    shut=st.sets(st.integers(0, 15)),
    otherwise=st.sets(st.integers(0, 39)),
)
def test_whatever_the_hours_each_open_day_off_is_spoken_of_once_with_hours_that_are_its_own(
    first: date, shut: set[int], otherwise: set[int]
) -> None:
    calendar = calendar_of(first.year)
    days = [first + A_DAY * ahead for ahead in range(40)]
    open_on = {day: AFTERNOON if number in otherwise else OPEN for number, day in enumerate(days)}
    hours: Week = {day: [] if number in shut else open_on[day] for number, day in enumerate(days)}
    begins = next(number for number, day in enumerate(days) if not calendar.is_off(day))
    spoken: list[date] = []
    for day in days[begins:20]:
        of = days_off_ahead(day, hours, calendar)
        assert all(calendar.is_off(one) and shared_hours(of, hours) == open_on[one][0] for one in of)
        spoken += of
    assert len(spoken) == len(set(spoken))
    assert {day for day in days[begins + 1 : 20] if calendar.is_off(day) and hours[day]} <= set(spoken)
