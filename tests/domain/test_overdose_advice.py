"""When somebody is told how to stay alive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.missed_doses import SHIPPED_BANDS
from counseling.domain.overdose_advice import Advised, at_the_dose, on_leaving

LAST = datetime(2026, 11, 21, 0, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


def asked(
    gap: int | None = 0,
    *,
    is_first: bool = False,
    last: datetime | None = LAST,
    lifted: tuple[datetime, ...] = (),
) -> Advised | None:
    return at_the_dose(
        gap=gap, bands=SHIPPED_BANDS, is_first_of_induction=is_first, last_dose_at=last, holds_lifted_at=lifted
    )


@pytest.mark.parametrize(("gap", "said"), [(0, False), (1, False), (2, False), (3, False), (4, True), (30, True)])
def test_a_gap_that_stops_the_dose_is_a_re_start(gap: int, said: bool) -> None:
    assert asked(gap) == (Advised.GAP if said else None)


def test_first_doses_are_a_start() -> None:
    assert asked(is_first=True) == Advised.FIRST_DOSE
    assert asked(None, last=None) == Advised.FIRST_DOSE


def test_the_first_dose_after_a_hold_was_lifted_is_a_re_start_and_the_second_is_not() -> None:
    assert asked(lifted=(LAST + AN_HOUR,)) == Advised.AFTER_HOLD
    assert asked(lifted=(LAST - AN_HOUR,)) is None
    assert asked(lifted=(LAST - AN_HOUR, LAST + AN_HOUR)) == Advised.AFTER_HOLD
    assert asked(lifted=(LAST,), last=None) == Advised.AFTER_HOLD


def test_where_nothing_may_be_drunk_only_the_gap_is_spoken_of() -> None:
    stopped = {"bands": SHIPPED_BANDS, "last_dose_at": LAST, "is_first_of_induction": True, "is_stopped": True}
    assert at_the_dose(gap=5, holds_lifted_at=(), **stopped) == Advised.GAP  # type: ignore[arg-type]  # plain words
    assert at_the_dose(gap=2, holds_lifted_at=(LAST + AN_HOUR,), **stopped) is None  # type: ignore[arg-type]


@given(st.none() | st.integers(0, 400), st.booleans(), st.lists(st.integers(-50, 50), max_size=4))
def test_nothing_that_happened_besides_takes_the_advice_away(gap: int | None, is_first: bool, hours: list[int]) -> None:
    lifted = tuple(LAST + number * AN_HOUR for number in hours)
    said = asked(gap, is_first=is_first, lifted=lifted) is not None
    assert said == (gap is None or gap >= 4 or is_first or any(number > 0 for number in hours))


@pytest.mark.parametrize(
    ("outcome", "before", "said"),
    [
        ("stopped", None, Advised.NO_DOSE),
        ("withheld", None, Advised.NO_DOSE),
        ("refused", None, None),
        ("refused", Advised.FIRST_DOSE, Advised.NO_DOSE),
        ("refused", Advised.GAP, Advised.GAP),
        ("withheld", Advised.AFTER_HOLD, Advised.NO_DOSE),
        ("stopped", Advised.GAP, Advised.GAP),
        ("vomited", Advised.FIRST_DOSE, None),
    ],
)
def test_whoever_leaves_without_the_dose_is_told(outcome: str, before: Advised | None, said: Advised | None) -> None:
    assert on_leaving(outcome, before) == said
