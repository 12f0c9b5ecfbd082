from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.amounts import BadAmount
from counseling.domain.area_tree import ensure_may_move, path_up
from counseling.domain.measures import parse_step
from counseling.domain.opening_hours import parse_day, write_day
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import Hours

MORNING, AFTERNOON = Hours(time(7), time(11, 30)), Hours(time(13, 30), time(16, 30))
PARENTS = {1: None, 2: 1, 3: 2, 4: 3, 5: 1, 9: None, 10: 9}  # 1 and 9 are provinces, 4, 5 and 10 communes


@pytest.mark.parametrize(
    "text",
    [
        "07:00-11:30, 13:30-16:30",
        "7h-11h30; 13h30–16h30",
        "13.30 - 16.30, 7 - 11.30",
        "7:00 đến 11:30 + 13g30 đến 16g30",
    ],
)
def test_hours_are_read_as_people_write_them(text: str) -> None:
    assert parse_day(text) == [MORNING, AFTERNOON]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("sáng", "hours_not_understood"),
        ("7:00", "hours_not_understood"),
        ("7:00-", "hours_not_understood"),
        ("7:00-25:00", "hours_not_understood"),
        ("7:75-9:00", "hours_not_understood"),
        ("７:00-9:00", "hours_not_understood"),
        ("7:00-8:00,", "hours_not_understood"),
        ("11:00-7:00", "hours_backwards"),
        ("7:00-7:00", "hours_backwards"),
        ("7:00-12:00, 11:59-16:00", "hours_overlap"),
    ],
)
def test_hours_that_make_no_day_say_why(text: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        parse_day(text)


def test_a_day_without_hours_is_shut() -> None:
    assert parse_day("  ") == []
    assert write_day([]) == ""


@given(st.lists(st.integers(0, 24 * 60 - 1), unique=True, max_size=6).filter(lambda minutes: len(minutes) % 2 == 0))
def test_what_was_written_is_read_again(minutes: list[int]) -> None:
    times = [time(minute // 60, minute % 60) for minute in sorted(minutes)]
    spans = [Hours(*pair) for pair in zip(times[::2], times[1::2], strict=True)]
    assert parse_day(write_day(spans)) == spans


@pytest.mark.parametrize(("text", "hundredths"), [("0,5", 50), ("0.05", 5), ("1", 100), (" 10 ", 1000), ("2,50", 250)])
def test_the_step_of_a_measure_is_read_in_hundredths_of_a_ml(text: str, hundredths: int) -> None:
    assert parse_step(text) == hundredths


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("một", "not_a_number"),
        ("1e1", "not_a_number"),
        ("-1", "not_a_number"),
        ("５", "not_a_number"),
        ("0,125", "too_many_decimals"),
        ("0,00", "zero"),
        ("10,01", "too_large"),
    ],
)
def test_a_step_that_no_measure_has_is_refused(text: str, code: str) -> None:
    with pytest.raises(BadAmount) as bad:
        parse_step(text)
    assert bad.value.code == code


def test_a_commune_moves_between_areas_of_its_province() -> None:
    ensure_may_move(4, "commune", 1, "province", PARENTS)
    ensure_may_move(5, "ward", 3, "drawn", PARENTS)
    ensure_may_move(3, "drawn", 1, "province", PARENTS)


@pytest.mark.parametrize(
    ("area", "kind", "to", "to_kind", "code"),
    [
        (1, "province", 9, "province", "area_stays"),
        (5, "ward", 4, "commune", "parent_is_leaf"),
        (2, "drawn", 3, "drawn", "area_under_itself"),
        (2, "drawn", 2, "drawn", "area_under_itself"),
        (5, "ward", 9, "province", "other_province"),
    ],
)
def test_a_move_that_would_break_the_tree_is_refused(area: int, kind: str, to: int, to_kind: str, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        ensure_may_move(area, kind, to, to_kind, PARENTS)


def test_a_tree_that_bends_back_on_itself_ends_where_it_does() -> None:
    assert path_up(1, {1: 2, 2: 3, 3: 1}) == [1, 2, 3]
