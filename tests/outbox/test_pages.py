"""Without JavaScript: strangers, groups, danger, the month, what waits and what still lies on phones, page by page."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.models.patients import SupportFile
from counseling.models.people import StaffRole
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage
from counseling.refs import new_ref, new_request_key
from counseling.services.phone_entries import Report
from counseling.services.phone_lines import ensure_line
from counseling.static_files import static_url
from tests.outbox.story import ARRIVAL, SAVED, contacts, hand_in, waiting
from tests.outreach.story import ALL_SHOWN, log, someone, task_state
from tests.outreach.test_pages import forms
from tests.support.cast import CAO_LOC, TEAM2, Cast, post, sign_in
from tests.support.phone import visit
from tests.support.settings import MORNING

NOW = MORNING + timedelta(hours=6)


def settle(counselor: FlaskClient, ref: str) -> None:
    """By the form as it stands on their page."""
    close = f"/tasks/{ref}/close"
    form = forms(counselor.get(f"/tasks/{ref}/").text, close)
    assert post(counselor, close, **form, outcome="done").status_code == 303


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture(autouse=True)
def noon(cast: Cast, start_clock_at) -> Iterator[None]:  # type: ignore[no-untyped-def]
    start_clock_at(NOW)
    yield


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def form(**fields: object) -> dict[str, object]:
    return {"kind": "home", "next": "", "outcome": "met_well", "request_key": new_request_key(), **fields}


def test_every_field_of_the_form_is_kept_and_comes_back_to_be_corrected(
    app: Flask, session: Session, cast: Cast
) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    ticked = {
        "topic": ["work", "money"], "need": ["papers", "health"], "mood": "low", "minutes": "30", "km": "12",
        "note": "hẹn ra ủy ban",
    }  # fmt: skip
    sent = form(kind="family", outcome="met_needs_help", **ticked)
    assert post(volunteer, f"/outreach/{person.ref}/", **sent).status_code == 303
    (row,) = contacts(session)
    assert (row.kind, row.company, row.topics, row.needs, row.mood, row.minutes, row.km) == (
        "home", "family", "work,money", "papers,health", "low", 30, 12,
    )  # fmt: skip
    assert "Cùng người nhà" in words(volunteer.get(f"/outreach/{person.ref}/").text)
    page = volunteer.get(f"/outreach/{person.ref}/contacts/{row.ref}/").text
    marked = set(re.findall(r'name="(\w+)" value="([^"]*)" checked', page))
    assert {("kind", "family"), ("need", "papers"), ("need", "health"), ("mood", "low"), ("minutes", "30")} <= marked
    assert 'value="12"' in page and "hẹn ra ủy ban" in page


@pytest.mark.parametrize(
    "odd",
    [
        {"kind": "moon"}, {"need": "castle"}, {"mood": "furious"}, {"danger": "rain"}, {"minutes": "9999"},
        {"behalf_of": "f" * 32},
    ],
)  # fmt: skip
def test_what_no_page_offers_is_not_taken(app: Flask, session: Session, cast: Cast, odd: dict[str, str]) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    assert post(volunteer, f"/outreach/{person.ref}/", **form(**odd)).status_code == 400
    assert not contacts(session)


def filled_in(page: str) -> set[tuple[str, str]]:
    """What stands in a form that is shown again: all that is ticked, and what was typed."""
    typed = re.findall(r'<input id="(?:said|km)" name="(\w+)"[^>]* value="([^"]*)"', page)
    note = [("note", text) for text in re.findall(r"<textarea[^>]*>([^<]*)</textarea>", page)]
    return {*re.findall(r'name="(\w+)" value="([^"]*)" checked', page), *typed, *note}


TYPED = {
    "kind": "phone", "topic": ["work", "family"], "need": ["papers"], "danger": ["violence"], "mood": "low",
    "minutes": "30", "note": "hẹn ra ủy ban", "outcome": "met_well", "next": "2026-11-29",
}  # fmt: skip


@pytest.mark.parametrize("km", ["600", "xa", "-3", "1e2", "3,5 km"])
@pytest.mark.parametrize("page", ["person", "correction", "stranger", "group"])
def test_a_way_that_is_no_number_is_told_at_its_field_and_nothing_typed_is_lost(
    app: Flask, session: Session, cast: Cast, page: str, km: str
) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    address, own = f"/outreach/{person.ref}/", {}
    if page == "correction":
        post(volunteer, address, **form())
        address += f"contacts/{contacts(session)[0].ref}/"
    elif page == "stranger":
        address, own = "/outreach/new", {"said": "Cô Năm đầu chợ"}
    elif page == "group":
        address, own = "/outreach/group", {"person": person.ref}
    before = len(contacts(session))
    answer = post(volunteer, address, request_key=new_request_key(), **TYPED, **own, km=km)
    assert answer.status_code == 422
    assert "<title>1 chỗ cần sửa – " in answer.text
    assert re.search(
        r'<p class="error" id="km-error">Ghi số km từ 0 đến 500, như 12 hoặc 3,5</p>\s*<input id="km"', answer.text
    )
    asked = {"topic", "minutes"} if page == "group" else TYPED.keys() - {"outcome"}
    said = {name: value for name, value in TYPED.items() if name in asked} | own
    wanted = {(name, one) for name, value in said.items() for one in ([value] if isinstance(value, str) else value)}
    assert {*wanted, ("km", km)} <= filled_in(answer.text)
    assert len(contacts(session)) == before and not waiting(session)
    again = post(volunteer, address, request_key=new_request_key(), **TYPED, **own, km="3,5")
    assert again.status_code == 303
    assert [row.km for row in contacts(session)[-1:]] == ([] if page == "stranger" else [4])


def test_half_a_kilometre_is_written_as_people_write_it(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    for km in ("3,5", "12.4", " 7 ", "", "500"):
        assert post(volunteer, f"/outreach/{person.ref}/", **form(km=km)).status_code == 303
    assert [row.km for row in contacts(session)] == [4, 12, 7, None, 500]


def test_a_stranger_without_a_name_loses_nothing_else_that_was_typed(app: Flask, cast: Cast) -> None:
    sent = {**TYPED, "said": " ", "km": "xa"}
    answer = post(at(app, "volunteer"), "/outreach/new", request_key=new_request_key(), **sent)
    assert answer.status_code == 422 and "<title>2 chỗ cần sửa – " in answer.text
    assert {("need", "papers"), ("note", "hẹn ra ủy ban"), ("km", "xa")} <= filled_in(answer.text)


def test_danger_leads_to_what_to_do_and_calls_the_point(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer, counselor = someone(session, cast), at(app, "volunteer"), at(app, "counselor")
    answer = post(volunteer, f"/outreach/{person.ref}/", **form(danger=["overdose"]))
    page = volunteer.get(answer.location).text
    assert answer.location.startswith("/outreach/danger/") and "Điểm tư vấn được báo" in page
    assert "tel:115" in page and "tel:113" in page and person.ref not in page
    overdose = page[page.index('id="overdose"') : page.index('id="suicide"')]
    assert "tel:115" in overdose and "tel:113" not in overdose
    listed = words(counselor.get("/tasks/").text)
    assert "Anh Ba sửa xe Có dấu hiệu nguy hiểm: gọi ngay" in listed
    assert "dấu hiệu nguy hiểm" not in words(volunteer.get("/outreach/").text)
    called = form(kind="phone", task="danger_sign", shown=ALL_SHOWN.isoformat())
    post(counselor, f"/outreach/{person.ref}/", **called)
    assert "Có dấu hiệu nguy hiểm" not in words(counselor.get("/tasks/").text).split("Xong hôm nay")[0]


def test_a_number_of_the_area_stands_first_once_a_supervisor_has_added_it(app: Flask, session: Session) -> None:
    community, volunteer, far = at(app, "community"), at(app, "volunteer"), at(app, "volunteer2")
    assert "*" in words(volunteer.get("/outreach/danger/").text)
    added = post(community, "/teams/numbers", number="0205 3 812 345", label="Trạm Mẫu Sơn", sign=["overdose"])
    assert added.status_code == 303
    page = volunteer.get("/outreach/danger/").text
    assert page.index("tel:02053812345") < page.index("tel:115")
    assert "02053812345" not in far.get("/outreach/danger/").text  # Công Sơn lies outside the area
    for wrong in ({"number": "12"}, {"label": ""}, {"sign": []}):
        again = {"number": "0205 3 812 346", "label": "Trạm", "sign": ["overdose"], **wrong}
        assert post(community, "/teams/numbers", **again).status_code == 422
    for address in re.findall(r'action="(/teams/numbers/\d+/approve)"', community.get("/teams/numbers").text):
        assert post(community, address).status_code == 303
    assert "chưa có người ở địa bàn này xem lại" not in words(volunteer.get("/outreach/danger/").text)
    (end,) = re.findall(r'action="(/teams/numbers/\d+/end)"', community.get("/teams/numbers").text)
    post(community, end)
    assert "02053812345" not in volunteer.get("/outreach/danger/").text


def test_a_stranger_is_written_down_and_matched_by_the_point(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer, counselor = someone(session, cast), at(app, "volunteer"), at(app, "counselor")
    nameless = post(volunteer, "/outreach/new", **form(said=" "))
    assert nameless.status_code == 422 and "Ghi một tên gọi" in words(nameless.text)
    sent = form(said="anh sửa xe thôn Nà Pàn", outcome="met_needs_help", danger=["violence"], note="tối ở nhà chị gái")
    for _ in range(2):
        assert post(volunteer, "/outreach/new", **sent).location == "/outreach/danger/"
    assert "Có dấu hiệu nguy hiểm, chưa rõ là ai: xem ngay" in words(counselor.get("/tasks/").text)
    page = counselor.get("/teams/").text
    assert "anh sửa xe thôn Nà Pàn" in page and "Bị đánh, bị đe dọa" in words(page)
    (address,) = set(re.findall(r'href="(/teams/visits/\w+/)"', page))  # in the list, and in the line above the page
    shown = words(counselor.get(address).text)
    assert "Người mẫu volunteer" in shown and "tối ở nhà chị gái" in shown and "Anh Ba sửa xe" in shown
    assert post(counselor, f"{address}match", person=person.ref).status_code == 303
    (row,) = contacts(session)
    assert (row.patient_id, row.recorded_by_id) == (person.id, cast.staff["volunteer"])
    assert counselor.get(address).status_code == 404
    assert "anh sửa xe" not in volunteer.get("/outreach/").text
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == cast.roles["counselor"][0]).values(site_id=CAO_LOC))
    assert "anh sửa xe" not in counselor.get("/teams/").text


def test_a_dismissed_visit_says_why_and_is_decided_once(app: Flask, session: Session, cast: Cast) -> None:
    someone(session, cast)
    hand_in(session, cast, visit(None, said="thử máy"))
    ref, counselor = waiting(session)[0].ref, at(app, "counselor")
    assert "1 lần chờ đối chiếu" in words(counselor.get("/tasks/").text)
    assert post(counselor, f"/teams/visits/{ref}/dismiss", reason="boring").status_code == 400
    assert post(counselor, f"/teams/visits/{ref}/dismiss", reason="trial").status_code == 303
    again = post(counselor, f"/teams/visits/{ref}/match", person=someone(session, cast, "Chị Tư").ref)
    assert "vừa có người khác xử lý" in words(counselor.get(again.location).text)
    assert not contacts(session)


def test_a_group_is_ticked_and_counted_once(app: Flask, session: Session, cast: Cast) -> None:
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm")]
    stranger = someone(session, cast, "Người đội khác", team_id=TEAM2, site_id=CAO_LOC)
    volunteer = at(app, "volunteer")
    page = volunteer.get("/outreach/group").text
    assert re.findall(r'name="person" value="(\w+)"', page) == [people[0].ref, people[2].ref, people[1].ref]
    assert post(volunteer, "/outreach/group", **form(kind="group")).status_code == 422
    outside = form(kind="group", person=[people[0].ref, stranger.ref])
    refused = post(volunteer, "/outreach/group", **outside)
    assert refused.status_code == 409 and stranger.ref not in refused.text and "Người đội khác" not in refused.text
    assert not contacts(session)
    sent = form(kind="group", person=[people[0].ref, people[1].ref], minutes="60", km="4")
    for _ in range(2):
        assert post(volunteer, "/outreach/group", **sent).status_code == 303
    rows = contacts(session)
    assert {row.patient_id for row in rows} == {people[0].id, people[1].id} and len(rows) == 2
    assert words(volunteer.get("/outreach/month").text).count("22/11/2026 – – 1 – 1:00 4") == 1
    first = rows[0]
    whose = next(person for person in people if person.id == first.patient_id)
    again = form(kind="group", minutes="60", km="4", mood="good")
    assert post(volunteer, f"/outreach/{whose.ref}/contacts/{first.ref}/", **again).status_code == 303
    assert words(volunteer.get("/outreach/month").text).count("22/11/2026 – – 1 – 1:00 4") == 1


def test_of_a_meeting_that_is_sent_again_it_is_said_how_many_stand_in_it(
    app: Flask, session: Session, cast: Cast
) -> None:
    """Who was unticked meanwhile stands there still, who was ticked anew as well, and not who was taken back."""
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm", "Chị Sáu")]
    refs, sent, volunteer = [one.ref for one in people], form(kind="group", minutes="60"), at(app, "volunteer")
    for ticked, count in ((refs[:3], 3), (refs[:2], 3), (refs[1:], 4)):
        post(volunteer, "/outreach/group", **sent, person=ticked)
        assert len(contacts(session)) == count
        assert f"Đã ghi buổi nhóm có {count} người." in words(volunteer.get("/outreach/").text)
    row = next(row for row in contacts(session) if row.patient_id == people[0].id)
    undone = post(volunteer, f"/outreach/{refs[0]}/contacts/{row.ref}/undo", request_key=new_request_key())
    assert "Đã bỏ lần ghi" in words(volunteer.get(undone.location).text)
    post(volunteer, "/outreach/group", **sent, person=refs)
    assert "Đã ghi buổi nhóm có 3 người." in words(volunteer.get("/outreach/").text)


@pytest.mark.parametrize("gone", [{"team_id": TEAM2}, {"team_id": None}], ids=["moved", "off the list"])
def test_a_meeting_is_not_lost_because_one_of_them_left_the_list_while_it_was_typed(
    app: Flask, session: Session, cast: Cast, gone: dict[str, int | None]
) -> None:
    here, moved = someone(session, cast), someone(session, cast, "Chị Tư")
    volunteer, filled = at(app, "volunteer"), {"topic": ["work", "family"], "minutes": "120", "km": "3,5"}
    page = volunteer.get("/outreach/group").text
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == moved.ref).values(**gone))
    sent = {"person": [here.ref, moved.ref], **filled, **hidden_in(page), "outcome": "met_well"}
    answer = post(volunteer, "/outreach/group", **sent)
    assert answer.status_code == 409 and "<title>1 chỗ cần sửa – Ghi buổi nhóm" in answer.text
    assert "có người đã tích nay không còn trong danh sách của đội" in words(answer.text)
    assert moved.ref not in answer.text and "Chị Tư" not in answer.text
    kept = {("topic", "work"), ("topic", "family"), ("minutes", "120"), ("km", "3,5"), ("person", here.ref)}
    assert kept == {pair for pair in filled_in(answer.text) if pair[1]} - {("behalf_of", "")}
    assert not contacts(session)
    again = {"person": here.ref, **filled, **hidden_in(answer.text), "outcome": "met_well"}
    assert post(volunteer, "/outreach/group", **again).status_code == 303
    (row,) = contacts(session)
    assert (row.patient_id, row.minutes, row.km, row.topics) == (here.id, 120, 4, "family,work")


def hidden_in(page: str) -> dict[str, str]:
    """What the form sends that nobody sees: its key, and that it is of a group."""
    return dict(re.findall(r'<input type="hidden" name="(request_key|kind)" value="(\w+)"', page))


def test_a_meeting_of_which_nobody_is_left_on_the_list_says_so(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(team_id=None))
    answer = post(volunteer, "/outreach/group", **form(kind="group", person=person.ref))
    assert answer.status_code == 409
    assert "Buổi nhóm chưa được lưu" in answer.text and "Chưa có ai được giao cho đội." in words(answer.text)


def test_the_months_sheet_counts_and_names_nobody(app: Flask, session: Session, cast: Cast) -> None:
    person, other = someone(session, cast), someone(session, cast, "Chị Tư")
    first = log(session, cast, person, minutes=30, km=5)
    log(session, cast, person, "not_met", kind="phone", minutes=15)
    log(session, cast, other, minutes=60, behalf_of_id=cast.staff["volunteer2"])
    log(session, cast, other, minutes=120, today=MORNING.date() - timedelta(days=30))
    volunteer = at(app, "volunteer")
    post(volunteer, f"/outreach/{person.ref}/contacts/{first}/", **form(minutes="60", km="7"))
    page = volunteer.get("/outreach/month").text
    assert "22/11/2026 1 1 – 1 1:15 7 Cộng 1 1 – 1 1:15 7" in words(page)
    assert "Cảm ơn bạn đã đến" in page
    for mark in (person.ref, other.ref, "Anh Ba", "Chị Tư", "Nà Pàn"):
        assert mark not in page
    assert "23/10/2026 1 – – – 2:00 –" in words(volunteer.get("/outreach/month?month=2026-10").text)
    assert "Tháng sau" not in words(page)
    assert volunteer.get("/outreach/month?month=2026-13").status_code == 404
    role, far_role = cast.roles["volunteer"][0], cast.roles["volunteer2"][0]
    counselor = at(app, "counselor")
    assert "1:15 7" in words(counselor.get(f"/teams/sheets/{role}").text)
    assert counselor.get(f"/teams/sheets/{far_role}").status_code == 404
    assert counselor.get(f"/teams/sheets/{cast.roles['counselor'][0]}").status_code == 404


def test_few_answers_that_somebody_is_well_are_not_counted_out(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    log(session, cast, person)
    for number in range(1, 4):
        answered(session, person.id, number)
        page = words(volunteer.get("/outreach/month").text)
        assert ("3 tin trả lời rằng mọi việc ổn" in page) == (number == 3)
        assert "Cảm ơn bạn đã đến" in page


def answered(session: Session, patient_id: int, number: int) -> None:
    ref = new_ref()
    with writing(session) as tx:
        line = ensure_line(tx, vault_of(tx), f"+8496123456{number}")
        row = {
            "ref": ref, "event_key": ref, "gateway": "simulator", "side": "support", "site_id": 2, "line_id": line,
            "patient_id": patient_id, "meaning": "answer", "answer": "well", "received_at": MORNING, "read_at": MORNING,
        }  # fmt: skip
        tx.execute(insert(InboundMessage).values(**row))


def test_phones_that_wait_are_a_matter_of_the_signal(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    report = Report(sent_at=ARRIVAL + timedelta(hours=1), waiting=3, waiting_since=SAVED - timedelta(days=5))
    hand_in(session, cast, visit(person.ref), report=report)
    for who in ("counselor", "community"):
        page = words(at(app, who).get("/teams/").text)
        assert "3 lần ghi còn trên máy" in page and "Đồng hồ máy lệch" in page and "Lần ghi vẫn an toàn" in page
        assert not re.search(r"lỗi|chậm trễ|vi phạm|không chịu", page)
    hand_in(session, cast, visit(None, said="anh sửa xe"))
    community = words(at(app, "community").get("/teams/").text)
    assert "anh sửa xe" not in community and "Trạm Y tế phường Đông Kinh 1" in community


def test_a_task_of_danger_is_closed_like_any_other(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    hand_in(session, cast, visit(person.ref, danger=["suicide"]))
    task_id = session.execute(select(Task.id).where(Task.kind == "danger_sign")).scalar_one()
    counselor = at(app, "counselor")
    settle(counselor, person.ref)
    assert task_state(session, task_id) == (False, "done")


def test_scripts_are_sent_without_the_lines_that_only_explain_them(app: Flask) -> None:
    with app.test_request_context():
        addresses = ["/sw.js", *(static_url(name) for name in ("outbox.js", "phone.js", "app.js", "cover.js"))]
    for address in addresses:
        text = app.test_client().get(address).text
        assert text.count("\n") > 5
        assert not [line for line in text.splitlines() if line.lstrip().startswith("//")], address
    assert "importScripts(" in app.test_client().get("/sw.js").text


@pytest.mark.parametrize("address", ["/sw.js", "/offline"])
def test_what_the_worker_asks_for_goes_out_packed_to_whoever_takes_it_so(app: Flask, address: str) -> None:
    """A phone asks for it on the worst of lines; it is the same for everybody and holds no form's token."""
    client = app.test_client()
    plain = client.get(address)
    assert "csrf" not in plain.text
    packed = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in plain.headers and packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data and len(packed.data) < len(plain.data) / 2


def test_the_page_for_signing_in_is_packed_as_long_as_nothing_of_its_address_stands_on_it(app: Flask) -> None:
    client = app.test_client()
    for address, is_packed in (("/login", True), ("/login?next=/tasks/", False)):
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert (answer.headers.get("Content-Encoding") == "gzip") is is_packed


def test_each_page_of_the_visits_says_what_it_is_for(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    contact = log(session, cast, person)
    hand_in(session, cast, visit(None, said="anh Tám"))
    own = ("new", "group", "month", "danger/", f"{person.ref}/", f"{person.ref}/contacts/{contact}/")
    account = ["/account/sessions", "/account/password", "/account/pin", "/account/second-step"]
    looked_at = {
        "volunteer": [f"/outreach/{page}" for page in own]
        + ["/outreach/", "/offline", f"/patients/{person.ref}/", *account],
        "counselor": ["/teams/", f"/teams/visits/{waiting(session)[0].ref}/", f"/patients/{person.ref}/"],
        "community": ["/teams/numbers"],
    }
    for who, addresses in looked_at.items():
        for address in addresses:
            assert at(app, who).get(address).text.count("Trang này nghĩa là gì?") >= 1, address


def test_a_file_that_is_asked_for_once_more_is_told_to_be_the_same(app: Flask) -> None:
    """A new worker asks for the script that its page has just loaded; packed and plain are two."""
    with app.test_request_context(base_url="http://localhost"):
        address = static_url("outbox.js")
    client, packed = app.test_client(), {"Accept-Encoding": "gzip"}
    first = client.get(address, headers=packed)
    again = client.get(address, headers={**packed, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"") and "immutable" in again.headers["Cache-Control"]
    plain = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert plain.status_code == 200 and b"Outbox" in plain.data
