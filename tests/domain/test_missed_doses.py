from collections.abc import Collection
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.missed_doses import (
    SHIPPED_BANDS,
    GapBand,
    GapResponse,
    band_for,
    consecutive_missed_days,
    gap_days,
)

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
near_days = st.integers(-45, 20).map(lambda offset: TODAY + offset * DAY)
day_sets = st.sets(near_days)
responses = st.sampled_from(list(GapResponse))


@st.composite
def some_bands(draw: st.DrawFn) -> GapBand:
    from_days = draw(st.integers(1, 12))
    length = draw(st.none() | st.integers(0, 6))
    to_days = None if length is None else from_days + length
    return GapBand(from_days, to_days, draw(responses), "a source", id=draw(st.integers(1, 9)))


def ago(days: int) -> date:
    return TODAY - days * DAY


def all_days(count: int) -> set[date]:
    return {ago(days) for days in range(count)}


def walk_back(expected: Collection[date], covered: Collection[date]) -> int:
    """The slow model: step back day by day until a covered day."""
    count = 0
    for days in range(1, 60):
        if ago(days) in covered:
            break
        count += ago(days) in expected
    return count


def test_days_are_counted_backwards_from_yesterday_and_today_is_not_counted() -> None:
    assert consecutive_missed_days(all_days(30), {ago(4)}, TODAY) == 3


def test_covered_yesterday_means_no_missed_day() -> None:
    assert consecutive_missed_days(all_days(30), {ago(1), ago(9)}, TODAY) == 0


def test_a_day_without_an_order_is_not_counted_and_does_not_close_the_gap() -> None:
    expected = all_days(30) - {ago(2), ago(3)}
    assert consecutive_missed_days(expected, {ago(6)}, TODAY) == 3


def test_nothing_expected_is_nothing_missed() -> None:
    assert consecutive_missed_days(set(), set(), TODAY) == 0


@given(day_sets, day_sets)
def test_missed_days_agree_with_walking_back_day_by_day(expected: set[date], covered: set[date]) -> None:
    assert consecutive_missed_days(expected, covered, TODAY) == walk_back(expected, covered)


@given(day_sets, day_sets)
def test_lists_with_repeated_days_count_like_sets(expected: set[date], covered: set[date]) -> None:
    twice = consecutive_missed_days([*expected, *expected], [*covered, *covered], TODAY)
    assert twice == consecutive_missed_days(expected, covered, TODAY)


@given(day_sets, day_sets)
def test_the_gap_at_the_window_is_never_smaller_than_the_missed_days(expected: set[date], covered: set[date]) -> None:
    before = {day for day in covered if day < TODAY}
    gap = gap_days(max(before, default=None), TODAY)
    if gap is not None:
        assert gap >= consecutive_missed_days(expected, before, TODAY)


@given(st.sets(near_days.filter(lambda day: day < TODAY), min_size=1))
def test_where_an_order_ran_every_day_both_counts_are_the_same(covered: set[date]) -> None:
    assert gap_days(max(covered), TODAY) == consecutive_missed_days(all_days(60), covered, TODAY)


@pytest.mark.parametrize(
    ("covered_through", "gap"),
    [(TODAY + 5 * DAY, 0), (TODAY, 0), (ago(1), 0), (ago(2), 1), (ago(4), 3), (ago(31), 30), (None, None)],
)
def test_the_gap_is_the_whole_days_since_the_last_covered_one(covered_through: date | None, gap: int | None) -> None:
    assert gap_days(covered_through, TODAY) == gap


def test_days_that_a_doctor_has_reviewed_are_not_counted_again() -> None:
    assert gap_days(ago(9), TODAY, reviewed_through=ago(3)) == 2
    assert gap_days(ago(9), TODAY, reviewed_through=ago(1)) == 0


def test_an_older_review_does_not_make_the_gap_longer() -> None:
    assert gap_days(ago(2), TODAY, reviewed_through=ago(9)) == 1


def test_a_review_covers_nobody_who_never_had_a_dose() -> None:
    assert gap_days(None, TODAY, reviewed_through=ago(1)) is None


@pytest.mark.parametrize(
    ("gap", "response"),
    [
        (1, GapResponse.DOSE),
        (2, GapResponse.CHECK),
        (3, GapResponse.CHECK),
        (4, GapResponse.SUSPEND),
        (5, GapResponse.SUSPEND),
        (6, GapResponse.END),
        (29, GapResponse.END),
        (30, GapResponse.CONSIDER_ENDING),
        (4000, GapResponse.CONSIDER_ENDING),
    ],
)
def test_the_shipped_bands_answer_as_the_rules_say(gap: int, response: GapResponse) -> None:
    band = band_for(gap, SHIPPED_BANDS)
    assert band is not None
    assert band.response is response


def test_the_shipped_bands_name_their_source_and_are_not_approved() -> None:
    assert [(band.from_days, band.to_days) for band in SHIPPED_BANDS] == [(1, 1), (2, 3), (4, 5), (6, 29), (30, None)]
    assert all(band.source and band.approved_on is None for band in SHIPPED_BANDS)


@pytest.mark.parametrize("gap", [None, 0, -3])
def test_no_gap_asks_for_no_band(gap: int | None) -> None:
    assert band_for(gap, SHIPPED_BANDS) is None


def test_only_the_last_three_responses_stop_a_dose() -> None:
    assert [response for response in GapResponse if response.stops] == ["suspend", "end", "consider_ending"]


def test_where_rows_overlap_the_stricter_one_wins() -> None:
    mild, strict = GapBand(2, 9, GapResponse.CHECK, "a"), GapBand(3, 4, GapResponse.SUSPEND, "b")
    assert band_for(3, [mild, strict]) == band_for(3, [strict, mild]) == strict
    assert band_for(5, [strict, mild]) == mild


def test_a_hole_in_the_table_takes_the_strictest_row_below_it() -> None:
    rows = [
        GapBand(1, 1, GapResponse.DOSE, "a"),
        GapBand(4, 5, GapResponse.SUSPEND, "b"),
        GapBand(7, 7, GapResponse.CHECK, "c"),
    ]
    assert band_for(6, rows) == rows[1]
    assert band_for(8, rows) == rows[1]
    assert band_for(2, rows) == rows[0]


def test_an_empty_table_is_answered_by_the_shipped_rows() -> None:
    assert band_for(4, []) == band_for(4, SHIPPED_BANDS)


def test_a_gap_below_the_first_row_has_no_band() -> None:
    assert band_for(1, [GapBand(2, None, GapResponse.CHECK, "a")]) is None


@given(st.integers(1, 40), st.lists(some_bands(), min_size=1, max_size=6))
def test_no_hole_and_no_overlap_gives_a_milder_answer_than_a_slow_reading(gap: int, bands: list[GapBand]) -> None:
    holding = [b for b in bands if gap in range(b.from_days, 1000 if b.to_days is None else b.to_days + 1)]
    lower = [b for b in bands if b.from_days <= gap]
    asked = holding or lower
    order = ["dose", "check", "suspend", "end", "consider_ending"]
    band = band_for(gap, bands)
    if not asked:
        assert band is None
    else:
        assert band in asked
        assert all(order.index(band.response) >= order.index(other.response) for other in asked)


@given(st.integers(1, 40), st.lists(some_bands(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(gap: int, bands: list[GapBand], random: object) -> None:
    shuffled = list(bands)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives random.Random typed as object here
    first, second = band_for(gap, bands), band_for(gap, shuffled)
    assert (first and first.response) == (second and second.response)
    assert (first and first.from_days) == (second and second.from_days)
