"""What stands on the doctor's desk, in which order, and for whom."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.missed_doses import GapResponse
from counseling.domain.orders import Phase
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.queries.bands import list_bands
from counseling.queries.doctor_desk import (
    PAGE_ROWS,
    DeskCounts,
    count_desk,
    list_held,
    list_renewals,
    list_stopped,
    list_tasks,
)
from counseling.queries.holds import list_holds
from counseling.refs import new_request_key
from counseling.services.holds import lift_hold, set_hold
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast
from tests.support.orders import A_DAY, stop, stopped_at_window, write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, by, dose, opened, ordered, somebody


def running_for(session: Session, cast: Cast, days_left: int, elsewhere_until: date = TODAY - A_DAY) -> Person:
    """Somebody whose order began ten days ago and ends in so many days (below 0: has ended)."""
    person = somebody(session, cast, elsewhere_until=elsewhere_until)
    began = TODAY - 10 * A_DAY
    write(session, cast, person, starts_on=began, ends_on=TODAY + timedelta(days_left), today=began)
    return person


def names(page: object) -> list[int]:
    return [row.patient_id for row in page.rows]  # type: ignore[attr-defined]


def test_orders_that_ended_come_first_and_of_them_whoever_was_dosed_last(session: Session, cast: Cast) -> None:
    never_dosed = somebody(session, cast, elsewhere_until=None)
    long_away = running_for(session, cast, -2, elsewhere_until=TODAY - 8 * A_DAY)
    dosed_yesterday = running_for(session, cast, -1)
    in_five_days, today_last = running_for(session, cast, 5), running_for(session, cast, 0)
    running_for(session, cast, 6)
    page = list_renewals(session, cast.viewer_of("doctor"), TODAY)
    assert names(page) == [p.id for p in (dosed_yesterday, long_away, never_dosed, today_last, in_five_days)]
    assert [row.order_ends_on and (row.order_ends_on - TODAY).days for row in page.rows] == [-1, -2, None, 0, 5]
    assert [row.gap for row in page.rows] == [0, 7, None, 0, 0]


def test_whoever_is_on_hold_stands_there_until_it_is_lifted(session: Session, cast: Cast) -> None:
    held, alerted = running_for(session, cast, 6), running_for(session, cast, 6)
    who = by(cast, "dispenser")
    for person, kind in ((held, "hold"), (alerted, "alert")):
        key = new_request_key()
        set_hold(session, person.id, kind, "ngủ gà", by_doctor=False, by=who, request_key=key, now=MORNING)
    viewer, bands = cast.viewer_of("doctor"), list_bands(session, TODAY, FACILITY)
    page = list_held(session, viewer, TODAY)
    assert [(row.patient_id, row.opened_at) for row in page.rows] == [(held.id, MORNING)]
    assert count_desk(session, viewer, bands, TODAY).held == 1
    (line,) = list_holds(session, held.id, TODAY)
    lift_hold(session, held.id, line.ref, "đã khám", is_doctor=True, by=who, now=MORNING)
    assert list_held(session, viewer, TODAY).rows == () and count_desk(session, viewer, bands, TODAY).held == 0


def test_an_order_that_is_written_for_later_is_no_renewal(session: Session, cast: Cast) -> None:
    person = running_for(session, cast, -1)
    write(session, cast, person, starts_on=TODAY + 2 * A_DAY)
    assert list_renewals(session, cast.viewer_of("doctor"), TODAY).rows == ()


def test_a_stopped_order_is_a_renewal_again(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    stop(session, cast, person, write(session, cast, person))
    page = list_renewals(session, cast.viewer_of("doctor"), TODAY)
    assert [(row.patient_id, row.order_ends_on) for row in page.rows] == [(person.id, None)]


def test_whom_missed_days_stop_is_on_the_list_until_a_restart_is_written(session: Session, cast: Cast) -> None:
    viewer, bands = cast.viewer_of("doctor"), list_bands(session, TODAY, FACILITY)
    gaps = {missed: running_for(session, cast, 15, TODAY - (missed + 1) * A_DAY) for missed in (8, 3, 4, 5, 6)}
    page = list_stopped(session, viewer, bands, TODAY)
    assert names(page) == [gaps[missed].id for missed in (4, 5, 6, 8)]
    assert [row.response for row in page.rows] == [GapResponse.SUSPEND] * 2 + [GapResponse.END] * 2
    write(session, cast, gaps[6], phase=Phase.INDUCTION, restart_examined=True, parts_tenths=(200,))
    assert names(list_stopped(session, viewer, bands, TODAY)) == [gaps[missed].id for missed in (4, 5, 8)]


def test_an_order_that_gives_a_dose_takes_nobody_onto_the_list(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person = somebody(session, cast)
    dose(session, cast, person, ordered(session, cast, person))
    assert list_stopped(session, cast.viewer_of("doctor"), list_bands(session, TODAY, FACILITY), TODAY).rows == ()


def test_a_stop_at_the_window_is_a_task_with_its_person_and_its_station(session: Session, cast: Cast) -> None:
    person = running_for(session, cast, 15, TODAY - 6 * A_DAY)
    stopped_at_window(session, cast, person)
    (row,) = list_tasks(session, cast.viewer_of("doctor"), TODAY).rows
    assert (row.ref, row.full_name, row.birth_year, row.kind) == (person.ref, "Lý Văn Mẫu", 1990, "order_review")
    assert (row.station, row.gap, row.opened_at) == ("Trạm Y tế phường Đông Kinh", 5, MORNING)
    write(session, cast, person, restart_examined=True)
    assert list_tasks(session, cast.viewer_of("doctor"), TODAY).rows == ()


@pytest.mark.parametrize(
    ("username", "sees"), [("doctor", True), ("dispenser", True), ("dispenser2", False), ("counselor", False)]
)
def test_every_list_and_figure_keeps_to_the_scope(session: Session, cast: Cast, username: str, sees: bool) -> None:
    ended, gone = running_for(session, cast, -1), running_for(session, cast, 15, TODAY - 6 * A_DAY)
    stopped_at_window(session, cast, gone)
    viewer, bands = cast.viewer_of(username), list_bands(session, TODAY, FACILITY)
    assert names(list_renewals(session, viewer, TODAY)) == ([ended.id] if sees else [])
    assert names(list_stopped(session, viewer, bands, TODAY)) == ([gone.id] if sees else [])
    assert names(list_tasks(session, viewer, TODAY)) == ([gone.id] if sees else [])
    figures = DeskCounts(1, 1, 1, 0, 0) if sees else DeskCounts(0, 0, 0, 0, 0)
    assert count_desk(session, viewer, bands, TODAY) == figures


def test_a_doctor_of_the_facility_sees_every_station_that_it_treats_for(session: Session, cast: Cast) -> None:
    here, there = somebody(session, cast, station=DONG_KINH), somebody(session, cast, station=CAO_LOC)
    assert set(names(list_renewals(session, cast.viewer_of("doctor"), TODAY))) == {here.id, there.id}


def test_who_has_left_waits_for_nothing(session: Session, cast: Cast) -> None:
    ended, gone = running_for(session, cast, -1), running_for(session, cast, 15, TODAY - 6 * A_DAY)
    with writing(session) as tx:
        left = TreatmentFile.patient_id.in_([ended.id, gone.id])
        tx.execute(update(TreatmentFile).where(left).values(status="moved"))
    viewer, bands = cast.viewer_of("doctor"), list_bands(session, TODAY, FACILITY)
    assert count_desk(session, viewer, bands, TODAY) == DeskCounts(0, 0, 0, 0, 0)
    assert list_renewals(session, viewer, TODAY).total == list_stopped(session, viewer, bands, TODAY).total == 0


def test_a_long_list_comes_in_pages_of_fifty_and_opens_only_their_names(session: Session, cast: Cast) -> None:
    people = _many(session, cast, PAGE_ROWS + 3)
    viewer = cast.viewer_of("doctor")
    first, second = (list_renewals(session, viewer, TODAY, page) for page in (1, 2))
    assert (len(first.rows), len(second.rows), first.total, first.has_next) == (PAGE_ROWS, 3, len(people), True)
    assert {*names(first), *names(second)} == {person.id for person in people} and not second.has_next
    assert list_renewals(session, viewer, TODAY, 3).rows == ()


def test_the_number_of_statements_does_not_grow_with_the_list(session: Session, cast: Cast) -> None:
    _many(session, cast, 20)
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *args: statements.append(args[2]))
    viewer, bands = cast.viewer_of("doctor"), list_bands(session, TODAY, FACILITY)
    count_desk(session, viewer, bands, TODAY)
    list_renewals(session, viewer, TODAY)
    assert len([text for text in statements if text.startswith("SELECT")]) <= 6


def _many(session: Session, cast: Cast, count: int) -> list[Person]:
    """People whose imported order ended yesterday."""
    people = [somebody(session, cast, name=f"Người Mẫu {number}") for number in range(count)]
    with writing(session) as tx:
        for person in people:
            values = {
                "patient_id": person.id,
                "drug_id": 1,
                "phase": "maintenance",
                "starts_on": TODAY - 30 * A_DAY,
                "ends_on": TODAY - A_DAY,
                "last_on": TODAY - A_DAY,
                "origin": "register_import",
                "written_by_id": cast.staff["doctor"],
                "written_at": MORNING,
                "request_key": new_request_key(),
            }
            order_id = tx.execute(insert(DoseOrder).values(**values).returning(DoseOrder.id)).scalar_one()
            tx.execute(insert(OrderPart).values(order_id=order_id, part=1, mg_tenths=600))
    return people
