"""The demo's phones over HTTP: nowhere outside a demo; in it, a whole conversation by hand."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import writing
from counseling.models.installation import Installation
from counseling.models.patients import PhoneNumber
from counseling.models.tasks import Task
from counseling.models.texts import PhoneLine, WorkerBeat
from counseling.refs import new_request_key
from counseling.services.outbox import NewMessage, enqueue
from counseling.sms.wording import text_of
from tests.replies.story import NUMBER, OTHER_NUMBER, has_number, inbound, outbound
from tests.support.cast import DONG_KINH, Cast, csrf_token, sign_in
from tests.support.files import patient_of, registered, supported
from tests.support.settings import MORNING, config_for

NOW = MORNING + timedelta(hours=1)
PAGES = ("/simulator/", "/simulator/phones")
ACTS = ("/simulator/find", "/simulator/clock", "/simulator/zzzzzzzzzzzz/reply", "/simulator/zzzzzzzzzzzz/phone")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return config_for(database_url, tmp_path / "instance", DEMO="1")


@pytest.fixture
def demo(app: Flask, session: Session, cast: Cast, start_clock_at: Any) -> FlaskClient:
    """A browser that nobody has signed in, in front of a demo."""
    with writing(session) as tx:
        tx.execute(update(Installation).values(is_demo=True))
    start_clock_at(NOW)
    return app.test_client()


@pytest.fixture
def treated(session: Session, demo: FlaskClient, cast: Cast) -> int:
    return patient_of(session, registered(session, cast, full_name="Nguyễn Văn Đức"))


def ref_of(session: Session, line_id: int) -> str:
    session.rollback()
    return session.execute(select(PhoneLine.ref).where(PhoneLine.id == line_id)).scalar_one()


def act(client: FlaskClient, address: str, *, htmx: bool = False, **form: Any) -> TestResponse:
    token = csrf_token(client, "/login")
    headers = {"HX-Request": "true"} if htmx else {}
    return client.post(address, data={"csrf_token": token, **form}, headers=headers)


def reply(client: FlaskClient, ref: str, body: str, **form: Any) -> TestResponse:
    return act(client, f"/simulator/{ref}/reply", **{"body": body, "request_key": new_request_key(), **form})


def queued(session: Session, line_id: int, patient_id: int, wording: str = "help") -> None:
    message = NewMessage(
        line_id=line_id, side="treatment", site_id=DONG_KINH, patient_id=patient_id, wording=wording,
        body=text_of(wording), is_automatic=True, expires_at=NOW + timedelta(hours=5), question="help",
        question_until=NOW + timedelta(days=1), answer_hour=f"test {wording}",
    )  # fmt: skip
    with writing(session) as tx:
        enqueue(tx, message, NOW)


# ---- where there is none ----


@pytest.mark.parametrize(("demo_mode", "demo_database"), [("0", False), ("0", True), ("1", False)])
def test_outside_a_demo_there_are_no_phones(
    database_url: str, tmp_path: Path, session: Session, cast: Cast, demo_mode: str, demo_database: bool
) -> None:
    """Neither the setting nor the database alone makes a demo."""
    from counseling import create_app

    with writing(session) as tx:
        tx.execute(update(Installation).values(is_demo=demo_database))
    app = create_app(config_for(database_url, tmp_path / "other", DEMO=demo_mode))
    for client in (app.test_client(), app.test_client()):
        for page in PAGES:
            assert client.get(page).status_code == 404
        for address in ACTS:
            assert act(client, address, to="hour").status_code == 404
        sign_in(client, "dispenser")
        assert client.get("/simulator/").status_code == 404


# ---- a conversation by hand ----


def test_the_page_works_for_whoever_is_signed_in_or_not(app: Flask, demo: FlaskClient, line: int) -> None:
    assert "Nguyễn Văn Đức" in demo.get("/simulator/").text
    for username in ("dispenser", "volunteer", "admin"):
        client = app.test_client()
        sign_in(client, username)
        assert client.get("/simulator/").status_code == 200


def test_a_text_is_sent_read_and_answered_by_a_tap(
    demo: FlaskClient, session: Session, treated: int, line: int, cast: Cast
) -> None:
    queued(session, line, treated)
    ref = ref_of(session, line)
    reply(demo, ref, "chào")  # the tick that reads it sends what waits
    page = demo.get("/simulator/").text
    assert text_of("help") in page
    assert "chào" in page
    answer = reply(demo, ref, "", digit="2")
    assert (answer.status_code, answer.location) == (303, f"/simulator/#phone-{ref}")
    assert [(row.meaning, row.answer) for row in inbound(session)] == [("other", None), ("answer", "call_back")]
    assert session.execute(select(Task.kind)).scalars().all() == ["call_back"]


def test_stopping_is_confirmed_on_the_phone_at_once(
    demo: FlaskClient, session: Session, treated: int, line: int
) -> None:
    reply(demo, ref_of(session, line), "NGUNG")
    page = demo.get("/simulator/").text
    assert text_of("stopped") in page
    assert "Số này đã thôi nhận tin" in page


def test_a_form_sent_twice_is_one_text(demo: FlaskClient, session: Session, line: int) -> None:
    key, ref = new_request_key(), ref_of(session, line)
    for _ in range(2):
        reply(demo, ref, "alo", request_key=key)
    assert len(inbound(session)) == 1


def test_a_reply_by_htmx_gives_the_phone_again_with_a_new_form(demo: FlaskClient, session: Session, line: int) -> None:
    ref = ref_of(session, line)
    answer = reply(demo, ref, "alo ạ", htmx=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert f'id="phone-{ref}"' in answer.text
    assert "alo ạ" in answer.text
    assert 'value="alo' not in answer.text


@pytest.mark.parametrize("body", ["", "x" * 2_000, "y" * 9_000, "🙏" * 500, "<b>đậm</b>"])
def test_whatever_is_typed_comes_in(demo: FlaskClient, session: Session, line: int, body: str) -> None:
    assert reply(demo, ref_of(session, line), body).status_code == 303
    assert [row.meaning for row in inbound(session)] == ["other"]
    assert "<b>đậm" not in demo.get("/simulator/").text


def test_a_phone_that_is_off_shows_nothing_until_it_is_on(
    demo: FlaskClient, session: Session, treated: int, line: int
) -> None:
    ref = ref_of(session, line)
    act(demo, f"/simulator/{ref}/phone", to="off")
    queued(session, line, treated)
    act(demo, "/simulator/clock", to="hour")
    page = demo.get("/simulator/").text
    assert "Máy đang tắt" in page
    assert "1 tin đang đợi" in page
    assert text_of("help") not in page
    act(demo, f"/simulator/{ref}/phone", to="on")
    assert text_of("help") in demo.get("/simulator/").text
    assert outbound(session)[0].state == "delivered"


def test_a_phone_in_somebody_elses_hands_says_so(demo: FlaskClient, session: Session, line: int) -> None:
    ref = ref_of(session, line)
    assert "Người khác đang cầm máy" in act(demo, f"/simulator/{ref}/phone", htmx=True, to="other").text
    assert "Nhầm số rồi" in demo.get("/simulator/").text
    assert "Người khác đang cầm máy" not in act(demo, f"/simulator/{ref}/phone", htmx=True, to="owner").text


def test_only_numbers_that_were_asked_or_confirmed_have_a_phone(
    demo: FlaskClient, session: Session, cast: Cast, line: int
) -> None:
    registered(session, cast, register_code="LS-0020", full_name="Lý Chưa Hỏi", phone=OTHER_NUMBER)
    met = patient_of(session, supported(session, cast, community_name="Anh Ba sửa xe"))
    has_number(session, met, "support", "+84912000333", confirmed=False)
    page = demo.get("/simulator/").text
    assert "Lý Chưa Hỏi" not in page
    assert "Anh Ba sửa xe" in page


def test_a_number_that_was_removed_has_no_phone_any_more(demo: FlaskClient, session: Session, line: int) -> None:
    ref = ref_of(session, line)
    assert ref in demo.get("/simulator/").text
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).values(removed_at=NOW))
    assert ref not in demo.get("/simulator/").text


def test_a_shared_phone_names_everybody_who_uses_it(demo: FlaskClient, session: Session, cast: Cast, line: int) -> None:
    wife = patient_of(session, registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai"))
    has_number(session, wife)
    assert "Nguyễn Văn Đức, Lý Thị Hai" in demo.get("/simulator/").text


def test_phones_are_found_by_name_and_by_number(demo: FlaskClient, session: Session, cast: Cast, line: int) -> None:
    other = patient_of(session, registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai"))
    has_number(session, other, number=OTHER_NUMBER)
    for typed, seen, hidden in (("duc nguyen", "Đức", "Hai"), ("000222", "Hai", "Đức"), ("không có ai", "", "Đức")):
        page = act(demo, "/simulator/find", q=typed).text
        assert seen in page
        assert f"{hidden} <span" not in page


def test_screens_come_again_only_when_something_has_changed(demo: FlaskClient, session: Session, line: int) -> None:
    ref = ref_of(session, line)
    found = re.search(r'hx-get="([^"]+)"', demo.get("/simulator/").text)
    assert found
    url = found[1].replace("&amp;", "&")
    assert demo.get(url).status_code == 204
    reply(demo, ref, "alo")
    again = demo.get(url).text
    assert f'id="screen-{ref}"' in again
    assert 'hx-swap-oob="true"' in again
    assert "<form" not in again, "what somebody is typing would be lost"
    assert demo.get("/simulator/phones?refs=" + "zzzzzzzzzzzz-" * 500).status_code == 200


# ---- the clock ----


def test_the_clock_goes_an_hour_on_or_to_the_next_morning(demo: FlaskClient, session: Session, line: int) -> None:
    act(demo, "/simulator/clock", to="hour")
    assert abs(utc_now() - (NOW + timedelta(hours=1))) < timedelta(seconds=30)
    act(demo, "/simulator/clock", to="morning")
    assert abs(utc_now() - datetime.fromisoformat("2026-11-23T06:30+07:00")) < timedelta(seconds=30)


def test_moving_the_clock_runs_what_is_due(demo: FlaskClient, session: Session, treated: int, line: int) -> None:
    queued(session, line, treated)
    act(demo, "/simulator/clock", to="hour")
    assert text_of("help") in demo.get("/simulator/").text
    session.rollback()
    assert session.execute(select(WorkerBeat.beat_at)).first() is not None


def test_whoever_is_signed_in_stays_so_over_the_night(app: Flask, demo: FlaskClient, line: int) -> None:
    client = app.test_client()
    sign_in(client, "dispenser")
    for _ in range(3):
        act(demo, "/simulator/clock", to="morning")
        assert client.get("/station/").status_code == 200


def test_whoever_had_gone_is_not_signed_in_again(app: Flask, demo: FlaskClient, start_clock_at: Any, line: int) -> None:
    client = app.test_client()
    sign_in(client, "dispenser")
    start_clock_at(NOW + timedelta(minutes=20))
    act(demo, "/simulator/clock", to="hour")
    assert client.get("/station/").status_code == 303


def test_what_no_page_of_ours_sends_is_answered_without_an_error(
    demo: FlaskClient, session: Session, line: int
) -> None:
    ref = ref_of(session, line)
    assert act(demo, "/simulator/clock", to="year").status_code == 400
    assert act(demo, f"/simulator/{ref}/phone", to="sold").status_code == 400
    assert act(demo, f"/simulator/{ref}/reply", body="x").status_code == 400
    assert reply(demo, ref, "a\x00b").status_code == 400
    assert reply(demo, "zzzzzzzzzzzz", "x").status_code == 404
    assert demo.post(f"/simulator/{ref}/reply", data={"body": "x"}).status_code == 400
    for page in ("?page=0", "?page=9999999999999999", "phones", "phones?refs=%C4%91-..%2f"):
        assert demo.get(f"/simulator/{page}").status_code == 200
    assert NUMBER
    assert inbound(session) == []
