"""When somebody in aftercare is asked next, over the ends of months and years."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.aftercare import FIRST_WITHIN_DAYS, check_in_after, ensure_first_check_in
from counseling.domain.aftercare import RHYTHMS as RHYTHMS_OF_RULES
from counseling.domain.refusal import Refusal
from counseling.models.counseling import RHYTHMS

DAYS = st.dates(date(2020, 1, 1), date(2099, 11, 30))


@pytest.mark.parametrize(
    ("rhythm", "day", "following"),
    [("weekly", "2026-11-22", "2026-11-29"), ("fortnightly", "2026-12-25", "2027-01-08"),
     ("monthly", "2026-11-22", "2026-12-22"), ("monthly", "2027-01-31", "2027-02-28"),
     ("monthly", "2028-01-30", "2028-02-29"), ("monthly", "2026-12-31", "2027-01-31"),
     ("monthly", "2026-10-31", "2026-11-30")],
)  # fmt: skip
def test_the_next_day_by_rhythm(rhythm: str, day: str, following: str) -> None:
    assert check_in_after(rhythm, date.fromisoformat(day)) == date.fromisoformat(following)


@given(DAYS)
def test_a_month_later_is_in_the_next_month_on_the_same_day_or_its_last(day: date) -> None:
    following = check_in_after("monthly", day)
    assert (following.year * 12 + following.month) - (day.year * 12 + day.month) == 1
    is_last = (following + timedelta(days=1)).month != following.month
    assert following.day == day.day or (following.day < day.day and is_last)


@given(st.sampled_from(RHYTHMS), DAYS, DAYS)
def test_a_later_contact_never_asks_earlier(rhythm: str, one: date, other: date) -> None:
    assert one < check_in_after(rhythm, one) <= one + timedelta(days=31)
    if one <= other:
        assert check_in_after(rhythm, one) <= check_in_after(rhythm, other)


def test_the_rules_and_the_table_name_the_same_rhythms() -> None:
    assert set(RHYTHMS_OF_RULES) == set(RHYTHMS)
    with pytest.raises(Refusal, match="rhythm_unknown"):
        check_in_after("daily", date(2026, 11, 22))


@pytest.mark.parametrize(
    ("days", "code"), [(-1, "check_in_in_past"), (0, None), (FIRST_WITHIN_DAYS, None), (93, "check_in_too_late")]
)
def test_the_first_check_in_lies_within_the_next_three_months(days: int, code: str | None) -> None:
    today = date(2026, 11, 22)
    if code is None:
        ensure_first_check_in(today + timedelta(days=days), today)
        return
    with pytest.raises(Refusal, match=code):
        ensure_first_check_in(today + timedelta(days=days), today)
