"""The sheet, the summary and the one tap as a browser meets them."""

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

from counseling.models.doses import DayDose, DoseIncident, LateEntry
from counseling.refs import new_request_key
from tests.late_entries.story import A_DAY, YESTERDAY, doses_of, here_since_last_week
from tests.support.cast import Cast, csrf_token, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, ordered

URL = "/station/late-entries/"
PAPER = {"sheet": "tờ 2", "writer": "other", "writer_name": "Chị Hạnh"}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def window(client: FlaskClient, cast: Cast, start_clock_at: Callable[[datetime], None]) -> FlaskClient:
    start_clock_at(MORNING)
    sign_in(client, "dispenser")
    return client


def fields(page: str, *names: str) -> dict[str, list[str]]:
    """What a browser would send of these fields."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value and name[1] in found and ("checkbox" not in tag or " checked" in tag):
            found[name[1]].append(value[1])
    return found


def send(client: FlaskClient, url: str, **data: Any) -> TestResponse:
    return client.post(url, data={"csrf_token": csrf_token(client), **data})


def sheet(client: FlaskClient, day: str = "21/11/2026") -> str:
    chosen = send(client, f"{URL}day", on=day)
    assert chosen.status_code == 303
    answer = client.get(chosen.location)
    assert answer.status_code == 200
    return answer.text


def checked(client: FlaskClient, page: str, absent: list[str], **changes: Any) -> TestResponse:
    hidden = fields(page, "on", "shown", "request_key")
    return send(client, f"{URL}check", **{**hidden, "not": absent, **PAPER, **changes})


def confirmed(client: FlaskClient, summary: str, **changes: Any) -> TestResponse:
    names = ("on", "shown", "not", "given", "request_key", "sheet", "writer", "writer_name")
    return send(client, URL, **{**fields(summary, *names), **changes})


def tokens(page: str, person: Person) -> list[str]:
    return [token for token in fields(page, "shown")["shown"] if token.startswith(person.ref)]


def test_all_but_one_in_one_tap_after_a_summary(session: Session, cast: Cast, window: FlaskClient) -> None:
    people = [here_since_last_week(session, cast) for _ in range(5)]
    assert "/station/late-entries/sheet?on=2026-11-21" in window.get(URL).text
    page = sheet(window)
    assert page.count('type="checkbox"') == 5 and " checked" not in page
    summary = checked(window, page, tokens(page, people[2][0]))
    assert summary.status_code == 200
    assert "4 người được ghi, 1 người không" in summary.text and "Ghi 4 liều ngày 21/11/2026" in summary.text
    assert "tờ 2" in summary.text and "Chị Hạnh" in summary.text
    assert session.execute(select(DayDose.id)).first() is None
    session.rollback()
    answer = confirmed(window, summary.text)
    assert answer.status_code == 303 and "Lý" not in answer.location
    done = window.get(answer.location).text
    assert "4 người được ghi, 1 người không" in done and "tờ 2 · Chị Hạnh" in done
    assert doses_of(session, people[2][0]) == []
    again = confirmed(window, summary.text)
    assert again.location == answer.location
    assert len(session.execute(select(DayDose.id)).all()) == 4
    left = sheet(window)
    assert left.count('type="checkbox"') == 1 and "4 người đã có liều ngày này" in left


def test_a_doctor_of_the_paper_is_chosen_from_the_station(session: Session, cast: Cast, window: FlaskClient) -> None:
    here_since_last_week(session, cast)
    writer = str(cast.staff["dispenser"])
    summary = checked(window, sheet(window), [], writer=writer, writer_name="")
    assert "Người mẫu dispenser" in summary.text
    assert confirmed(window, summary.text).status_code == 303
    assert session.execute(select(LateEntry.writer_id)).scalar_one() == cast.staff["dispenser"]


def test_a_paper_without_name_or_writer_comes_back_with_the_ticks(
    session: Session, cast: Cast, window: FlaskClient
) -> None:
    person, _ = here_since_last_week(session, cast)
    page = sheet(window)
    absent = tokens(page, person)
    for changes, words in (
        ({"sheet": ""}, "Ghi tờ nào, trang nào"),
        ({"writer": ""}, "Chọn người đã ghi tờ giấy"),
        ({"writer": "987654"}, "hoặc ghi họ tên"),
        ({"writer_name": " "}, "hoặc ghi họ tên"),
    ):
        answer = checked(window, page, absent, **changes)
        assert (changes, answer.status_code) == (changes, 422)
        assert words in answer.text and fields(answer.text, "not")["not"] == absent
    summary = checked(window, page, absent).text
    names = ("on", "shown", "not", "request_key", "sheet", "writer", "writer_name")
    again = send(window, f"{URL}check", **fields(summary, *names), again="1")
    assert again.status_code == 200 and fields(again.text, "not")["not"] == absent and 'value="tờ 2"' in again.text


def test_somebody_who_was_not_on_the_sheet_that_was_read_is_not_entered(
    session: Session, cast: Cast, window: FlaskClient
) -> None:
    first, _ = here_since_last_week(session, cast)
    page = sheet(window)
    late, _ = here_since_last_week(session, cast)
    confirmed(window, checked(window, page, []).text)
    assert len(doses_of(session, first)) == 1 and doses_of(session, late) == []


def test_who_cannot_be_entered_is_named_with_the_reason_and_leads_to_a_page(
    session: Session, cast: Cast, window: FlaskClient
) -> None:
    person, _ = here_since_last_week(session, cast, elsewhere_until=YESTERDAY - 6 * A_DAY)
    page = sheet(window)
    assert "bỏ nhiều ngày: phải khám trước khi uống" in page and f"/patients/{person.ref}/paper-dose/" in page
    assert "không còn ai có đơn mà chưa có liều" in page


def test_days_that_cannot_be_entered(window: FlaskClient) -> None:
    for day, words in (
        ("23/11/2026", "chưa tới"),
        ("01/10/2026", "trong 30 ngày"),
        ("31/02/2026", "Không có ngày này"),
        ("hôm qua", "Ghi ngày/tháng/năm"),
        ("２２/11/2026", "Ghi ngày/tháng/năm"),
    ):
        answer = send(window, f"{URL}day", on=day)
        assert (day, answer.status_code) == (day, 422) and words in answer.text
    for forged in ("", "2026-11-23", "2026-10-01", "x"):
        assert (forged, send(window, URL, on=forged).status_code) == (forged, 400)
    for forged in ("2026-11-23", "2026-10-01", "x", "21/11/2026"):
        assert (forged, window.get(f"{URL}sheet?on={forged}").status_code) == (forged, 400)


def test_forged_lines_are_refused(session: Session, cast: Cast, window: FlaskClient) -> None:
    person, order_id = here_since_last_week(session, cast)
    key = {"request_key": new_request_key(), "on": "2026-11-21", **PAPER}
    for forged in ("x", "zzzzzzzzzzzz-1-1", f"{person.ref}", f"{person.ref}-x-1", f"{person.ref}-{order_id}-１"):
        assert (forged, send(window, URL, given=[forged], **key).status_code) == (forged, 400)
    assert send(window, URL, given=[], **key).status_code == 409
    assert send(window, URL, given=[f"{person.ref}-{order_id}-2"], **key).status_code == 303
    assert session.execute(select(DayDose.id)).first() is None


def test_the_parts_of_a_split_order_have_boxes_of_their_own(session: Session, cast: Cast, window: FlaskClient) -> None:
    person, _ = here_since_last_week(session, cast, 300, 200)
    page = sheet(window)
    assert "30 mg · phần 1" in page and "20 mg · phần 2" in page
    summary = checked(window, page, tokens(page, person)[1:]).text
    assert "1 người được ghi, 0 người không" in summary
    confirmed(window, summary)
    assert [row.part for row in doses_of(session, person)] == [1]


def test_today_warns_of_who_has_not_come_yet(session: Session, cast: Cast, window: FlaskClient) -> None:
    here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    assert "người chưa đến" in sheet(window, "22/11/2026") and "người chưa đến" not in sheet(window)


def test_a_dose_from_paper_shows_its_day_and_not_when_it_was_typed(
    session: Session, cast: Cast, app: Flask, window: FlaskClient
) -> None:
    opened(session, cast)
    person, _ = here_since_last_week(session, cast)
    confirmed(window, checked(window, sheet(window), []).text)
    assert "ngày 21/11/2026, nhập bù từ giấy" in window.get(f"/patients/{person.ref}/dose").text
    assert "nhập bù từ giấy" in window.get(f"/patients/{person.ref}/").text
    doctor = app.test_client()
    sign_in(doctor, "doctor")
    assert "ngày 21/11/2026, nhập bù từ giấy" in doctor.get(f"/patients/{person.ref}/orders/new").text


def one(client: FlaskClient, person: Person, **changes: Any) -> TestResponse:
    typed = {"on": "21/11/2026", "mg": "80", "request_key": new_request_key(), **PAPER, **changes}
    return send(client, f"/patients/{person.ref}/paper-dose/", **typed)


def test_a_dose_against_the_rules_is_kept_and_reaches_the_doctor(
    session: Session, cast: Cast, app: Flask, window: FlaskClient
) -> None:
    person, _ = here_since_last_week(session, cast)
    answer = one(window, person)
    assert answer.status_code == 303
    assert "lượng khác với đơn" in window.get(answer.location).text
    assert session.execute(select(DoseIncident.mg_tenths)).scalar_one() == 800
    session.rollback()
    doctor = app.test_client()
    sign_in(doctor, "doctor")
    assert "Giấy ghi đã uống một liều trái quy tắc" in doctor.get("/doctor/?list=tasks").text
    for client in (window, doctor):
        file = client.get(f"/patients/{person.ref}/").text
        assert "Đã uống, ghi ngoài sổ" in file and "80 mg" in file and "tờ 2 · Chị Hạnh" in file


def test_a_dose_on_paper_today_shuts_the_window_for_the_day(session: Session, cast: Cast, window: FlaskClient) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    one(window, person, on="22/11/2026")
    page = window.get(f"/patients/{person.ref}/dose").text
    assert "ghi ngoài sổ" in page and "Xác nhận đã uống" not in page
    ordered(session, cast, person, 500)
    assert "Xác nhận đã uống" not in window.get(f"/patients/{person.ref}/dose").text
    assert order_id


def test_bad_input_stands_at_its_field(session: Session, cast: Cast, window: FlaskClient) -> None:
    person, _ = here_since_last_week(session, cast)
    for changes, field in (
        ({"mg": "1e2"}, "mg"),
        ({"mg": " "}, "mg"),
        ({"mg": "６０"}, "mg"),
        ({"mg": "60,55"}, "mg"),
        ({"on": ""}, "on"),
        ({"on": "31/02/2026"}, "on"),
        ({"on": "23/11/2026"}, "on"),
        ({"on": "01/10/2026"}, "on"),
        ({"on": "10/11/2026"}, "on"),
        ({"sheet": ""}, "sheet"),
        ({"writer": ""}, "writer"),
        ({"writer_name": ""}, "writer_name"),
    ):
        answer = one(window, person, **changes)
        assert (changes, answer.status_code) == (changes, 422)
        assert f'id="{field}-error"' in answer.text, changes
    assert session.execute(select(DoseIncident.id)).first() is None


def test_the_window_of_today_still_works_beside_it(session: Session, cast: Cast, window: FlaskClient) -> None:
    opened(session, cast)
    person, order_id = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
    confirmed(window, checked(window, sheet(window), []).text)
    assert dose(session, cast, person, order_id, day=TODAY).mg_tenths == 600
