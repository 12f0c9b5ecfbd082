"""A taper is one order: written, signed, replaced and stopped as a whole, kept as steps that the ledger can name."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.order_limits import LimitName
from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.models.orders import DoseOrder, OrderPart
from counseling.queries.orders import list_orders, order_on
from counseling.refs import new_request_key
from counseling.services.orders import write_taper
from tests.support.cast import DONG_KINH, Cast
from tests.support.orders import how_many_orders, last_entry, make_doctor, span, stop, write
from tests.support.races import at_the_same_second
from tests.support.rules import set_limits
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, somebody

A_DAY = timedelta(days=1)
STEPS = ((TODAY, 600), (TODAY + 14 * A_DAY, 550), (TODAY + 28 * A_DAY, 505))
LAST = TODAY + 41 * A_DAY


def taper(session: Session, cast: Cast, person: Person, **changes: Any) -> int:
    values: dict[str, Any] = {
        "patient_id": person.id,
        "steps": STEPS,
        "ends_on": LAST,
        "note": None,
        "by": cast.staff["doctor"],
        "actor": cast.viewer_of("doctor").actor,
        "restart_examined": False,
        "request_key": new_request_key(),
        "now": MORNING,
        "today": TODAY,
        "station_id": DONG_KINH,
    }
    return write_taper(session, **{**values, **changes})


def steps_of(session: Session, person: Person) -> list[tuple[date, date, int]]:
    """(first day, last day, tenths of mg) of every step that runs on some day, in their order."""
    session.rollback()
    rows = session.execute(
        select(DoseOrder.starts_on, DoseOrder.last_on, OrderPart.mg_tenths)
        .join(OrderPart, OrderPart.order_id == DoseOrder.id)
        .where(DoseOrder.patient_id == person.id, DoseOrder.last_on >= DoseOrder.starts_on)
        .order_by(DoseOrder.starts_on)
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]  # three columns


def test_the_steps_follow_each_other_without_a_day_between(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    first = taper(session, cast, person, note="giảm chậm")
    assert steps_of(session, person) == [
        (TODAY, TODAY + 13 * A_DAY, 600),
        (TODAY + 14 * A_DAY, TODAY + 27 * A_DAY, 550),
        (TODAY + 28 * A_DAY, LAST, 505),
    ]
    orders = list_orders(session, person.id)
    assert len({order.taper_key for order in orders}) == 1 and orders[0].taper_key
    assert [order.note for order in orders] == [None, None, "giảm chậm"]
    entry = last_entry(session, "order.written")
    assert entry.subject == f"order:{first}" and "steps" in entry.details and "giảm" not in entry.details


def test_each_day_has_the_dose_of_its_step(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    first = taper(session, cast, person)
    opened(session, cast)
    assert dose(session, cast, person, first).mg_tenths == 600
    changes = [(13, 600), (14, 550), (27, 550), (28, 505), (41, 505)]
    found = [(ahead, order_on(session, person.id, TODAY + ahead * A_DAY)) for ahead, _ in changes]
    assert [(ahead, order.mg_tenths) for ahead, order in found if order] == changes
    assert order_on(session, person.id, LAST + A_DAY) is None


def test_a_form_sent_twice_is_one_taper(session: Session, cast: Cast) -> None:
    for _ in range(3):
        person, key = somebody(session, cast), new_request_key()
        outcomes = at_the_same_second(
            session.get_bind(),  # type: ignore[arg-type]  # an engine
            *[lambda own, person=person, key=key: taper(own, cast, person, request_key=key, latest_seen=0)] * 2,
        )
        assert len(set(outcomes)) == 1 and isinstance(outcomes[0], int), outcomes
        assert len(steps_of(session, person)) == 3


def test_stopping_one_step_stops_all_that_are_left(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    first = taper(session, cast, person)
    opened(session, cast)
    dose(session, cast, person, first)
    stop(session, cast, person, first + 1)
    assert steps_of(session, person) == [(TODAY, TODAY, 600)]
    stop(session, cast, person, first)  # a second time changes nothing
    assert steps_of(session, person) == [(TODAY, TODAY, 600)]


def test_a_taper_that_has_not_begun_is_stopped_whole(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    later = [(day + A_DAY, mg) for day, mg in STEPS]
    stop(session, cast, person, taper(session, cast, person, steps=later))
    assert steps_of(session, person) == []


def test_a_new_order_within_a_taper_lets_no_later_step_come_back(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    taper(session, cast, person)
    begins = TODAY + 3 * A_DAY
    write(session, cast, person, starts_on=begins, ends_on=begins + A_DAY, phase=Phase.ADJUSTMENT)
    assert steps_of(session, person) == [
        (TODAY, begins - A_DAY, 600),
        (begins, begins + A_DAY, 600),
    ]


def test_a_taper_ends_the_order_that_runs_and_an_earlier_taper(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    running = write(session, cast, person)
    begins = TODAY + 5 * A_DAY
    taper(session, cast, person, steps=[(day + 5 * A_DAY, mg) for day, mg in STEPS], ends_on=LAST + 5 * A_DAY)
    assert span(session, running) == (TODAY, begins - A_DAY)
    again = [(begins + A_DAY, 590), (begins + 9 * A_DAY, 500)]
    taper(session, cast, person, steps=again, ends_on=begins + 12 * A_DAY)
    assert [mg for _, _, mg in steps_of(session, person)] == [600, 600, 590, 500]
    assert steps_of(session, person)[-1][1] == begins + 12 * A_DAY


REFUSED = (
    ({"steps": STEPS[:1]}, "taper_needs_steps"),
    ({"steps": ((TODAY, 600), (TODAY + A_DAY, 605))}, "taper_not_down"),
    ({"steps": ((TODAY, 600), (TODAY, 550))}, "taper_days_not_forward"),
    ({"steps": ((TODAY - A_DAY, 600), (TODAY + A_DAY, 550))}, "order_starts_in_past"),
    ({"ends_on": TODAY + 20 * A_DAY}, "order_ends_before_start"),
    ({"ends_on": TODAY + 366 * A_DAY}, "order_too_long"),
    ({"steps": ((TODAY, 5001), (TODAY + A_DAY, 550))}, "order_dose_above_ceiling"),
    ({"steps": ((TODAY, 3001), (TODAY + A_DAY, 550))}, "dose_above_300_needs_second_doctor"),
    ({"latest_seen": 7}, "order_written_meanwhile"),
)


@pytest.mark.parametrize(("changes", "code"), REFUSED)
def test_a_taper_keeps_the_rules_of_every_order(
    session: Session, cast: Cast, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal, match=code):
        taper(session, cast, somebody(session, cast), **changes)
    assert how_many_orders(session) == 0


def test_the_whole_taper_counts_against_the_longest_of_its_phase(session: Session, cast: Cast) -> None:
    set_limits(session, cast, {LimitName.TAPER_DAYS: 42}, from_today=True)
    taper(session, cast, somebody(session, cast))
    with pytest.raises(Refusal, match="order_too_long"):
        taper(session, cast, somebody(session, cast), ends_on=LAST + A_DAY)


def test_somebody_never_dosed_is_not_begun_with_a_high_step(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="first_dose_above_30"):
        taper(session, cast, somebody(session, cast, elsewhere_until=None))


def test_a_taper_above_300_mg_is_signed_by_two(session: Session, cast: Cast) -> None:
    colleague, person = make_doctor(session, cast, "counselor"), somebody(session, cast)
    high = ((TODAY, 3100), (TODAY + A_DAY, 2900))
    taper(session, cast, person, steps=high, second_doctor_id=colleague)
    assert {row.second_doctor for row in list_orders(session, person.id)} == {"Người mẫu counselor"}


def test_a_taper_as_a_restart_is_examined_for_every_step(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 5 * A_DAY)
    with pytest.raises(Refusal, match="restart_needs_examination"):
        taper(session, cast, person)
    taper(session, cast, person, restart_examined=True)
    assert {row.gap_reviewed_through for row in list_orders(session, person.id)} == {TODAY - A_DAY}


def test_the_database_keeps_the_steps_together(session: Session, cast: Cast) -> None:
    taper(session, cast, somebody(session, cast))
    with pytest.raises(IntegrityError), writing(session) as tx:
        tx.execute(update(DoseOrder).values(taper_key=None))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=5),
    st.integers(1, 20),
    st.integers(0, 60),
    st.integers(1, 30),
)
def test_after_a_cut_every_day_has_what_the_newest_order_says_and_nothing_after_it(
    session: Session, cast: Cast, lengths: list[int], last: int, cut: int, days: int
) -> None:
    person = somebody(session, cast)
    firsts = [TODAY + sum(lengths[:n]) * A_DAY for n in range(len(lengths) + 1)]
    steps = [(day, 600 - 10 * n) for n, day in enumerate(firsts)]
    ends_on = firsts[-1] + last * A_DAY
    taper(session, cast, person, steps=steps, ends_on=ends_on)
    begins, ends = TODAY + cut * A_DAY, TODAY + (cut + days - 1) * A_DAY
    write(session, cast, person, starts_on=begins, ends_on=ends, parts_tenths=(700,))
    for ahead in range(130):
        day = TODAY + ahead * A_DAY
        slow = max((step for step in steps if step[0] <= day), default=None)
        tapered = slow[1] if slow and day <= ends_on and (day < begins or begins > ends_on) else None
        expected = 700 if begins <= day <= ends else tapered
        found = order_on(session, person.id, day)
        assert (found.mg_tenths if found else None) == expected, (ahead, cut, days)
