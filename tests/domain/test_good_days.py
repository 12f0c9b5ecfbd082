"""Round numbers of good days in a row: what is said aloud, and on no other day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.adherence import EMPTY, recount
from counseling.domain.good_days import days_in_a_row, is_round, round_days

TODAY = date(2026, 11, 22)
A_DAY = timedelta(days=1)


def row_of(days: int, through: date = TODAY) -> set[date]:
    return {through - back * A_DAY for back in range(days)}


@pytest.mark.parametrize("days", [7, 30, 50, 100, 200, 300, 365, 500, 730, 1000, 1095, 1500, 2000, 3650])
def test_round_numbers(days: int) -> None:
    assert is_round(days)


@pytest.mark.parametrize("days", [0, 1, 6, 8, 14, 60, 150, 364, 366, 400, 600, 999, 1001, 1100])
def test_numbers_between_are_not_said(days: int) -> None:
    assert not is_round(days)


@given(st.sets(st.integers(0, 60)))
def test_days_in_a_row_are_counted_like_on_fingers(back: set[int]) -> None:
    covered = {TODAY - number * A_DAY for number in back}
    expected = 0
    while TODAY - expected * A_DAY in covered:
        expected += 1
    assert days_in_a_row(recount(covered, ()), TODAY) == expected


def test_days_after_the_one_asked_for_do_not_count() -> None:
    assert days_in_a_row(recount(row_of(10), ()), TODAY - 3 * A_DAY) == 7


def test_before_and_after_todays_dose_the_same_number_is_said() -> None:
    assert round_days(recount(row_of(99, TODAY - A_DAY), ()), TODAY) == 100
    assert round_days(recount(row_of(100), ()), TODAY) == 100


def test_a_gap_begins_anew() -> None:
    summary = recount(row_of(99, TODAY - A_DAY) - {TODAY - 5 * A_DAY}, ())
    assert round_days(summary, TODAY) is None


def test_the_first_dose_of_all_is_no_round_number() -> None:
    assert round_days(EMPTY, TODAY) is None
