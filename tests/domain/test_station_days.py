from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.refusal import Refusal
from counseling.domain.station_days import NEXT_STATES, DayState, Hours, ensure_may_move, may_record, opening_on

MORNING, SHORT = Hours(time(6, 30), time(10, 30)), Hours(time(7), time(9))
ALLOWED = {
    ("opened", "recording"),
    ("opened", "on_paper"),
    ("opened", "closed"),
    ("recording", "on_paper"),
    ("recording", "closed"),
    ("on_paper", "recording"),
    ("on_paper", "closed"),
}


@pytest.mark.parametrize("current", list(DayState))
@pytest.mark.parametrize("to", list(DayState))
def test_only_the_moves_of_the_table_are_allowed(current: DayState, to: DayState) -> None:
    if (current, to) in ALLOWED:
        ensure_may_move(current, to)
        return
    with pytest.raises(Refusal) as caught:
        ensure_may_move(current, to)
    assert caught.value.code == "station_day_may_not_move"
    assert caught.value.facts == {"current": current, "to": to}


def test_every_state_has_its_row_and_a_closed_day_stays_closed() -> None:
    assert set(NEXT_STATES) == set(DayState)
    assert NEXT_STATES[DayState.CLOSED] == frozenset()


@pytest.mark.parametrize(
    ("state", "may"),
    [
        (None, False),
        (DayState.OPENED, True),
        (DayState.RECORDING, True),
        (DayState.ON_PAPER, False),
        (DayState.CLOSED, False),
    ],
)
def test_doses_are_recorded_at_the_window_only_on_an_open_day(state: DayState | None, may: bool) -> None:
    assert may_record(state) is may


def test_an_exception_goes_before_the_week_whether_it_opens_or_shuts() -> None:
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    weekly = dict.fromkeys(range(6), MORNING)
    assert opening_on(monday, weekly, {}) == MORNING
    assert opening_on(sunday, weekly, {}) is None
    assert opening_on(sunday, weekly, {sunday: SHORT}) == SHORT
    assert opening_on(monday, weekly, {monday: None}) is None


@given(st.dates(), st.sets(st.integers(0, 6)))
def test_without_exceptions_each_week_is_like_the_next(day: date, weekdays: set[int]) -> None:
    weekly = dict.fromkeys(weekdays, MORNING)
    week = [opening_on(day + timedelta(days=ahead), weekly, {}) for ahead in range(min(7, (date.max - day).days + 1))]
    assert len(week) < 7 or sum(hours is not None for hours in week) == len(weekdays)
