"""The inbox over HTTP: what is pinned, what is seen before it is sent, who is on duty, who rang, whom one may ask."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from time import perf_counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.shipped_answers import SHIPPED_ANSWERS
from counseling.domain.wording_guard import forbidden_phrase
from counseling.models.audit import AuditEntry
from counseling.models.duty import CannedAnswer, CrisisAlert, DutyShift
from counseling.models.installation import Installation
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage, PhoneLine
from counseling.permissions import ROLE_PERMISSIONS, Permission, RoleKind, Side
from counseling.queries.duty import READERS
from counseling.queries.inbox import list_conversations
from counseling.refs import new_request_key
from counseling.services.phone_lines import ensure_line
from counseling.sms.segments import segments_of
from tests.replies.story import NUMBER, OTHER_NUMBER, REPLIED_AT, has_number, inbound, outbound, texted
from tests.support.cast import CAO_LOC, TEAM, Cast, post, sign_in
from tests.support.files import patient_of, registered, supported

NOW = REPLIED_AT + timedelta(minutes=5)
KEY = "request_key"
DANGER = "em muốn chết"


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


@pytest.fixture
def met(session: Session, cast: Cast) -> int:
    """Somebody of the point with a team."""
    ref = supported(session, cast, community_name="Anh Ba sửa xe", team_id=TEAM)
    return patient_of(session, ref)


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def folded(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def typed(html: str) -> str:
    """What stands in the box of the answer."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)
    assert found
    return unescape(found.group(1)).strip()


def say(client: FlaskClient, ref: str, answer_id: int, **data: str) -> str:
    """A ready-made answer is tapped."""
    values = {"body": "", KEY: new_request_key(), "say": str(answer_id), **data}
    return post(client, f"/messages/{ref}/say", **values).text


def noted(session: Session, action: str) -> list[str]:
    session.rollback()
    return list(session.execute(select(AuditEntry.subject).where(AuditEntry.action == action)).scalars())


# ---- pinned ----


def test_danger_stands_above_whatever_came_later_until_it_is_dealt_with(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    row = texted(session, DANGER)
    for number in range(51):
        other = registered(session, cast, register_code=f"LS-2{number}", full_name="Lý Thị Hai")
        has_number(session, patient_of(session, other), number=f"+849120002{number:02d}")
        texted(session, "alo", number=f"+849120002{number:02d}", at=REPLIED_AT + timedelta(seconds=number))
    client = at(app, "dispenser")
    page = folded(client.get("/messages/").text)
    assert page.index("Nguyễn Văn Đức") < page.index("Lý Thị Hai")
    assert "Cần xem ngay" in page
    post(client, f"/messages/{row.ref}/handled")
    assert "Nguyễn Văn Đức" not in client.get("/messages/").text, "it is the 52nd now"
    assert "Nguyễn Văn Đức" in client.get("/messages/?page=2").text


def test_a_line_above_every_page_says_that_something_waits_and_not_what(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    row = texted(session, DANGER)
    client = at(app, "dispenser")
    for address in ("/station/", "/patients/", "/messages/", "/tasks/", "/account/password"):
        page = client.get(address).text
        (banner,) = re.findall(r'(?s)<div id="urgent".*?</div>\s*</div>', page)
        assert "Có tin cần xem ngay" in banner and f"/messages/{row.ref}/" in banner
        for hidden in ("Nguyễn", "LS-0012", "chết", NUMBER[-3:]):
            assert hidden not in banner
    for username, desk in (("counselor", 0), ("dispenser2", 0), ("doctor", 0), ("volunteer", 0), ("community", 0)):
        assert "Có tin cần xem ngay" not in at(app, username, desk).get("/account/password").text


def test_taking_it_on_is_one_tap_and_everybody_reads_who(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    row = texted(session, DANGER)
    client = at(app, "dispenser")
    live = client.get("/messages/urgent/")
    assert "Có tin cần xem ngay" in live.text
    seen = re.search(r"seen=([\w-]+)", live.text)
    assert seen and client.get(f"/messages/urgent/?seen={seen[1]}").status_code == 204
    page = client.get(f"/messages/{row.ref}/").text
    assert "Người này có thể đang nguy hiểm" in page and "Tôi nhận, tôi lo ngay" in page
    alert = session.execute(select(CrisisAlert.ref)).scalar_one()
    for stranger in ("dispenser2", "counselor", "doctor"):
        assert post(at(app, stranger), f"/messages/urgent/{alert}/take").status_code == 404
    taken = post(client, f"/messages/urgent/{alert}/take")
    assert taken.location == f"/messages/{row.ref}/"
    page = folded(client.get(f"/messages/{row.ref}/").text)
    assert "Người mẫu dispenser đã nhận" in page and "Có tin cần xem ngay" not in page
    assert post(client, f"/messages/urgent/{alert}/take").status_code == 303
    assert noted(session, "crisis.taken") == ["alert:1"]


def test_who_sits_at_another_desk_of_theirs_is_told_which(app: Flask, session: Session, cast: Cast) -> None:
    other = patient_of(session, supported(session, cast, site_id=CAO_LOC, community_name="Chị Tư"))
    has_number(session, other, "support")
    texted(session, DANGER)
    page = at(app, "nurse", 0).get("/station/").text
    assert "ở bàn Tư vấn · Trung tâm Y tế Cao Lộc" in page
    assert "Chị Tư" not in page and f"/messages/{inbound(session)[0].ref}" not in page


# ---- what will they see ----


def test_nothing_is_sent_before_it_was_seen_as_they_will_see_it(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    row = texted(session, "gọi em")
    client, key = at(app, "dispenser"), new_request_key()
    body = "Vâng, chiều nay em gọi lại cho anh. " * 3
    with writing(session) as tx:
        tx.execute(update(Installation).values(price_per_segment=350))
    page = client.get(f"/messages/{row.ref}/").text
    assert f'action="/messages/{row.ref}/preview"' in page and f'action="/messages/{row.ref}/answer"' not in page
    seen = post(client, f"/messages/{row.ref}/preview", body=body, **{KEY: key})
    shown = folded(seen.text)
    assert seen.status_code == 200
    for words in ("Khi máy đang khóa", "Vâng, chiều nay em gọi lại", "2 tin", "700 đồng", "không dấu thì còn 1 tin"):
        assert words in shown
    assert outbound(session) == []
    assert f'action="/messages/{row.ref}/answer"' in seen.text
    again = post(client, f"/messages/{row.ref}/edit", body=body, **{KEY: key})
    assert body.strip() in again.text
    assert post(client, f"/messages/{row.ref}/answer", body=body, **{KEY: key}).status_code == 303
    assert [sent.segments for sent in outbound(session)] == [2]


@pytest.mark.parametrize(
    ("body", "sentence"), [("Mai anh uống thuốc nhé", "Bỏ chữ “uống thuốc”"), ("", "Ghi câu trả lời"),
                           ("x" * 700, "câu này dài 5 tin")],
)  # fmt: skip
def test_what_may_not_be_said_is_not_shown_as_if_it_went_out(
    app: Flask, session: Session, treated: int, line: int, body: str, sentence: str
) -> None:
    row = texted(session, "gọi em")
    client = at(app, "dispenser")
    answer = post(client, f"/messages/{row.ref}/preview", body=body, **{KEY: new_request_key()})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    checked = post(client, f"/messages/{row.ref}/check", body=body)
    assert checked.status_code == 200
    assert (sentence in checked.text) == bool(body)
    assert outbound(session) == []


def test_segments_are_told_while_somebody_types(app: Flask, session: Session, treated: int, line: int) -> None:
    row = texted(session, "gọi em")
    client = at(app, "dispenser")
    for body, told in (("x" * 160, "1 tin · 160 trên 160"), ("x" * 161, "2 tin · 8 trên 153"), ("ạ" * 71, "2 tin")):
        assert told in folded(post(client, f"/messages/{row.ref}/check", body=body).text)
    assert "đồng" not in post(client, f"/messages/{row.ref}/check", body="Vâng").text  # nobody has said the price


def test_a_number_is_shown_to_who_has_to_ring_and_that_is_written_down(
    app: Flask, session: Session, cast: Cast
) -> None:
    row = texted(session, "xin hỏi", number=OTHER_NUMBER)
    client = at(app, "counselor")
    assert OTHER_NUMBER not in client.get(f"/messages/{row.ref}/").text
    assert f"tel:{OTHER_NUMBER}" in post(client, f"/messages/{row.ref}/number").text
    assert noted(session, "text.number_shown") == [f"text:{row.id}"]
    assert post(at(app, "dispenser"), f"/messages/{row.ref}/number").status_code == 404
    assert OTHER_NUMBER not in client.get(f"/messages/{row.ref}/").text


def test_an_answer_half_typed_outlives_the_number_and_a_ready_made_answer(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    row, client = texted(session, "gọi em"), at(app, "dispenser")
    half = {"body": "Vâng, chiều nay em", KEY: new_request_key()}
    shown = post(client, f"/messages/{row.ref}/number", **half).text
    assert (f"tel:{NUMBER}" in shown, typed(shown), half[KEY] in shown) == (True, half["body"], True)
    first, second = SHIPPED_ANSWERS[:2]
    said = say(client, row.ref, -1, **half)
    assert (typed(said), half[KEY] in said) == (f"{half['body']} {first}", True)
    assert typed(say(client, row.ref, -2, body=first)) == second  # another one, not both
    assert typed(say(client, row.ref, -99, **half)) == half["body"]
    assert post(client, f"/messages/{row.ref}/number", body="x", **{KEY: "../x"}).status_code == 400


# ---- a task of somebody else ----


def test_the_team_is_asked_with_a_task_that_was_read_before(app: Flask, session: Session, cast: Cast, met: int) -> None:
    has_number(session, met, "support")
    row = texted(session, "em bị công an gọi, em sợ lắm")
    client = at(app, "counselor")
    page = folded(client.get(f"/messages/{row.ref}/task").text)
    assert "Anh Ba sửa xe" in page and "Ghé thăm" in page and "công an" not in page
    for _ in range(2):
        given = post(client, f"/messages/{row.ref}/task", kind="look_in")
        assert given.status_code == 303
    session.rollback()
    (task,) = session.execute(select(Task)).scalars()
    assert (task.side, task.kind, task.team_id, task.patient_id) == ("support", "look_in", TEAM, met)
    worklist = folded(at(app, "volunteer").get("/outreach/").text)
    assert "Anh Ba sửa xe" in worklist and "Ghé thăm" in worklist and "công an" not in worklist
    assert post(client, f"/messages/{row.ref}/task", kind="see_soon").status_code == 409


def test_who_has_no_team_or_no_name_is_nobodys_task(app: Flask, session: Session, cast: Cast, met: int) -> None:
    has_number(session, met, "support")
    row, stranger = texted(session, "alo"), texted(session, "alo", number=OTHER_NUMBER)
    client = at(app, "counselor")
    assert client.get(f"/messages/{stranger.ref}/task").status_code == 404
    with writing(session) as tx:
        tx.execute(update(SupportFile).values(team_id=None))
    assert "chưa có đội" in client.get(f"/messages/{row.ref}/task").text
    assert post(client, f"/messages/{row.ref}/task", kind="look_in").status_code == 409


def test_at_the_station_the_task_stays_with_the_station(app: Flask, session: Session, treated: int, line: int) -> None:
    row = texted(session, "gọi em")
    client = at(app, "dispenser")
    assert "Xin gọi lại" in client.get(f"/messages/{row.ref}/task").text
    assert post(client, f"/messages/{row.ref}/task").status_code == 303
    session.rollback()
    assert [(task.side, task.kind, task.team_id) for task in session.execute(select(Task)).scalars()] == [
        ("treatment", "call_back", None)
    ]


# ---- nháy máy ----


def test_who_rang_is_found_by_their_last_digits_and_called_back(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    other = patient_of(session, registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai"))
    has_number(session, other, number="+84987000111")
    away = registered(session, cast, register_code="X-1", full_name="Lý Nơi Khác", station_id=CAO_LOC)
    has_number(session, patient_of(session, away), number="+84977000111")
    client = at(app, "dispenser")
    page = post(client, "/messages/missed-calls/find", digits="000 111").text
    assert "Nguyễn Văn Đức" in page and "Lý Thị Hai" in page and "Lý Nơi Khác" not in page
    assert "000111" not in re.sub(r'value="000111"', "", page), "no number is shown whole"
    assert "Lý Thị Hai" in post(client, "/messages/missed-calls/find", digits="0987000111").text
    form = {"digits": "0111", KEY: new_request_key()}
    ref = re.search(r'name="ref" value="(\w+)"', page)
    assert ref
    for _ in range(2):
        assert post(client, "/messages/missed-calls/", ref=ref[1], **form).status_code == 303
    (row,) = inbound(session)
    assert (row.kind, row.meaning, row.gateway, row.handled_by_id) == (
        "missed_call", "missed_call", "hand", cast.staff["dispenser"],
    )  # fmt: skip
    assert [task.kind for task in session.execute(select(Task)).scalars()] == ["call_back"]
    assert "Nháy máy" in client.get(f"/messages/{row.ref}/").text


@pytest.mark.parametrize("digits", ["", "11", "abc", "0912 000 111 000 111", "١١١", "a\u00b2\u00b2\u00b2"])
def test_what_are_no_digits_is_asked_for_again(app: Flask, cast: Cast, digits: str) -> None:
    answer = post(at(app, "dispenser"), "/messages/missed-calls/find", digits=digits)
    assert (answer.status_code, "Ghi ít nhất 3 số cuối" in answer.text) == (422, True)


def test_nobody_is_chosen_whose_number_does_not_end_so(app: Flask, session: Session, treated: int, line: int) -> None:
    ref = session.execute(select(TreatmentFile.ref)).scalar_one()
    client, form = at(app, "dispenser"), {"ref": ref, KEY: new_request_key()}
    assert post(client, "/messages/missed-calls/", digits="999", **form).status_code == 404
    assert post(at(app, "counselor"), "/messages/missed-calls/", digits="111", **form).status_code == 404
    assert inbound(session) == []


def test_the_inbox_says_how_people_can_be_reached(app: Flask, session: Session, cast: Cast, line: int) -> None:
    registered(session, cast, register_code="LS-0013", full_name="Lý Thị Hai")
    page = folded(at(app, "dispenser").get("/messages/").text)
    assert "tin nhắn 0 người · chỉ gọi 1 người · không có điện thoại 1 người" in page


# ---- the roster, ready-made answers ----


def test_the_roster_is_kept_on_a_page(app: Flask, session: Session, cast: Cast) -> None:
    client = at(app, "dispenser")
    assert "Chưa có ca trực nào" in client.get("/messages/duty/").text
    shift = {
        "staff_id": str(cast.staff["dispenser"]), "position": "1", "days": ["0", "6"], "starts_at": "07:00",
        "ends_at": "17:00", "wait_minutes": "10", KEY: new_request_key(),
    }  # fmt: skip
    assert post(client, "/messages/duty/", **{**shift, "days": []}).status_code == 422
    wrong = post(client, "/messages/duty/", **{**shift, "staff_id": str(cast.staff["counselor"])})
    assert (wrong.status_code, "không đọc tin của nơi này" in wrong.text) == (422, True)
    for _ in range(2):
        assert post(client, "/messages/duty/", **shift).status_code == 303
    page = folded(client.get("/messages/duty/").text)
    for shown in ("1. Người mẫu dispenser", "07:00 đến 17:00", "Thứ Hai, Chủ nhật", "chưa ghi số", "Đang trực:"):
        assert shown in page
    post(client, "/messages/duty/phone", number="0912 999 888")
    page = client.get("/messages/duty/").text
    assert "số …888" in page and "912999888" not in page and "chưa ghi số: chỉ" not in page
    with writing(session) as tx:
        line_id = ensure_line(tx, vault_of(tx), "+84912999888")
        tx.execute(update(PhoneLine).where(PhoneLine.id == line_id).values(permanent_failures=2))
    assert "tin không đến được số đã ghi" in folded(client.get("/messages/duty/").text)
    assert "07:00" not in folded(at(app, "counselor").get("/messages/duty/").text), "each side keeps its own"
    (shift_id,) = session.execute(select(DutyShift.id)).scalars()
    assert post(at(app, "dispenser2"), f"/messages/duty/{shift_id}/end").status_code == 404
    assert post(client, f"/messages/duty/{shift_id}/end").status_code == 303
    assert "Chưa có ca trực nào" in client.get("/messages/duty/").text


def test_whoever_can_be_put_on_duty_writes_their_own_number(app: Flask, session: Session, cast: Cast) -> None:
    """Nobody else may write it for them, and without it no text tells them of a danger."""
    client = at(app, "doctor")
    assert "/messages/duty/" in client.get("/messages/").text
    assert post(client, "/messages/duty/phone", "/messages/", number="0912 999 888").status_code == 303
    assert "số …888" in client.get("/messages/duty/").text
    for kind, side in READERS:
        assert Permission.KEEP_DUTY_ROSTER in ROLE_PERMISSIONS[RoleKind(kind), Side(side)]


def test_ready_made_answers_are_guarded_and_chosen_with_one_tap(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    row = texted(session, "gọi em")
    client = at(app, "dispenser")
    refused = post(client, "/messages/canned/", body="Mai den uong thuoc nhe", **{KEY: new_request_key()})
    assert (refused.status_code, "Bỏ chữ" in refused.text) == (422, True)
    for _ in range(2):
        same = {"body": "Vang, chieu nay em goi lai.", KEY: new_request_key()}
        post(client, "/messages/canned/", **same)
    session.rollback()
    own = select(CannedAnswer.id).where(CannedAnswer.body.startswith("Vang, chieu nay em"))
    (answer_id,) = session.execute(own).scalars()
    assert typed(say(client, row.ref, answer_id)) == "Vang, chieu nay em goi lai."
    assert "Vang, chieu nay em" not in at(app, "dispenser2").get("/messages/canned/").text
    assert post(at(app, "dispenser2"), f"/messages/canned/{answer_id}/remove").status_code == 404
    assert post(client, f"/messages/canned/{answer_id}/remove").status_code == 303
    assert typed(say(client, row.ref, answer_id)) == ""


def test_a_site_has_answers_to_begin_with_and_makes_them_its_own(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    row, client, page = texted(session, "gọi em"), at(app, "dispenser"), "/messages/canned/"
    for body in SHIPPED_ANSWERS:
        assert (segments_of(body), forbidden_phrase(body)) == (1, None)
    assert all(body in client.get(page).text for body in SHIPPED_ANSWERS)
    assert typed(say(client, row.ref, -2)) == SHIPPED_ANSWERS[1]
    for _ in range(2):  # a second tap on a page that has gone
        assert post(client, f"{page}-2/remove", page).status_code == 303
    left = [body for number, body in enumerate(SHIPPED_ANSWERS, 1) if number != 2]
    assert [body for body in SHIPPED_ANSWERS if body in client.get(page).text] == left
    assert post(client, f"{page}-99/remove", page).status_code == 404
    session.rollback()
    assert session.execute(select(func.count(CannedAnswer.id))).scalar_one() == len(SHIPPED_ANSWERS)
    post(client, page, body="Vang a", **{KEY: new_request_key()})
    assert all(body in client.get(page).text for body in (*left, "Vang a"))
    elsewhere = at(app, "dispenser2").get(page).text  # another site has changed nothing
    assert all(body in elsewhere for body in SHIPPED_ANSWERS) and "Vang a<" not in elsewhere


def test_a_thousand_conversations_are_read_in_a_moment(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = texted(session, "alo", number=OTHER_NUMBER)
    with writing(session) as tx:
        first = tx.execute(select(InboundMessage.__table__).where(InboundMessage.id == row.id)).mappings().one()
        one = {"number": b"x", "key_id": b"kkkk", "permanent_failures": 0}
        tx.execute(insert(PhoneLine), [{"ref": f"l{n}", "token": b"%016d" % n, **one} for n in range(1_000)])
        lines = tx.execute(select(PhoneLine.id).order_by(PhoneLine.id.desc()).limit(1_000)).scalars()
        rows = [
            {**first, "id": 10 + n, "ref": f"r{n:011d}", "event_key": f"k{n}", "line_id": line_id, "body": None}
            for n, line_id in enumerate(lines)
        ]
        tx.execute(insert(InboundMessage), rows)
    monkeypatch.setattr("counseling.queries.inbox._digits", lambda vault, row: "111")  # these lines have no number
    began = perf_counter()
    found = list_conversations(session, cast.viewer_of("counselor"), NOW, page=20)
    assert perf_counter() - began < 0.5
    assert (found.total, found.pages, len(found.conversations)) == (1_001, 21, 50)
