from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.order_limits import SHIPPED_VALUES, LimitName
from counseling.domain.orders import ABSOLUTE, Phase, ensure_steps, ensure_writable, longest_days_of
from counseling.domain.refusal import Refusal

TODAY = date(2026, 11, 22)


def write(**changed: Any) -> None:
    order: dict[str, Any] = {
        "phase": Phase.MAINTENANCE,
        "parts_tenths": [605],
        "starts_on": TODAY,
        "ends_on": TODAY + timedelta(days=29),
        "today": TODAY,
        "longest_days": 30,
        "is_first_ever": False,
        "second_doctor": False,
    }
    ensure_writable(**(order | changed))


def refused(**changed: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        write(**changed)
    return caught.value


def test_thirty_days_of_maintenance_from_today_may_be_written() -> None:
    write()


def test_one_day_more_than_the_longest_is_refused_with_both_figures() -> None:
    refusal = refused(ends_on=TODAY + timedelta(days=30))
    assert refusal.code == "order_too_long"
    assert refusal.facts == {"phase": Phase.MAINTENANCE, "days": 31, "longest_days": 30}


@pytest.mark.parametrize("parts", [[], [0], [-600], [605, 0], [605, -5]])
def test_an_order_without_a_dose_in_each_part_is_refused(parts: list[int]) -> None:
    assert refused(parts_tenths=parts).code == "order_no_dose"


def test_at_most_four_parts_make_a_day() -> None:
    write(parts_tenths=[100] * 4)
    assert refused(parts_tenths=[100] * 5).code == "order_too_many_parts"


def test_an_order_that_ends_before_it_starts_is_refused() -> None:
    assert refused(ends_on=TODAY - timedelta(days=1)).code == "order_ends_before_start"


def test_an_order_that_starts_yesterday_is_refused() -> None:
    assert refused(starts_on=TODAY - timedelta(days=1)).code == "order_starts_in_past"


def test_an_order_may_start_later() -> None:
    write(starts_on=TODAY + timedelta(days=3), ends_on=TODAY + timedelta(days=3))


def test_a_first_day_above_the_usual_one_is_written_on_purpose_only() -> None:
    write(parts_tenths=[200], is_first_ever=True)
    assert refused(parts_tenths=[201], is_first_ever=True).code == "first_dose_above_usual"
    write(parts_tenths=[201], is_first_ever=True, above_usual_considered=True)
    write(parts_tenths=[201])


def test_the_limits_of_the_facility_decide() -> None:
    strict = {**SHIPPED_VALUES, LimitName.FIRST_DAY_USUAL: 100, LimitName.FIRST_DAY_NEVER: 150}
    strict[LimitName.TWO_DOCTORS] = 1000
    assert refused(parts_tenths=[101], is_first_ever=True, limits=strict).code == "first_dose_above_usual"
    assert refused(parts_tenths=[151], is_first_ever=True, limits=strict).code == "first_dose_above_30"
    assert refused(parts_tenths=[1001], limits=strict).facts["limit_tenths"] == 1000
    assert longest_days_of(Phase.MAINTENANCE, strict) == 30
    assert longest_days_of(Phase.ONE_TIME, strict) == 1


def test_an_order_of_more_than_a_year_is_a_slip_of_the_pen_in_every_phase() -> None:
    write(longest_days=None, ends_on=TODAY + timedelta(days=365))
    assert refused(longest_days=None, ends_on=TODAY + timedelta(days=366)).code == "order_too_long"


def steps(*days_and_mg: tuple[int, int], last: int = 90) -> Refusal | None:
    try:
        ensure_steps([(TODAY + timedelta(days=day), mg) for day, mg in days_and_mg], TODAY + timedelta(days=last))
    except Refusal as refusal:
        return refusal
    return None


def test_a_taper_goes_forward_in_time_and_down_in_dose() -> None:
    assert steps((0, 600), (14, 550), (28, 505)) is None
    assert steps((0, 600), (14, 550), last=14) is None
    for wrong, code, step in (
        (((0, 600), (14, 605)), "taper_not_down", 2),
        (((0, 600), (14, 600)), "taper_not_down", 2),
        (((0, 600), (14, 550), (14, 500)), "taper_days_not_forward", 3),
        (((14, 600), (0, 550)), "taper_days_not_forward", 2),
    ):
        refusal = steps(*wrong)
        assert refusal is not None and (refusal.code, refusal.facts["step"]) == (code, step)
    assert steps((0, 600)).code == "taper_needs_steps"  # type: ignore[union-attr]  # refused
    assert steps(*[(n, 600 - n) for n in range(11)]).code == "taper_too_many_steps"  # type: ignore[union-attr]
    assert steps((0, 600), (14, 550), last=13).code == "order_ends_before_start"  # type: ignore[union-attr]


@pytest.mark.parametrize("phase", list(Phase))
def test_the_first_dose_ever_is_never_above_30_mg_in_any_phase(phase: Phase) -> None:
    write(phase=phase, parts_tenths=[300], is_first_ever=True, above_usual_considered=True)
    assert refused(phase=phase, parts_tenths=[301], is_first_ever=True).code == "first_dose_above_30"


def test_two_parts_of_a_first_day_are_added_up() -> None:
    assert refused(parts_tenths=[200, 200], is_first_ever=True).code == "first_dose_above_30"


def test_the_smallest_part_and_the_ceiling_itself_may_be_written() -> None:
    write(parts_tenths=[1])
    write(parts_tenths=[5000], second_doctor=True)


def test_above_300_mg_a_day_needs_a_second_doctor() -> None:
    write(parts_tenths=[3000])
    write(parts_tenths=[1501, 1500], second_doctor=True)
    assert refused(parts_tenths=[1501, 1500]).code == "dose_above_300_needs_second_doctor"


@pytest.mark.parametrize("parts", [[9500], [ABSOLUTE + 1], [ABSOLUTE // 2, ABSOLUTE // 2 + 1], [99990]])
def test_two_doctors_cannot_go_above_the_ceiling(parts: list[int]) -> None:
    assert refused(parts_tenths=parts, second_doctor=True).code == "order_dose_above_ceiling"


def test_a_second_doctor_does_not_lift_the_limit_of_a_first_dose() -> None:
    assert refused(parts_tenths=[605], is_first_ever=True, second_doctor=True).code == "first_dose_above_30"


@given(
    st.lists(st.integers(-10, 6000), max_size=6),
    st.integers(-3, 10),
    st.integers(-3, 60),
    st.none() | st.integers(1, 40),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_whatever_may_be_written_keeps_every_limit(
    parts: list[int], start: int, length: int, longest: int | None, first: bool, second: bool, meant: bool
) -> None:
    starts_on = TODAY + timedelta(days=start)
    ends_on = starts_on + timedelta(days=length - 1)
    within = (
        1 <= len(parts) <= 4
        and all(part > 0 for part in parts)
        and length >= 1
        and start >= 0
        and (longest is None or length <= longest)
        and sum(parts) <= ((300 if meant else 200) if first else 5000 if second else 3000)
    )
    try:
        write(
            parts_tenths=parts,
            starts_on=starts_on,
            ends_on=ends_on,
            longest_days=longest,
            is_first_ever=first,
            second_doctor=second,
            above_usual_considered=meant,
        )
    except Refusal:
        assert not within
    else:
        assert within
