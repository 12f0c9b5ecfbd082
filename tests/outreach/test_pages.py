"""The pages of outreach and of what waits, over HTTP and without JavaScript: by role, form by form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.people import StaffRole
from counseling.models.phone_entries import ContactDetails
from counseling.models.places import OutreachTeam
from counseling.refs import new_request_key
from counseling.routes import viewing
from counseling.services.phones import add_phone
from tests.outreach.story import ALL_SHOWN, COLLEAGUE, asked, how_many, joins_team, log, someone, summary, task_state
from tests.support.cast import TEAM, Cast, post, sign_in
from tests.support.files import by
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, somebody

NOW = MORNING + timedelta(hours=3)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture(autouse=True)
def late_morning(cast: Cast, start_clock_at) -> Iterator[None]:  # type: ignore[no-untyped-def]
    start_clock_at(NOW)
    yield


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def send(client: FlaskClient, person: Person, outcome: str, key: str | None = None, **fields: object):  # type: ignore[no-untyped-def]
    shown = {"next": "", "shown": ALL_SHOWN.isoformat(), "request_key": key or new_request_key()}
    form = {"kind": "home", **shown, **fields}
    return post(client, f"/outreach/{person.ref}/", outcome=outcome, **form)


def words(html: str) -> str:
    """What a reader reads of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def forms(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that leads to an address."""
    form = re.search(rf'<form[^>]*action="{action}"[\s\S]*?</form>', html)
    assert form, f"no form to {action}"
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form.group()))


def test_a_visit_is_logged_undone_and_logged_again_by_plain_forms(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    task_id = asked(session, person)
    volunteer = at(app, "volunteer")
    assert "Anh Ba sửa xe Nà Pàn Ghé thăm · chưa gặp lần nào" in words(volunteer.get("/outreach/").text)
    page = volunteer.get(f"/outreach/{person.ref}/").text
    hidden = forms(page, f"/outreach/{person.ref}/")
    assert hidden["task"] == "look_in"
    answer = volunteer.post(f"/outreach/{person.ref}/", data={**hidden, "kind": "home", "outcome": "met_well"})
    assert answer.status_code == 303
    listed = volunteer.get(answer.location).text
    assert "Anh Ba sửa xe · gặp, ổn Bỏ ghi" in words(listed)
    assert "Đã ghi hôm nay 1" in words(listed)
    assert task_state(session, task_id) == (False, "met_well")

    undo = re.search(r'action="([^"]+/undo)"', listed)
    assert undo
    back = volunteer.post(undo[1], data=forms(listed, undo[1]))
    assert (back.status_code, back.location) == (303, f"/outreach/{person.ref}/")
    assert "Đã bỏ lần ghi" in volunteer.get(back.location).text
    assert task_state(session, task_id) == (True, None)
    assert '/undo"' not in volunteer.get(answer.location).text

    assert send(volunteer, person, "met_needs_help", task="look_in").status_code == 303
    assert task_state(session, task_id) == (False, "met_needs_help")
    assert summary(session, person) == (TODAY, "met_needs_help")


def test_the_form_without_a_tick_needs_one_tap_only(app: Flask, session: Session, cast: Cast) -> None:
    """Everything but the three answers has been chosen already or is optional."""
    page = at(app, "volunteer").get(f"/outreach/{someone(session, cast).ref}/").text
    assert re.search(r'name="kind" value="home" checked', page)
    assert re.search(r'name="next" value="" checked', page)
    assert " required" not in page
    assert page.count('name="outcome"') == 3


def test_a_form_sent_twice_shows_the_first_result(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer, key = someone(session, cast), at(app, "volunteer"), new_request_key()
    first = send(volunteer, person, "met_well", key)
    assert send(volunteer, person, "not_met", key).location == first.location
    assert how_many(session) == 1


def test_access_lost_while_the_form_is_open_is_a_404_and_writes_nothing(
    app: Flask, session: Session, cast: Cast
) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    assert volunteer.get(f"/outreach/{person.ref}/").status_code == 200
    with writing(session) as tx:
        tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM).values(closed_on=TODAY))
    assert send(volunteer, person, "met_well").status_code == 404
    assert how_many(session) == 0


def test_ticks_are_kept_and_come_back_on_the_correction_page(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    chosen = {"topic": ["work", "family"], "next": "2026-12-06", "note": "nhà sau chợ", "kind": "phone"}
    send(volunteer, person, "met_well", **chosen)
    page = volunteer.get(f"/outreach/{person.ref}/").text
    assert "Gặp, ổn · Gọi điện · gia đình · việc làm · hẹn 06/12/2026 nhà sau chợ" in words(page)
    address = re.search(r'href="(/outreach/\w+/contacts/\w+/)"', page)
    assert address
    form = volunteer.get(address[1]).text
    for checked in (
        '"kind" value="phone"',
        '"topic" value="work"',
        '"topic" value="family"',
        '"next" value="2026-12-06"',
    ):
        assert f"name={checked} checked" in form
    assert "nhà sau chợ</textarea>" in form
    again = {"kind": "home", "outcome": "not_met", "next": "", "request_key": new_request_key()}
    assert post(volunteer, address[1], **again).location == f"/outreach/{person.ref}/"
    assert "Chưa gặp · Tại nhà" in words(volunteer.get(f"/outreach/{person.ref}/").text)
    # The old address has been answered by the correction: a second window is told so.
    assert volunteer.get(address[1]).status_code == 404
    late = post(volunteer, address[1], **{**again, "request_key": new_request_key()})
    assert late.status_code == 303
    assert "đã được sửa hoặc bỏ trước đó" in volunteer.get(late.location).text


@pytest.mark.parametrize(("days_ago", "offered"), [(336, [7, 14, 30]), (337, [7, 14]), (359, [7]), (360, [])])
def test_what_the_page_of_a_correction_offers_can_be_chosen(
    app: Flask, session: Session, cast: Cast, days_ago: int, offered: list[int]
) -> None:
    """The next day lies within a year of the visit, which may have been long ago."""
    person, volunteer = someone(session, cast), at(app, "volunteer")
    made = log(session, cast, person, today=TODAY - timedelta(days=days_ago))
    days = [(TODAY + timedelta(days=number)).isoformat() for number in offered]
    for day in ("", *days):
        address = f"/outreach/{person.ref}/contacts/{made}/"
        assert re.findall(r'type="radio" name="next" value="([^"]*)"', volunteer.get(address).text) == [*days, ""]
        sent = {"kind": "home", "request_key": new_request_key(), "next": day, "outcome": "met_well"}
        assert post(volunteer, address, **sent).status_code == 303
        session.rollback()
        made = session.scalars(select(OutreachContact.ref).order_by(OutreachContact.id.desc()).limit(1)).one()


@pytest.mark.parametrize("is_undone_first", [True, False], ids=["taken back, then corrected", "corrected, then back"])
def test_whoever_goes_back_to_the_page_of_a_correction_is_told_what_became_of_it(
    app: Flask, session: Session, cast: Cast, is_undone_first: bool
) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    address = f"/outreach/{person.ref}/contacts/{log(session, cast, person)}/"
    page = volunteer.get(address).text
    corrected = {**forms(page, address), "kind": "home", "next": "", "outcome": "not_met"}
    ways = [(f"{address}undo", forms(page, f"{address}undo")), (address, corrected)]
    said = [
        words(volunteer.get(volunteer.post(to, data=sent).location).text)
        for to, sent in (ways if is_undone_first else ways[::-1])
    ]
    assert ("Đã bỏ lần ghi. Việc chờ" if is_undone_first else "Đã sửa lần ghi.") in said[0]
    assert "Lần ghi này đã được sửa hoặc bỏ trước đó." in said[1]
    assert not any(done in said[1] for done in ("Đã bỏ lần ghi", "Đã sửa lần ghi"))


@pytest.mark.parametrize("has_left", [False, True], ids=["still there", "has left the team"])
def test_for_whom_a_visit_was_written_is_put_right_on_the_plain_form(
    app: Flask, session: Session, cast: Cast, has_left: bool
) -> None:
    colleague, person, volunteer = joins_team(session), someone(session, cast), at(app, "volunteer")
    offered = re.search(r'name="behalf_of" value="(\w{8,})"', volunteer.get(f"/outreach/{person.ref}/").text)
    assert offered
    send(volunteer, person, "met_well", behalf_of=offered[1])
    if has_left:
        with writing(session) as tx:
            tx.execute(update(StaffRole).where(StaffRole.staff_id == colleague).values(ended_at=NOW))
    for corrected_to in (None, ""):  # nothing said of it, then "my own"
        page = volunteer.get(f"/outreach/{person.ref}/").text
        address = re.search(r'href="(/outreach/\w+/contacts/\w+/)"', page)
        assert address
        form = volunteer.get(address[1]).text
        chosen = re.search(r'name="behalf_of" value="(\w+)" checked><span>([^<]*)<', form)
        assert chosen and chosen[2] == COLLEAGUE
        again = {"kind": "home", "outcome": "not_met", "next": "", "request_key": new_request_key()}
        said = chosen[1] if corrected_to is None else corrected_to
        assert post(volunteer, address[1], **again, behalf_of=said).status_code == 303
    session.rollback()
    kept = session.scalars(select(ContactDetails.behalf_of_id).order_by(ContactDetails.contact_id)).all()
    assert kept == [colleague, colleague, None]


def test_what_no_page_of_ours_sends_is_answered_without_an_error(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    odd = (
        {"outcome": "withdrawn"}, {"outcome": ""}, {"outcome": "met_well", "kind": "x"},
        {"outcome": "met_well", "next": "mai"}, {"outcome": "met_well", "next": "2020-01-01"},
        {"outcome": "met_well", "topic": "dose"}, {"outcome": "met_well", "key": "x"},
    )  # fmt: skip
    for fields in odd:
        assert send(volunteer, person, **fields).status_code == 400, fields  # type: ignore[arg-type]
    assert send(volunteer, Person(0, "zzzzzzzzzzzz"), "met_well").status_code == 404
    assert volunteer.get("/outreach/?saved=zzzzzzzzzzzz&page=-1").status_code == 200
    assert volunteer.get("/outreach/a-b/").status_code == 404
    assert how_many(session) == 0


def test_a_counselor_calls_from_the_list_of_what_waits(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    add_phone(session, person.id, "+84912345678", by=by(cast, "counselor"), now=MORNING, side="support")
    task_id = asked(session, person, "call_by_phone", team_id=None)
    counselor = at(app, "counselor")
    assert "Anh Ba sửa xe Gọi điện hỏi thăm · từ 6h30 · hạn hôm nay" in words(counselor.get("/tasks/").text)
    assert "0912 345 678" in counselor.get(f"/tasks/{person.ref}/").text
    page = counselor.get(f"/outreach/{person.ref}/").text
    assert re.search(r'name="kind" value="phone" checked', page)
    assert "0912 345 678" in page
    answer = send(counselor, person, "met_needs_help", kind="phone", task="call_by_phone")
    after = words(counselor.get(answer.location).text)
    assert "Anh Ba sửa xe · gặp, cần giúp Bỏ ghi" in after
    assert task_state(session, task_id) == (False, "met_needs_help")
    listed = words(counselor.get("/tasks/").text)
    assert "Cần giúp 1" in listed
    assert "Xong hôm nay 1" in listed


def test_only_a_phone_that_keeps_a_list_is_led_to_its_own_form(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    for username, is_led in (("volunteer", True), ("counselor", False)):
        page = at(app, username).get(f"/outreach/{person.ref}/").text
        assert (f'href="/outreach/#visit-{person.ref}"' in page) is is_led
        assert page.count('name="outcome"') == 3, "and without script the page itself takes it"


def test_a_volunteer_reads_no_phone_number(app: Flask, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    add_phone(session, person.id, "+84912345678", by=by(cast, "counselor"), now=MORNING, side="support")
    assert "912" not in words(at(app, "volunteer").get(f"/outreach/{person.ref}/").text)


def test_the_station_closes_what_it_has_answered(app: Flask, session: Session, cast: Cast) -> None:
    person = somebody(session, cast, name="Lý Văn Mẫu")
    task_id = asked(session, person, "call_back", side="treatment", team_id=None)
    window = at(app, "dispenser")
    assert "Lý Văn Mẫu, 1990 Xin gọi lại · từ 6h30 · hạn hôm nay" in words(window.get("/tasks/").text)
    page = window.get(f"/tasks/{person.ref}/").text
    form = {**forms(page, f"/tasks/{person.ref}/close"), "outcome": "not_met"}
    assert window.post(f"/tasks/{person.ref}/close", data=form).status_code == 303
    assert task_state(session, task_id) == (False, "not_met")
    listed = words(window.get("/tasks/").text)
    assert "Không có việc nào đang chờ" in listed
    assert "Chưa gọi được · Xin gọi lại" in listed
    again = post(window, f"/tasks/{person.ref}/close", kind="call_back", outcome="done")
    assert "đã xong từ trước" in window.get(again.location).text
    assert post(window, f"/tasks/{person.ref}/close", kind="call_back", outcome="met_well").status_code == 400
    assert task_state(session, task_id) == (False, "not_met")


def test_each_side_finds_only_its_own_people_behind_a_task(app: Flask, session: Session, cast: Cast) -> None:
    treated, met = somebody(session, cast), someone(session, cast)
    for username, own, other in (("dispenser", treated, met), ("counselor", met, treated)):
        client = at(app, username)
        assert client.get(f"/tasks/{own.ref}/").status_code == 200
        assert client.get(f"/tasks/{other.ref}/").status_code == 404
    for username in ("volunteer", "doctor", "supervisor", "community", "admin"):
        client = at(app, username)
        assert {client.get(f"/tasks/{ref}").status_code for ref in ("", f"{treated.ref}/", f"{met.ref}/")} == {404}
    for username in ("dispenser", "doctor", "supervisor", "community", "admin", "volunteer2"):
        assert at(app, username).get(f"/outreach/{met.ref}/").status_code == 404, username


def test_no_page_names_the_inner_number_of_a_task(app: Flask, session: Session, cast: Cast) -> None:
    """Task numbers are counted upwards over both sides: a gap in them would tell of something hidden."""
    person = someone(session, cast)
    for number in range(3):
        asked(session, person, visible_from=NOW + timedelta(days=1, minutes=number))
    task_id = asked(session, person)
    pages = [at(app, who).get(page).text for who, page in (
        ("volunteer", "/outreach/"), ("volunteer", f"/outreach/{person.ref}/"),
        ("counselor", "/tasks/"), ("counselor", f"/tasks/{person.ref}/"),
    )]  # fmt: skip
    for page in pages:
        assert "Ghé thăm" in page
        attributes = re.findall(r'(?:value|href|action|id|data-[\w-]+)="([^"]*)"', page)
        assert not [text for text in attributes if re.search(rf"\b{task_id}\b", text)]


def test_a_note_typed_with_signs_is_text(app: Flask, session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), at(app, "volunteer")
    send(volunteer, person, "met_well", note="<script>alert(1)</script>{{7*7}}")
    page = volunteer.get(f"/outreach/{person.ref}/").text
    assert "<script>alert" not in page
    assert "<script>alert(1)</script>{{7*7}}" in unescape(page)


def test_the_worklist_names_who_is_on_it_in_the_audit(app: Flask, session: Session, cast: Cast) -> None:
    person, done = someone(session, cast), someone(session, cast, "Chị Tư bán rau")
    log(session, cast, done)
    client = at(app, "volunteer")
    for page in ("/outreach/", f"/outreach/{person.ref}/"):
        assert client.get(page).status_code == 200
    viewing.flush_now(app)
    viewed = select(AuditEntry.subject, AuditEntry.details).where(AuditEntry.action == "page.viewed")
    seen = {row.subject: row.details for row in session.execute(viewed)}
    assert f'"patients":[{person.id},{done.id}]' in seen["outreach.list"]
    assert f'"patients":[{person.id}]' in seen["contacts.person"]


def test_a_plain_form_that_comes_after_its_session_is_said_not_to_be_saved(
    app: Flask, session: Session, cast: Cast
) -> None:
    """Filled in for longer than a session lasts: whoever takes the sign-in page for a yes has lost a visit."""
    person, client = someone(session, cast), app.test_client()
    for path in ("new", "group", f"{person.ref}/"):
        answer = client.post(f"/outreach/{path}", data={"outcome": "met_well"})
        assert answer.status_code == 303
        assert "Chưa lưu: phiên làm việc đã hết" in client.get(answer.location).text
    assert "Chưa lưu" not in client.get("/login").text, "said once"


@pytest.mark.parametrize("who", ["volunteer", "counselor"])
@pytest.mark.parametrize(
    ("status", "word"), [("died", "Đã mất"), ("moved", "Đã chuyển đi"), ("discharged", "Đã kết thúc hỗ trợ")]
)
def test_of_somebody_whose_support_has_ended_it_stands_under_the_name_and_no_next_day_is_asked_for(
    app: Flask, session: Session, cast: Cast, who: str, status: str, word: str
) -> None:
    """What the file tells the same reader, in its words. The visit that was made before is taken all the same."""
    person, client = someone(session, cast), at(app, who)
    address = f"/outreach/{person.ref}/"
    asked(session, person, "look_in")
    asked(session, person, "danger_sign")
    before = words(client.get(address).text)
    assert "Hẹn lần tới" in before and "Ghé thăm" in before and word not in before
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(status=status))
    page = words(client.get(address).text)
    assert f"Anh Ba sửa xe {word} " in page and "Hẹn lần tới" not in page
    assert "Ghé thăm" not in page and "Có dấu hiệu nguy hiểm" in page
    assert 'name="task" value="look_in"' in client.get(address).text, "a visit of before answers it"
    assert f"Tình trạng {word}" in words(client.get(f"/patients/{person.ref}/").text)
    again = send(client, person, "met_well", km="xa")
    assert again.status_code == 422 and "Hẹn lần tới" not in words(again.text)
    assert send(client, person, "met_well", next=(TODAY + timedelta(days=7)).isoformat()).status_code == 303
    (row,) = session.scalars(select(OutreachContact))
    assert (row.outcome, row.next_on) == ("met_well", None)
    session.rollback()
    page = words(client.get(f"{address}contacts/{row.ref}/").text)
    assert word in page and "Hẹn lần tới" not in page
    assert at(app, "volunteer2").get(address).status_code == 404
