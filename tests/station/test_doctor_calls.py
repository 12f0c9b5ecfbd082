"""After a stop the doctor is called: a row with its time, on both databases; and where people read of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import violated, writing
from counseling.models.doctor_calls import DoctorCall
from counseling.models.doses import StationVisit
from counseling.models.places import Site
from counseling.queries.doctor_calls import list_calls
from counseling.refs import new_request_key
from counseling.services.doctor_calls import record_doctor_call
from tests.support.cast import FACILITY, Cast, post, sign_in
from tests.support.orders import last_entry
from tests.support.settings import MORNING
from tests.support.treatment import Person, came, opened, somebody, window

MINUTES = timedelta(minutes=1)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    """Somebody who came to the window and was stopped."""
    opened(session, cast)
    person = somebody(session, cast)
    came(session, cast, person, "stopped", reason="no_order")
    session.rollback()
    return person


def call(session: Session, cast: Cast, person: Person, is_reached: bool, **changes: Any) -> None:
    at = {**window(cast), "request_key": new_request_key(), **changes}
    record_doctor_call(session, person.id, is_reached=is_reached, **at)


def test_several_calls_follow_each_other_and_none_is_changed(session: Session, cast: Cast, person: Person) -> None:
    call(session, cast, person, False)
    call(session, cast, person, True, now=MORNING + 9 * MINUTES)
    calls = list_calls(session, person.id, MORNING)
    assert [(one.is_reached, one.at, one.by) for one in calls] == [
        (False, MORNING, "Người mẫu dispenser"), (True, MORNING + 9 * MINUTES, "Người mẫu dispenser"),
    ]  # fmt: skip
    visit_id = session.execute(select(StationVisit.id)).scalar_one()
    assert json.loads(last_entry(session, "doctor.called").details) == {"reached": True, "visit": visit_id}
    with pytest.raises(IntegrityError, match="doctor_calls_never_changed"), writing(session) as tx:
        tx.execute(update(DoctorCall).values(is_reached=True))


def test_the_same_form_twice_is_one_call(session: Session, cast: Cast, person: Person) -> None:
    key = new_request_key()
    call(session, cast, person, False, request_key=key)
    call(session, cast, person, True, request_key=key)
    assert session.execute(select(DoctorCall.is_reached)).scalars().all() == [False]


def test_after_a_dose_the_call_is_about_no_visit(session: Session, cast: Cast) -> None:
    other = somebody(session, cast)
    call(session, cast, other, True)
    assert session.execute(select(DoctorCall.visit_id)).scalars().all() == [None]
    assert len(list_calls(session, other.id, MORNING)) == 1


def test_the_database_refuses_a_call_about_another_persons_visit(session: Session, cast: Cast, person: Person) -> None:
    other = somebody(session, cast)
    visit_id = session.execute(select(StationVisit.id)).scalar_one()
    row = {
        "patient_id": other.id, "site_id": 2, "visit_id": visit_id, "is_reached": True, "called_at": MORNING,
        "called_by_id": cast.staff["dispenser"], "request_key": new_request_key(),
    }  # fmt: skip
    with pytest.raises(IntegrityError) as error, writing(session) as tx:
        tx.execute(insert(DoctorCall).values(**row))
    assert "doctor_calls_about_own_visit" in violated(error.value)


class TestPages:
    @pytest.fixture
    def database_url(self, sqlite_url: str) -> str:
        return sqlite_url

    @pytest.fixture(autouse=True)
    def at_half_past_six(self, start_clock_at: Callable[[datetime], None], app: Flask) -> None:
        start_clock_at(MORNING)

    def test_the_call_is_written_down_and_read_on_every_desk_that_goes_on(
        self, client: FlaskClient, app: Flask, session: Session, cast: Cast, person: Person
    ) -> None:
        with writing(session) as tx:
            tx.execute(update(Site).where(Site.id == FACILITY).values(phone="0205 3 999-001"))
        sign_in(client, "dispenser")
        url, page = f"/patients/{person.ref}/doctor-call", f"/patients/{person.ref}/handed-over"
        assert 'href="tel:02053999001"' in client.get(page).text and "0205\u00a03\u00a0999-001" in client.get(page).text
        assert post(client, url, answer="not_reached", request_key=new_request_key()).location.endswith(page)
        post(client, url, answer="reached", request_key=new_request_key())
        shown = client.get(page).text
        assert "Đã gọi bác sĩ: chưa gặp được" in shown and "Đã gọi bác sĩ: gặp được" in shown and "6h30" in shown
        assert "Đã gọi bác sĩ: gặp được" in client.get(f"/tasks/{person.ref}/").text
        doctor = app.test_client()
        sign_in(doctor, "doctor")
        assert "điểm gọi bác sĩ 6h30: gặp được" in doctor.get("/doctor/").text

    def test_without_an_answer_nothing_is_written(
        self, client: FlaskClient, session: Session, cast: Cast, person: Person
    ) -> None:
        sign_in(client, "dispenser")
        answer = post(client, f"/patients/{person.ref}/doctor-call", answer="", request_key=new_request_key())
        assert (answer.status_code, "Chọn một câu" in answer.text) == (422, True)
        assert session.execute(select(DoctorCall.id)).first() is None

    def test_where_no_number_is_kept_the_page_says_so(
        self, client: FlaskClient, session: Session, cast: Cast, person: Person
    ) -> None:
        sign_in(client, "dispenser")
        page = client.get(f"/patients/{person.ref}/handed-over").text
        assert "Chưa ghi số điện thoại của Cơ sở điều trị tỉnh" in page and "tel:" not in page
