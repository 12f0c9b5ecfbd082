from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.adherence import (
    EMPTY,
    Adherence,
    bits_from_bytes,
    bits_to_bytes,
    complete_adherence,
    coverage,
    covered_between,
    recount,
)

START = date(2026, 9, 23)
days = st.integers(-40, 80).map(lambda offset: START + timedelta(days=offset))
changes = st.lists(st.tuples(days, st.sampled_from(["part", "whole", "out"])), max_size=60)


def apply(changed: list[tuple[date, str]]) -> tuple[Adherence, set[date], set[date]]:
    """The summary after the changes, and the plain sets that a slow reader would keep."""
    summary, covered, complete = EMPTY, set[date](), set[date]()
    for day, what in changed:
        covered.discard(day)
        complete.discard(day)
        if what == "out":
            summary = summary.without_day(day)
            continue
        summary = summary.with_day(day, complete=what == "whole")
        covered.add(day)
        if what == "whole":
            complete.add(day)
    return summary, covered, complete


@given(changes)
def test_any_sequence_of_changes_equals_a_recount_from_the_days(changed: list[tuple[date, str]]) -> None:
    summary, covered, complete = apply(changed)
    assert summary == recount(covered, complete)
    assert hash(summary) == hash(recount(covered, complete))


@given(changes, days)
def test_the_summary_answers_for_each_day_as_the_sets_do(changed: list[tuple[date, str]], day: date) -> None:
    summary, covered, complete = apply(changed)
    assert summary.is_covered(day) == (day in covered)
    assert summary.is_complete(day) == (day in complete)
    assert summary.covered_through == max(covered, default=None)


@given(changes)
def test_the_summary_is_always_in_its_normal_form(changed: list[tuple[date, str]]) -> None:
    summary, covered, _ = apply(changed)
    assert summary.anchor_on == min(covered, default=None)
    assert summary.complete & ~summary.covered == 0


@given(changes, days)
def test_a_day_taken_in_and_out_again_leaves_no_trace(changed: list[tuple[date, str]], day: date) -> None:
    summary, _, _ = apply(changed)
    if not summary.is_covered(day):
        assert summary.with_day(day, complete=True).without_day(day) == summary


@given(st.sets(days), st.sets(days), st.sets(days), days, days)
def test_coverage_counts_like_plain_sets(
    covered: set[date], complete: set[date], expected: set[date], first: date, last: date
) -> None:
    summary = recount(covered, complete)
    asked = {day for day in expected if first <= day <= last}
    assert coverage(summary, expected, first, last) == (len(asked & (covered | complete)), len(asked))
    assert complete_adherence(summary, list(expected) * 2, first, last) == (len(asked & complete), len(asked))


@given(st.sets(days), days, days)
def test_covered_days_between_two_days_count_like_a_plain_set(covered: set[date], first: date, last: date) -> None:
    assert covered_between(recount(covered, set()), first, last) == sum(first <= day <= last for day in covered)


def test_one_of_two_parts_covers_the_day_but_is_not_complete() -> None:
    summary = EMPTY.with_day(START, complete=False)
    assert summary.is_covered(START)
    assert not summary.is_complete(START)
    assert summary.with_day(START, complete=True).is_complete(START)


def test_an_earlier_day_moves_the_anchor() -> None:
    summary = EMPTY.with_day(START, complete=True).with_day(START - timedelta(days=2), complete=False)
    assert summary == Adherence(START - timedelta(days=2), 0b101, 0b100)
    assert summary.covered_through == START


def test_nothing_covered_is_empty_again() -> None:
    assert EMPTY.with_day(START, complete=True).without_day(START) == EMPTY
    assert EMPTY.without_day(START) == EMPTY
    assert EMPTY.covered_through is None
    assert coverage(EMPTY, [START], START, START) == (0, 1)


@pytest.mark.parametrize(
    ("anchor_on", "covered", "complete"),
    [(None, 1, 0), (None, 0, 1), (START, 0, 0), (START, 0b10, 0), (START, 0b01, 0b10), (START, -1, 0)],
)
def test_a_damaged_row_is_not_taken_for_facts(anchor_on: date | None, covered: int, complete: int) -> None:
    with pytest.raises(ValueError, match="normal form"):
        Adherence(anchor_on, covered, complete)


@given(st.integers(0, 2**4000))
def test_bitmaps_survive_the_way_through_the_database(bits: int) -> None:
    packed = bits_to_bytes(bits)
    assert bits_from_bytes(packed) == bits
    assert not packed.endswith(b"\0")


def test_bitmaps_are_little_endian_and_nothing_is_no_bytes() -> None:
    assert bits_to_bytes(0) == b""
    assert bits_to_bytes(0b1) == b"\x01"
    assert bits_to_bytes(1 << 8) == b"\x00\x01"
    assert bits_from_bytes(b"") == 0
    assert bits_from_bytes(b"\x05\x00\x00") == 0b101
