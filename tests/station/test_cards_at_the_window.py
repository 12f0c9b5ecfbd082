"""What the window says to a card, typed or read by the camera: each case has its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from counseling.domain.card_codes import ALPHABET
from counseling.queries.file_parts import list_cards
from counseling.services.cards import ensure_card, revoke_card
from tests.support.cast import CAO_LOC, Cast, post, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import Person, by, opened, ordered, somebody

SENTENCES = {
    "unknown": "Thẻ này không phải của ai đang ở điểm này",
    "misread": "Mã thẻ gõ thiếu hoặc nhầm một chữ",
    "revoked": "Thẻ này đã hủy lúc",
    "nobody": "Không thấy ai khớp ở điểm này",
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; how people are found is told on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def at_half_past_six(start_clock_at: Callable[[datetime], None], app: object) -> None:
    start_clock_at(MORNING)


def carrying(session: Session, cast: Cast, person: Person) -> tuple[str, str]:
    """The person's card: its code and its reference."""
    ensure_card(session, person.id, by=by(cast, "dispenser"), now=MORNING)
    card = list_cards(session, person.id)[0]
    session.rollback()
    return card.code, card.ref


@pytest.fixture
def window(client: FlaskClient, session: Session, cast: Cast) -> FlaskClient:
    opened(session, cast)
    session.rollback()
    sign_in(client, "dispenser")
    return client


def said(window: FlaskClient, typed: str) -> set[str]:
    answer = post(window, "/station/find", page="/station/", q=typed)
    assert answer.status_code == 200, answer.location
    return {name for name, sentence in SENTENCES.items() if sentence in answer.text}


def test_a_card_opens_its_person_and_asks_to_read_back_who_it_is(
    window: FlaskClient, session: Session, cast: Cast
) -> None:
    person = somebody(session, cast, name="Lý Văn Mẫu")
    ordered(session, cast, person)
    code, _ = carrying(session, cast, person)
    answer = post(window, "/station/find", page="/station/", q=code)
    assert answer.location == f"/patients/{person.ref}/dose?by=card"
    assert "nếu không phải người đứng trước mặt" in window.get(answer.location).text
    by_name = post(window, "/station/find", page="/station/", q="mau ly")
    assert by_name.location == f"/patients/{person.ref}/dose"
    assert "nếu không phải người đứng trước mặt" not in window.get(by_name.location).text


def test_a_card_of_another_station_is_answered_as_one_that_nobody_has(
    window: FlaskClient, session: Session, cast: Cast
) -> None:
    code, _ = carrying(session, cast, somebody(session, cast, station=CAO_LOC))
    assert said(window, code) == {"unknown"}
    assert said(window, "VN1:000000000000") == {"unknown"}


def test_a_revoked_card_says_so_and_whom_to_ask(window: FlaskClient, session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    code, ref = carrying(session, cast, person)
    revoke_card(session, person.id, ref, "lost", by=by(cast, "dispenser"), now=MORNING)
    answer = post(window, "/station/find", page="/station/", q=code).text
    assert SENTENCES["revoked"] in answer and "hỏi người phụ trách điểm trước khi rót" in answer
    assert f"/patients/{person.ref}/dose" in answer


def test_a_code_with_a_wrong_letter_is_not_called_unknown(window: FlaskClient, session: Session, cast: Cast) -> None:
    code, _ = carrying(session, cast, somebody(session, cast))
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
    assert said(window, wrong) == {"misread"}
    assert said(window, "không có ai tên này") == {"nobody"}


def test_only_the_pages_of_the_window_may_open_the_camera(window: FlaskClient, app: Flask) -> None:
    for page, allowed in (("/station/", "camera=(self)"), ("/patients/", "camera=()"), ("/tasks/", "camera=()")):
        assert allowed in window.get(page).headers["Permissions-Policy"], page
    assert "data-scan" in window.get("/station/").text and "scan.js" not in window.get("/tasks/").text
    assert "camera=()" in app.test_client().get("/login").headers["Permissions-Policy"]
