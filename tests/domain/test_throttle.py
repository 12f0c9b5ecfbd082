from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.throttle import Bucket, after_failure, may_try, wait_after

NOW = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
pauses = st.lists(st.integers(0, 5400).map(lambda seconds: timedelta(seconds=seconds)), max_size=60)


def fail(times: int, at: datetime = NOW, bucket: Bucket | None = None) -> Bucket:
    """Fail so many times in a row, each time as soon as it is allowed."""
    for _ in range(times):
        if bucket is not None and bucket.blocked_until is not None:
            at = max(at, bucket.blocked_until)
        bucket = after_failure(bucket, at)
    assert bucket is not None
    return bucket


def waits(bucket: Bucket) -> timedelta:
    assert bucket.blocked_until is not None
    return bucket.blocked_until - bucket.window_started_at


def test_somebody_who_never_failed_may_try() -> None:
    assert may_try(None, NOW)


def test_five_failures_in_a_minute_are_free_and_the_sixth_waits_a_minute() -> None:
    assert may_try(fail(5), NOW)
    blocked = fail(6)
    assert not may_try(blocked, NOW)
    assert not may_try(blocked, NOW + MINUTE - SECOND)
    assert may_try(blocked, NOW + MINUTE)


def test_the_waits_grow_and_stop_growing_at_a_quarter_of_an_hour() -> None:
    grown = [waits(fail(times)) / MINUTE for times in range(6, 14)]
    assert grown == [1, 2, 4, 8, 15, 15, 15, 15]
    assert wait_after(5) == timedelta(0)
    assert wait_after(10**9) == 15 * MINUTE


def test_the_free_minute_runs_from_its_first_failure() -> None:
    bucket: Bucket | None = None
    for number in range(5):
        bucket = after_failure(bucket, NOW + number * 12 * SECOND)
    assert bucket == Bucket(5, NOW, None)


def test_five_more_are_free_in_the_next_minute_when_the_first_were_not_used_up() -> None:
    later = after_failure(fail(5), NOW + MINUTE)
    assert later == Bucket(1, NOW + MINUTE, None)


def test_a_longer_window_is_stricter_with_slow_guessing() -> None:
    hour = timedelta(hours=1)
    bucket: Bucket | None = None
    for minutes in range(6):
        bucket = after_failure(bucket, NOW + 9 * minutes * MINUTE, free_window=hour)
    assert bucket is not None
    assert not may_try(bucket, NOW + 45 * MINUTE)


def test_the_count_is_forgotten_after_an_hour_without_a_failure() -> None:
    bucket = fail(8)
    last = bucket.window_started_at
    assert after_failure(bucket, last + 59 * MINUTE).failures == 9
    assert after_failure(bucket, last + 60 * MINUTE) == Bucket(1, last + 60 * MINUTE, None)


def test_a_clock_put_back_by_a_day_shuts_nobody_out() -> None:
    bucket = fail(12)
    assert may_try(bucket, NOW - timedelta(days=1))


@given(pauses)
def test_nobody_ever_waits_longer_than_a_quarter_of_an_hour(between: list[timedelta]) -> None:
    bucket, now = None, NOW
    for pause in between:
        now += pause
        if may_try(bucket, now):
            bucket = after_failure(bucket, now)
    assert may_try(bucket, now + 15 * MINUTE)


@given(pauses)
def test_no_minute_gives_a_guesser_more_than_two_bursts(between: list[timedelta]) -> None:
    bucket, now = None, NOW
    tried: list[datetime] = []
    for pause in between:
        now += pause / 60
        if may_try(bucket, now):
            bucket = after_failure(bucket, now)
            tried.append(now)
    # A fixed minute may end between two bursts: four more at its end, then five free ones and the one that blocks.
    assert all(sum(at <= other < at + MINUTE for other in tried) <= 10 for at in tried)


@pytest.mark.parametrize("tries", [10_000])
def test_ten_thousand_tries_without_a_pause_come_to_few_that_are_read(tries: int) -> None:
    bucket, read = None, 0
    for number in range(tries):
        now = NOW + number * SECOND
        if may_try(bucket, now):
            bucket, read = after_failure(bucket, now), read + 1
    assert read <= 20


@given(pauses)
def test_failures_further_apart_than_an_hour_never_block(between: list[timedelta]) -> None:
    bucket, now = None, NOW
    for pause in between:
        now += timedelta(hours=1) + pause
        assert may_try(bucket, now)
        bucket = after_failure(bucket, now)
        assert bucket.failures == 1
