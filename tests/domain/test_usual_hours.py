"""From when on somebody is looked out for."""

from datetime import time

from counseling.domain.usual_hours import LATE_AFTER, hour_after, latest_usual_minute, minute_of


def test_somebody_is_late_only_after_the_margin() -> None:
    assert LATE_AFTER == 45
    usual = minute_of(time(7, 5))
    assert usual > latest_usual_minute(time(7, 49))
    assert usual <= latest_usual_minute(time(7, 50))


def test_just_after_midnight_nobody_is_late() -> None:
    assert latest_usual_minute(time(0, 10)) < 0


def test_usually_here_before_the_next_full_hour() -> None:
    assert [hour_after(minute_of(at)) for at in (time(6, 31), time(7, 0), time(7, 59), time(8, 0))] == [7, 8, 8, 9]
