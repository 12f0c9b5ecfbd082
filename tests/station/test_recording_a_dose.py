"""What may and may not become a dose in the ledger, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.domain.orders import Phase
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.models.audit import AuditEntry
from counseling.models.doses import AdherenceSummary, DayDose, StationDay, StationVisit
from counseling.models.tasks import Task
from counseling.services.adherence import from_columns, recount_from_rows
from counseling.services.station_days import move_station_day
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, came, dose, opened, ordered, somebody

KEY = "0" * 32


def refused(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def doses_of(session: Session, person: Person) -> int:
    return session.execute(select(func.count(DayDose.id)).where(DayDose.patient_id == person.id)).scalar_one()


def summary_is_a_recount(session: Session, person: Person) -> bool:
    row = session.get_one(AdherenceSummary, person.id, populate_existing=True)
    kept = from_columns(row.anchor_on, row.covered, row.complete)
    return kept == recount_from_rows(session, person.id) and row.covered_through == kept.covered_through


def test_a_dose_is_recorded_with_its_summary_day_and_audit_entry(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person, 605)
    opened(session, cast)
    recorded = dose(session, cast, person, order)
    row = session.get_one(DayDose, recorded.id)
    assert (row.mg_tenths, row.dose_on, row.part, row.attempt, row.gap_days) == (605, TODAY, 1, 1, 0)
    assert summary_is_a_recount(session, person)
    assert session.execute(select(StationDay.state)).scalar_one() == "recording"
    last = session.execute(select(AuditEntry).order_by(AuditEntry.id.desc())).scalars().first()
    assert last is not None and (last.action, last.subject) == ("dose.recorded", f"dose:{recorded.id}")


def test_a_second_dose_on_the_same_station_day_is_refused_with_the_first_ones_time(
    session: Session, cast: Cast
) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    opened(session, cast)
    dose(session, cast, person, order)
    refusal = refused(lambda: dose(session, cast, person, order, now=MORNING + timedelta(hours=1)))
    assert refusal.code == "already_dosed"
    assert refusal.facts["at"] == MORNING
    assert doses_of(session, person) == 1


def test_the_same_button_pressed_again_gives_the_first_result(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    opened(session, cast)
    first = dose(session, cast, person, order, key=KEY)
    assert dose(session, cast, person, order, key=KEY, now=MORNING + timedelta(minutes=2)) == first
    # The line was lost until after midnight: still the first result, and no dose of the new day.
    late = dose(session, cast, person, order, key=KEY, day=TODAY + timedelta(days=1), seen_on=TODAY)
    assert late == first
    assert doses_of(session, person) == 1


def test_a_split_order_takes_its_parts_in_turn_and_the_day_is_complete_with_the_last(
    session: Session, cast: Cast
) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person, 400, 205)
    opened(session, cast)
    assert refused(lambda: dose(session, cast, person, order, part=2)).code == "order_changed"
    dose(session, cast, person, order, part=1)
    row = session.get_one(AdherenceSummary, person.id, populate_existing=True)
    assert not from_columns(row.anchor_on, row.covered, row.complete).is_complete(TODAY)
    dose(session, cast, person, order, part=2)
    assert summary_is_a_recount(session, person)
    row = session.get_one(AdherenceSummary, person.id, populate_existing=True)
    assert from_columns(row.anchor_on, row.covered, row.complete).is_complete(TODAY)
    assert refused(lambda: dose(session, cast, person, order, part=1)).code == "already_dosed"


@pytest.mark.parametrize("mg_tenths", [6000, 60, 599, 601])
def test_an_amount_that_is_not_the_orders_is_refused(session: Session, cast: Cast, mg_tenths: int) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person, 600)
    opened(session, cast)
    assert refused(lambda: dose(session, cast, person, order, mg_tenths=mg_tenths)).code == "order_changed"
    assert doses_of(session, person) == 0


def test_another_patients_order_is_refused(session: Session, cast: Cast) -> None:
    person, other = somebody(session, cast), somebody(session, cast, name="Nông Thị Khác")
    ordered(session, cast, person)
    order_of_the_other = ordered(session, cast, other)
    opened(session, cast)
    assert refused(lambda: dose(session, cast, person, order_of_the_other)).code == "order_changed"


def test_without_an_order_for_today_nothing_is_given(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person, starts_on=TODAY + timedelta(days=1))
    opened(session, cast)
    assert refused(lambda: dose(session, cast, person, order)).code == "no_order"


@pytest.mark.parametrize("state", [None, DayState.ON_PAPER, DayState.CLOSED])
def test_only_a_day_that_is_being_recorded_takes_doses(session: Session, cast: Cast, state: DayState | None) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    if state is not None:
        opened(session, cast)
        viewer = cast.viewer_of("dispenser")
        move_station_day(session, DONG_KINH, TODAY, state, by=viewer.staff_id, actor=viewer.actor, now=MORNING)
    assert refused(lambda: dose(session, cast, person, order)).code == "day_not_open"


def test_a_screen_from_before_midnight_does_not_dose_the_new_day(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    tomorrow = TODAY + timedelta(days=1)
    opened(session, cast, tomorrow)
    assert refused(lambda: dose(session, cast, person, order, day=tomorrow, seen_on=TODAY)).code == "day_changed"


def test_another_station_does_not_dose_somebody_elses_patient(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    opened(session, cast, station=CAO_LOC)
    assert refused(lambda: dose(session, cast, person, order, station=CAO_LOC)).code == "not_at_this_station"


@pytest.mark.parametrize(
    ("missed", "code"),
    [(0, None), (1, None), (2, "check_missing"), (3, "check_missing"), (4, "gap_stops_dose"), (6, "gap_stops_dose"),
     (31, "gap_stops_dose")],
)  # fmt: skip
def test_the_gap_decides_what_is_asked(session: Session, cast: Cast, missed: int, code: str | None) -> None:
    began = datetime.fromisoformat("2026-10-01T06:30+07:00")
    person = somebody(session, cast, elsewhere_until=TODAY - timedelta(days=missed + 1), now=MORNING)
    # The order runs since the last covered day, so a doctor has not looked at the gap.
    first = max(began.date(), TODAY - timedelta(days=missed + 1))
    order = ordered(
        session, cast, person, starts_on=first, ends_on=first + timedelta(days=29),
        now=MORNING - timedelta(days=(TODAY - first).days),
    )  # fmt: skip
    opened(session, cast)
    if missed > 28:
        assert refused(lambda: dose(session, cast, person, order)).code == "no_order"
    elif code is None:
        assert dose(session, cast, person, order).mg_tenths == 600
    else:
        assert refused(lambda: dose(session, cast, person, order)).code == code
        assert doses_of(session, person) == 0


def test_after_two_missed_days_the_answer_is_recorded_with_the_dose(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - timedelta(days=3))
    order = ordered(session, cast, person)
    opened(session, cast)
    recorded = dose(session, cast, person, order, gap_check=True)
    row = session.get_one(DayDose, recorded.id)
    assert (row.gap_days, row.gap_check) == (2, "alert")


def test_a_restart_order_lifts_the_stop_and_later_missed_days_count_again(session: Session, cast: Cast) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - timedelta(days=9))
    order = ordered(session, cast, person, 300, phase=Phase.INDUCTION, restart_examined=True)
    opened(session, cast)
    assert dose(session, cast, person, order).mg_tenths == 300
    later = TODAY + timedelta(days=5)
    opened(session, cast, later, now=MORNING + timedelta(days=5))
    assert refused(lambda: dose(session, cast, person, order, day=later)).code == "gap_stops_dose"


def withheld(session: Session, cast: Cast, person: Person, key: str = KEY) -> None:
    came(session, cast, person, "withheld", reason="signs", observations="đi không vững", key=key)


def test_a_withheld_visit_tells_the_doctor_once_and_asks_again_before_a_later_dose(
    session: Session, cast: Cast
) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    opened(session, cast)
    withheld(session, cast, person)
    withheld(session, cast, person)
    assert session.execute(select(func.count(StationVisit.id))).scalar_one() == 1
    tasks = session.execute(select(Task).order_by(Task.kind)).scalars()
    assert [(task.kind, task.due_on, task.side, task.site_id) for task in tasks] == [
        ("follow_up", TODAY, "treatment", DONG_KINH), ("withheld_review", TODAY, "treatment", FACILITY),
    ]  # fmt: skip
    assert refused(lambda: dose(session, cast, person, order)).code == "check_missing"
    assert dose(session, cast, person, order, gap_check=True).mg_tenths == 600


def test_what_was_observed_is_sealed(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    opened(session, cast)
    withheld(session, cast, person)
    assert "đi không vững".encode() not in session.execute(select(StationVisit.observations)).scalar_one()


STEPS = st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_mornings_come_the_kept_summary_equals_a_recount(
    session: Session, cast: Cast, steps: list[tuple[int, bool]]
) -> None:
    person = somebody(session, cast)
    order = ordered(session, cast, person, 400, 200)
    day = TODAY
    for days_later, both_parts in steps:
        opened(session, cast, day)
        for part in (1, 2) if both_parts else (1,):
            try:
                dose(session, cast, person, order, part=part, day=day, gap_check=True)
            except Refusal as refusal:
                assert refusal.code in ("gap_stops_dose", "no_order")
        assert summary_is_a_recount(session, person)
        day += timedelta(days=days_later)
