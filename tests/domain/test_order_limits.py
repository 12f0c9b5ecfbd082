from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.order_limits import (
    SHIPPED_LIMITS,
    SHIPPED_VALUES,
    LimitName,
    OrderLimit,
    ensure_limits,
    looser_than,
    values_of,
)
from counseling.domain.refusal import Refusal

N = LimitName
some_values = st.fixed_dictionaries(
    {name: st.none() | st.integers(-2, 500 if name.is_days else 20 if name.is_hours else 6000) for name in N}
)


def refused(**changed: int | None) -> tuple[str, object]:
    with pytest.raises(Refusal) as caught:
        ensure_limits({**SHIPPED_VALUES, **{N(name): value for name, value in changed.items()}})
    return caught.value.code, caught.value.facts["name"]


def test_the_shipped_limits_may_stand_and_are_no_looser_than_themselves() -> None:
    ensure_limits(SHIPPED_VALUES)
    assert looser_than(SHIPPED_VALUES) == ()
    assert all(limit.source and limit.approved_on is None for limit in SHIPPED_LIMITS)
    assert [limit.name for limit in SHIPPED_LIMITS] == list(N)


def test_the_first_day_is_never_above_30_mg_whoever_signs() -> None:
    assert refused(first_day_never=301) == ("first_day_above_30", N.FIRST_DAY_NEVER)
    assert refused(first_day_usual=201, first_day_never=200) == ("first_day_usual_above_never", N.FIRST_DAY_USUAL)


@pytest.mark.parametrize("name", ["first_day_usual", "first_day_never", "two_doctors"])
def test_a_dose_is_never_without_a_bound(name: str) -> None:
    assert refused(**{name: None}) == ("limit_missing", N(name))


def test_figures_that_are_slips_of_the_pen_are_refused() -> None:
    assert refused(taper_days=0) == ("limit_out_of_range", N.TAPER_DAYS)
    assert refused(taper_days=367) == ("limit_out_of_range", N.TAPER_DAYS)
    assert refused(two_doctors=5001) == ("limit_out_of_range", N.TWO_DOCTORS)


@given(some_values)
def test_whatever_may_stand_keeps_every_bound(values: dict[LimitName, int | None]) -> None:
    def within(name: LimitName) -> bool:
        value = values[name]
        most = 366 if name.is_days else 12 if name.is_hours else 5000
        return name.is_days if value is None else 1 <= value <= most

    never, usual = values[N.FIRST_DAY_NEVER] or 0, values[N.FIRST_DAY_USUAL] or 0
    sound = all(within(name) for name in N) and usual <= never <= 300
    try:
        ensure_limits(values)
    except Refusal:
        assert not sound
    else:
        assert sound


@given(some_values, some_values)
def test_looser_is_what_allows_an_order_that_the_other_refuses(
    values: dict[LimitName, int | None], others: dict[LimitName, int | None]
) -> None:
    def allows(limit: int | None, asked: int) -> bool:
        return limit is None or asked <= limit

    found = looser_than(values, others)
    for name in [name for name in N if not name.is_hours]:
        asked = range(-3, 6002)
        edges = {value for value in (values[name], others[name], 6001) if value is not None}
        assert (name in found) == any(
            allows(values[name], ask) and not allows(others[name], ask) for ask in edges if ask in asked
        )


def test_a_shorter_observation_is_looser() -> None:
    assert looser_than({**SHIPPED_VALUES, N.OBSERVATION_HOURS: 2}) == (N.OBSERVATION_HOURS,)
    assert looser_than({**SHIPPED_VALUES, N.OBSERVATION_HOURS: 4}) == ()
    assert refused(observation_hours=None) == ("limit_missing", N.OBSERVATION_HOURS)
    assert refused(observation_hours=13) == ("limit_out_of_range", N.OBSERVATION_HOURS)


def test_a_limit_without_a_row_keeps_the_shipped_value() -> None:
    assert values_of([]) == SHIPPED_VALUES
    assert values_of([OrderLimit(N.TAPER_DAYS, 90, "s")]) == {**SHIPPED_VALUES, N.TAPER_DAYS: 90}
