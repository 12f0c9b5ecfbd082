"""The rules as plain functions: when people may be told that yesterday was missed, and which days are reminded of."""

from datetime import date, time, timedelta

import pytest

from counseling.domain.reminders import (
    StationMorning,
    are_too_many,
    day_before,
    first_open_day,
    has_missed,
    why_not_missed,
)
from counseling.domain.station_days import DayState
from counseling.sms.spoken_times import day_of, hour_and_part, hour_of

TODAY = date(2026, 11, 22)
A_DAY = timedelta(days=1)
CLOSED, RECORDING, PAPER, OPENED = DayState.CLOSED, DayState.RECORDING, DayState.ON_PAPER, DayState.OPENED


@pytest.mark.parametrize(
    ("yesterday", "today", "was_open", "is_open", "answer"),
    [
        (CLOSED, None, True, True, None),
        (CLOSED, RECORDING, True, True, None),
        (CLOSED, None, False, True, None),  # closed by hand: it was open, whatever the hours say
        (RECORDING, None, True, True, "day_not_closed"),
        (OPENED, None, True, True, "day_not_closed"),
        (None, None, True, True, "day_not_closed"),  # nobody opened it
        (None, None, None, True, "day_not_closed"),  # nor has anybody said when the station is open
        (PAPER, None, True, True, "on_paper"),
        (CLOSED, PAPER, True, True, "on_paper"),  # who drank this morning stands on paper
        (None, None, False, True, "shut"),  # there was no yesterday to miss
        (CLOSED, None, True, False, "shut"),  # there is nobody to come to
        (PAPER, None, True, False, "shut"),
        (CLOSED, None, True, None, "hours_unknown"),  # "until when?" has no answer
    ],
)
def test_only_a_closed_day_says_who_missed_it(
    yesterday: DayState | None, today: DayState | None, was_open: bool | None, is_open: bool | None, answer: str | None
) -> None:
    assert why_not_missed(StationMorning(yesterday, today, was_open, is_open)) == answer


@pytest.mark.parametrize(
    ("covered_through", "missed"),
    [(None, True), (TODAY - 9 * A_DAY, True), (TODAY - 2 * A_DAY, True), (TODAY - A_DAY, False), (TODAY, False)],
)
def test_a_dose_of_yesterday_or_of_today_ends_the_reminder(covered_through: date | None, missed: bool) -> None:
    assert has_missed(covered_through, TODAY - A_DAY) is missed


@pytest.mark.parametrize(
    ("texted", "expected", "too_many"), [(45, 180, False), (46, 180, True), (1, 4, False), (1, 3, True), (0, 0, False)]
)
def test_more_than_a_quarter_of_those_expected_waits_for_a_person(texted: int, expected: int, too_many: bool) -> None:
    assert are_too_many(texted, expected) is too_many


def test_an_appointment_is_reminded_of_on_the_last_open_day_before_it() -> None:
    assert day_before(TODAY, lambda day: True) == TODAY - A_DAY
    assert day_before(TODAY, lambda day: day.weekday() < 5) == TODAY - 2 * A_DAY  # a Sunday: Friday
    assert day_before(TODAY, lambda day: False) is None


def test_what_is_due_on_a_shut_day_waits_for_the_next_open_one() -> None:
    assert first_open_day(TODAY, TODAY + 2 * A_DAY, lambda day: day.weekday() < 5) == TODAY + A_DAY
    assert first_open_day(TODAY, TODAY + 2 * A_DAY, lambda day: False) is None
    assert first_open_day(TODAY + A_DAY, TODAY, lambda day: True) is None


def test_hours_and_days_are_said_as_people_say_them() -> None:
    assert (hour_of(time(10, 30)), hour_of(time(8)), hour_of(time(7, 5))) == ("10h30", "8h", "7h05")
    parts = [hour_and_part(time(hour)) for hour in (8, 11, 13, 18)]
    assert parts == ["8h sang", "11h trua", "13h chieu", "18h toi"]
    assert [day_of(date(2026, 11, day)) for day in (25, 29)] == ["thu Tu 25/11", "Chu nhat 29/11"]
