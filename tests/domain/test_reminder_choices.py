"""What one person chooses, what a site may set, and when "still in time" and "this week" are true."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import KINDS_OF, SHIPPED_RULES
from counseling.domain.reminder_limits import ensure_rule
from counseling.domain.reminders import StationMorning, ends_by, last_call, why_not_today
from counseling.domain.station_days import DayState, Hours
from counseling.domain.text_choices import Choices, OwnHours, ensure_choices, minutes_for

CLOSED, RECORDING, PAPER, OPENED = DayState.CLOSED, DayState.RECORDING, DayState.ON_PAPER, DayState.OPENED
NOW = datetime(2026, 11, 22, 2, 20, tzinfo=UTC)
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("state", "is_open", "minutes_ago", "why"),
    [
        (RECORDING, True, 5, None),
        (RECORDING, True, 29, None),
        (RECORDING, True, 30, "not_recorded"),  # perhaps they write on paper and have not said so
        (RECORDING, True, None, "not_recorded"),
        (RECORDING, True, -5, "not_recorded"),  # an entry of the future: a clock was set back
        (OPENED, True, 5, "not_recorded"),
        (None, True, None, "not_recorded"),
        (PAPER, True, 5, "on_paper"),
        (CLOSED, True, 5, "shut"),
        (RECORDING, False, 5, "shut"),
        (RECORDING, None, 5, "hours_unknown"),
    ],
)
def test_only_a_book_that_is_being_written_says_who_has_not_come(
    state: DayState | None, is_open: bool | None, minutes_ago: int | None, why: str | None
) -> None:
    entry = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    assert why_not_today(StationMorning(CLOSED, state, True, is_open), entry, NOW) == why


def test_still_in_time_is_said_in_the_last_hour_of_the_last_span() -> None:
    morning, afternoon = Hours(time(6, 30), time(10, 30)), Hours(time(13), time(16))
    assert last_call([morning]) == (time(9, 15), time(10, 5))
    assert last_call([morning, afternoon]) == (time(14, 45), time(15, 35))
    assert last_call([]) is None


@given(today=st.dates(date(2026, 1, 1), date(2030, 1, 1)), left=st.integers(0, 10))
def test_an_order_is_spoken_of_in_the_week_in_which_it_ends_or_at_the_very_end(today: date, left: int) -> None:
    is_soon = today + timedelta(days=left) <= ends_by(today)
    assert is_soon is (left <= 2 or (left <= 6 and today.weekday() <= 3))


@given(
    first=st.integers(0, 1439),
    length=st.integers(0, 700),
    hour=st.none() | st.integers(7, 19),
    span=st.tuples(TIMES, TIMES),
)
def test_no_minute_lies_in_the_hours_that_somebody_wants_none(
    first: int, length: int, hour: int | None, span: tuple[time, time]
) -> None:
    minutes, own = range(first, min(first + length, 1440), 2), OwnHours(hour, min(span), max(span))
    found = list(minutes_for(minutes, own))
    loud = [minute for minute in minutes if not min(span) <= time(minute // 60, minute % 60) < max(span)]
    assert set(found) <= set(loud)
    assert bool(found) == bool(loud)  # the hour they like never costs them the text
    if any(minute // 60 == hour for minute in loud):
        assert all(minute // 60 == hour for minute in found)


@pytest.mark.parametrize(
    ("choices", "code"),
    [
        (Choices(declined=frozenset({"appointment"})), "kind_unknown"),  # of the other side
        (Choices(pronoun="ong"), "pronoun_unknown"),
        (Choices(pretext="methadone"), "pretext_unknown"),
        (Choices(hours=OwnHours(hour=20)), "hour_unknown"),
        (Choices(hours=OwnHours(quiet_from=time(9))), "quiet_half"),
        (Choices(hours=OwnHours(quiet_from=time(9), quiet_until=time(9))), "quiet_order"),
    ],
)
def test_a_choice_that_is_none_is_refused(choices: Choices, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        ensure_choices(choices, KINDS_OF["treatment"], ("anh", "chi"), ("work", "note"))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"not_before": time(6, 59)}, "at_night"),
        ({"not_after": time(20, 1)}, "at_night"),
        ({"not_before": time(9), "not_after": time(9, 29)}, "hours_too_short"),
        ({"kind": "evening_before", "not_before": time(16, 30)}, "not_evening"),
        ({"kind": "second_text"}, "figure_missing"),
        ({"kind": "second_text", "silence_days": 1, "unseen_days": 7, "most_open_tasks": 5}, "figure_out_of_range"),
    ],
)
def test_no_site_may_text_at_night_or_all_at_one_minute(changes: dict[str, Any], code: str) -> None:
    usual = {"kind": "weekend", "not_before": time(9), "not_after": time(19)}
    with pytest.raises(Refusal) as refused:
        ensure_rule(**{**usual, **changes})
    assert refused.value.code == code


def test_what_ships_could_be_set_by_a_site_and_only_three_kinds_are_on() -> None:
    for rule in SHIPPED_RULES:
        ensure_rule(rule.kind, rule.not_before, rule.not_after, 3, 7, 5)
    assert sorted(rule.kind for rule in SHIPPED_RULES if rule.is_on) == ["appointment", "check_in", "missed_yesterday"]
    assert {side: {rule.kind for rule in SHIPPED_RULES if rule.side == side} for side in KINDS_OF} == {
        side: set(kinds) for side, kinds in KINDS_OF.items()
    }
