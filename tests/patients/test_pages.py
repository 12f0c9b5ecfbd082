"""The pages of patients' files over HTTP: doors, forms, and who is told nothing."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.patients import SearchKey, SupportFile, TreatmentFile
from counseling.queries.file_parts import list_cards
from counseling.refs import new_request_key
from counseling.services.cards import ensure_card, revoke_card
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, Cast, post, sign_in
from tests.support.files import by, patient_of, registered, supported
from tests.support.settings import MORNING

FORM = {
    "station": DONG_KINH,
    "full_name": "lò thị mẩy",
    "birth": "05/03/1985",
    "sex": "female",
    "register_code": "LS-0001",
    "phone": "0912 345 678",
    "area_id": "",
    "language": "vi",
    "can_read": "",
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them, and a sample of the pages, on both."""
    return sqlite_url


@pytest.fixture
def at_desk(app: Flask, cast: Cast, start_clock_at) -> FlaskClient:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    client = app.test_client()
    sign_in(client, "dispenser")
    return client


def other(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def send(client: FlaskClient, **changes: object):  # type: ignore[no-untyped-def]
    return post(client, "/patients/new", **{**FORM, "request_key": new_request_key(), **changes})


def test_somebody_is_registered_and_their_file_opens(at_desk: FlaskClient, session: Session) -> None:
    answer = send(at_desk)
    assert answer.status_code == 303
    page = at_desk.get(answer.location).text
    for shown in ("Lò Thị Mẩy", "05/03/1985", "0912 345 678", "LS-0001", "Đã lập hồ sơ."):
        assert shown in page
    assert "LS-0002" in at_desk.get("/patients/new").text
    assert session.execute(select(func.count()).select_from(TreatmentFile)).scalar_one() == 1


def test_a_bad_form_comes_back_with_everything_typed(at_desk: FlaskClient) -> None:
    answer = send(at_desk, birth="31/02/1985", phone="123", notes="còn đây")
    assert answer.status_code == 422
    for shown in ("2 chỗ cần sửa", "lò thị mẩy", "31/02/1985", "còn đây", "không có trong lịch"):
        assert shown in answer.text


def test_a_taken_code_is_said_at_its_field(at_desk: FlaskClient) -> None:
    send(at_desk)
    answer = send(at_desk, full_name="Lý Đạt", phone="")
    assert answer.status_code == 422
    assert "Mã số này đã có người khác" in answer.text


def test_a_form_sent_twice_leads_to_the_same_file(at_desk: FlaskClient) -> None:
    key = new_request_key()
    assert send(at_desk, request_key=key).location == send(at_desk, request_key=key).location


def test_a_likely_duplicate_is_shown_and_saved_only_when_confirmed(at_desk: FlaskClient) -> None:
    send(at_desk)
    again = send(at_desk, register_code="LS-0009")
    assert again.status_code == 422
    assert "Có thể đã có hồ sơ" in again.text
    assert "LS-0001" in again.text
    assert send(at_desk, register_code="LS-0009", confirmed="y").status_code == 303


def test_a_duplicate_elsewhere_tells_the_station_only(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    registered(
        session, cast, station_id=CAO_LOC, register_code="CL-77", full_name="Canary Elsewhere", phone="+84912345678"
    )
    page = send(at_desk).text
    assert "Trung tâm Y tế Cao Lộc" in page
    for hidden in ("Canary", "CL-77"):
        assert hidden not in page


def test_a_station_of_somebody_else_cannot_be_chosen(at_desk: FlaskClient, session: Session) -> None:
    assert send(at_desk, station=CAO_LOC).status_code == 422
    assert session.execute(select(func.count()).select_from(TreatmentFile)).scalar_one() == 0


def test_a_revoked_card_is_found_with_a_clear_sentence(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    patient_id = patient_of(session, registered(session, cast))
    who = {"by": by(cast, "dispenser"), "now": MORNING}
    ensure_card(session, patient_id, **who)
    card = list_cards(session, patient_id)[0]
    revoke_card(session, patient_id, card.ref, "lost", **who)
    page = post(at_desk, "/patients/find", q=card.code).text
    assert "Thẻ này đã hủy" in page
    assert "Nguyễn Văn Đức" in page


def test_edit_status_phones_and_cards_are_plain_forms(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    ref = registered(session, cast)
    here = f"/patients/{ref}"
    stamp = re.search(r'name="stamp"[^>]*value="(\w+)"', at_desk.get(f"{here}/edit").text)
    assert stamp
    changed = {**FORM, "register_code": "LS-0012", "stamp": stamp[1]}
    assert post(at_desk, f"{here}/edit", **changed).status_code == 303
    assert post(at_desk, f"{here}/edit", **{**changed, "address": "x"}).status_code == 409
    assert post(at_desk, f"{here}/phones", number="0387654321").status_code == 303
    assert post(at_desk, f"{here}/phones", number="abc").status_code == 422
    assert post(at_desk, f"{here}/cards", request_key=new_request_key()).status_code == 303
    assert "<svg viewBox" in at_desk.get(f"{here}/cards").text
    assert post(at_desk, f"{here}/status", status="moved", since_on="2026-11-22").status_code == 303
    assert post(at_desk, f"{here}/status", status="moved", since_on="2026-11-23").status_code == 422
    page = at_desk.get(f"{here}/").text
    for shown in ("Lò Thị Mẩy", "0387 654 321", "1 thẻ đang dùng", "Đã chuyển đi"):
        assert shown in page


def test_a_sheet_of_cards_names_nobody_on_them_and_issues_once(
    at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    refs = [registered(session, cast, register_code=f"LS-{number}") for number in (1, 2)]
    for _ in range(2):
        sheet = post(at_desk, "/patients/cards/print", ref=refs)
        assert sheet.status_code == 200
        cards = re.findall(r'<div class="card">(.*?)</div>', sheet.text, re.DOTALL)
        assert len(cards) == 2
        assert all("LS-" not in card and "Đức" not in card for card in cards)
    assert len(list_cards(session, patient_of(session, refs[0]))) == 1


def test_no_page_of_a_file_holds_anything_inline(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    ref = registered(session, cast)
    post(at_desk, f"/patients/{ref}/cards", request_key=new_request_key())
    for page in ("", "new", "cards/print", f"{ref}/", f"{ref}/edit", f"{ref}/status", f"{ref}/cards"):
        answer = at_desk.get(f"/patients/{page}")
        assert answer.status_code == 200
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src)", answer.text)


def test_the_hiv_status_stands_on_its_page_only_and_each_reading_is_noted(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    ref = registered(session, cast, hiv_status="positive")
    assert at_desk.get(f"/patients/{ref}/hiv").status_code == 404
    assert "Dương tính" not in at_desk.get(f"/patients/{ref}/").text
    doctor = other(app, "doctor")
    assert "Dương tính" not in doctor.get(f"/patients/{ref}/").text
    assert re.search(
        r'checked[^>]*value="positive"|value="positive"[^>]*checked', doctor.get(f"/patients/{ref}/hiv").text
    )
    noted = select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "patient.hiv_read")
    assert session.execute(noted).scalar_one() == 1


PRIVATE = {
    "full_name": "Canaryname Private",
    "identity_number": "099199887766",
    "phone": "+84999888777",
    "address": "canary-address",
    "alias": "canaryalias",
    "notes": "canary-notes",
    "national_code": "CANARY-77",
}


def test_a_supervisor_sees_code_and_gap_and_nothing_private(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    ref = registered(session, cast, hiv_status="positive", **PRIVATE)
    supervisor = other(app, "supervisor")
    pages = supervisor.get(f"/patients/{ref}/").text + supervisor.get("/supervision/").text
    assert "LS-0012" in pages
    assert "1985" in pages
    for hidden in (*PRIVATE.values(), "Canaryname", "Dương tính"):
        assert hidden not in pages
    for page in ("edit", "status", "cards", "hiv"):
        assert supervisor.get(f"/patients/{ref}/{page}").status_code == 404


def test_each_side_finds_only_its_own_reference(app: Flask, at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    treated, met = registered(session, cast), supported(session, cast, team_id=TEAM)
    for username, sees, not_there in (
        ("dispenser", treated, met),
        ("doctor", treated, met),
        ("supervisor", treated, met),
        ("counselor", met, treated),
        ("volunteer", met, treated),
        ("community", met, treated),
    ):
        client = other(app, username)
        assert client.get(f"/patients/{sees}/").status_code == 200, username
        assert client.get(f"/patients/{not_there}/").status_code == 404, username
    for username in ("dispenser2", "volunteer2", "admin"):
        client = other(app, username)
        assert {client.get(f"/patients/{ref}/").status_code for ref in (treated, met, "unknown")} == {404}
    assert app.test_client().get(f"/patients/{treated}/").status_code == 303


def test_no_page_of_either_side_joins_the_two_files_of_one_person(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    treated = registered(session, cast, station_id=CAO_LOC, **PRIVATE)
    met = supported(session, cast, site_id=CAO_LOC, community_name="Canarycommunity", hamlet="canary-hamlet")
    on_one_inner_row(session, treated, met)
    treatment_words = (treated, "LS-0012", "methadone", *PRIVATE.values(), "Canaryname")
    support_words = (met, "Canarycommunity", "canary-hamlet")
    at_window, at_counseling = other(app, "nurse", 0), other(app, "nurse", 1)
    support_pages = [
        at_counseling.get("/counseling/people").text,
        at_counseling.get("/counseling/").text,
        at_counseling.get(f"/patients/{met}/").text,
        post(at_counseling, "/counseling/find", q="canaryname").text,
        other(app, "community").get("/supervision/").text,
        at_counseling.get(f"/patients/{treated}/").text.replace(treated, ""),  # the asker's own address
    ]
    treatment_pages = [
        at_window.get("/patients/").text,
        at_window.get(f"/patients/{treated}/").text,
        post(at_window, "/patients/find", q="canarycommunity").text,
        other(app, "supervisor").get("/supervision/").text,
        at_window.get(f"/patients/{met}/").text.replace(met, ""),
    ]
    assert "Canarycommunity" in support_pages[0]
    assert "Canaryname" in treatment_pages[0]
    for words, pages in ((treatment_words, support_pages), (support_words, treatment_pages)):
        for page in pages:
            body = page.replace('value="canaryname"', "").replace('value="canarycommunity"', "")
            assert [word for word in words if word in body] == []


def on_one_inner_row(session: Session, treated: str, met: str) -> None:
    """The worst case: both files hang on one row of `patients`."""
    one, two = patient_of(session, treated), patient_of(session, met)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.patient_id == two).values(patient_id=one))
        tx.execute(update(SearchKey).where(SearchKey.patient_id == two).values(patient_id=one))


def test_a_counselor_registers_somebody_by_the_name_that_they_chose(
    app: Flask, at_desk: FlaskClient, session: Session
) -> None:
    client, form = other(app, "counselor"), {"area_id": "", "language": "nut", "can_read": "no", "sex": "unknown"}
    key = new_request_key()
    for _ in range(2):
        answer = post(
            client, "/counseling/new", community_name="Anh Ba", hamlet="Nà Pàn", team_id=TEAM, request_key=key, **form
        )
        assert answer.status_code == 303
    page = client.get(answer.location).text
    for shown in ("Anh Ba", "Nà Pàn", "Tiếng Nùng", "Không đọc được"):
        assert shown in page
    assert session.execute(select(func.count()).select_from(SupportFile)).scalar_one() == 1
    assert "Anh Ba" in other(app, "volunteer").get("/outreach/").text
    bad = post(client, "/counseling/new", community_name="", team_id="", request_key=new_request_key(), **form)
    assert bad.status_code == 422


def test_what_no_page_of_ours_sends_is_answered_without_an_error(at_desk: FlaskClient) -> None:
    assert at_desk.get("/patients/a%00b/").status_code == 400
    assert post(at_desk, "/patients/find", q="a\x00b").status_code == 400
    assert send(at_desk, request_key="").status_code == 400
    assert send(at_desk, request_key="a" * 33).status_code == 400
    assert send(at_desk, register_code="A\x00B 1", elsewhere_source="a\x00").status_code == 400
    assert send(at_desk, area_id="99999").status_code == 422


def test_desks_of_others_are_closed(app: Flask, at_desk: FlaskClient) -> None:
    for page in ("/counseling/", "/outreach/", "/supervision/"):
        assert at_desk.get(page).status_code == 403
    for page in ("/patients/", "/patients/new", "/patients/cards/print"):
        assert other(app, "counselor").get(page).status_code == 404
    for page in ("/counseling/", "/counseling/new", "/supervision/"):
        assert other(app, "volunteer").get(page).status_code == 403
