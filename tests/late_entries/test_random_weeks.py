"""Whatever people do in a week: the kept summary equals a recount, and no day has more than its order says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.doses import DayDose, DoseVoid
from counseling.models.orders import OrderPart
from counseling.services.ledger_verification import verify_ledger
from tests.late_entries.story import A_DAY, LAST_WEEK, enter, here_since_last_week, keep, lines
from tests.reversals.story import is_recounted, reverse
from tests.support.cast import Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened

DAYS = [TODAY - back * A_DAY for back in range(4)]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["window", "window", "reverse", "sheet", "sheet", "paper"]),
        st.integers(0, 1),  # whose
        st.integers(1, 2),  # which part
        st.integers(0, 3),  # which day; for a reversal, which of the doses that stand
    ),
    min_size=1,
    max_size=14,
)


def live_doses(session: Session, person: Person) -> list[DayDose]:
    session.rollback()
    query = select(DayDose).outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
    rows = session.execute(query.where(DayDose.patient_id == person.id, DoseVoid.id.is_(None)).order_by(DayDose.id))
    return list(rows.scalars())


def act(session: Session, cast: Cast, people: list[tuple[Person, int]], step: tuple[str, int, int, int]) -> None:
    what, whose, part, number = step
    (person, order_id), day = people[whose], DAYS[number]
    acts: dict[str, Callable[[], Any]] = {
        "window": lambda: dose(session, cast, person, order_id, part=part, day=day, gap_check=True, now=at(day)),
        "reverse": lambda: reverse_one(session, cast, person, number),
        "sheet": lambda: enter(session, cast, lines(session, *people[: whose + 1]), day=day),
        "paper": lambda: keep(session, cast, person, (300, 200)[part - 1], day=day),
    }
    try:
        acts[what]()
    except Refusal:
        return  # the rules may refuse whatever they like; what they let through is what counts


def at(day: date) -> Any:
    return MORNING - (TODAY - day)


def reverse_one(session: Session, cast: Cast, person: Person, number: int) -> None:
    standing = live_doses(session, person)
    if standing:
        reverse(session, cast, person, standing[number % len(standing)].id)


def ensure_within_order(session: Session, person: Person, order_id: int) -> None:
    ordered = dict(
        session.execute(select(OrderPart.part, OrderPart.mg_tenths).where(OrderPart.order_id == order_id)).all()
    )
    per_part = Counter((row.dose_on, row.part) for row in live_doses(session, person))
    assert max(per_part.values(), default=0) <= 1
    for row in live_doses(session, person):
        assert ordered[row.part] == row.mg_tenths
        assert LAST_WEEK.date() <= row.dose_on <= TODAY
    session.rollback()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_random_weeks(session: Session, cast: Cast, steps: list[tuple[str, int, int, int]]) -> None:
    for day in DAYS:
        opened(session, cast, day, now=at(day))
    people = [
        here_since_last_week(session, cast, 300, 200, elsewhere_until=DAYS[-1] - A_DAY),
        here_since_last_week(session, cast, 300, 200, elsewhere_until=DAYS[-1] - 3 * A_DAY),
    ]
    for step in steps:
        act(session, cast, people, step)
        for person, order_id in people:
            assert is_recounted(session, person)
            ensure_within_order(session, person, order_id)
    assert verify_ledger(session) == []
