"""No automatic text at night, and none at the same minute every day."""

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.sending_hours import end_of_sending, instant, is_quiet, minutes_left, moment_of

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAYS = st.dates(date(2026, 1, 1), date(2030, 12, 31))
TIMES = st.times()
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"),
    [(6, 59, True), (7, 0, False), (12, 0, False), (19, 59, False), (20, 0, True), (0, 0, True)],
)
def test_the_night_is_from_eight_to_seven_at_the_station(hour: int, minute: int, quiet: bool) -> None:
    assert is_quiet(datetime(2026, 11, 22, hour, minute, tzinfo=ZONE), ZONE) is quiet
    assert is_quiet(datetime(2026, 11, 22, hour, minute, tzinfo=ZONE).astimezone(UTC), ZONE) is quiet


@given(day=DAYS, first=TIMES, last=TIMES, earliest=st.timedeltas(timedelta(0), timedelta(days=1)), seed=st.integers())
def test_a_moment_lies_within_the_rules_hours_after_the_earliest_and_never_at_night(
    day: date, first: time, last: time, earliest: timedelta, seed: int
) -> None:
    since = instant(day, time(0), ZONE) + earliest
    minutes = minutes_left(day, first, last, earliest=since, zone=ZONE)
    if not minutes:
        return
    moment = moment_of(minutes, day, ZONE, random.Random(seed))
    assert moment.tzinfo is UTC
    assert moment >= since
    assert instant(day, first, ZONE) <= moment < instant(day, last, ZONE)
    assert not is_quiet(moment, ZONE)
    assert moment < end_of_sending(day, ZONE)


@given(day=DAYS, begins=st.integers(7 * 60, 20 * 60 - 3), length=st.integers(2, 300))
def test_whoever_has_two_minutes_left_has_a_moment(day: date, begins: int, length: int) -> None:
    ends = min(begins + length, 20 * 60 - 1)
    first, last = (time(minute // 60, minute % 60) for minute in (begins, ends))
    assert minutes_left(day, first, last, earliest=LONG_AGO, zone=ZONE)


@given(day=DAYS, seeds=st.tuples(st.integers(), st.integers()), apart=st.sampled_from([1, 7]))
def test_two_days_in_a_row_and_two_weeks_never_share_the_minute(day: date, seeds: tuple[int, int], apart: int) -> None:
    def clock_of(day: date, seed: int) -> tuple[int, int]:
        minutes = minutes_left(day, time(7), time(9), earliest=LONG_AGO, zone=ZONE)
        local = moment_of(minutes, day, ZONE, random.Random(seed)).astimezone(ZONE)
        return local.hour, local.minute

    assert clock_of(day, seeds[0]) != clock_of(day + timedelta(days=apart), seeds[1])


def test_a_morning_is_spread_over_its_hours() -> None:
    dice = random.Random(3)
    minutes = minutes_left(date(2026, 11, 22), time(7), time(9), earliest=LONG_AGO, zone=ZONE)
    assert len(minutes) == 60
    assert len({moment_of(minutes, date(2026, 11, 22), ZONE, dice) for _ in range(200)}) > 190


def test_hours_that_are_over_have_no_moment_left() -> None:
    nine = instant(date(2026, 11, 22), time(9), ZONE)
    assert not minutes_left(date(2026, 11, 22), time(7), time(9), earliest=nine, zone=ZONE)
    assert not minutes_left(date(2026, 11, 21), time(7), time(9), earliest=nine, zone=ZONE)
    assert not minutes_left(date(2026, 11, 22), time(20), time(23), earliest=LONG_AGO, zone=ZONE)
