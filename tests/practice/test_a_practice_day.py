"""A practice day from the button to the slip: real pages, invented people, and nothing real is touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling import create_app
from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import writing
from counseling.headers import security_headers
from counseling.models.base import Base
from counseling.models.people import Staff, StaffSession
from counseling.models.practice import PracticeDay
from counseling.practice.folder import FOLDER, PracticeFolder
from counseling.practice.people import CAST
from counseling.routes import viewing
from tests.support.cast import Cast, csrf_token, post, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import Person, opened, ordered, somebody

IS_WRITTEN = {"staff_sessions", "audit_entries", "audit_heads", "practice_days"}


@pytest.fixture(autouse=True)
def at_half_past_six(start_clock_at: Callable[[datetime], None], app: object) -> None:
    start_clock_at(MORNING)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    """Somebody real, whom no practice may know."""
    person = somebody(session, cast, name="Người Có Thật", code="THAT-01")
    ordered(session, cast, person, 600)
    opened(session, cast)
    session.rollback()
    return person


@pytest.fixture
def learner(client: FlaskClient, person: Person) -> FlaskClient:
    sign_in(client, "dispenser")
    return client


def begin(client: FlaskClient) -> TestResponse:
    """Press the button and follow to the practice's desk."""
    answer = post(client, "/practice-days/", page="/practice-days/")
    assert answer.status_code == 303 and answer.location.startswith("/practice/enter/")
    answer = client.get(answer.location)
    assert answer.status_code == 303 and answer.location == "/practice/", answer.text
    return client.get("/practice/", follow_redirects=True)


def press(client: FlaskClient, url: str, page: str, **fields: str) -> TestResponse:
    """Send the form of a page of the practice, with its hidden fields."""
    text = client.get(page).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', text))
    return client.post(url, data={**hidden, **fields})


def ref_of(client: FlaskClient, story: str) -> str:
    name = next(one.full_name for one in CAST if one.story == story)
    page = client.get("/practice/station/").text
    row = next(part for part in page.split('<li class="row"') if f">{name}" in part or f"{name}," in part)
    found = re.search(r"/practice/patients/(\w+)/", row)
    assert found
    return found.group(1)


def open_day(client: FlaskClient) -> None:
    assert press(client, "/practice/station/day", "/practice/station/", to="opened").status_code == 303


def give(client: FlaskClient, ref: str) -> TestResponse:
    page = f"/practice/patients/{ref}/dose"
    assert press(client, f"/practice/patients/{ref}/pour", page).status_code == 303
    return press(client, page, page)


def rows(session: Session) -> dict[str, list[str]]:
    session.rollback()
    return {
        table.name: sorted(repr(tuple(row)) for row in session.execute(select(table)))
        for table in Base.metadata.sorted_tables
    }


def folder_of(app: Flask) -> PracticeFolder:
    found: PracticeFolder = app.extensions[FOLDER]
    return found


def test_from_the_button_to_the_slip(learner: FlaskClient, session: Session, app: Flask) -> None:
    before = rows(session)
    desk = begin(learner)
    assert desk.status_code == 200 and "Ngày hôm nay chưa mở" in desk.text
    assert 'class="practice"' in desk.text and "Ngày tập: người và thuốc đều là bịa" in desk.text
    assert "Người Có Thật" not in desk.text
    open_day(learner)
    ordinary = ref_of(learner, "ordinary")
    assert "Đã ghi 60 mg" in learner.get(give(learner, ordinary).location).text
    vomiting = ref_of(learner, "vomits")
    assert give(learner, vomiting).status_code == 303
    for story, says in (("gap_4", "Báo bác sĩ"), ("hold", "Tạm dừng"), ("gap_2", "Tỉnh táo")):
        assert says.lower() in learner.get(f"/practice/patients/{ref_of(learner, story)}/dose").text.lower(), story
    asked = press(learner, reversal := reversal_of(learner, vomiting), reversal, reason="not_drunk")
    assert asked.status_code == 303, asked.text
    learner.post("/practice/part", data={"csrf_token": csrf_token(learner, "/practice/station/"), "part": "doctor"})
    assert press(learner, f"{reversal}/sign", reversal).status_code == 303
    end = learner.get("/practice-days/end").text
    assert 'class="practice"' not in end and "Đính chính đủ hai chữ ký" in end
    slip = press(learner, "/practice-days/end", "/practice-days/end")
    assert slip.status_code == 303
    shown = learner.get(slip.location).text
    assert "Người mẫu dispenser" in shown and "Liều đã cho uống" in shown and "22/11/2026" in shown
    after = rows(session)
    assert {name for name in before if before[name] != after[name]} <= IS_WRITTEN
    (day,) = session.execute(select(PracticeDay)).scalars()
    assert (day.doses, day.reversals, day.spills, day.orders) == (2, 1, 0, 0)
    assert list(folder_of(app).path.glob("*.db*")) == []
    assert slip.location in learner.get("/practice-days/").text


def reversal_of(client: FlaskClient, ref: str) -> str:
    found = re.search(
        rf"/practice/patients/{ref}/doses/\d+/reversal", client.get(f"/practice/patients/{ref}/dose").text
    )
    assert found
    return found.group()


def test_every_address_on_a_page_of_the_practice_stays_in_it(learner: FlaskClient) -> None:
    begin(learner)
    open_day(learner)
    ref = ref_of(learner, "gap_4")
    pages = [
        "station/",
        "guide",
        "patients/",
        f"patients/{ref}/",
        f"patients/{ref}/dose",
        "reversals/",
        "late-entries/",
    ]
    learner.post("/practice/part", data={"csrf_token": csrf_token(learner, "/practice/station/"), "part": "doctor"})
    pages_of_doctor = ["doctor/", f"patients/{ref}/orders/new", f"patients/{ref}/treatment"]
    for page in (*pages_of_doctor, *pages):
        text = learner.get(f"/practice/{page}").text
        found = re.findall(r'\s(?:href|action|src|hx-get|hx-post)="(/[^"]*)"', text)
        assert found, page
        assert {one for one in found if not one.startswith("/practice/")} <= {"/practice-days/end"}, page


def test_style_and_script_come_from_the_practice_and_sign_nobody_out(learner: FlaskClient) -> None:
    found = re.search(r'href="(/practice/static/[^"]+app.css)"', begin(learner).text)
    assert found
    answer = learner.get(found.group(1))
    assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert learner.get("/practice/station/").status_code == 200


def test_what_the_practice_closes(learner: FlaskClient) -> None:
    begin(learner)
    token = csrf_token(learner, "/practice/station/")
    for page in ("register/", "messages/", "admin/", "account/password", "readyz", "practice-days/", "simulator/"):
        answer = learner.get(f"/practice/{page}")
        assert answer.status_code == 404 and "Không có trong ngày tập" in answer.text, page
    assert learner.post("/practice/logout", data={"csrf_token": token}).status_code == 404
    assert learner.get("/practice/login").location == "/practice-days/"
    assert "/practice/register/" not in learner.get("/practice/station/").text


def test_real_people_are_unknown_in_the_practice(learner: FlaskClient, person: Person) -> None:
    begin(learner)
    for page in ("", "dose", "treatment", "cards"):
        assert learner.get(f"/patients/{person.ref}/{page}").status_code == 200, page
        assert learner.get(f"/practice/patients/{person.ref}/{page}").status_code == 404, page
    invented = ref_of(learner, "twin")
    assert learner.get(f"/practice/patients/{invented}/dose").status_code == 200
    assert learner.get(f"/patients/{invented}/dose").status_code == 404


def test_neither_cookie_opens_the_other_application(learner: FlaskClient, app: Flask) -> None:
    begin(learner)
    real = learner.get_cookie("__Host-session")
    practice = learner.get_cookie("__Secure-practice", path="/practice")
    assert real and practice and practice.path == "/practice" and practice.http_only and practice.secure
    stranger = app.test_client()
    for name, value in (("__Secure-practice", real.value), ("__Host-session", practice.value)):
        stranger.set_cookie(name, value)
        assert stranger.get("/practice/station/").location == "/practice-days/"
        assert stranger.get("/station/").location.startswith("/login")
    stranger.set_cookie("__Host-session", real.value)
    assert stranger.get("/station/").status_code == 200
    assert stranger.get("/practice/station/").location == "/practice-days/"


def test_the_way_in_opens_once_and_for_a_minute(
    learner: FlaskClient, start_clock_at: Callable[[datetime], None]
) -> None:
    way_in = post(learner, "/practice-days/", page="/practice-days/").location
    assert learner.get(way_in).location == "/practice/"
    assert learner.get(way_in).location == "/practice-days/"
    later = post(learner, "/practice-days/go-on", page="/practice-days/").location
    start_clock_at(utc_now() + timedelta(seconds=62))
    assert learner.get(later).location == "/practice-days/"
    again = post(learner, "/practice-days/go-on", page="/practice-days/").location
    assert learner.get(again).location == "/practice/"
    assert learner.get("/practice/enter/nothing").location == "/practice-days/"


@pytest.mark.parametrize("what", ["disabled", "signed out", "idle", "too old"])
def test_whoever_may_no_longer_be_there_is_stopped_at_the_next_request(
    learner: FlaskClient, session: Session, cast: Cast, start_clock_at: Callable[[datetime], None], what: str
) -> None:
    begin(learner)
    assert learner.get("/practice/station/").status_code == 200
    if what == "signed out":
        post(learner, "/logout")
    elif what == "disabled":
        with writing(session) as tx:
            tx.execute(update(Staff).where(Staff.id == cast.staff["dispenser"]).values(disabled_at=MORNING))
    else:
        start_clock_at(MORNING + (timedelta(minutes=16) if what == "idle" else timedelta(hours=12, minutes=1)))
    assert learner.get("/practice/station/").location == "/practice-days/"
    fragment = learner.get("/practice/station/list", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/practice-days/")


def test_practising_keeps_the_real_session_awake_and_a_list_that_asks_by_itself_does_not(
    learner: FlaskClient, session: Session, cast: Cast, start_clock_at: Callable[[datetime], None]
) -> None:
    begin(learner)
    mine = StaffSession.staff_id == cast.staff["dispenser"]
    seen = select(StaffSession.last_seen_at).where(mine).order_by(StaffSession.id.desc())

    def last_seen() -> datetime:
        session.rollback()
        return session.execute(seen.limit(1)).scalar_one()

    start_clock_at(MORNING + timedelta(minutes=5))
    learner.get("/practice/station/list?seen=x")
    assert last_seen() < MORNING + timedelta(minutes=1)
    learner.get("/practice/station/")
    assert last_seen() >= MORNING + timedelta(minutes=5)


def test_two_learners_at_once_do_not_meet(learner: FlaskClient, app: Flask, session: Session) -> None:
    other = app.test_client()
    sign_in(other, "doctor")
    begin(learner)
    assert "Việc của bác sĩ" in begin(other).text
    open_day(learner)
    other.post("/practice/part", data={"csrf_token": csrf_token(other, "/practice/doctor/"), "part": "dispenser"})
    assert "Ngày hôm nay chưa mở" in other.get("/practice/station/").text
    assert "Ngày hôm nay chưa mở" not in learner.get("/practice/station/").text
    press(other, "/practice-days/end", "/practice-days/end")
    assert learner.get("/practice/station/").status_code == 200
    assert other.get("/practice/station/").location == "/practice-days/"


def test_a_new_start_is_a_fresh_practice_and_old_ones_are_thrown_away(
    learner: FlaskClient, app: Flask, start_clock_at: Callable[[datetime], None]
) -> None:
    begin(learner)
    open_day(learner)
    assert "Ngày hôm nay chưa mở" in begin(learner).text
    assert len(list(folder_of(app).path.glob("*.db"))) == 1
    start_clock_at(MORNING + timedelta(days=2, minutes=1))
    other = app.test_client()
    sign_in(other, "doctor")
    begin(other)
    assert len(list(folder_of(app).path.glob("*.db"))) == 1


def test_somebody_elses_practice_and_slip_are_not_to_be_had(learner: FlaskClient, app: Flask, session: Session) -> None:
    begin(learner)
    (running,) = (folder_of(app).find(path.stem) for path in folder_of(app).path.glob("*.json"))
    assert running
    other = app.test_client()
    sign_in(other, "dispenser2")
    assert post(other, "/practice-days/end", page="/practice-days/", ref=running.ref).status_code == 404
    press(learner, "/practice-days/end", "/practice-days/end")
    assert other.get(f"/practice-days/{running.ref}").status_code == 404
    twice = post(learner, "/practice-days/end", page="/practice-days/", ref=running.ref)
    assert twice.location == f"/practice-days/{running.ref}"
    session.rollback()
    assert len(session.execute(select(PracticeDay.id)).all()) == 1


def test_the_doctor_and_the_supervisor_see_who_has_practised(learner: FlaskClient, app: Flask) -> None:
    begin(learner)
    press(learner, "/practice-days/end", "/practice-days/end")
    for username in ("doctor", "supervisor"):
        reader = app.test_client()
        sign_in(reader, username)
        page = reader.get("/practice-days/people").text
        assert page.count("đã tập 1 lần") == 1 and page.count("chưa tập") >= 2, username
    assert learner.get("/practice-days/people").status_code == 403


def test_the_practice_is_always_an_encrypted_file_with_keys_of_its_own(learner: FlaskClient, app: Flask) -> None:
    begin(learner)
    folder = folder_of(app)
    (database,) = folder.path.glob("*.db")
    assert not database.read_bytes().startswith(b"SQLite format 3")
    real, practice = app.extensions["diem_tua_config"], folder.config()
    assert practice.is_embedded and practice.sms_gateway is None and not practice.demo
    secrets = [
        practice.secret_key,
        practice.database_key,
        *practice.data_keys,
        practice.backup_key,
        *practice.outbox_keys,
    ]
    assert not {*secrets} & {real.secret_key, real.database_key, *real.data_keys, real.backup_key, *real.outbox_keys}
    assert oct((folder.path / "keys").stat().st_mode & 0o777) == "0o600"


def test_another_process_takes_up_what_the_first_began(
    learner: FlaskClient, config: Config, start_clock_at: Callable[[datetime], None]
) -> None:
    """With several processes behind one door each request may meet another one."""
    way_in = post(learner, "/practice-days/", page="/practice-days/").location
    second = create_app(config)
    start_clock_at(MORNING)
    other = second.test_client()
    assert other.get(way_in).location == "/practice/"
    cookie = other.get_cookie("__Secure-practice", path="/practice")
    assert cookie and learner.get(way_in).location == "/practice-days/"
    learner.set_cookie("__Secure-practice", cookie.value, path="/practice")
    open_day(learner)
    assert "Ngày hôm nay chưa mở" not in other.get("/practice/station/").text
    press(learner, "/practice-days/end", "/practice-days/end")
    assert other.get("/practice/station/").location == "/practice-days/"
    viewing.log_of(second).stop()


def test_every_page_of_the_practice_carries_the_same_headers(learner: FlaskClient) -> None:
    pages = (begin(learner), True), (learner.get("/practice/nowhere"), False), (learner.get("/practice/guide"), False)
    for answer, reads_cards in pages:
        for name, value in security_headers(camera=reads_cards).items():
            assert answer.headers[name] == value
        assert answer.headers["Cache-Control"] == "no-store"


def test_without_a_practice_nothing_is_put_together(client: FlaskClient, app: Flask) -> None:
    assert client.get("/practice/station/").status_code == 404
    assert app.wsgi_app._practice is None  # type: ignore[attr-defined]  # the front that stands before the application
    assert not Path(folder_of(app).path).exists()
