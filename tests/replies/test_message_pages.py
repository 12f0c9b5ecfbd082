"""The inbox and the queue over HTTP: who reads which texts, by which name, and what a form may do."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine, Reminder
from counseling.refs import new_request_key
from counseling.sms.wording import text_of
from tests.replies.story import (
    ASKED_AT,
    NUMBER,
    OTHER_NUMBER,
    REPLIED_AT,
    asked,
    has_number,
    inbound,
    outbound,
    texted,
)  # fmt: skip
from tests.support.cast import CAO_LOC, DONG_KINH, FACILITY, Cast, post, sign_in
from tests.support.files import patient_of, registered, supported

NOW = REPLIED_AT + timedelta(minutes=5)
KEY = "request_key"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def clock(app: Flask, start_clock_at: Any) -> None:
    start_clock_at(NOW)


@pytest.fixture
def treated(session: Session, cast: Cast) -> int:
    return patient_of(session, registered(session, cast, full_name="Nguyễn Văn Đức", register_code="LS-0012"))


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def folded(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_window_reads_who_answered_what_by_full_name(app: Flask, session: Session, treated: int, line: int) -> None:
    asked(session, line, treated)
    row = texted(session, "2")
    client = at(app, "dispenser")
    page = client.get("/messages/").text
    for shown in ("Nguyễn Văn Đức", "LS-0012", "Trả lời: nhờ gọi lại", f"/messages/{row.ref}/", "8h30"):
        assert shown in page
    assert NUMBER[-9:] not in page
    conversation = folded(client.get(f"/messages/{row.ref}/").text)
    for shown in ("Nguyễn Văn Đức", "Nhac viec: viec hang ngay hom qua", "Đã gửi · tự động", "nhờ gọi lại"):
        assert shown in conversation


def test_the_point_reads_the_community_name_and_never_the_other_one(
    app: Flask, session: Session, cast: Cast, treated: int
) -> None:
    met = patient_of(session, supported(session, cast, community_name="Anh Ba sửa xe"))
    has_number(session, met, "support")
    texted(session, "tôi cần nói chuyện")
    client = at(app, "counselor")
    page = client.get("/messages/").text
    assert "Anh Ba sửa xe" in page
    assert "tôi cần nói chuyện" in page
    for hidden in ("Nguyễn Văn Đức", "LS-0012", NUMBER[-9:]):
        assert hidden not in page
    assert "tôi cần nói chuyện" not in at(app, "dispenser").get("/messages/").text


def test_a_person_of_both_sides_is_two_strangers(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    met = patient_of(session, supported(session, cast, community_name="Anh Ba sửa xe"))
    has_number(session, met, "support")
    asked(session, line, treated)
    asked(session, line, met, "check_in", side="support", at=ASKED_AT + timedelta(minutes=1))
    told = texted(session, "3")
    texted(session, "tối gọi nhé", at=REPLIED_AT + timedelta(minutes=1))
    window, point = at(app, "dispenser"), at(app, "counselor")
    assert "Trả lời: nhờ gọi lại" in point.get("/messages/").text
    assert window.get(f"/messages/{told.ref}/").status_code == 404
    theirs = point.get(f"/messages/{told.ref}/").text
    assert "Hoi tham" in theirs
    assert "Nhac viec" not in theirs
    refs = [set(re.findall(r"/messages/(\w{12})/", client.get("/messages/").text)) for client in (window, point)]
    assert refs[0] and refs[1] and not refs[0] & refs[1]


def test_strangers_are_shown_by_three_digits(app: Flask, session: Session, cast: Cast) -> None:
    row = texted(session, "xin hỏi", number=OTHER_NUMBER)
    client = at(app, "counselor")
    for page in (client.get("/messages/").text, client.get(f"/messages/{row.ref}/").text):
        assert "Số …222" in page
        assert OTHER_NUMBER[-9:] not in page
        assert OTHER_NUMBER[-4:] not in page


@pytest.mark.parametrize(
    ("username", "desk", "status"),
    [("dispenser", 0, 200), ("dispenser2", 0, 404), ("doctor", 0, 404), ("counselor", 0, 404), ("nurse", 0, 404),
     ("nurse", 1, 404), ("volunteer", 0, 404), ("supervisor", 0, 404), ("community", 0, 404), ("admin", 0, 404)],
)  # fmt: skip
def test_a_text_is_read_at_its_own_side_and_site_only(
    app: Flask, session: Session, cast: Cast, treated: int, line: int, username: str, desk: int, status: int
) -> None:
    row = texted(session, "chào")
    client = at(app, username, desk)
    assert client.get(f"/messages/{row.ref}/").status_code == status
    for act, form in (("answer", {"body": "Vâng", KEY: new_request_key()}), ("handled", {})):
        expected = 303 if status == 200 else 404
        assert post(client, f"/messages/{row.ref}/{act}", **form).status_code == expected
    assert client.get("/messages/zzzzzzzzzzzz/").status_code == 404
    assert app.test_client().get(f"/messages/{row.ref}/").status_code == 303


def test_whoever_has_moved_to_another_station_is_named_no_more(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    from counseling.models.patients import TreatmentFile

    row = texted(session, "chào")
    with writing(session) as tx:
        tx.execute(update(TreatmentFile).values(station_id=CAO_LOC))
    page = at(app, "dispenser").get(f"/messages/{row.ref}/").text
    assert "Số …111" in page
    assert "Nguyễn Văn Đức" not in page


def test_unread_stands_first_and_goes_down_when_it_is_handled(
    app: Flask, session: Session, treated: int, line: int, cast: Cast
) -> None:
    other = patient_of(session, registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai"))
    second = has_number(session, other, number=OTHER_NUMBER)
    first = texted(session, "alo")
    asked(session, second, other)
    texted(session, "1", number=OTHER_NUMBER, at=REPLIED_AT + timedelta(minutes=1))
    client = at(app, "dispenser")
    page = client.get("/messages/").text
    assert page.index("Nguyễn Văn Đức") < page.index("Lý Thị Hai")
    assert "1 tin chưa xem" in page
    assert post(client, f"/messages/{first.ref}/handled").status_code == 303
    page = client.get("/messages/").text
    assert page.index("Lý Thị Hai") < page.index("Nguyễn Văn Đức")
    assert "tin chưa xem" not in page
    assert "đã xem: Người mẫu dispenser" in client.get(f"/messages/{first.ref}/").text


def test_an_answer_is_queued_and_shown_with_who_wrote_it(app: Flask, session: Session, treated: int, line: int) -> None:
    row = texted(session, "gọi em")
    client, key = at(app, "dispenser"), new_request_key()
    for _ in range(2):
        answer = post(client, f"/messages/{row.ref}/answer", body="  Vâng,\n 19h em gọi. ", **{KEY: key})
        assert answer.status_code == 303
    page = folded(client.get(answer.location).text)
    assert page.count("Vâng, 19h em gọi.") == 1
    assert "Đang chờ gửi · Người mẫu dispenser" in page
    assert len(outbound(session)) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "Ghi câu trả lời"), ("   ", "Ghi câu trả lời"), ("Mai anh uống thuốc nhé", "Bỏ chữ “uống thuốc”"),
        ("x" * 700, "câu này dài 5 tin"), ("x" * 2_000, "dài nhất 1000 ký tự"),
        ("chào Nguyễn Văn Đức", "Bỏ chữ “Nguyễn Văn Đức”"),
    ],
)  # fmt: skip
def test_what_may_not_go_out_comes_back_with_what_to_do(
    app: Flask, session: Session, treated: int, line: int, body: str, sentence: str
) -> None:
    row = texted(session, "gọi em")
    answer = post(at(app, "dispenser"), f"/messages/{row.ref}/answer", body=body, **{KEY: new_request_key()})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert body.strip() in answer.text
    assert outbound(session) == []


def test_what_no_page_of_ours_sends_is_answered_without_an_error(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    row = texted(session, "gọi em")
    client, here = at(app, "dispenser"), f"/messages/{row.ref}"
    assert post(client, f"{here}/answer", body="a\x00b", **{KEY: new_request_key()}).status_code == 400
    assert post(client, f"{here}/answer", body="Vâng", **{KEY: "!"}).status_code == 400
    assert post(client, f"{here}/answer", body="Vâng").status_code == 400
    assert client.post(f"{here}/answer", data={"body": "Vâng", KEY: new_request_key()}).status_code == 400
    for address in ("/messages/a%00b/", "/messages/đ/", "/messages/queue/"):
        assert client.get(address).status_code in (400, 404)
    for page in ("?page=0", "?page=-1", "?page=99999999999999999999", "?page=x"):
        assert client.get(f"/messages/{page}").status_code == 200
    assert outbound(session) == []


def test_a_stopped_number_has_no_form_and_takes_no_answer(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    row = texted(session, "NGUNG")
    client = at(app, "dispenser")
    page = client.get(f"/messages/{row.ref}/").text
    assert "Số này đã nhắn thôi nhận tin" in page
    assert 'name="body"' not in page
    answer = post(client, f"/messages/{row.ref}/answer", body="Vâng", **{KEY: new_request_key()})
    assert answer.status_code == 422
    assert "Số này đã nhắn thôi nhận tin" in answer.text


def test_words_that_came_meanwhile_stay_unread(app: Flask, session: Session, treated: int, line: int) -> None:
    row = texted(session, "gọi em")
    client = at(app, "dispenser")
    client.get(f"/messages/{row.ref}/")
    texted(session, "mà thôi", at=REPLIED_AT + timedelta(minutes=1))
    post(client, f"/messages/{row.ref}/handled")
    assert [text.handled_at is None for text in inbound(session)] == [False, True]


def test_what_people_type_is_text_and_nothing_else(app: Flask, session: Session, treated: int, line: int) -> None:
    row = texted(session, "<script>alert(1)</script>\"'><b>đậm</b> {{ 7*7 }} 🙏")
    client = at(app, "dispenser")
    for page in (client.get("/messages/").text, client.get(f"/messages/{row.ref}/").text):
        assert "<script>alert" not in page
        assert "<b>đậm" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "49 🙏" not in page


def test_the_live_inbox_answers_only_when_something_has_changed(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    client = at(app, "dispenser")
    address = re.search(r'hx-get="([^"]+list[^"]*)"', client.get("/messages/").text)
    assert address
    url = address[1].replace("&amp;", "&")
    assert client.get(url).status_code == 204
    texted(session, "alo")
    again = client.get(url)
    assert again.status_code == 200
    assert "Nguyễn Văn Đức" in again.text
    assert "<html" not in again.text


def test_many_conversations_stand_on_pages(app: Flask, session: Session, cast: Cast) -> None:
    for number in range(53):
        texted(session, f"tin {number}", number=f"+849120001{number:02d}")
    client = at(app, "counselor")
    assert "Trang 1 trên 2" in client.get("/messages/").text
    assert client.get("/messages/?page=2").text.count('class="row"') == 3


def planned(session: Session, patient_id: int, **changes: Any) -> None:
    values = {
        "patient_id": patient_id, "side": "treatment", "site_id": DONG_KINH, "kind": "missed_yesterday",
        "rule_version": 1, "on_date": NOW.date(), "due_at": NOW + timedelta(hours=1),
        "expires_at": NOW + timedelta(hours=3), "state": "planned", "planned_at": NOW,
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(Reminder).values(values | changes))


def test_the_queue_shows_what_goes_what_is_held_and_what_did_not_arrive(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    others = [
        patient_of(session, registered(session, cast, register_code=f"LS-2{n}", full_name=f"Lý Thị {name}"))
        for n, name in enumerate(("Hai", "Ba", "Tư", "Năm"))
    ]
    planned(session, treated)
    planned(session, others[0], state="held", reason="day_not_closed")
    planned(session, others[1], due_at=NOW + timedelta(days=2), expires_at=NOW + timedelta(days=3))
    planned(session, others[1], side="support", kind="check_in")
    asked(session, line, others[2], state="unknown")
    asked(session, line, others[3], state="failed")
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).where(OutboundMessage.state == "failed").values(reason="permanent"))
    page = folded(at(app, "dispenser").get("/messages/queue").text)
    for shown in (
        "Sẽ gửi · Nhắc việc hôm qua", "Nguyễn Văn Đức", "Ngày hôm qua chưa chốt", "1 tin", "Lý Thị Tư",
        "Chưa rõ đã đi chưa", "Lý Thị Năm", "số này không dùng được",
    ):  # fmt: skip
        assert shown in page
    for hidden in ("Lý Thị Ba", "Lý Thị Hai", "Hỏi thăm"):
        assert hidden not in page
    for username, desk in (("counselor", 0), ("dispenser2", 0), ("nurse", 1)):
        assert "Nguyễn Văn Đức" not in at(app, username, desk).get("/messages/queue").text


def test_the_queue_is_the_own_sites_alone(app: Flask, session: Session, treated: int, line: int) -> None:
    asked(session, line, treated, site=CAO_LOC, state="queued")
    planned(session, treated, site_id=CAO_LOC, state="held", reason="day_not_closed")
    page = folded(at(app, "dispenser").get("/messages/queue").text)
    assert "Trong 24 giờ tới 0" in page and "Đang giữ lại" not in page


def test_a_failed_text_leads_to_no_conversation_of_the_other_side(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    asked(session, line, treated, state="failed")
    row = texted(session, "alo")
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(reason="permanent"))
        tx.execute(update(InboundMessage).values(side="support"))
    page = at(app, "dispenser").get("/messages/queue").text
    assert "số này không dùng được" in page and f"/messages/{row.ref}/" not in page


def test_a_conversation_holds_nothing_that_the_other_side_has_sent(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    asked(session, line, treated)
    row = texted(session, "alo")
    asked(session, line, treated, "check_in", side="support", at=REPLIED_AT + timedelta(minutes=5))
    page = at(app, "dispenser").get(f"/messages/{row.ref}/").text
    ours = [text_of("check_in")[:20] in page, "alo" in page]
    assert ours == [False, True]


def test_a_person_lets_a_morning_of_too_many_go(app: Flask, session: Session, treated: int, line: int) -> None:
    client = at(app, "dispenser")
    assert post(client, "/messages/queue/release").status_code == 409
    planned(session, treated, state="held", reason="too_many")
    assert "Sổ đã đủ, gửi 1 tin" in client.get("/messages/queue").text
    assert "Sổ đã đủ" not in at(app, "counselor").get("/messages/queue").text
    assert post(at(app, "counselor"), "/messages/queue/release").status_code == 409
    changed = post(client, "/messages/queue/release", seen="2")
    assert (changed.status_code, "đã đổi thành 1" in changed.text) == (409, True)
    assert post(client, "/messages/queue/release").status_code == 409
    assert post(client, "/messages/queue/release", seen="1").status_code == 303
    assert "Sổ đã đủ" not in client.get("/messages/queue").text
    session.rollback()
    assert session.get(Reminder, 1).state == "planned"  # type: ignore[union-attr]


def test_what_nobody_can_be_told_of_is_not_a_dead_end(app: Flask, session: Session, cast: Cast) -> None:
    """A text to nobody's number failed: it stands in the queue without a name and without a link that goes nowhere."""
    row = texted(session, "help", number=OTHER_NUMBER)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(state="failed", reason="temporary"))
        tx.execute(update(PhoneLine).values(permanent_failures=2))
    client = at(app, "counselor")
    assert f"/messages/{row.ref}/" in client.get("/messages/queue").text
    assert "Số này không nhận được tin nữa" in client.get(f"/messages/{row.ref}/").text


def test_pages_are_empty_with_words_about_what_comes_next(app: Flask, cast: Cast) -> None:
    client = at(app, "doctor")
    assert "Chưa có ai nhắn đến." in client.get("/messages/").text
    page = client.get("/messages/queue").text
    assert "Không có tin nào sắp gửi." in page
    assert FACILITY
