"""The order form, the list of orders and the doctor's desk as a browser meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.tasks import Task
from counseling.refs import new_request_key
from tests.support.cast import PASSWORD, Cast, post, sign_in
from tests.support.orders import A_DAY, how_many_orders, make_doctor, span, stopped_at_window, write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, somebody


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them, and a sample of the pages, on both."""
    return sqlite_url


@pytest.fixture
def doctor(client: FlaskClient, cast: Cast, start_clock_at: Callable[[datetime], None]) -> FlaskClient:
    """A browser in which the doctor is signed in."""
    start_clock_at(MORNING)
    sign_in(client, "doctor")
    return client


def send(client: FlaskClient, person: Person, **typed: Any) -> TestResponse:
    fields = {
        "phase": "maintenance",
        "dose_1": "60,5",
        "starts_on": "22/11/2026",
        "ends_on": "21/12/2026",
        "latest": "0",
        "request_key": new_request_key(),
        "own_password": PASSWORD,
    }
    return post(client, f"/patients/{person.ref}/orders/new", **{**fields, **typed})


def test_what_was_ordered_is_shown_back_in_mg_and_exact_ml(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    answer = send(doctor, person)
    assert answer.status_code == 303
    page = doctor.get(answer.location).text
    assert "60,5 mg · 6,05 ml mỗi ngày, từ 22/11/2026 đến 21/12/2026" in page
    assert "Lý Văn Mẫu" not in answer.location


def test_a_new_form_proposes_dates_and_neither_dose_nor_phase(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person = somebody(session, cast)
    write(session, cast, person, parts_tenths=(605,))
    page = doctor.get(f"/patients/{person.ref}/orders/new").text
    inputs = {name: tag for tag in re.findall(r"<input[^>]*>", page) for name in re.findall(r'name="(\w+)"', tag)}
    assert 'value="22/11/2026"' in inputs["starts_on"] and 'value="21/12/2026"' in inputs["ends_on"]
    assert all('value=""' in inputs[f"dose_{n}"] for n in (1, 2, 3, 4))
    assert "checked" not in page
    assert "60,5 mg · 6,05 ml" in page and "Lý Văn Mẫu" in page and "1990" in page


def test_after_todays_dose_the_form_proposes_tomorrow(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    running = write(session, cast, person)
    opened(session, cast)
    dose(session, cast, person, running)
    page = doctor.get(f"/patients/{person.ref}/orders/new").text
    assert 'value="23/11/2026"' in page and 'value="22/12/2026"' in page


BAD_DOSES = (
    "1e2",
    "６０",
    "-60",
    "60.55",
    "60,55",
    "+60",
    "0",
    "0,0",
    "6O",
    "1.000",
    "NaN",
    "12345",
    "60,5,5",
    "60 mg",
    "6 0",
    "١٠",
)
BAD_DAYS = ("", "31/02/2026", "11/25/2026", "22/11/26", "２２/11/2026", "22-11", "hôm nay", "46000", "0/0/0000")


def test_a_dose_that_is_not_plainly_a_number_is_refused_at_its_field(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person = somebody(session, cast)
    for typed in BAD_DOSES:
        for field in ("dose_1", "dose_4"):
            answer = send(doctor, person, **{field: typed})
            assert (typed, answer.status_code) == (typed, 422)
            assert f'id="{field}-error"' in answer.text and f'value="{typed}"' in answer.text
    assert how_many_orders(session) == 0


def test_a_dose_is_stored_as_it_was_typed(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    for typed in ("60", "60,5", "60.5", " 0,5 "):
        assert send(doctor, somebody(session, cast), dose_1=typed).status_code == 303
    assert send(doctor, somebody(session, cast), dose_1="40,5", dose_2="20").status_code == 303
    session.rollback()
    rows = session.execute(select(OrderPart.part, OrderPart.mg_tenths).order_by(OrderPart.id)).all()
    assert rows == [(1, 600), (1, 605), (1, 605), (1, 5), (1, 405), (2, 200)]


def test_a_day_that_is_none_is_refused_at_its_field(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    for typed in BAD_DAYS:
        for field in ("starts_on", "ends_on"):
            answer = send(doctor, person, **{field: typed})
            assert (typed, answer.status_code) == (typed, 422)
            assert f'id="{field}-error"' in answer.text
    assert how_many_orders(session) == 0


def test_days_are_read_as_people_and_browsers_write_them(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    for typed in ("23/11/2026", "23.11.2026", "2026-11-23", " 23-11-2026 "):
        assert send(doctor, somebody(session, cast), starts_on=typed).status_code == 303
    session.rollback()
    assert set(session.execute(select(DoseOrder.starts_on)).scalars()) == {TODAY + A_DAY}


REFUSED_AT = (
    ({"phase": ""}, "phase"),
    ({"phase": "one_time"}, "phase"),
    ({"dose_1": ""}, "dose_1"),
    ({"dose_1": "605"}, "dose_1"),
    ({"dose_1": "301"}, "second_username"),
    ({"starts_on": "21/11/2026"}, "starts_on"),
    ({"starts_on": "22/01/2027", "ends_on": "23/01/2027"}, "starts_on"),
    ({"ends_on": "20/11/2026"}, "ends_on"),
    ({"ends_on": "22/12/2026"}, "ends_on"),
    ({"note": "a" * 1001}, "note"),
)


def test_each_refusal_stands_at_the_field_that_it_is_about(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    for typed, field in REFUSED_AT:
        answer = send(doctor, person, **typed)
        assert (typed, answer.status_code) == (typed, 422)
        assert f'id="{field}-error"' in answer.text, typed
    assert how_many_orders(session) == 0


def test_a_restart_asks_for_the_examination_in_the_form(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 8 * A_DAY)
    assert 'name="restart_examined"' in doctor.get(f"/patients/{person.ref}/orders/new").text
    assert 'id="restart_examined-error"' in send(doctor, person).text
    assert 'id="phase-error"' in send(doctor, person, restart_examined="y").text
    answer = send(doctor, person, restart_examined="y", phase="induction", dose_1="20")
    assert answer.status_code == 303
    assert "đã khám, xét đến hết 21/11/2026" in doctor.get(answer.location).text


def test_a_form_sent_twice_shows_the_first_order(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person, key = somebody(session, cast), new_request_key()
    first, second = (send(doctor, person, request_key=key) for _ in range(2))
    assert first.location == second.location and how_many_orders(session) == 1


def test_an_order_written_meanwhile_is_shown_before_it_is_replaced(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person = somebody(session, cast)
    theirs = write(session, cast, person, parts_tenths=(700,))
    answer = send(doctor, person)
    assert answer.status_code == 409
    assert "70 mg · 7,0 ml" in answer.text and 'value="60,5"' in answer.text
    assert f'name="latest" type="hidden" value="{theirs}"' in answer.text
    assert send(doctor, person, latest=str(theirs)).status_code == 303


def test_a_forged_newest_order_replaces_nothing(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    write(session, cast, person)
    for forged in ("", "-1", "x", "9" * 30, "１"):
        assert (forged, send(doctor, person, latest=forged).status_code) == (forged, 409)
    assert how_many_orders(session) == 1


def test_a_second_doctor_signs_with_their_own_password(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    colleague = make_doctor(session, cast, "counselor")
    high = {"dose_1": "310", "second_username": "counselor", "second_password": PASSWORD}
    for wrong, field in (
        ({"second_password": "wrong-password"}, "second_password"),
        ({"second_username": "nobody"}, "second_password"),
        ({"second_username": "doctor"}, "second_username"),
        ({"second_username": "dispenser"}, "second_username"),
    ):
        answer = send(doctor, person, **{**high, **wrong})
        assert answer.status_code == 422 and f'id="{field}-error"' in answer.text
        assert PASSWORD not in answer.text and "wrong-password" not in answer.text
    answer = send(doctor, person, **high)
    assert answer.status_code == 303
    assert session.execute(select(DoseOrder.second_doctor_id)).scalar_one() == colleague
    assert "Người mẫu doctor · Người mẫu counselor" in doctor.get(answer.location).text


def test_guessing_a_second_doctors_password_is_braked(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    guess = {"dose_1": "310", "second_username": "counselor", "second_password": "wrong"}
    assert 429 in [send(doctor, person, **guess).status_code for _ in range(12)]


def test_an_order_is_signed_with_the_doctors_own_password(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    for typed in ("", "wrong-password"):
        answer = send(doctor, person, own_password=typed)
        assert answer.status_code == 422 and 'id="own_password-error"' in answer.text
        assert 'value="60,5"' in answer.text and "wrong-password" not in answer.text
    assert how_many_orders(session) == 0
    assert 429 in [send(doctor, person, own_password="wrong-password").status_code for _ in range(12)]
    assert how_many_orders(session) == 0


def test_a_first_day_above_the_usual_one_is_ticked(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast, elsewhere_until=None)
    assert 'name="above_usual_considered"' in doctor.get(f"/patients/{person.ref}/orders/new").text
    high = {"phase": "induction", "dose_1": "25"}
    answer = send(doctor, person, **high)
    assert answer.status_code == 422 and 'id="above_usual_considered-error"' in answer.text
    assert 'id="dose_1-error"' in send(doctor, person, **{**high, "dose_1": "30,5"}, above_usual_considered="y").text
    assert send(doctor, person, **high, above_usual_considered="y").status_code == 303


def send_taper(client: FlaskClient, person: Person, **typed: Any) -> TestResponse:
    fields = {
        "step_1_on": "22/11/2026",
        "step_1_mg": "60",
        "step_2_on": "06/12/2026",
        "step_2_mg": "55,5",
        "step_5_on": "20/12/2026",
        "step_5_mg": "50.5",
        "ends_on": "02/01/2027",
        "latest": "0",
        "request_key": new_request_key(),
        "own_password": PASSWORD,
    }
    return post(client, f"/patients/{person.ref}/orders/taper", **{**fields, **typed})


def test_a_taper_is_one_form_one_section_and_one_button_to_stop_it(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person = somebody(session, cast)
    answer = send_taper(doctor, person)
    assert answer.status_code == 303
    page = doctor.get(answer.location).text
    assert "Đã lưu đơn giảm liều 3 bậc, từ 22/11/2026 đến 02/01/2027." in page
    for step in ("60 mg · 6,0 ml", "55,5 mg · 5,55 ml", "50,5 mg · 5,05 ml", "20/12/2026 đến 02/01/2027"):
        assert step in page
    assert page.count("Ngừng mọi bậc còn lại") == 1 and how_many_orders(session) == 3
    first = session.execute(select(DoseOrder.id).order_by(DoseOrder.id)).scalars().first()
    stopped = post(doctor, f"/patients/{person.ref}/orders/{first}/stop", reason="medical")
    assert "đơn này chưa chạy ngày nào" in doctor.get(stopped.location).text


def test_a_new_taper_proposes_its_first_day_and_no_dose(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast)
    write(session, cast, person, parts_tenths=(605,))
    page = doctor.get(f"/patients/{person.ref}/orders/taper").text
    inputs = {name: tag for tag in re.findall(r"<input[^>]*>", page) for name in re.findall(r'name="(\w+)"', tag)}
    assert 'value="22/11/2026"' in inputs["step_1_on"]
    empty = [f"step_{n}_mg" for n in range(1, 11)] + [f"step_{n}_on" for n in range(2, 11)] + ["ends_on"]
    assert all('value=""' in inputs[name] for name in empty)


WRONG_STEPS = (
    ({"step_1_on": ""}, "step_1_on"),
    ({"step_2_mg": ""}, "step_2_mg"),
    ({"step_5_on": ""}, "step_5_on"),
    ({"step_5_on": "06/12/2026"}, "step_5_on"),
    ({"step_5_mg": "505"}, "step_5_mg"),
    ({"step_2_mg": "1.000"}, "step_2_mg"),
    ({"step_2_mg": "60,5,5"}, "step_2_mg"),
    ({"step_2_on": "31/02/2027"}, "step_2_on"),
    ({"step_1_on": "21/11/2026"}, "step_1_on"),
    ({"step_1_mg": "605"}, "step_1_mg"),
    ({"step_1_mg": "310"}, "second_username"),
    ({"step_2_on": "", "step_2_mg": "", "step_5_on": "", "step_5_mg": ""}, "step_2_on"),
    ({"ends_on": "19/12/2026"}, "ends_on"),
    ({"own_password": ""}, "own_password"),
)


def test_each_refusal_of_a_taper_stands_at_its_step_with_what_was_typed(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person = somebody(session, cast)
    for typed, field in WRONG_STEPS:
        answer = send_taper(doctor, person, **typed)
        assert (typed, answer.status_code) == (typed, 422)
        assert f'id="{field}-error"' in answer.text, typed
        for value in typed.values():
            assert value in answer.text
    assert how_many_orders(session) == 0


def test_stopping_asks_for_a_reason_and_says_the_last_day(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 3 * A_DAY)
    running = write(session, cast, person, starts_on=TODAY - 2 * A_DAY, today=TODAY - 2 * A_DAY)
    url = f"/patients/{person.ref}/orders/{running}/stop"
    unanswered = post(doctor, url, reason="because")
    assert unanswered.status_code == 422 and "Chọn lý do ngừng" in unanswered.text
    answer = post(doctor, url, reason="medical")
    assert answer.status_code == 303
    assert "ngày cuối của đơn là 21/11/2026" in doctor.get(answer.location).text
    assert span(session, running)[1] == TODAY - A_DAY


def test_another_persons_order_and_people_out_of_scope_are_not_there(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person, other = somebody(session, cast), somebody(session, cast)
    theirs = write(session, cast, other)
    assert post(doctor, f"/patients/{person.ref}/orders/{theirs}/stop", reason="medical").status_code == 404
    assert post(doctor, f"/patients/{person.ref}/orders/999/stop", reason="medical").status_code == 404
    unknown = Person(0, "23456789abcd")
    assert send(doctor, unknown).status_code == 404
    assert [doctor.get(f"/patients/{unknown.ref}/orders/{tail}").status_code for tail in ("", "new")] == [404, 404]
    assert how_many_orders(session) == 1


def test_only_doctors_write_orders(session: Session, cast: Cast, app: Flask) -> None:
    person = somebody(session, cast)
    for username in ("dispenser", "nurse", "counselor", "volunteer", "supervisor", "admin"):
        client = app.test_client()
        sign_in(client, username)
        assert (username, send(client, person).status_code) == (username, 404)
        assert client.get(f"/patients/{person.ref}/orders/new").status_code == 404
        assert client.get("/doctor/").status_code == 403
    assert how_many_orders(session) == 0


def test_the_desk_leads_with_whoever_was_stopped_today_and_to_their_order(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - 6 * A_DAY)
    stopped_at_window(session, cast, person)
    desk = doctor.get("/doctor/").text
    assert "Lý Văn Mẫu, 1990" in desk and f"/patients/{person.ref}/orders/new" in desk and "bỏ 5 ngày" in desk
    task_id = session.execute(select(Task.id).where(Task.kind == "order_review")).scalar_one()
    assert f"/doctor/tasks/{task_id}/close" in doctor.get(f"/patients/{person.ref}/orders/new").text
    assert post(doctor, f"/doctor/tasks/{task_id}/close").status_code == 303
    assert post(doctor, "/doctor/tasks/999/close").status_code == 404
    assert "Không có việc nào đang chờ" in doctor.get("/doctor/?list=tasks").text


def test_every_list_of_the_desk_opens_when_it_is_empty(doctor: FlaskClient) -> None:
    for query in ("list=tasks", "list=stopped", "list=renewals", "list=x", "page=0", "page=x", "page=" + "9" * 30):
        assert (query, doctor.get(f"/doctor/?{query}").status_code) == (query, 200)
