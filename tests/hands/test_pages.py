"""The pages of a station's device: enrolling, PIN, who is working, the lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pyotp
import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.routing import AnyConverter
from werkzeug.test import TestResponse

from counseling.database import writing
from counseling.models.doses import DayDose
from counseling.models.people import Device, StaffSession
from counseling.models.window import DosePour
from counseling.refs import new_request_key
from tests.hands.story import OTHER_PIN, PIN, actions, colleague
from tests.support.cast import CAO_LOC, DONG_KINH, PASSWORD, Cast, csrf_token, display_name, post, sign_in
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, opened, ordered, somebody

StartClock = Callable[[datetime], None]
# Doors that ask nobody who they are stay as they are for a locked session: it is nobody.
OPEN_TO_EVERYBODY = {
    *("static", "health.healthz", "health.readyz", "home.manifest"),
    *("account.login", "account.sign_in", "account.logout", "account.language"),
    *("hands.index", "hands.choose", "hands.take", "lock.close", "lock.open_again"),
    *("gateways.smsgate", "gateways.twilio_inbound", "gateways.twilio_status"),  # signed, and nobody's session
    *("offline.worker", "offline.page", "outbox.take", "outbox.alive"),  # a phone without a line has no session either
    *(f"simulator.{name}" for name in ("index", "find", "live_phones", "reply", "set_phone", "move_clock")),
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def morning(start_clock_at: StartClock, app: Flask) -> Iterator[None]:
    start_clock_at(MORNING)
    yield


@pytest.fixture
def desk(client: FlaskClient, session: Session, cast: Cast) -> FlaskClient:
    """The station's own browser: the dispenser and a colleague work here, the dispenser is signed in."""
    sign_in(client, "dispenser")
    device = session.execute(select(StaffSession.device_id).order_by(StaffSession.id.desc()).limit(1)).scalar_one()
    values = {"site_id": DONG_KINH, "enrolled_at": MORNING, "enrolled_by_id": cast.staff["dispenser"]}
    with writing(session) as tx:
        tx.execute(update(Device).where(Device.id == device).values(**values))
    colleague(session, cast)
    for username, pin in (("dispenser2", OTHER_PIN), ("counselor", "515151"), ("dispenser", PIN)):
        change_person(client, username)
        assert set_pin(client, pin).status_code == 303
    return client


def change_person(client: FlaskClient, username: str) -> None:
    """By password, as on any other device."""
    post(client, "/logout")
    sign_in(client, username)


def set_pin(client: FlaskClient, pin: str, **changes: str) -> TestResponse:
    return post(client, "/account/pin", **{"pin": pin, "again": pin, "password": PASSWORD, **changes})


def take(client: FlaskClient, cast: Cast, username: str, pin: str, after: str = "/") -> TestResponse:
    address = f"/hands/{cast.staff[username]}"
    return post(client, address, page=address, pin=pin, next=after)


def lock(client: FlaskClient, page: str = "/account/pin") -> TestResponse:
    return post(client, "/lock", page=page)


def who(client: FlaskClient) -> str:
    """Whose name stands in the head of the page."""
    found = re.search(
        r"<summary[^>]*>.*?<span><!--names-->(.*?)<!--/names--></span>", client.get("/account/sessions").text, re.DOTALL
    )
    return found.group(1) if found else ""


# ---- enrolling ----


def test_enrolling_asks_for_the_second_factor_first_and_then_for_both(
    client: FlaskClient, session: Session, cast: Cast
) -> None:
    sign_in(client, "dispenser")
    page = client.get("/devices/").text
    assert "trước hết bật mã xác nhận" in page
    assert 'name="password"' not in page
    assert post(client, "/account/second-step/begin", password=PASSWORD).status_code == 303
    page = client.get("/account/second-step").text
    letters = re.search(r'<p class="large"><code>([A-Z2-7 ]+)</code>', page)
    assert letters and "<svg" in page
    assert all(len(group) == 4 for group in letters.group(1).split())
    phone = pyotp.TOTP(letters.group(1).replace(" ", ""))
    answer = post(client, "/account/second-step/confirm", code=phone.at(MORNING))
    codes = re.findall(r"<li><code>([a-z2-9 ]{19})</code>", answer.text)
    assert len(codes) == 10
    later = client.get("/account/second-step").text
    assert "Đang bật" in later and "<svg class=" in later
    assert not any(code in later for code in codes) and letters.group(1) not in later
    wrong = post(client, "/devices/", password=PASSWORD, code="000000")
    assert wrong.status_code == 422 and "Mã chưa đúng" in wrong.text
    assert post(client, "/devices/", password="guess", code=codes[0]).status_code == 422
    assert post(client, "/devices/", password=PASSWORD, code=codes[0]).status_code == 303
    page = client.get("/devices/").text
    assert "máy này" in page and "Thêm máy này" not in page and "Đổi người" in page


def test_a_device_of_another_site_says_so(client: FlaskClient, session: Session, cast: Cast, desk: FlaskClient) -> None:
    with writing(session) as tx:
        tx.execute(update(Device).where(Device.site_id == DONG_KINH).values(site_id=CAO_LOC))
    assert "máy của nơi khác" in desk.get("/devices/").text


def test_revoking_this_device_leads_to_the_password_page(desk: FlaskClient, session: Session, cast: Cast) -> None:
    device = session.execute(select(Device.id).where(Device.site_id == DONG_KINH)).scalar_one()
    assert post(desk, f"/devices/{device}/revoke").status_code == 303
    assert desk.get("/station/").location == "/login?next=/station/"
    assert desk.get("/hands").location == "/login"
    assert post(desk, f"/hands/{cast.staff['dispenser']}", page="/login", pin=PIN).location == "/login"


def test_the_administrator_sees_a_sites_devices_and_revokes_one(
    app: Flask, desk: FlaskClient, session: Session, cast: Cast
) -> None:
    office = app.test_client()
    sign_in(office, "admin")
    device = session.execute(select(Device.id).where(Device.site_id == DONG_KINH)).scalar_one()
    address = f"/admin/sites/{DONG_KINH}/devices/{device}/revoke"
    assert address in office.get(f"/admin/sites/{DONG_KINH}/").text
    assert post(office, address).status_code == 303
    assert desk.get("/station/").status_code == 303
    assert post(office, address).status_code == 404


# ---- PIN ----


@pytest.mark.parametrize(
    ("pin", "changes", "sentence"),
    [
        ("12345", {}, "đúng 6 chữ số"),
        ("１２３４０９", {}, "đúng 6 chữ số"),
        ("777777", {}, "6 chữ số giống nhau"),
        ("654321", {}, "Dãy số liền nhau"),
        (PIN, {"again": OTHER_PIN}, "Hai lần nhập chưa giống nhau"),
        (PIN, {"password": "guess"}, "Mật khẩu đang dùng chưa đúng"),
        (PIN, {"password": ""}, "Nhập mật khẩu đang dùng"),
    ],
)
def test_a_pin_that_will_not_do_says_why(
    client: FlaskClient, cast: Cast, pin: str, changes: dict[str, str], sentence: str
) -> None:
    sign_in(client, "dispenser")
    answer = set_pin(client, pin, **changes)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert f'value="{pin}"' not in answer.text


def test_only_a_stations_device_has_the_button_and_the_clock(client: FlaskClient, cast: Cast) -> None:
    sign_in(client, "dispenser")
    page = client.get("/station/").text
    assert "Đổi người" not in page and "data-lock-after" not in page and "hands.js" not in page
    assert client.get("/hands").location == "/login"
    assert lock(client).status_code == 404


# ---- handing over ----


def test_the_page_of_names_shows_names_only(desk: FlaskClient, session: Session, cast: Cast) -> None:
    patient = somebody(session, cast, name="Lý Thị Mơ")
    ordered(session, cast, patient)
    page = desk.get("/hands").text
    assert [display_name(name) in page for name in ("dispenser", "dispenser2", "counselor", "doctor")] == [
        *(True, True, True),
        False,
    ]
    assert "Lý Thị Mơ" not in page and patient.ref not in page
    assert re.findall(r'data-key="(\d)"', page) == ["1", "2", "3"]


def test_button_name_six_digits_and_back_on_the_page(desk: FlaskClient, session: Session, cast: Cast) -> None:
    opened(session, cast)
    page = desk.get("/station/?list=all").text
    assert 'name="next" value="/station/?list=all"' in page
    left = post(desk, "/hands", next="/station/?list=all")
    assert left.location == "/hands?others=1&next=/station/?list%3Dall"
    assert desk.get("/station/").location.startswith("/hands")  # nobody goes back to it
    assert f'href="/hands/{cast.staff["dispenser2"]}?next=' in desk.get(left.location).text
    assert take(desk, cast, "dispenser2", OTHER_PIN, "/station/?list=all").location == "/station/?list=all"
    assert who(desk) == display_name("dispenser2")


def test_a_page_that_the_new_person_may_not_see_leads_to_their_own(
    desk: FlaskClient, session: Session, cast: Cast
) -> None:
    own = somebody(session, cast)
    address = f"/patients/{own.ref}/"
    assert take(desk, cast, "counselor", "515151", "/station/").location == "/"
    assert take(desk, cast, "counselor", "515151", address).location == "/"
    assert take(desk, cast, "dispenser2", OTHER_PIN, address).location == address
    stranger = somebody(session, cast, station=CAO_LOC)
    for path in (
        f"/patients/{stranger.ref}/",
        "/register/zzzzzzzzzzzz/",
        "/nowhere",
        "/login",
        "/logout",
        "//evil.example",
    ):
        assert take(desk, cast, "dispenser", PIN, path).location == "/", path


def test_five_wrong_pins_say_what_to_do_and_the_password_helps(desk: FlaskClient, cast: Cast) -> None:
    pages = [take(desk, cast, "dispenser", "999990") for _ in range(5)]
    assert [page.status_code for page in pages] == [422] * 5
    assert "Còn 4 lần thử" in pages[0].text and "Còn 1 lần thử" in pages[3].text
    assert "tạm nghỉ" in pages[4].text and 'name="pin"' not in pages[4].text
    assert f"<span>{display_name('dispenser')}</span>" not in desk.get("/hands").text
    assert take(desk, cast, "dispenser2", OTHER_PIN).status_code == 303
    change_person(desk, "dispenser")
    assert f"<span>{display_name('dispenser')}</span>" in desk.get("/hands").text


def test_whoever_gets_in_is_told_of_many_wrong_tries(desk: FlaskClient, cast: Cast) -> None:
    for _ in range(3):
        take(desk, cast, "dispenser", "999990")
    take(desk, cast, "dispenser", PIN)
    assert "bị nhập sai 3 lần" in desk.get("/account/pin").text


def test_an_ended_session_leads_to_the_names(desk: FlaskClient, cast: Cast, start_clock_at: StartClock) -> None:
    start_clock_at(MORNING + timedelta(minutes=20))
    assert desk.get("/station/").location == "/hands?next=/station/"
    fragment = desk.get("/station/list", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["HX-Redirect"]) == (401, "/hands")
    page = desk.get("/hands?next=/station/").text
    assert "Đăng nhập bằng mật khẩu" in page and 'href="/login?next=/station/"' in page
    assert take(desk, cast, "dispenser", PIN, "/station/").location == "/station/"
    assert post(desk, "/logout").location == "/hands"


def test_a_session_opened_by_pin_ends_after_twelve_hours(
    desk: FlaskClient, cast: Cast, start_clock_at: StartClock
) -> None:
    take(desk, cast, "dispenser", PIN)
    for minutes in range(0, 12 * 60, 14):
        start_clock_at(MORNING + timedelta(minutes=minutes))
        assert desk.get("/account/pin").status_code == 200
    start_clock_at(MORNING + timedelta(hours=12, minutes=1))
    assert desk.get("/account/pin").status_code == 303


# ---- in the middle of a dose ----


def test_a_cup_waits_for_the_next_person_and_an_old_form_is_refused(
    desk: FlaskClient, session: Session, cast: Cast
) -> None:
    opened(session, cast)
    person = somebody(session, cast)
    order_id = ordered(session, cast, person)
    address = f"/patients/{person.ref}/dose"
    seen = {"dose_on": TODAY.isoformat(), "order_id": order_id, "part": 1, "mg_tenths": 600}
    assert post(desk, address.replace("/dose", "/pour"), **seen, request_key=new_request_key()).status_code == 303
    form = {**seen, "csrf_token": csrf_token(desk, address), "request_key": new_request_key()}
    post(desk, "/hands", next=address)
    assert take(desk, cast, "dispenser2", OTHER_PIN, address).location == address
    late = desk.post(address, data=form)
    assert (late.status_code, "Máy đã đổi người" in late.text) == (400, True)
    session.rollback()
    assert session.execute(select(DayDose.id)).first() is None
    assert session.execute(select(DosePour.ended_at)).scalar_one() is None
    page = desk.get(address).text
    assert f"{display_name('dispenser')} rót" in page
    assert post(desk, address, page=address, **seen, request_key=new_request_key()).status_code == 303
    session.rollback()
    assert session.execute(select(DayDose.recorded_by_id)).scalar_one() == cast.staff["dispenser2"]
    assert [a.split("/")[0] for _, a, verb, _ in actions(session) if verb.startswith("dose.")][-1] == (
        f"staff:{cast.staff['dispenser2']}"
    )


# ---- the lock ----


def test_a_locked_session_is_served_nothing_but_the_way_out(app: Flask, desk: FlaskClient, cast: Cast) -> None:
    token = csrf_token(desk)
    assert lock(desk).status_code == 200
    values = {"int": 1, "path": "app.css"}
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OPEN_TO_EVERYBODY:
            continue
        arguments = {
            name: min(kind.items)
            if isinstance(kind, AnyConverter)
            else values.get("int" if type(kind).__name__ == "RowId" else type(kind).__name__, "zzzzzzzzzzzz")
            for name, kind in rule._converters.items()
        }
        with app.test_request_context(base_url="http://localhost"):
            address = url_for(rule.endpoint, **arguments)
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        data = {"csrf_token": token} if method == "POST" else None
        answer = desk.open(address, method=method, data=data)
        assert answer.status_code == 303 and answer.location.startswith("/hands"), rule.endpoint
        fragment = desk.open(address, method=method, data=data, headers={"HX-Request": "true"})
        assert (fragment.status_code, fragment.text) == (401, ""), rule.endpoint
        assert fragment.headers["HX-Redirect"] == "/hands", rule.endpoint
    for address in ("/healthz", "/manifest.webmanifest", "/login", "/hands"):
        answer = desk.get(address)
        assert answer.status_code == 200, address
        assert "Đổi mật khẩu" not in answer.text  # nobody's page
    assert desk.get("/nowhere").status_code == 404


def test_the_way_out_of_the_lock_for_its_own_person(desk: FlaskClient, cast: Cast) -> None:
    fragment = lock(desk).text
    assert 'name="pin"' in fragment and "<html" not in fragment
    page = desk.get("/hands?next=/station/").text  # reloaded: the same person is asked first
    assert f"<h1>{display_name('dispenser')}</h1>" in page and 'name="pin"' in page
    token = csrf_token(desk, "/hands")
    wrong = desk.post("/lock/open", data={"csrf_token": token, "pin": "999990"})
    assert (wrong.status_code, "Còn 4 lần thử" in wrong.text) == (422, True)
    assert desk.post("/lock/open", data={"csrf_token": token, "pin": PIN}).status_code == 204
    assert who(desk) == display_name("dispenser")
    assert desk.post("/lock/open", data={"csrf_token": token, "pin": PIN}).status_code == 404


def test_the_form_without_script_unlocks_too_and_goes_back(desk: FlaskClient, session: Session, cast: Cast) -> None:
    before = session.execute(select(StaffSession.id).order_by(StaffSession.id.desc()).limit(1)).scalar_one()
    lock(desk)
    assert take(desk, cast, "dispenser", PIN, "/account/pin").location == "/account/pin"
    session.rollback()
    row = session.get_one(StaffSession, before, populate_existing=True)
    assert (row.locked_at, row.ended_at) == (None, None)


def test_whoever_has_no_pin_here_uncovers_with_the_password(desk: FlaskClient, session: Session, cast: Cast) -> None:
    for _ in range(5):
        take(desk, cast, "dispenser", "999990")
    fragment = lock(desk).text
    assert 'name="password"' in fragment and 'name="pin"' not in fragment and "tạm nghỉ" in fragment
    token = csrf_token(desk, "/hands")
    assert desk.post("/lock/open", data={"csrf_token": token, "password": "guess"}).status_code == 422
    assert desk.post("/lock/open", data={"csrf_token": token, "password": PASSWORD}).status_code == 204
    assert f"<span>{display_name('dispenser')}</span>" in desk.get("/hands").text


def test_a_colleague_takes_over_from_the_lock(desk: FlaskClient, cast: Cast) -> None:
    lock(desk)
    assert take(desk, cast, "dispenser2", OTHER_PIN, "/station/").location == "/station/"
    assert who(desk) == display_name("dispenser2")


def test_signing_in_by_password_ends_what_was_locked(desk: FlaskClient, session: Session, cast: Cast) -> None:
    before = session.execute(select(StaffSession.id).order_by(StaffSession.id.desc()).limit(1)).scalar_one()
    lock(desk)
    sign_in(desk, "counselor")
    session.rollback()
    assert session.get_one(StaffSession, before, populate_existing=True).ended_at is not None


def test_asking_by_itself_keeps_no_locked_session_alive(
    desk: FlaskClient, cast: Cast, start_clock_at: StartClock
) -> None:
    lock(desk)
    for minutes in range(0, 16, 2):
        start_clock_at(MORNING + timedelta(minutes=minutes))
        desk.get("/station/")
    start_clock_at(MORNING + timedelta(minutes=16))
    token = csrf_token(desk, "/login")
    assert desk.post("/lock/open", data={"csrf_token": token, "pin": PIN}).status_code == 404
