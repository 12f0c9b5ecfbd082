"""The counseling desk over HTTP: plain forms, and what each reader of a support file does not read."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.models.audit import AuditEntry
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.patients import Patient, SupportFile
from counseling.refs import new_request_key
from counseling.routes import viewing
from counseling.services.outreach_contacts import NewContact, log_contact
from tests.counseling.story import TODAY, accompany, aftercare_of, appointment_of, at, book, hold, how_many, known
from tests.counseling.story import open_mornings as mornings
from tests.support.cast import Cast, post, sign_in
from tests.support.settings import MORNING

DAY = timedelta(days=1)
SESSION = {"kind": "family", "form": "one_to_one", "minutes": "30", "sex": "unknown", "held_on": TODAY.isoformat()}
AGREED = "canary: gọi anh cả thứ Sáu"
NOTE = "canary: chó dữ, gọi trước cửa"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def at_desk(app: Flask, cast: Cast, start_clock_at) -> FlaskClient:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    return other(app, "counselor")


def other(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def send(client: FlaskClient, url: str, **fields: Any) -> TestResponse:
    return post(client, url, request_key=new_request_key(), **fields)


def logged_visit(session: Session, cast: Cast, ref: str, username: str = "volunteer") -> None:
    contact = NewContact(kind="home", outcome="met_needs_help", note=NOTE, next_on=TODAY + 9 * DAY)
    who = cast.viewer_of(username)
    log_contact(session, who, ref, contact, request_key=new_request_key(), today=TODAY, now=MORNING)


def test_the_desk_of_an_empty_point_says_what_comes_where(at_desk: FlaskClient) -> None:
    page = at_desk.get("/counseling/").text
    for shown in ("Hôm nay không có ai hẹn", "chưa có đội nào ghi", "Không có ai đến hạn", "chưa ghi buổi tư vấn nào"):
        assert shown in page


def test_the_desk_shows_its_day_and_notes_whom_it_showed(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    book(session, cast, person, at(TODAY, 9))
    logged_visit(session, cast, person.ref)
    hold(session, cast, None)
    page = at_desk.get("/counseling/").text
    for shown in ("Anh Ba sửa xe", "9h00", "Gặp, cần giúp", "Người mẫu volunteer", "Không nêu tên", "30 phút"):
        assert shown in page
    viewing.flush_now(app)
    seen = select(AuditEntry).where(AuditEntry.action == "page.viewed").order_by(AuditEntry.id.desc())
    newest = session.execute(seen).scalars().first()
    assert newest is not None
    assert "counseling.day" in newest.subject and f'"patients":[{person.id}]' in newest.details


def test_a_routine_session_is_two_taps_and_nothing_typed(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    """One choice has no answer yet, everything else is what is usual."""
    person = known(session, cast)
    page = at_desk.get(f"/counseling/session/new/{person.ref}").text
    fields = dict(re.findall(r'<input checked[^>]*? name="(\w+)"[^>]*? value="([^"]+)"', page))
    assert fields == {"form": "one_to_one", "minutes": "30", "held_on": TODAY.isoformat()}
    answer = send(at_desk, f"/counseling/session/new/{person.ref}", kind="psychosocial", sex="unknown", **fields)
    assert (answer.status_code, answer.location) == (303, f"/patients/{person.ref}/")
    row = session.execute(select(CounselingSession)).scalar_one()
    assert (row.patient_id, row.kind, row.minutes, row.held_on) == (person.id, "psychosocial", 30, TODAY)


def test_somebody_who_gives_no_name_leaves_none(at_desk: FlaskClient, session: Session) -> None:
    answer = send(at_desk, "/counseling/session/new", **{**SESSION, "sex": "female"}, topics=["work", "money"])
    assert (answer.status_code, answer.location) == (303, "/counseling/")
    assert how_many(session, Patient, SupportFile, CounselingSession) == [0, 0, 1]
    assert "Đã ghi buổi tư vấn." in at_desk.get("/counseling/").text


def test_a_new_person_and_the_session_go_in_one_go(at_desk: FlaskClient, session: Session) -> None:
    page = at_desk.get("/counseling/session/new").text
    assert 'href="/counseling/new?then=session"' in page
    assert re.search(r'<input checked[^>]* name="then_session"', at_desk.get("/counseling/new?then=session").text)
    form = {"community_name": "Chị Tư", "language": "vi", "can_read": "", "sex": "unknown", "area_id": ""}
    answer = send(at_desk, "/counseling/new", **form, team_id="", then_session="y")
    ref = session.execute(select(SupportFile.ref)).scalar_one()
    assert answer.location == f"/counseling/session/new/{ref}"
    session.rollback()
    then = send(at_desk, answer.location, **SESSION, book_next="y")
    assert then.location == f"/counseling/appointments/new/{ref}"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": ""}, "Chọn loại buổi"),
        ({"other_minutes": "0"}, "từ 1 đến 480"),
        ({"other_minutes": "nửa giờ"}, "Ghi số phút"),
        ({"other_day": "23/11/2026"}, "Ngày này chưa đến"),
        ({"other_day": "01/10/2026"}, "30 ngày gần đây"),
        ({"other_day": "31/02/2026"}, "không có trong lịch"),
        ({"held_on": "x"}, "Chọn một ngày"),
        ({"topics": ["secret"]}, "Chọn lại"),
        ({"minutes": "17"}, "Chọn lại"),
    ],
)
def test_a_session_that_cannot_be_so_comes_back_with_what_was_typed(
    at_desk: FlaskClient, session: Session, changes: dict[str, Any], says: str
) -> None:
    answer = send(at_desk, "/counseling/session/new", **{**SESSION, **changes, "agreed": "còn đây"})
    assert answer.status_code == 422
    assert says in answer.text
    assert "còn đây" in answer.text
    assert how_many(session, CounselingSession) == [0]


def test_what_is_typed_beside_a_choice_counts(at_desk: FlaskClient, session: Session) -> None:
    send(at_desk, "/counseling/session/new", **SESSION, other_day="20/11/2026", other_minutes="25")
    row = session.execute(select(CounselingSession)).scalar_one()
    assert (row.held_on, row.minutes) == (TODAY - 2 * DAY, 25)


def test_an_appointment_is_booked_on_a_day_that_the_page_offers(
    at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    mornings(session)
    person = known(session, cast)
    here = f"/counseling/appointments/new/{person.ref}"
    page = at_desk.get(here).text
    # In a week it is Sunday again and the point is shut: the Monday after is offered.
    for shown in ("Thứ Hai 23/11 · 7h30–11h00", "Thứ Ba 24/11", "Thứ Hai 30/11", "Thứ Hai 07/12", "Thứ Hai 21/12"):
        assert shown in page
    assert "Vẫn hẹn ngoài giờ" not in page
    answer = send(at_desk, here, day="2026-11-23", at="08:00")
    assert answer.status_code == 303
    shown = at_desk.get(answer.location).text
    assert "8h00 · thứ Hai 23/11/2026" in shown and "Đã hẹn." in shown


def test_outside_opening_hours_the_page_asks_once(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    mornings(session)
    here = f"/counseling/appointments/new/{known(session, cast).ref}"
    answer = send(at_desk, here, day="2026-11-23", at="15:00")
    assert answer.status_code == 422
    assert "7h30–11h00" in answer.text and 'name="outside_hours"' in answer.text
    assert "điểm không mở cửa" in send(at_desk, here, other_day="29/11/2026", at="08:00").text
    assert send(at_desk, here, day="2026-11-23", at="15:00", outside_hours="y").status_code == 303


@pytest.mark.parametrize(
    ("changes", "says"),
    [({"day": ""}, "Chọn một ngày"), ({"at": ""}, "Chọn giờ"), ({"at": "25:00"}, "Chọn lại"),
     ({"other_day": "20/11/2026"}, "đã qua"), ({"other_day": "20/11/2029"}, "xem lại tháng và năm"),
     ({"day": "x"}, "Chọn một ngày")],
)  # fmt: skip
def test_an_appointment_that_cannot_be_so_says_what_to_do(
    at_desk: FlaskClient, session: Session, cast: Cast, changes: dict[str, str], says: str
) -> None:
    here = f"/counseling/appointments/new/{known(session, cast).ref}"
    answer = send(at_desk, here, **{"day": "2026-11-23", "at": "08:00", **changes})
    assert answer.status_code == 422
    assert says in answer.text
    assert how_many(session, Appointment) == [0]


def test_a_second_appointment_of_one_day_names_the_first(at_desk: FlaskClient, session: Session, cast: Cast) -> None:
    person = known(session, cast)
    book(session, cast, person, at(TODAY + DAY, 8))
    answer = send(at_desk, f"/counseling/appointments/new/{person.ref}", day="2026-11-23", at="10:00")
    assert answer.status_code == 422
    assert "8h00" in answer.text


def test_an_appointment_is_moved_called_off_and_settled_by_plain_forms(
    at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    ref = book(session, cast, person, at(TODAY + DAY, 8))
    here = f"/counseling/appointments/{ref}/"
    assert "Đang hẹn 8h00 thứ Hai 23/11/2026" in at_desk.get(f"{here}move").text
    assert post(at_desk, f"{here}move", other_day="22/11/2026", at="06:00").status_code == 422
    assert post(at_desk, f"{here}move", other_day="22/11/2026", at="07:00").status_code == 303
    assert appointment_of(session, ref).starts_at == at(TODAY, 7)
    assert post(at_desk, f"{here}outcome", state="missed").status_code == 409  # it has not begun
    assert post(at_desk, f"{here}outcome", state="kept").status_code == 303
    assert post(at_desk, f"{here}cancel").status_code == 409
    assert post(at_desk, f"{here}outcome", state="cancelled").status_code == 400
    later = book(session, cast, person, at(TODAY + DAY, 8))
    assert post(at_desk, f"/counseling/appointments/{later}/cancel").status_code == 303
    assert "Đã hủy" in at_desk.get(f"/counseling/appointments/{later}/").text


def test_aftercare_is_opened_shown_and_ended_on_the_persons_page(
    at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    here = f"/counseling/aftercare/{person.ref}"
    assert f'href="{here}/new"' in at_desk.get(f"/patients/{person.ref}/").text
    page = at_desk.get(f"{here}/new").text
    assert "Người mẫu volunteer" in page and "Người mẫu volunteer2" not in page
    form = {"supporter": str(cast.staff["volunteer"]), "rhythm": "monthly", "first": ""}
    assert send(at_desk, f"{here}/new", **form, other_day="21/11/2026").status_code == 422
    assert send(at_desk, f"{here}/new", **form, other_day="24/11/2026").status_code == 303
    assert aftercare_of(session, person).next_check_in_on == TODAY + 2 * DAY
    page = at_desk.get(f"/patients/{person.ref}/").text
    for shown in ("Người mẫu volunteer", "Mỗi tháng", "24/11/2026", f'href="{here}/end"'):
        assert shown in page
    assert "đang có hồ sơ đồng hành" in send(at_desk, f"{here}/new", **{**form, "first": "2026-11-25"}).text
    assert post(at_desk, f"{here}/end").status_code == 422
    assert post(at_desk, f"{here}/end", reason="completed").status_code == 303
    assert "Đã đi hết chặng đường" in at_desk.get(f"/patients/{person.ref}/").text
    assert how_many(session, AftercareFile) == [1]


def test_each_reader_of_a_support_file_reads_what_is_theirs(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    hold(session, cast, person, agreed=AGREED, topics=("money",))
    appointment = book(session, cast, person, at(TODAY + 3 * DAY, 8))
    accompany(session, cast, person, supporter_id=cast.staff["counselor"], first_on=TODAY + 20 * DAY)
    logged_visit(session, cast, person.ref)
    here = f"/patients/{person.ref}/"
    of_counselors = (AGREED, "Tiền nong", appointment, "25/11/2026", "Mỗi tuần", "Buổi tư vấn", "/agreements")
    pages = {name: other(app, name).get(here).text for name in ("counselor", "volunteer", "community")}
    for page in pages.values():
        assert "Gặp, cần giúp" in page and "22/11/2026" in page
    for shown in of_counselors:
        assert shown in pages["counselor"], shown
        for reader in ("volunteer", "community"):
            assert shown not in pages[reader], f"{reader}: {shown}"
    assert NOTE in pages["counselor"] and NOTE in pages["volunteer"] and NOTE not in pages["community"]
    assert "01/12/2026" in pages["volunteer"]  # when somebody asks next
    for hidden in ("01/12/2026", "Người mẫu volunteer", "Ghi lần liên lạc"):
        assert hidden not in pages["community"]


def test_a_volunteer_reads_nothing_of_a_counselors_own_contact(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    logged_visit(session, cast, person.ref, "counselor")
    page = other(app, "volunteer").get(f"/patients/{person.ref}/").text
    assert "Chưa ghi lần liên lạc nào." in page
    assert NOTE not in page and "Người mẫu counselor" not in page


@pytest.mark.parametrize("page", ["session/new/{}", "appointments/new/{}", "aftercare/{}/new", "aftercare/{}/end"])
def test_another_points_counselor_finds_nobody_behind_the_address(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast, page: str
) -> None:
    person, nurse = known(session, cast), other(app, "nurse", 1)
    assert at_desk.get(f"/counseling/{page.format(person.ref)}").status_code == 200
    for ref in (person.ref, "unknown", "zzzzzzzzzzzz"):
        assert nurse.get(f"/counseling/{page.format(ref)}").status_code == 404
        assert other(app, "volunteer").get(f"/counseling/{page.format(ref)}").status_code == 403


def test_another_points_appointment_is_not_there(
    app: Flask, at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    ref = book(session, cast, known(session, cast), at(TODAY + DAY, 8))
    nurse = other(app, "nurse", 1)
    for page in (f"{ref}/", f"{ref}/move", "unknown/"):
        assert nurse.get(f"/counseling/appointments/{page}").status_code == 404
    assert post(nurse, f"/counseling/appointments/{ref}/cancel").status_code == 404
    assert appointment_of(session, ref).state == "booked"


def test_the_people_stand_on_a_page_of_their_own_and_are_found_from_the_desk(
    at_desk: FlaskClient, session: Session, cast: Cast
) -> None:
    known(session, cast)
    assert "Anh Ba sửa xe" in at_desk.get("/counseling/people").text
    assert "Anh Ba sửa xe" not in at_desk.get("/counseling/").text
    assert "Anh Ba sửa xe" in post(at_desk, "/counseling/find", q="ba sua").text
    current = re.findall(r'href="([^"]+)" aria-current="page"', at_desk.get("/counseling/people").text)
    assert current == ["/counseling/people"]
    assert re.findall(r'href="([^"]+)" aria-current="page"', at_desk.get("/counseling/").text) == ["/counseling/"]
