"""The page of a facility's rules: approving, changing, the sheet of paper, and the quiet line at the window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.database import writing
from counseling.models.orders import RuleChange
from counseling.models.people import StaffRole
from counseling.queries.bands import list_limits
from counseling.refs import new_request_key
from tests.support.cast import DONG_KINH, PASSWORD, Cast, post, sign_in
from tests.support.orders import make_doctor
from tests.support.rules import SHIPPED_STARTS, STRICTER, R, approve, in_force, set_bands, starts_of
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, opened, ordered, somebody

RULES = "/doctor/rules/"
UNAPPROVED = "chưa được duyệt ở đây"
AT_THE_WINDOW = "Mức xử trí theo số ngày chưa uống: chưa được duyệt tại đây."
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def doctor(client: FlaskClient, cast: Cast, start_clock_at: Callable[[datetime], None]) -> FlaskClient:
    start_clock_at(MORNING)
    sign_in(client, "doctor")
    return client


def signed(client: FlaskClient, kind: str, password: str = PASSWORD) -> TestResponse:
    fields = {"seen": "0", "request_key": new_request_key(), "own_password": password}
    return post(client, f"{RULES}{kind}/approve", **{f"{kind}-{name}": value for name, value in fields.items()})


def send(client: FlaskClient, kind: str, **typed: Any) -> TestResponse:
    days = {"check": "2", "suspend": "3", "end": "6", "consider_ending": "30"}
    limits = {"maintenance_days": "30", "observation_hours": "3"}
    fields = {"seen": "0", "source": "quyết định 12", "request_key": new_request_key(), "own_password": PASSWORD}
    fields["begins"] = "tomorrow"
    return post(client, f"{RULES}{kind}", **{**(days if kind == "bands" else limits), **fields, **typed})


def changes(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count(RuleChange.id))).scalar_one()


def test_the_page_names_sources_and_says_that_nobody_has_approved_them(doctor: FlaskClient) -> None:
    page = doctor.get(RULES).text
    assert page.count(UNAPPROVED) == 2
    for text in ("PMC5577787", "từ 30 ngày", "4–5 ngày", "Thông tư 26/2023/TT-BYT", "30 mg", "không giới hạn"):
        assert text in page


def test_approving_asks_for_the_password_and_the_quiet_line_goes_away(
    session: Session, cast: Cast, app: Flask, doctor: FlaskClient
) -> None:
    person = somebody(session, cast, elsewhere_until=TODAY - timedelta(days=3))
    ordered(session, cast, person)
    opened(session, cast)
    window = app.test_client()
    sign_in(window, "dispenser")
    pages = ("/station/", f"/patients/{person.ref}/dose")
    assert [window.get(page).text.count(AT_THE_WINDOW) for page in pages] == [1, 1]
    for wrong in ("", "wrong-password"):
        answer = signed(doctor, "bands", wrong)
        assert answer.status_code == 422 and 'id="bands-own_password-error"' in answer.text
    assert changes(session) == 0
    answer = signed(doctor, "bands")
    assert answer.status_code == 303
    page = doctor.get(answer.location).text
    assert "đã duyệt ở đây từ 22/11/2026" in page and "Người mẫu doctor" in page and page.count(UNAPPROVED) == 1
    assert [window.get(page).text.count(AT_THE_WINDOW) for page in pages] == [0, 0]
    assert signed(doctor, "bands").status_code == 409
    assert signed(doctor, "limits").status_code == 303
    assert UNAPPROVED not in doctor.get(RULES).text


def test_an_order_form_says_it_too_until_both_kinds_are_approved(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    url = f"/patients/{somebody(session, cast).ref}/orders/new"
    approve(session, cast)
    assert UNAPPROVED in doctor.get(url).text
    approve(session, cast, "limits")
    assert UNAPPROVED not in doctor.get(url).text


def test_stricter_is_signed_by_one_and_counts_from_tomorrow(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    assert send(doctor, "bands").status_code == 303
    assert starts_of(in_force(session)) == SHIPPED_STARTS
    assert starts_of(in_force(session, TOMORROW)) == STRICTER
    page = doctor.get(RULES).text
    assert "Từ 23/11/2026 có quy định mới" in page and "quyết định 12" in page


def test_today_is_chosen_on_purpose(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    assert send(doctor, "bands", begins="today").status_code == 303
    assert starts_of(in_force(session)) == STRICTER
    limits = send(doctor, "limits", begins="today", taper_days="90", first_day_usual="15,5")
    assert limits.status_code == 303
    session.rollback()
    values = {limit.name.value: limit.value for limit in list_limits(session, TODAY, DONG_KINH)}
    assert (values["taper_days"], values["first_day_usual"], values["first_day_never"]) == (90, 155, 300)
    assert values["induction_days"] is None


def test_looser_is_signed_by_a_second_doctor_on_the_same_screen(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    make_doctor(session, cast, "counselor")
    loose = {"suspend": "5"}
    for second, field in (
        ({}, "second_username"),
        ({"second_username": "counselor", "second_password": "wrong"}, "second_password"),
        ({"second_username": "doctor", "second_password": PASSWORD}, "second_username"),
        ({"second_username": "dispenser", "second_password": PASSWORD}, "second_username"),
    ):
        answer = send(doctor, "bands", **loose, **second)
        assert (second, answer.status_code) == (second, 422)
        assert f'id="{field}-error"' in answer.text and 'value="5"' in answer.text
        assert "quyết định 12" in answer.text and PASSWORD not in answer.text
    assert changes(session) == 0
    both = {"second_username": "counselor", "second_password": PASSWORD}
    assert send(doctor, "bands", **loose, **both).status_code == 303
    assert send(doctor, "limits", maintenance_days="", **both).status_code == 303
    page = doctor.get(RULES).text
    assert page.count("Người mẫu doctor · Người mẫu counselor") >= 2 and "có chỗ rộng hơn" in page


WRONG_BANDS = (
    ({"suspend": "2"}, "suspend"),
    ({"end": "3"}, "end"),
    ({"check": "7", "suspend": "8", "end": "9"}, "suspend"),
    ({"suspend": "", "end": "7"}, "end"),
    ({"suspend": "", "end": "", "consider_ending": ""}, "end"),
    ({"check": "0"}, "check"),
    ({"check": "２"}, "check"),
    ({"check": "1,5"}, "check"),
    ({"consider_ending": "401"}, "consider_ending"),
    ({"source": " "}, "source"),
    ({"source": "x" * 301}, "source"),
    ({"own_password": ""}, "own_password"),
    ({"suspend": "4"}, "source"),
)
WRONG_LIMITS = (
    ({"maintenance_days": "0"}, "maintenance_days"),
    ({"maintenance_days": "367"}, "maintenance_days"),
    ({"taper_days": "x"}, "taper_days"),
    ({"first_day_usual": "1.000"}, "first_day_usual"),
    ({"first_day_usual": "30"}, "second_username"),
    ({"first_day_never": "30,5"}, "first_day_never"),
    ({"first_day_never": "15"}, "first_day_usual"),
    ({"observation_hours": "13"}, "observation_hours"),
    ({"observation_hours": ""}, "observation_hours"),
    ({"observation_hours": "2"}, "second_username"),
    ({"two_doctors": "500,5"}, "two_doctors"),
    ({"two_doctors": "310"}, "second_username"),
    ({}, "source"),
)


@pytest.mark.parametrize(("kind", "wrong"), [("bands", WRONG_BANDS), ("limits", WRONG_LIMITS)])
def test_what_may_not_stand_is_refused_at_its_place_with_what_was_typed(
    session: Session, doctor: FlaskClient, kind: str, wrong: Any
) -> None:
    for typed, field in wrong:
        answer = send(doctor, kind, **typed)
        assert (typed, answer.status_code) == (typed, 422)
        assert f'id="{field}-error"' in answer.text, typed
        assert all(value.strip() in answer.text for name, value in typed.items() if name != "own_password")
    assert changes(session) == 0


def test_no_dose_is_filled_in_beforehand(doctor: FlaskClient) -> None:
    page = doctor.get(f"{RULES}limits").text
    for name in ("first_day_usual", "first_day_never", "two_doctors"):
        assert f'name="{name}" type="text" value=""' in page
    assert 'name="maintenance_days" type="text" value="30"' in page


def test_what_was_signed_meanwhile_is_shown_before_it_is_replaced(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    change = set_bands(session, cast)
    answer = send(doctor, "bands", suspend="2", check="1")
    assert answer.status_code == 409 and f'name="seen" type="hidden" value="{change}"' in answer.text
    assert send(doctor, "bands", suspend="2", check="1", seen=str(change)).status_code == 303
    for forged in ("", "x", "-1", "9" * 30):
        assert send(doctor, "bands", suspend="2", check="", seen=forged).status_code == 409


def test_the_paper_lists_what_nobody_has_approved_and_room_to_sign(
    session: Session, cast: Cast, doctor: FlaskClient
) -> None:
    paper = doctor.get(f"{RULES}paper").text
    for text in ("PMC5577787", "Thông tư 26/2023/TT-BYT", "Cơ sở điều trị tỉnh", "Bác sĩ duyệt", "Họ tên"):
        assert text in paper
    approve(session, cast)
    paper = doctor.get(f"{RULES}paper").text
    assert "PMC5577787" not in paper and "Thông tư 26/2023/TT-BYT" in paper
    approve(session, cast, "limits")
    assert "Không còn dòng nào chờ duyệt" in doctor.get(f"{RULES}paper").text


def test_a_doctor_of_a_station_reads_and_does_not_sign(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    with writing(session) as tx:
        own = update(StaffRole).where(StaffRole.staff_id == cast.staff["doctor"])
        tx.execute(own.values(site_id=DONG_KINH))
    page = doctor.get(RULES).text
    assert "PMC5577787" in page and "Cơ sở điều trị tỉnh" in page and "own_password" not in page
    assert [doctor.get(f"{RULES}{kind}").status_code for kind in ("bands", "limits")] == [404, 404]
    assert signed(doctor, "bands").status_code == 404
    assert send(doctor, "bands").status_code == 404
    assert changes(session) == 0


def test_only_doctors_see_and_sign_rules(session: Session, cast: Cast, app: Flask) -> None:
    for username in ("dispenser", "nurse", "counselor", "volunteer", "supervisor", "admin"):
        client = app.test_client()
        sign_in(client, username)
        assert (username, client.get(RULES).status_code) == (username, 403)
        assert send(client, "bands").status_code == 403
    assert changes(session) == 0


def test_a_response_that_is_not_used_is_left_empty(session: Session, cast: Cast, doctor: FlaskClient) -> None:
    assert send(doctor, "bands", suspend="", end="3", check="1").status_code == 303
    assert starts_of(in_force(session, TOMORROW)) == {R.CHECK: 1, R.END: 3, R.CONSIDER_ENDING: 30}
    assert [(b.from_days, b.to_days) for b in in_force(session, TOMORROW)] == [(1, 2), (3, 29), (30, None)]
