"""The pages of the words: read by supervisors, changed by those of the whole province, nothing typed lost."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.domain.text_wordings import Wording
from counseling.models.wordings import TextWording
from counseling.refs import new_request_key
from counseling.sms.wording import SHIPPED
from counseling.sms.wording_marks import MARKED
from counseling.sms.wording_rules import see
from tests.support.cast import Cast, post, sign_in
from tests.support.settings import MORNING

WORDS = "Nhắc việc: nhà. Đến trước {until}. Trả lời 1 = sẽ đến, 2 = nhờ gọi lại."


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def province(app: Flask, cast: Cast, start_clock_at) -> FlaskClient:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    return at(app, "province")


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def save(client: FlaskClient, key: str = "missed_yesterday", **fields: str) -> TestResponse:
    plain = {"words": WORDS, "seen": "0", "request_key": new_request_key()}
    return post(client, f"/wordings/{key}/", **{**plain, **fields})


def versions(session: Session) -> list[int]:
    session.rollback()
    return list(session.execute(select(TextWording.version).order_by(TextWording.id)).scalars())


def test_each_side_has_its_own_reminders_and_both_have_the_answers(province: FlaskClient, app: Flask) -> None:
    treated, supported = province.get("/wordings/").text, at(app, "province", 1).get("/wordings/").text
    for page, own, others in (
        (treated, ("missed_yesterday",), ("appointment", "check_in")),
        (supported, ("appointment", "check_in"), ("missed_yesterday",)),
    ):
        assert [f'id="{key}"' in page for key in (*own, "number", "crisis")] == [True] * (len(own) + 2)
        assert [key for key in others if f'id="{key}"' in page] == []
    units = see(Wording(SHIPPED["missed_yesterday"])).plain_units
    assert f"không dấu {units}/160 chữ, 1 tin" in treated
    assert at(app, "province", 1).get("/wordings/missed_yesterday/").status_code == 404


def test_words_are_tried_before_they_are_put_in_force(province: FlaskClient, session: Session) -> None:
    tried = save(province, act="try")
    assert tried.status_code == 200
    for shown in (
        "Xem thử: chưa lưu",
        "Nhac viec: nha. Den truoc 10h30.",
        "Nhắc việc: nhà. Đến trước 10h30.",
        "có dấu 1 tin",
    ):
        assert shown in tried.text, shown
    assert versions(session) == []
    assert save(province).status_code == 303
    page = province.get("/wordings/").text
    assert "Bản 1, Người mẫu province viết" in page and "Nhac viec: nha" in page
    assert WORDS in province.get("/wordings/missed_yesterday/").text


def test_what_is_refused_comes_back_as_it_was_typed(province: FlaskClient, session: Session) -> None:
    answer = save(province, words=f"{WORDS} Nhớ uống thuốc.")
    assert answer.status_code == 422
    for shown in ("Bỏ chữ “uống thuốc”", "Nhớ uống thuốc.", "1 chỗ cần sửa"):
        assert shown in answer.text
    assert save(province).status_code == 303
    late = save(province, words=WORDS.replace("nhà", "riêng"))
    assert late.status_code == 409 and "việc: riêng" in late.text and "Có người vừa đổi" in late.text
    seen = re.search(r'name="seen" type="hidden" value="(\d+)"', late.text)
    assert seen and seen[1] == "1", "what is shown now is what the next try agrees to"
    assert versions(session) == [1]


def test_editing_begins_with_the_marks_of_the_shipped_words(province: FlaskClient) -> None:
    """Who edited the bare letters took the marks from everybody who had asked for them."""
    page = province.get("/wordings/missed_yesterday/").text
    assert MARKED["missed_yesterday"] in page.split("<textarea")[1].split("</textarea>")[0]
    assert "có dấu, cho người muốn tin có dấu" in page


def test_a_text_without_its_beginning_or_with_a_place_is_refused(province: FlaskClient, session: Session) -> None:
    bare = save(province, words=WORDS.removeprefix("Nhắc việc: "))
    assert (bare.status_code, "Bắt đầu bằng “Nhắc việc:”" in bare.text) == (422, True)
    for act in ("", "try"):
        place = save(province, words=f"{WORDS} Nha van hoa Dong Kinh.", act=act)
        assert (place.status_code, "Bỏ chữ “Đông Kinh”" in place.text) == (422, True)
    assert versions(session) == []


def test_older_words_come_back_by_one_button(province: FlaskClient, session: Session) -> None:
    save(province)
    fields = {"seen": "1", "version": "0", "request_key": new_request_key()}
    assert post(province, "/wordings/missed_yesterday/back", **fields).status_code == 303
    assert "dùng lại lời có sẵn" in province.get("/wordings/missed_yesterday/").text
    assert versions(session) == [1, 2]


def test_whoever_supervises_a_part_of_the_province_reads(province: FlaskClient, app: Flask, session: Session) -> None:
    part = at(app, "supervisor")
    page = part.get("/wordings/missed_yesterday/").text
    assert "Nhac viec" in page and "<textarea" not in page
    assert "người giám sát cả tỉnh mới đổi được" in part.get("/wordings/").text
    assert save(part).status_code == 403
    for username in ("dispenser", "doctor", "counselor", "volunteer", "admin"):
        assert at(app, username).get("/wordings/").status_code == 403
    assert versions(session) == []


def test_no_request_asks_for_a_text_that_is_not_there(province: FlaskClient) -> None:
    assert province.get("/wordings/typed/").status_code == 404
    assert save(province, seen="x").status_code == 400
    assert save(province, words="").status_code == 422
