from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counseling.domain.band_sets import (
    LONGEST_GAP_COMPARED,
    bands_from_starts,
    compare,
    ensure_whole,
    keep_known_sources,
)
from counseling.domain.missed_doses import SHIPPED_BANDS, GapBand, GapResponse, band_for
from counseling.domain.refusal import Refusal

R = GapResponse
starting_days = st.none() | st.integers(1, 45)
starts = st.fixed_dictionaries(
    {R.CHECK: starting_days, R.SUSPEND: starting_days, R.END: starting_days, R.CONSIDER_ENDING: starting_days}
)
loose_bands = st.lists(
    st.builds(GapBand, st.integers(1, 12), st.none() | st.integers(1, 14), st.sampled_from(list(R)), st.just("s")),
    max_size=6,
)


def refused(bands: list[GapBand] | tuple[GapBand, ...]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ensure_whole(bands)
    return caught.value


def answer(gap: int, bands: object) -> int:
    """The slow reading: every row is asked for every gap."""
    holding = [b.response.strictness for b in bands if b.from_days <= gap and (b.to_days is None or gap <= b.to_days)]  # type: ignore[attr-defined]
    return max(holding, default=-1)


def test_the_shipped_bands_may_stand_and_are_as_strict_as_themselves() -> None:
    ensure_whole(SHIPPED_BANDS)
    assert compare(SHIPPED_BANDS).looser == compare(SHIPPED_BANDS).stricter == ()


def test_the_shipped_bands_are_made_of_their_starts() -> None:
    made = bands_from_starts({R.CHECK: 2, R.SUSPEND: 4, R.END: 6, R.CONSIDER_ENDING: 30}, "s")
    contents = [(band.from_days, band.to_days, band.response) for band in made]
    assert contents == [(band.from_days, band.to_days, band.response) for band in SHIPPED_BANDS]


@given(starts)
def test_what_is_made_of_starts_is_whole_or_refused(days: dict[GapResponse, int | None]) -> None:
    try:
        bands = bands_from_starts(days, "s")
        ensure_whole(bands)
    except Refusal as refusal:
        assert refusal.code in {"band_starts_before_previous", "bands_dose_after_end"}
        return
    answers = [answer(gap, bands) for gap in range(1, LONGEST_GAP_COMPARED + 1)]
    assert min(answers) >= 0
    assert answers == sorted(answers)
    assert min(answers[5:]) >= R.SUSPEND.strictness
    for response, day in days.items():
        if day is not None:
            assert answers[day - 1] == response.strictness


@given(loose_bands)
def test_only_a_set_without_hole_overlap_weakening_or_late_dose_may_stand(bands: list[GapBand]) -> None:
    bands = [band for band in bands if band.to_days is None or band.to_days >= band.from_days]
    counts = [sum(band.holds(gap) for band in bands) for gap in range(1, 60)]
    answers = [answer(gap, bands) for gap in range(1, 60)]
    sound = all(n == 1 for n in counts) and answers == sorted(answers) and min(answers[5:]) >= R.SUSPEND.strictness
    try:
        ensure_whole(bands)
    except Refusal:
        assert not sound
    else:
        assert sound


def test_each_thing_that_breaks_a_set_is_named() -> None:
    one, two = GapBand(1, 3, R.CHECK, "s"), GapBand(4, None, R.SUSPEND, "s")
    ensure_whole([two, one])
    assert refused([]).code == "bands_empty"
    assert refused([GapBand(2, None, R.END, "s")]).code == "bands_not_from_one"
    assert refused([one, GapBand(5, None, R.END, "s")]).code == "bands_hole"
    assert refused([one, GapBand(3, None, R.END, "s")]).code == "bands_overlap"
    assert refused([GapBand(1, None, R.END, "s"), two]).code == "bands_overlap"
    assert refused([one, GapBand(4, 400, R.END, "s")]).code == "bands_end_early"
    assert refused([GapBand(1, 3, R.END, "s"), two]).code == "bands_weaken"
    assert refused([GapBand(1, None, R.CHECK, "s")]).code == "bands_dose_after_end"
    late = refused([GapBand(1, 6, R.CHECK, "s"), GapBand(7, None, R.END, "s")])
    assert (late.code, late.facts["response"], late.facts["days"]) == ("bands_dose_after_end", R.END, 6)


def test_five_days_may_be_dosed_by_two_doctors_and_six_by_nobody() -> None:
    ensure_whole([GapBand(1, 5, R.CHECK, "s"), GapBand(6, None, R.SUSPEND, "s")])


def test_the_row_that_comes_too_early_is_named() -> None:
    with pytest.raises(Refusal) as caught:
        bands_from_starts({R.CHECK: 4, R.SUSPEND: 4, R.END: 6}, "s")
    assert caught.value.facts == {"response": R.SUSPEND, "days": 4, "previous": 4}


@given(starts, starts)
@example({R.SUSPEND: 3}, {R.CHECK: 2, R.SUSPEND: 4})
def test_stricter_and_looser_agree_with_a_slow_reading(
    days: dict[GapResponse, int | None], others: dict[GapResponse, int | None]
) -> None:
    try:
        here, there = bands_from_starts(days, "s"), bands_from_starts(others, "s")
    except Refusal:
        return
    gaps = range(1, LONGEST_GAP_COMPARED + 1)
    found = compare(here, there)
    assert found.looser == tuple(gap for gap in gaps if answer(gap, here) < answer(gap, there))
    assert found.stricter == tuple(gap for gap in gaps if answer(gap, here) > answer(gap, there))
    back = compare(there, here)
    assert (back.looser, back.stricter) == (found.stricter, found.looser)
    assert found.is_looser == bool(found.looser)


@given(loose_bands)
def test_a_set_that_is_nowhere_looser_never_doses_where_the_shipped_one_stops(bands: list[GapBand]) -> None:
    if not bands or compare(bands).is_looser:
        return
    for gap in range(1, LONGEST_GAP_COMPARED + 1):
        shipped, own = band_for(gap, SHIPPED_BANDS), band_for(gap, bands)
        assert shipped is not None and own is not None
        assert own.response.stops or not shipped.response.stops


def test_no_gap_and_nobody_dosed_yet_are_answered_alike_by_every_set() -> None:
    everything = compare([GapBand(1, None, R.END, "s")])
    assert 0 not in everything.stricter and everything.looser == tuple(range(30, LONGEST_GAP_COMPARED + 1))


def test_rows_that_stand_as_they_stood_keep_their_source() -> None:
    new = bands_from_starts({R.CHECK: 2, R.SUSPEND: 3, R.END: 6, R.CONSIDER_ENDING: 30}, "quyết định 12")
    kept = keep_known_sources(new, SHIPPED_BANDS)
    assert [band.source == "quyết định 12" for band in kept] == [False, True, True, False, False]
