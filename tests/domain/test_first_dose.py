from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.first_dose import Look, Seen, is_over, minutes_left

GIVEN = datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
looks = st.lists(st.builds(Look, st.sampled_from(list(Seen)), st.integers(0, 500).map(lambda m: GIVEN + m * MINUTE)))
MINUTE = timedelta(minutes=1)


def look(seen: Seen, minutes: int) -> Look:
    return Look(seen, GIVEN + minutes * MINUTE)


@pytest.mark.parametrize(("after", "left"), [(0, 180), (59, 121), (179, 1), (180, 0), (400, 0)])
def test_minutes_count_down_to_the_end_of_the_observation(after: int, left: int) -> None:
    assert minutes_left(GIVEN, 3, GIVEN + after * MINUTE) == left


def test_part_of_a_minute_is_a_minute_still_to_wait() -> None:
    assert minutes_left(GIVEN, 3, GIVEN + timedelta(minutes=179, seconds=1)) == 1


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        ([], False),
        ([look(Seen.WELL, 179)], False),
        ([look(Seen.WELL, 180)], True),
        ([look(Seen.DROWSY, 200)], False),
        ([look(Seen.WELL, 180), look(Seen.DROWSY, 200)], False),
        ([look(Seen.DROWSY, 100), look(Seen.WELL, 240)], True),
        ([look(Seen.LEFT, 20)], True),
    ],
)
def test_somebody_is_watched_until_they_are_well_at_the_end_or_gone(seen: list[Look], over: bool) -> None:
    assert is_over(GIVEN, 3, seen) == over


@given(looks, st.integers(1, 12))
def test_nobody_who_was_drowsy_at_the_last_look_is_let_go(seen: list[Look], hours: int) -> None:
    if seen and is_over(GIVEN, hours, seen):
        last = max(seen, key=lambda one: one.at)
        assert last.seen in (Seen.LEFT, Seen.WELL)
        assert last.seen is Seen.LEFT or last.at - GIVEN >= timedelta(hours=hours)


def test_only_somebody_well_needs_no_doctor() -> None:
    assert [seen for seen in Seen if not seen.asks_for_a_doctor] == [Seen.WELL]
