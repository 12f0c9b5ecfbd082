"""What may be entered from a paper, and the gap of a day that lies behind later doses."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.domain.adherence import recount
from counseling.domain.late_entry import MOST_DAYS_BACK, PaperDay, ensure_enterable, part_drunk, why_not
from counseling.domain.missed_doses import SHIPPED_BANDS
from counseling.domain.refusal import Refusal
from counseling.domain.window import RunningOrder

DAY = date(2026, 11, 21)
A_DAY = timedelta(days=1)


def paper_day(**changes: object) -> PaperDay:
    facts: dict[str, object] = {
        "day": DAY,
        "registered_on": DAY - 30 * A_DAY,
        "is_active": True,
        "order": RunningOrder(7, ((1, 300), (2, 200))),
        "order_was_stopped": False,
        "given": (),
        "is_elsewhere": False,
        "has_incident": False,
        "covered_before": DAY - A_DAY,
    }
    return PaperDay(**{**facts, **changes})  # type: ignore[arg-type]  # each test changes fields of their own type


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"given": (1,)}, None),
        ({"given": (2, 1)}, "already_dosed"),
        ({"registered_on": DAY + A_DAY}, "before_registration"),
        ({"registered_on": DAY}, None),
        ({"is_elsewhere": True}, "dosed_elsewhere"),
        ({"has_incident": True}, "outside_ledger"),
        ({"is_active": False}, "not_active"),
        ({"order": None}, "no_order"),
        ({"order": None, "order_was_stopped": True}, "order_stopped"),
        ({"covered_before": DAY - 4 * A_DAY}, None),
        ({"covered_before": DAY - 5 * A_DAY}, "gap_stops_dose"),
        ({"covered_before": DAY - 5 * A_DAY, "given": (1,)}, None),
        ({"covered_before": None}, None),
        ({"covered_before": DAY - 9 * A_DAY, "order": RunningOrder(7, ((1, 300),), DAY - A_DAY)}, None),
        # A known dose is said before what might have forbidden it.
        ({"given": (1, 2), "is_active": False, "covered_before": DAY - 9 * A_DAY}, "already_dosed"),
    ],
)
def test_who_stands_on_the_sheet(changes: dict[str, object], code: str | None) -> None:
    assert why_not(paper_day(**changes), SHIPPED_BANDS) == code


@pytest.mark.parametrize(
    ("mg_tenths", "given", "code", "part"),
    [
        (300, (), None, 1),
        (200, (), None, 2),
        (200, (2,), None, None),
        (500, (), None, None),
        (300, (), "gap_stops_dose", 1),
        (300, (), "not_active", None),
        (300, (), "outside_ledger", None),
        (300, (1, 2), "already_dosed", None),
    ],
)
def test_only_the_orders_own_amount_stands_in_the_ledger(
    mg_tenths: int, given: tuple[int, ...], code: str | None, part: int | None
) -> None:
    assert part_drunk(paper_day(given=given), mg_tenths, code) == part


def test_the_days_that_can_be_entered() -> None:
    for back in (0, 1, MOST_DAYS_BACK):
        ensure_enterable(DAY - back * A_DAY, DAY)
    with pytest.raises(Refusal, match="late_entry_in_future"):
        ensure_enterable(DAY + A_DAY, DAY)
    with pytest.raises(Refusal, match="late_entry_too_old"):
        ensure_enterable(DAY - (MOST_DAYS_BACK + 1) * A_DAY, DAY)


@given(st.sets(st.integers(0, 60), max_size=30), st.integers(-5, 70))
def test_the_last_covered_day_before_a_day(covered: set[int], number: int) -> None:
    days = {DAY + n * A_DAY for n in covered}
    day = DAY + number * A_DAY
    assert recount(days, ()).covered_before(day) == max((d for d in days if d < day), default=None)
