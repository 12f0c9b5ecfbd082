"""A vomited dose is replaced by a doctor's one-time order, once, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.models.doses import DayDose, StationVisit
from counseling.models.orders import DoseOrder, OrderPart
from counseling.queries.orders import list_orders
from counseling.queries.replacements import find_vomited
from counseling.refs import new_request_key
from counseling.services.adherence import lock_summary, recount_from_rows
from counseling.services.holds import set_hold
from counseling.services.replacements import Signed, record_replacement, write_one_time_order
from counseling.services.station_days import move_station_day
from tests.support.cast import CAO_LOC, DONG_KINH, PASSWORD, Cast, post, sign_in
from tests.support.files import by
from tests.support.orders import stop
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, ordered, somebody

LATER = MORNING + timedelta(minutes=20)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    """Somebody who drank 60 mg and vomited 20 minutes later."""
    opened(session, cast)
    new = somebody(session, cast)
    vomit(session, cast, new, dose(session, cast, new, ordered(session, cast, new)).id)
    return new


def vomit(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    visit = {"patient_id": person.id, "site_id": DONG_KINH, "visit_on": TODAY, "outcome": "vomited"}
    by = {"recorded_by_id": cast.staff["dispenser"], "recorded_at": LATER, "request_key": new_request_key()}
    with writing(session) as tx:
        tx.execute(insert(StationVisit).values(**visit, **by, day_dose_id=dose_id))


def signed(cast: Cast, username: str, **changes: Any) -> Signed:
    viewer = cast.viewer_of(username)
    values = {"by": viewer.staff_id, "actor": viewer.actor, "request_key": new_request_key(), "now": LATER}
    return Signed(**{**values, "today": TODAY, **changes})


def order(session: Session, cast: Cast, person: Person, mg_tenths: int = 300, **changes: Any) -> int:
    who = signed(cast, "doctor", **changes)
    return write_one_time_order(session, person.id, mg_tenths, who, station_id=DONG_KINH, note=None)


def give(
    session: Session,
    cast: Cast,
    person: Person,
    order_id: int,
    mg: int = 300,
    site: int = DONG_KINH,
    is_alert: bool = True,
    **changes: Any,
) -> None:
    record_replacement(
        session, person.id, order_id, mg, signed(cast, "dispenser", **changes), site_id=site, is_alert=is_alert
    )


def replacements(session: Session) -> list[tuple[int, int, int | None]]:
    session.rollback()
    query = select(DayDose.part, DayDose.mg_tenths, DayDose.replaces_id).where(DayDose.kind == "replacement")
    return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]  # three columns


def test_the_doctor_sees_the_minutes_and_orders_once(session: Session, cast: Cast, person: Person) -> None:
    found = find_vomited(session, person.id, TODAY)
    assert found is not None and (found.minutes, found.mg_tenths, found.order_id) == (20, 600, None)
    new = order(session, cast, person)
    parts = session.execute(select(OrderPart.part, OrderPart.mg_tenths).where(OrderPart.order_id == new)).all()
    assert parts == [(11, 300)]
    with pytest.raises(Refusal, match="replacement_ordered_already"):
        order(session, cast, person)
    assert len(list_orders(session, person.id)) == 1  # the regular order stays alone and untouched


def test_without_a_vomited_dose_there_is_nothing_to_replace(session: Session, cast: Cast) -> None:
    opened(session, cast)
    other = somebody(session, cast)
    running = ordered(session, cast, other)
    dose(session, cast, other, running)
    with pytest.raises(Refusal, match="no_vomited_dose"):
        order(session, cast, other)
    with pytest.raises(Refusal, match="no_replacement_order"):
        give(session, cast, other, running, 600)


def test_a_replacement_is_never_more_than_what_was_vomited(session: Session, cast: Cast, person: Person) -> None:
    with pytest.raises(Refusal, match="replacement_above_dose"):
        order(session, cast, person, 601)
    with pytest.raises(Refusal, match="order_no_dose"):
        order(session, cast, person, 0)
    assert order(session, cast, person, 600)


def test_the_window_gives_what_the_order_says_and_once(session: Session, cast: Cast, person: Person) -> None:
    new = order(session, cast, person)
    for wrong in ((new, 305), (new + 1, 300), (1, 600)):
        with pytest.raises(Refusal, match="order_changed"):
            give(session, cast, person, *wrong)
    with pytest.raises(Refusal, match="not_at_this_station"):
        give(session, cast, person, new, site=CAO_LOC)
    with pytest.raises(Refusal, match="check_missing"):
        give(session, cast, person, new, is_alert=False)
    key = new_request_key()
    give(session, cast, person, new, request_key=key)
    give(session, cast, person, new, request_key=key)
    with pytest.raises(Refusal, match="replaced_already"):
        give(session, cast, person, new)
    assert [(part, mg) for part, mg, _ in replacements(session)] == [(11, 300)]


def test_the_day_stays_covered_once(session: Session, cast: Cast, person: Person) -> None:
    give(session, cast, person, order(session, cast, person))
    with writing(session) as tx:
        assert lock_summary(tx, person.id) == recount_from_rows(tx, person.id)


def test_of_two_windows_at_the_same_second_one_gives(session: Session, cast: Cast) -> None:
    opened(session, cast)
    for _ in range(4):
        new = somebody(session, cast)
        vomit(session, cast, new, dose(session, cast, new, ordered(session, cast, new)).id)
        one_time = order(session, cast, new)
        before = len(replacements(session))
        outcomes = at_the_same_second(
            session.get_bind(),  # type: ignore[arg-type]  # an engine
            *[lambda own, new=new, one_time=one_time: give(own, cast, new, one_time)] * 2,
        )
        assert sorted(str(outcome) for outcome in outcomes) == ["None", "replaced_already"]
        assert len(replacements(session)) == before + 1


def test_a_one_time_order_written_by_mistake_is_taken_back_until_it_was_given(
    session: Session, cast: Cast, person: Person
) -> None:
    wrong = order(session, cast, person)
    stop(session, cast, person, wrong)
    with pytest.raises(Refusal, match="no_replacement_order"):
        give(session, cast, person, wrong)
    right = order(session, cast, person, 250)
    give(session, cast, person, right, 250)
    stop(session, cast, person, right)
    assert session.execute(select(DoseOrder.last_on).where(DoseOrder.id == right)).scalar_one() == TODAY


def test_a_closed_day_takes_no_replacement(session: Session, cast: Cast, person: Person) -> None:
    new, viewer = order(session, cast, person), cast.viewer_of("dispenser")
    who = {"by": viewer.staff_id, "actor": viewer.actor, "now": LATER}
    move_station_day(session, DONG_KINH, TODAY, DayState.CLOSED, **who)
    with pytest.raises(Refusal, match="day_not_open"):
        give(session, cast, person, new)


def test_while_the_doctor_has_stopped_the_medicine_no_replacement_is_given(
    session: Session, cast: Cast, app: Flask, person: Person, start_clock_at: Callable[[datetime], None]
) -> None:
    """The page says so before anybody drinks; of a hold of the same second the service does."""
    start_clock_at(LATER)
    one_time, window, given = order(session, cast, person), app.test_client(), f"/patients/{person.ref}/replacement"
    sign_in(window, "dispenser")
    assert "Xác nhận đã uống bù" in window.get(given).text
    set_hold(
        session, person.id, "hold", "ngủ gà", by_doctor=True, by=by(cast, "doctor"), request_key=new_request_key(),
        now=LATER,
    )  # fmt: skip
    page = window.get(given).text
    assert "Đang tạm dừng cấp thuốc" in page and "Xác nhận đã uống bù" not in page
    seen = {"order_id": one_time, "mg_tenths": 300, "gap_check": "alert"}
    answer = post(window, given, request_key=new_request_key(), **seen)
    assert answer.status_code == 409 and "Đang tạm dừng cấp thuốc" in answer.text
    with pytest.raises(Refusal, match="on_hold"):
        give(session, cast, person, one_time)
    assert replacements(session) == []


def test_of_a_split_day_the_part_that_was_vomited_is_replaced(session: Session, cast: Cast) -> None:
    opened(session, cast)
    new = somebody(session, cast)
    split = ordered(session, cast, new, 300, 305)
    dose(session, cast, new, split)
    vomit(session, cast, new, dose(session, cast, new, split, part=2).id)
    give(session, cast, new, order(session, cast, new, 305), 305)
    assert [(part, mg) for part, mg, _ in replacements(session)] == [(12, 305)]


def test_the_pages_of_doctor_and_window(
    session: Session, cast: Cast, app: Flask, person: Person, start_clock_at: Callable[[datetime], None]
) -> None:
    start_clock_at(LATER)
    doctor, window = app.test_client(), app.test_client()
    sign_in(doctor, "doctor")
    sign_in(window, "dispenser")
    form, given = f"/patients/{person.ref}/orders/one-time", f"/patients/{person.ref}/replacement"
    assert form in doctor.get(f"/patients/{person.ref}/orders/").text
    page = doctor.get(form).text
    assert "20 phút" in page and 'name="dose_1" required type="text" value=""' in page
    assert "Chưa có đơn liều bù" in window.get(given).text
    key = {"request_key": new_request_key(), "own_password": PASSWORD}
    for typed, field in (({"dose_1": "60,5"}, "dose_1"), ({"dose_1": "30", "own_password": "x"}, "own_password")):
        answer = post(doctor, form, **{**key, **typed})
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
    assert post(doctor, form, dose_1="30", **key).status_code == 303
    assert "Hủy đơn một lần" in doctor.get(form).text
    assert "Liều bù một lần: 30 mg" in window.get(f"/patients/{person.ref}/dose").text
    page = window.get(given).text
    order_id = session.execute(select(DoseOrder.id).where(DoseOrder.phase == "one_time")).scalar_one()
    assert "Xác nhận đã uống bù 30 mg · Lý Văn Mẫu, 1990" in page and f'name="order_id" value="{order_id}"' in page
    seen = {"order_id": order_id, "mg_tenths": 300}
    assert post(window, given, request_key=new_request_key(), order_id=order_id, mg_tenths=3000).status_code == 409
    assert post(window, given, request_key=new_request_key(), **seen).status_code == 409
    assert post(window, given, request_key=new_request_key(), **seen, gap_check="alert").status_code == 303
    assert "Đã ghi uống bù 30 mg" in window.get(given).text
