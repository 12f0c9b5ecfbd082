from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.people import Staff, StaffRole
from counseling.routes.own_paths import own_path
from tests.support.cast import PASSWORD, PEOPLE, Cast, post, sign_in
from tests.support.settings import MORNING

StartClock = Callable[[datetime], None]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them, and a sample of the pages, on both."""
    return sqlite_url


def try_to_sign_in(client: FlaskClient, username: str, password: str, **fields: str) -> tuple[int, str]:
    answer = post(client, "/login", page="/login", username=username, password=password, **fields)
    return answer.status_code, answer.text if answer.status_code != 303 else answer.location


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account/password").status_code == 200


def test_everybody_of_the_cast_signs_in_and_out(client: FlaskClient, cast: Cast) -> None:
    for username in PEOPLE:
        sign_in(client, username)
        assert is_signed_in(client)
        post(client, "/logout")
        assert not is_signed_in(client)


def test_signing_in_and_choosing_a_desk_say_what_they_are_for(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    assert "Trang này nghĩa là gì?" in client.get("/login").text
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == cast.roles["doctor"][0]).values(ended_at=MORNING))
    for username in ("nurse", "doctor"):  # with two desks, and with none
        assert try_to_sign_in(client, username, PASSWORD)[0] == 303
        assert "Trang này nghĩa là gì?" in client.get("/desk").text, username
        post(client, "/logout")


def test_a_wrong_password_says_so_and_keeps_the_name(client: FlaskClient, cast: Cast) -> None:
    status, page = try_to_sign_in(client, "dispenser", "something else")
    assert status == 422
    assert "Tên đăng nhập hoặc mật khẩu chưa đúng" in page
    assert 'value="dispenser"' in page
    assert "something else" not in page


def test_an_unknown_name_and_a_disabled_account_read_the_same(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.username == "doctor").values(disabled_at=MORNING))
    for name in ("doctor", "nobody"):
        status, page = try_to_sign_in(client, name, PASSWORD)
        assert (status, "Tên đăng nhập hoặc mật khẩu chưa đúng" in page) == (422, True)


def test_too_many_tries_say_how_long_to_wait(client: FlaskClient, cast: Cast, start_clock_at: StartClock) -> None:
    start_clock_at(MORNING)
    answers = [try_to_sign_in(client, "dispenser", "wrong") for _ in range(7)]
    assert [status for status, _ in answers] == [422] * 6 + [429]
    assert "giây rồi thử lại" in answers[-1][1]
    assert 'value="dispenser"' in answers[-1][1]


def test_empty_fields_say_what_to_do(client: FlaskClient, cast: Cast) -> None:
    status, page = try_to_sign_in(client, "", "")
    assert status == 422
    assert "Nhập tên đăng nhập" in page
    assert "Nhập mật khẩu" in page


def test_signing_in_takes_a_new_session_and_leaves_nothing_of_the_old_one(client: FlaskClient, cast: Cast) -> None:
    client.get("/login")
    with client.session_transaction() as planted:
        planted["planted"] = "by somebody else"
        planted["_user_id"] = "a token somebody else knows"
    sign_in(client, "dispenser")
    with client.session_transaction() as now:
        assert "planted" not in now
        first = now["_user_id"]
        assert first != "a token somebody else knows"
    sign_in_again = post(client, "/login", page="/account/password", username="dispenser", password=PASSWORD)
    assert sign_in_again.status_code == 303
    with client.session_transaction() as now:
        assert now["_user_id"] != first
        now["_user_id"] = first
    assert not is_signed_in(client)


def test_cookies_stay_with_this_host_this_site_and_the_server(client: FlaskClient, cast: Cast) -> None:
    answer = post(client, "/login", page="/login", username="dispenser", password=PASSWORD)
    cookies = {line.split("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}
    assert cookies.keys() == {"__Host-session", "__Host-device"}
    for line in cookies.values():
        assert all(part in line for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Domain" not in line
    assert "Max-Age=31536000" in cookies["__Host-device"]


def test_a_form_without_its_token_is_refused(client: FlaskClient, cast: Cast) -> None:
    answer = client.post("/login", data={"username": "dispenser", "password": PASSWORD})
    assert answer.status_code == 400
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "path",
    [
        "https://example.org/",
        "//example.org/",
        "/\\example.org",
        "\\\\example.org",
        "javascript:alert(1)",
        "/ /example.org",
        "/\t/example.org",
        "",
    ],
)
def test_signing_in_leads_to_no_other_site(client: FlaskClient, cast: Cast, path: str) -> None:
    assert try_to_sign_in(client, "dispenser", PASSWORD, next=path) == (303, "/station/")


@pytest.mark.parametrize(
    ("username", "page"),
    [("dispenser", "/station/"), ("volunteer", "/outreach/"), ("nurse", "/desk"), ("admin", "/admin/")],
)
def test_signing_in_leads_straight_to_the_desk(client: FlaskClient, cast: Cast, username: str, page: str) -> None:
    assert try_to_sign_in(client, username, PASSWORD) == (303, page)
    assert client.get(page).status_code == 200


def test_whoever_has_to_choose_a_password_is_led_there(client: FlaskClient, session: Session, cast: Cast) -> None:
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.username == "volunteer").values(must_change_password=True))
    assert try_to_sign_in(client, "volunteer", PASSWORD) == (303, "/account/password")


def test_signing_in_leads_back_to_where_one_was(client: FlaskClient, cast: Cast) -> None:
    asked = client.get("/account/sessions?from=here")
    assert asked.location == "/login?next=/account/sessions?from%3Dhere"
    assert try_to_sign_in(client, "dispenser", PASSWORD, next="/account/sessions?from=here") == (
        303,
        "/account/sessions?from=here",
    )
    assert own_path(None, "/station/") == "/station/"


def test_the_session_ends_when_idle_and_lives_while_used(
    client: FlaskClient, cast: Cast, start_clock_at: StartClock
) -> None:
    start_clock_at(MORNING)
    sign_in(client, "dispenser")
    for minutes in range(10, 100, 10):
        start_clock_at(MORNING + timedelta(minutes=minutes))
        assert is_signed_in(client)
    start_clock_at(MORNING + timedelta(minutes=106))
    assert not is_signed_in(client)


def test_the_session_ends_after_twelve_hours_of_work(
    client: FlaskClient, cast: Cast, start_clock_at: StartClock
) -> None:
    start_clock_at(MORNING)
    sign_in(client, "dispenser")
    for minutes in range(0, 12 * 60, 14):
        start_clock_at(MORNING + timedelta(minutes=minutes))
        assert is_signed_in(client)
    start_clock_at(MORNING + timedelta(hours=12, seconds=1))
    assert not is_signed_in(client)


def test_the_language_is_kept_in_the_account_and_before_that_in_the_browser(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert post(client, "/language", page="/login", locale="en", next="/login").location == "/login"
    assert 'lang="en"' in client.get("/login").text
    sign_in(client, "dispenser")
    assert '<html lang="vi"' in client.get("/account/password").text
    post(client, "/language", locale="en", next="//example.org")
    assert '<html lang="en"' in client.get("/account/password").text
    elsewhere = app.test_client()
    sign_in(elsewhere, "dispenser")
    assert '<html lang="en"' in elsewhere.get("/account/password").text
    assert post(elsewhere, "/language", locale="xx").status_code == 400
