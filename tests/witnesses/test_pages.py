"""The second signature as a browser meets it: at the window, on somebody's own phone, after the day is closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from counseling.refs import new_request_key
from counseling.services import sites
from counseling.services.sites import SiteDetails
from tests.reversals.story import colleague, reverse
from tests.supervision.story import statements_of
from tests.support.cast import DONG_KINH, DONG_KINH_WARD, FACILITY, Cast, post, sign_in
from tests.support.orders import last_entry
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, dose, opened, ordered, somebody
from tests.witnesses.story import asks, given, sign, signatures

URL = "/station/witness/"
A_DAY = timedelta(days=1)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def at_half_past_six(start_clock_at: Callable[[datetime], None], app: object) -> None:
    start_clock_at(MORNING)


def signed_in(app: Flask, username: str) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username)
    return client


def test_from_the_window_to_the_doctors_phone(session: Session, cast: Cast, app: Flask) -> None:
    asks(session)
    (_, first), (_, second) = given(session, cast, name="Lý Văn Một"), given(session, cast, name="Lý Văn Hai")
    session.rollback()
    window, phone = signed_in(app, "dispenser"), signed_in(app, "doctor")
    for client, page in ((window, "/station/"), (window, "/station/close"), (phone, "/doctor/")):
        assert "2 liều chờ người thứ hai ký" in client.get(page).text, page
        assert URL in client.get(page).text
    own = window.get(URL).text
    assert "Bạn cho uống, cần người khác ký" in own and 'type="checkbox"' not in own
    page = phone.get(URL).text
    assert "Lý Văn Một, 1990" in page and "60 mg · 6h30 · Người mẫu dispenser cho uống" in page
    assert page.count('type="checkbox"') == 2 and "checked" not in page, "nothing is ticked beforehand"
    answer = post(phone, URL, dose=first, request_key=new_request_key())
    assert answer.status_code == 303
    after = phone.get(URL).text
    assert "Đã ký 1 liều" in after and "Đã ký hôm nay" in after and after.count('type="checkbox"') == 1
    assert signatures(session) == [(first, cast.staff["doctor"])]
    assert "1 liều chờ người thứ hai ký" in window.get("/station/").text
    post(phone, URL, dose=second, request_key=new_request_key())
    assert "chờ người thứ hai ký" not in window.get("/station/").text
    assert "Không có liều nào chờ chữ ký thứ hai" in phone.get(URL).text


def test_what_cannot_be_signed_any_more_is_said_by_name_and_the_rest_is_signed(
    session: Session, cast: Cast, app: Flask
) -> None:
    asks(session)
    (gone, reversed_), (_, taken), (_, plain) = (
        given(session, cast, name=name) for name in ("Lý Văn Nhầm", "Lý Văn Đã Ký", "Lý Văn Còn")
    )
    phone = signed_in(app, "doctor")
    page = phone.get(URL).text
    assert all(name in page for name in ("Lý Văn Nhầm", "Lý Văn Đã Ký", "Lý Văn Còn"))
    reverse(session, cast, gone, reversed_)
    sign(session, cast, [taken], colleague(session, cast))
    session.rollback()
    answer = post(phone, URL, dose=[reversed_, taken, plain], request_key=new_request_key())
    assert answer.status_code == 409
    assert "Đã ký 1 liều" in answer.text and "2 liều không ký được" in answer.text
    assert "Lý Văn Nhầm, 1990 · 60 mg: lượt này vừa được đính chính" in answer.text
    assert "Lý Văn Đã Ký, 1990 · 60 mg: người khác vừa ký rồi" in answer.text
    assert plain in dict(signatures(session))


def test_a_form_without_ticks_or_without_its_key_signs_nothing(session: Session, cast: Cast, app: Flask) -> None:
    asks(session)
    _, dose_id = given(session, cast)
    session.rollback()
    phone = signed_in(app, "doctor")
    nothing = post(phone, URL, request_key=new_request_key())
    assert (nothing.status_code, "đánh dấu ít nhất một liều" in nothing.text) == (422, True)
    assert post(phone, URL, dose=dose_id, request_key="").status_code == 400
    for forged in ("", "-1", "x", "９", "9" * 30):
        assert post(phone, URL, dose=forged, request_key=new_request_key()).status_code == 422
    assert signatures(session) == []


def test_the_dispensers_own_dose_is_not_signed_by_a_forged_form(session: Session, cast: Cast, app: Flask) -> None:
    asks(session)
    _, dose_id = given(session, cast)
    session.rollback()
    answer = post(signed_in(app, "dispenser"), URL, dose=dose_id, request_key=new_request_key())
    assert (answer.status_code, "bạn cho uống liều này, người khác ký" in answer.text) == (409, True)
    assert signatures(session) == []


def test_strangers_learn_nothing_of_a_dose_by_its_number(session: Session, cast: Cast, app: Flask) -> None:
    asks(session)
    _, dose_id = given(session, cast)
    session.rollback()
    answer = post(signed_in(app, "dispenser2"), URL, dose=dose_id, request_key=new_request_key())
    assert (answer.status_code, "Lý Văn Mẫu" in answer.text) == (409, False)
    assert "không nằm trong danh sách của bạn" in answer.text and signatures(session) == []


def test_the_witness_goes_home_and_signs_the_next_morning(
    session: Session, cast: Cast, app: Flask, start_clock_at: Callable[[datetime], None]
) -> None:
    asks(session)
    person, dose_id = given(session, cast)
    session.rollback()
    window = signed_in(app, "dispenser")
    page = window.get("/station/close").text
    assert "1 liều chờ người thứ hai ký" in page and "Vẫn chốt ngày được" in page
    assert post(window, "/station/day", page="/station/", to="closed").status_code == 303
    assert "1 liều chờ người thứ hai ký" in window.get("/station/").text
    start_clock_at(MORNING + A_DAY)
    phone = signed_in(app, "doctor")
    page = phone.get(URL).text
    assert "Ngày 22/11/2026, chưa ai ký" in page and "ký muộn" in page
    assert "chờ người thứ hai ký" in signed_in(app, "dispenser").get("/station/").text
    post(phone, URL, dose=dose_id, request_key=new_request_key())
    assert "liều ngày 22/11/2026" in phone.get(URL).text
    assert "ký muộn 6h30" in phone.get(f"/patients/{person.ref}/treatment").text


def test_a_station_that_does_not_ask_waits_for_no_further_statement(session: Session, cast: Cast, app: Flask) -> None:
    given(session, cast)
    session.rollback()
    window, asked = signed_in(app, "dispenser"), []
    window.get("/station/")
    for is_asked in (False, True):
        if is_asked:
            asks(session)
        with statements_of(session) as statements:
            assert window.get("/station/").status_code == 200
        asked.append([line for line in statements if "dose_witnesses" in line])
    assert [len(statements) for statements in asked] == [0, 1]


def test_the_setting_stands_on_the_sites_page_and_in_its_chain(
    session: Session, cast: Cast, app: Flask, start_clock_at: Callable[[datetime], None]
) -> None:
    admin = signed_in(app, "admin")
    form = {
        "name": "Trạm Y tế phường Đông Kinh",
        "area_id": DONG_KINH_WARD,
        "dispenses": "y",
        "treated_by_id": FACILITY,
    }
    change, page = f"/admin/sites/{DONG_KINH}/change", f"/admin/sites/{DONG_KINH}/"
    assert 'name="asks_for_witness"' in admin.get(change).text and "Người thứ hai ký từng liều" in admin.get(page).text
    assert post(admin, change, **form, asks_for_witness="y").status_code == 303
    assert "asks_for_witness" in last_entry(session, "site.changed").details
    assert re.search(r'<input[^>]* checked [^>]*id="asks_for_witness"', admin.get(change).text)
    opened(session, cast)
    person = somebody(session, cast)
    dose(session, cast, person, ordered(session, cast, person), now=MORNING + timedelta(hours=1))
    session.rollback()
    assert "1 liều chờ người thứ hai ký" in signed_in(app, "dispenser").get("/station/").text
    start_clock_at(MORNING + timedelta(hours=2))
    assert post(signed_in(app, "admin"), change, **form).status_code == 303
    assert "1 liều chờ người thứ hai ký" in signed_in(app, "dispenser").get("/station/").text
    assert "Trạm" not in last_entry(session, "site.changed").details


def test_a_site_without_doses_asks_for_no_witness(session: Session, cast: Cast, app: Flask) -> None:
    form = {"name": "Cơ sở điều trị tỉnh", "area_id": DONG_KINH_WARD, "treats": "y", "asks_for_witness": "y"}
    answer = post(signed_in(app, "admin"), f"/admin/sites/{FACILITY}/change", **form)
    assert (answer.status_code, "không có liều nào để ký" in answer.text) == (422, True)


def test_a_new_site_may_ask_from_its_first_day(session: Session, cast: Cast) -> None:
    details = SiteDetails(
        name="Trạm mới", area_id=DONG_KINH_WARD, treats=False, dispenses=True, counsels=False, treated_by_id=FACILITY,
        phone=None, pour_step_hundredths=None, opened_on=TODAY, closed_on=None, asks_for_witness=True,
    )  # fmt: skip
    site_id = sites.add_site(session, cast.viewer_of("admin"), "CP-99", details, MORNING)
    assert not asks(session, site=site_id, now=MORNING), "it stands already"
