"""The window as its dispenser meets it: list, dose, refusal, forged forms, signed out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.models.doses import DayDose, StationVisit
from counseling.models.window import Spill
from counseling.refs import new_request_key
from tests.support.cast import CAO_LOC, Cast, csrf_token, post, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, opened, ordered, somebody

LONG_NAME = "Hoàng Thị Nguyệt Minh Ánh Tuyết Phương Thảo Đặng Vi"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them, and a sample of the pages, on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def at_half_past_six(start_clock_at: Callable[[datetime], None], app: object) -> None:
    start_clock_at(MORNING)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    person = somebody(session, cast, name=LONG_NAME, code="LS-0007")
    ordered(session, cast, person, 605)
    opened(session, cast)
    session.rollback()
    return person


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


def poured(client: FlaskClient, person: Person) -> str:
    """Pour the cup; gives the page that asks whether it was drunk."""
    page = client.get(f"/patients/{person.ref}/dose").text
    assert client.post(f"/patients/{person.ref}/pour", data=hidden_fields(page)).status_code == 303
    return client.get(f"/patients/{person.ref}/dose").text


def press(client: FlaskClient, person: Person, **changes: str) -> object:
    return client.post(f"/patients/{person.ref}/dose", data={**hidden_fields(poured(client, person)), **changes})


def doses(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count(DayDose.id))).scalar_one()


def test_three_taps_from_the_list_to_the_dose(client: FlaskClient, session: Session, person: Person) -> None:
    sign_in(client, "dispenser")
    listed = client.get("/station/").text
    assert LONG_NAME in listed and f"/patients/{person.ref}/dose" in listed
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "60,5 mg" in page and "Rót 6,05 ml" in page and LONG_NAME in page and "1990" in page
    assert "Xác nhận đã uống" not in page
    page = poured(client, person)
    assert "Đã rót lúc 6h30" in page and "Xác nhận đã uống 60,5 mg" in page
    answer = client.post(f"/patients/{person.ref}/dose", data=hidden_fields(page))
    assert answer.status_code == 303
    after = client.get(answer.location).text
    assert "Đã ghi 60,5 mg" in after
    assert doses(session) == 1


def test_the_second_button_press_says_when_and_where_the_first_was(
    client: FlaskClient, session: Session, person: Person
) -> None:
    sign_in(client, "dispenser")
    page = poured(client, person)
    first = client.post(f"/patients/{person.ref}/dose", data=hidden_fields(page))
    again = client.post(f"/patients/{person.ref}/dose", data=hidden_fields(page))
    assert (first.status_code, again.status_code) == (303, 303)  # the same key: the first result
    other = {**hidden_fields(page), "request_key": new_request_key()}
    refused = client.post(f"/patients/{person.ref}/dose", data=other)
    assert refused.status_code == 409
    assert "6h30" in refused.text and "Trạm Y tế phường Đông Kinh" in refused.text
    assert doses(session) == 1


@pytest.mark.parametrize("field", ["mg_tenths", "order_id", "part"])
@pytest.mark.parametrize("forged", ["1e2", "６０５", "-605", "60.5", "", "0605x", " 605", "99999999999999"])
def test_a_forged_number_is_refused_and_nothing_is_recorded(
    client: FlaskClient, session: Session, person: Person, field: str, forged: str
) -> None:
    sign_in(client, "dispenser")
    assert press(client, person, **{field: forged}).status_code in (400, 409)  # type: ignore[attr-defined]
    assert doses(session) == 0


@pytest.mark.parametrize("forged", ["2026-13-45", "", "22/11/2026", "0001-01-01"])
def test_a_forged_day_is_refused(client: FlaskClient, session: Session, person: Person, forged: str) -> None:
    sign_in(client, "dispenser")
    assert press(client, person, dose_on=forged).status_code in (400, 409)  # type: ignore[attr-defined]
    assert doses(session) == 0


def test_without_a_form_token_nothing_is_recorded(client: FlaskClient, session: Session, person: Person) -> None:
    sign_in(client, "dispenser")
    assert press(client, person, csrf_token="").status_code == 400  # type: ignore[attr-defined]
    assert doses(session) == 0


@pytest.mark.parametrize("username", ["dispenser2", "doctor", "supervisor", "counselor", "volunteer", "admin"])
def test_nobody_else_finds_the_dose_screen(
    client: FlaskClient, session: Session, person: Person, username: str
) -> None:
    sign_in(client, username)
    assert client.get(f"/patients/{person.ref}/dose").status_code == 404
    form = {"dose_on": TODAY, "order_id": 1, "part": 1, "mg_tenths": 600, "request_key": new_request_key()}
    for act in ("pour", "dose"):
        assert post(client, f"/patients/{person.ref}/{act}", **form).status_code == 404
    assert doses(session) == 0


def test_signed_out_is_sent_to_sign_in_whether_the_person_exists_or_not(client: FlaskClient, person: Person) -> None:
    for ref in (person.ref, "khongcoai234"):
        answer = client.get(f"/patients/{ref}/dose")
        assert answer.status_code == 303 and answer.location.startswith("/login")
    fragment = client.get("/station/list", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/login")


def test_the_list_answers_nothing_new_until_something_changes(
    client: FlaskClient, session: Session, cast: Cast, person: Person
) -> None:
    sign_in(client, "dispenser")
    page = client.get("/station/").text
    found = re.search(r"/station/list\?seen=[\d-]+", page)
    assert found
    assert client.get(found[0]).status_code == 204
    press(client, person)
    changed = client.get(found[0])
    assert changed.status_code == 200 and "6h30" in changed.text


def test_a_stop_says_who_can_lift_it_and_tells_the_doctor(client: FlaskClient, session: Session, cast: Cast) -> None:
    person = somebody(session, cast, name="Vi Văn Vắng", elsewhere_until=TODAY - timedelta(days=6))
    ordered(
        session, cast, person, starts_on=TODAY - timedelta(days=6), now=MORNING - timedelta(days=6),
        ends_on=TODAY + timedelta(days=20),
    )  # fmt: skip
    opened(session, cast)
    session.rollback()
    sign_in(client, "dispenser")
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "5 ngày chưa uống" in page and "Bác sĩ khám" in page and "Xác nhận đã uống" not in page
    told = client.post(
        f"/patients/{person.ref}/visit", data={**hidden_fields(page), "reason": "gap_stops_dose"}, follow_redirects=True
    )
    assert "Đã báo bác sĩ" in told.text
    client.post("/logout", data={"csrf_token": csrf_token(client)})
    sign_in(client, "doctor")
    assert "Vi Văn Vắng" in client.get("/doctor/").text


def test_an_order_that_comes_while_the_stop_is_on_screen_is_said_and_nobody_sent_away(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    person = somebody(session, cast)
    opened(session, cast)
    sign_in(client, "dispenser")
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Không có đơn chạy hôm nay" in page
    ordered(session, cast, person)
    session.rollback()
    sent = client.post(f"/patients/{person.ref}/visit", data={**hidden_fields(page), "reason": "no_order"})
    assert sent.status_code == 409
    assert "được uống lại" in sent.text and "Rót" in sent.text
    assert session.execute(select(func.count(StationVisit.id))).scalar_one() == 0


def test_two_people_of_one_name_are_said_before_the_dose(client: FlaskClient, session: Session, cast: Cast) -> None:
    first = somebody(session, cast, name="Nông Văn Đức", birth_year=1985)
    somebody(session, cast, name="NÔNG VĂN ĐỨC", birth_year=1985)
    somebody(session, cast, name="Nông Văn Đức", station=CAO_LOC)
    ordered(session, cast, first)
    opened(session, cast)
    session.rollback()
    sign_in(client, "dispenser")
    assert "thêm 1 người cùng tên" in client.get(f"/patients/{first.ref}/dose").text


@pytest.mark.parametrize("typed", ["LS-0007", "ls-0007", "hoang nguyet", "Đặng", "dang vi"])
def test_found_by_code_or_name_without_marks(client: FlaskClient, person: Person, typed: str) -> None:
    sign_in(client, "dispenser")
    answer = client.post("/station/find", data={"csrf_token": csrf_token(client, "/station/"), "q": typed})
    assert answer.location == f"/patients/{person.ref}/dose"


def test_closing_the_day_ends_dosing_and_is_said(
    client: FlaskClient, session: Session, cast: Cast, person: Person
) -> None:
    sign_in(client, "dispenser")
    assert "Còn 1 người" in client.get("/station/close").text
    assert post(client, "/station/day", page="/station/", to="closed").status_code == 303
    assert "đã chốt ngày" in client.get(f"/patients/{person.ref}/dose").text
    assert post(client, "/station/day", page="/station/", to="recording").status_code == 409
    assert doses(session) == 0


def test_what_is_not_drunk_is_poured_away_and_said(client: FlaskClient, session: Session, person: Person) -> None:
    sign_in(client, "dispenser")
    fields = hidden_fields(poured(client, person))
    unsaid = client.post(f"/patients/{person.ref}/spill", data={**fields, "reason": ""})
    assert unsaid.status_code == 422 and "Chọn một lý do" in unsaid.text
    away = client.post(f"/patients/{person.ref}/spill", data={**fields, "reason": "overturned"})
    assert away.location == f"/patients/{person.ref}/dose"
    assert "Rót 6,05 ml" in client.get(away.location).text
    assert doses(session) == 0


def test_who_does_not_want_it_today_is_seen_off_kindly_and_followed(
    client: FlaskClient, session: Session, person: Person
) -> None:
    sign_in(client, "dispenser")
    page = client.get(f"/patients/{person.ref}/dose").text
    fields = {name: value for name, value in hidden_fields(page).items() if name in ("csrf_token", "request_key")}
    gone = client.post(f"/patients/{person.ref}/visit", data={**fields, "outcome": "refused"}, follow_redirects=True)
    assert "Đã ghi lượt đến" in gone.text and "Đã báo bác sĩ" not in gone.text
    assert "theo đến khi uống" in client.get("/tasks/").text
    assert doses(session) == 0


def test_a_visit_without_a_reason_asks_for_one_at_its_place(
    client: FlaskClient, session: Session, person: Person
) -> None:
    sign_in(client, "dispenser")
    page = client.get(f"/patients/{person.ref}/dose").text
    asked = client.post(f"/patients/{person.ref}/visit", data=hidden_fields(page))
    assert asked.status_code == 422
    assert "Chọn một lý do." in asked.text.partition("Vì sao")[2]
    forged = client.post(f"/patients/{person.ref}/visit", data={**hidden_fields(page), "reason": "no_such_stop"})
    assert forged.status_code == 400


def test_vomiting_asks_for_minutes_keeps_the_page_and_tells_the_doctor(
    client: FlaskClient, session: Session, person: Person
) -> None:
    sign_in(client, "dispenser")
    press(client, person)
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Nôn sau khi uống bao nhiêu phút" in page
    fields = hidden_fields(page)
    unclear = client.post(f"/patients/{person.ref}/vomited", data={**fields, "minutes": "mười"})
    assert unclear.status_code == 422 and "bằng chữ số" in unclear.text
    said = {**fields, "minutes": "20", "observations": "nôn ra nước trong"}
    told = client.post(f"/patients/{person.ref}/vomited", data=said, follow_redirects=True)
    assert "Không tự cho uống bù" in told.text
    client.post("/logout", data={"csrf_token": csrf_token(client)})
    sign_in(client, "doctor")
    assert "Nôn sau khi uống" in client.get("/doctor/").text
    for page in ("one-time", "new"):
        shown = client.get(f"/patients/{person.ref}/orders/{page}").text
        assert "nôn ra nước trong" in shown and "20 phút" in shown


def test_a_hold_is_read_at_the_window_and_an_alert_lets_the_cup_be_poured(
    client: FlaskClient, session: Session, person: Person
) -> None:
    sign_in(client, "dispenser")

    def put(kind: str, words: str) -> None:
        page = client.get(f"/patients/{person.ref}/holds/").text
        key = re.findall(r'name="request_key"[^>]*value="([^"]+)"', page)[0]
        fields = {"kind": kind, "words": words, "request_key": key, "csrf_token": csrf_token(client)}
        assert client.post(f"/patients/{person.ref}/holds/", data=fields).status_code == 303

    put("alert", "Hỏi xem có đau bụng không")
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Hỏi xem có đau bụng không" in page and "disabled" in page
    keep = re.findall(rf"/patients/{person.ref}/holds/(\w+)/keep", page)[0]
    client.post(f"/patients/{person.ref}/holds/{keep}/keep", data={"csrf_token": csrf_token(client)})
    assert "hôm nay đã đọc" in client.get(f"/patients/{person.ref}/dose").text
    poured(client, person)
    put("hold", "Chờ bác sĩ khám")
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Không cho uống: ghi đổ bỏ" in page
    cup = {name: value for name, value in hidden_fields(page).items() if name in ("csrf_token", "pour_id")}
    away = {**cup, "request_key": new_request_key(), "reason": re.findall(r'name="reason" value="(\w+)"', page)[0]}
    assert client.post(f"/patients/{person.ref}/spill", data=away).status_code == 303
    session.rollback()
    assert session.execute(select(Spill.reason)).scalar_one() == "stopped"
    page = client.get(f"/patients/{person.ref}/dose").text
    assert "Tạm dừng cấp thuốc" in page and "Chờ bác sĩ khám" in page and "Rót 6,05" not in page
    assert "Tạm dừng" in client.get("/station/").text
