"""Who is on duty at a moment, and who is called when."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.config import VIETNAM
from counseling.domain.duty import (
    EVERY_DAY,
    LONGEST_WAIT,
    Shift,
    days_of,
    ensure_shift,
    is_on,
    mask_of,
    next_start,
    on_duty,
    whom_next,
)
from counseling.domain.refusal import Refusal

SUNDAY = datetime(2026, 11, 22, 8, 0, tzinfo=VIETNAM)
A_DAY = timedelta(days=1)


def shift(staff: int = 1, since: int = 7, until: int = 17, *, days: int = EVERY_DAY, position: int = 1, wait: int = 10):  # type: ignore[no-untyped-def]
    return Shift(
        staff_id=staff, days=days, starts_at=time(since), ends_at=time(until % 24), position=position,
        wait_minutes=wait,
    )  # fmt: skip


@pytest.mark.parametrize(("hour", "there"), [(6, False), (7, True), (16, True), (17, False), (23, False)])
def test_a_shift_runs_from_its_first_minute_to_before_its_last(hour: int, there: bool) -> None:
    assert is_on(shift(), SUNDAY.replace(hour=hour)) is there


@pytest.mark.parametrize(("hour", "there"), [(19, False), (20, True), (23, True), (0, True), (5, True), (6, False)])
def test_a_night_belongs_to_the_day_on_which_it_begins(hour: int, there: bool) -> None:
    night = shift(since=20, until=6, days=mask_of([6]))  # begins on Sunday only
    day = SUNDAY + A_DAY if hour < 12 else SUNDAY
    assert is_on(night, day.replace(hour=hour)) is there
    assert not is_on(night, (SUNDAY - A_DAY).replace(hour=21))
    assert not is_on(night, SUNDAY.replace(hour=1))


def test_the_first_to_be_called_stands_first_and_everybody_once() -> None:
    there = on_duty([shift(3, position=2), shift(2), shift(3, position=1), shift(4, since=12)], SUNDAY)
    assert [one.staff_id for one in there] == [2, 3]


def test_calls_go_in_turns_and_each_turn_waits_longer() -> None:
    there = [shift(1, wait=5), shift(2, wait=30)]
    called = [whom_next(there, calls) for calls in range(6)]
    assert [one.staff_id for one, _ in called] == [1, 2, 1, 2, 1, 2]
    assert [wait // timedelta(minutes=1) for _, wait in called] == [5, 30, 10, 60, 15, 60]
    assert whom_next(there, 999)[1] == LONGEST_WAIT


def test_the_next_shift_is_found_over_the_week() -> None:
    monday = shift(days=mask_of([0]))
    assert next_start([monday], SUNDAY) == (SUNDAY + A_DAY).replace(hour=7)
    assert next_start([shift(days=mask_of([6]))], SUNDAY) == (SUNDAY + 7 * A_DAY).replace(hour=7)
    assert next_start([], SUNDAY) is None


@given(st.integers(1, 127), st.times(), st.times(), st.integers(0, 7 * 24 * 60))
def test_whoever_is_not_there_comes_when_it_is_said(days: int, since: time, until: time, minutes: int) -> None:
    one = Shift(staff_id=1, days=days, starts_at=since, ends_at=until, position=1, wait_minutes=5)
    at = SUNDAY + timedelta(minutes=minutes)
    coming = next_start([one], at)
    assert coming is not None and at < coming <= at + 7 * A_DAY + A_DAY
    assert is_on(one, coming)
    assert mask_of(days_of(days)) == days


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"days": 0}, "days_missing"), ({"days": 128}, "days_missing"), ({"position": 6}, "position_unknown"),
     ({"wait": 7}, "wait_unknown")],
)  # fmt: skip
def test_what_is_no_shift_is_refused(wrong: dict[str, int], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        ensure_shift(shift(**wrong))
