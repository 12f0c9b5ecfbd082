"""Asking and signing as a browser meets them: on the first one's screen, or from another account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.doses import DoseVoid, DoseVoidRequest
from counseling.refs import new_request_key
from tests.reversals.story import ask, colleague
from tests.support.cast import PASSWORD, Cast, post, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import Person, dose, opened, ordered, somebody


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def person(session: Session, cast: Cast, start_clock_at: Callable[[datetime], None]) -> Person:
    start_clock_at(MORNING)
    opened(session, cast)
    return somebody(session, cast)


@pytest.fixture
def url(session: Session, cast: Cast, person: Person) -> str:
    given = dose(session, cast, person, ordered(session, cast, person))
    return f"/patients/{person.ref}/doses/{given.id}/reversal"


def signed_in(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username)
    return client


def asked(session: Session, cast: Cast, person: Person, url: str) -> int:
    return ask(session, cast, person, int(url.split("/")[-2]))


def test_from_the_dose_page_to_the_second_signature_on_another_device(
    session: Session, cast: Cast, app: Flask, person: Person, url: str
) -> None:
    window, doctor = signed_in(app, "dispenser"), signed_in(app, "doctor")
    assert url in window.get(f"/patients/{person.ref}/dose").text
    assert url in window.get(f"/patients/{person.ref}/").text
    answer = post(window, url, reason="wrong_person", note="", request_key=new_request_key())
    assert answer.status_code == 303
    for page in (f"/patients/{person.ref}/dose", f"/patients/{person.ref}/", "/station/", url):
        assert "đang chờ đính chính" in window.get(page).text, page
    for client, desk in ((window, "/station/"), (doctor, "/doctor/")):
        assert "1 lượt chờ chữ ký thứ hai" in client.get(desk).text
        assert "Chọn nhầm người" in client.get("/reversals/").text
    page = doctor.get(url).text
    assert "Ký: lượt 60 mg của Lý Văn Mẫu, 1990 là ghi nhầm" in page and 'name="password"' not in page
    request_id = session.execute(select(DoseVoidRequest.id)).scalar_one()
    assert post(doctor, f"{url}/sign", request_id=request_id).status_code == 303
    assert "Đã đính chính" in doctor.get(url).text
    station = window.get("/station/").text
    assert "đang chờ đính chính" not in station and "chờ chữ ký thứ hai" not in station
    assert "Rót 6,0 ml" in window.get(f"/patients/{person.ref}/dose").text


def test_the_second_person_signs_on_the_same_screen_with_their_password(
    session: Session, cast: Cast, app: Flask, person: Person, url: str
) -> None:
    window, other = signed_in(app, "dispenser"), colleague(session, cast)
    request_id = asked(session, cast, person, url)
    assert 'name="password"' in window.get(url).text
    for typed, status, words in (
        ({}, 409, "Người đã yêu cầu không tự ký được"),
        ({"username": "dispenser", "password": PASSWORD}, 409, "Người đã yêu cầu không tự ký được"),
        ({"username": other, "password": "wrong-password"}, 422, "chưa đúng"),
        ({"username": "nobody", "password": PASSWORD}, 422, "chưa đúng"),
        ({"username": "dispenser2", "password": PASSWORD}, 409, "Người ký phải làm ở điểm"),
    ):
        answer = post(window, f"{url}/sign", request_id=request_id, **typed)
        assert (typed, answer.status_code) == (typed, status)
        assert words in answer.text and PASSWORD not in answer.text and "wrong-password" not in answer.text
    assert session.execute(select(DoseVoid.id)).first() is None
    session.rollback()
    signature = {"username": other, "password": PASSWORD}
    assert post(window, f"{url}/sign", request_id=request_id, **signature).status_code == 303
    assert "Người mẫu counselor" in window.get(url).text


def test_guessing_the_second_persons_password_is_braked(
    session: Session, cast: Cast, app: Flask, person: Person, url: str
) -> None:
    window, request_id = signed_in(app, "dispenser"), asked(session, cast, person, url)
    guess = {"request_id": request_id, "username": "doctor", "password": "wrong"}
    assert 429 in [post(window, f"{url}/sign", **guess).status_code for _ in range(12)]


def test_what_was_typed_stays_when_something_is_missing(session: Session, app: Flask, person: Person, url: str) -> None:
    window = signed_in(app, "dispenser")
    for reason, words in (("", "Chọn một lý do"), ("because", "Chọn một lý do"), ("other", "Ghi vài chữ")):
        answer = post(window, url, reason=reason, note=" ", request_key=new_request_key())
        assert answer.status_code == 422 and words in answer.text
    assert post(window, url, reason="", note="chai rỗng", request_key=new_request_key()).text.count("chai rỗng") == 1
    assert post(window, url, reason="not_drunk", request_key="").status_code == 400
    assert session.execute(select(DoseVoidRequest.id)).first() is None


def test_a_forged_or_old_request_is_not_signed(
    session: Session, cast: Cast, app: Flask, person: Person, url: str
) -> None:
    doctor = signed_in(app, "doctor")
    asked(session, cast, person, url)
    for forged in ("", "0", "-1", "x", "９", "9" * 30, "987654"):
        assert (forged, post(doctor, f"{url}/sign", request_id=forged).status_code) == (forged, 409)
    assert session.execute(select(DoseVoid.id)).first() is None


def test_taking_it_back_leaves_the_dose_as_it_was(
    session: Session, cast: Cast, app: Flask, person: Person, url: str
) -> None:
    window, request_id = signed_in(app, "dispenser"), asked(session, cast, person, url)
    assert "Rút lại yêu cầu" in window.get(url).text
    assert "Không phải ghi nhầm" in signed_in(app, "doctor").get(url).text
    assert post(window, f"{url}/withdraw", request_id=request_id).status_code == 303
    assert "đang chờ đính chính" not in window.get("/station/").text
    assert "Yêu cầu đính chính" in window.get(url).text


def test_another_persons_dose_is_not_there(session: Session, cast: Cast, app: Flask, person: Person, url: str) -> None:
    window, other = signed_in(app, "dispenser"), somebody(session, cast)
    crossed = url.replace(person.ref, other.ref)
    assert window.get(crossed).status_code == 404
    assert post(window, crossed, reason="not_drunk", request_key=new_request_key()).status_code == 404
    for tail in ("sign", "withdraw"):
        assert post(window, f"{crossed}/{tail}", request_id=1).status_code == 404
