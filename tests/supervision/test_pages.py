"""The two supervisors' pages: what each shows, what neither shows, giving the next task, and the printed sheet."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.audit import AuditEntry
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.tasks import Task
from counseling.routes.viewing import flush_now
from tests.access.asking import TREATMENT_WORDS, visible
from tests.supervision.story import ago, asked, far_station, handed_over, statements_of, supported, treated
from tests.support.cast import CAO_LOC, Cast, post, sign_in
from tests.support.reminding import choose, reach
from tests.support.settings import MORNING

DOSES = ("day_doses", "dose_orders", "order_parts", "dose_voids", "station_visits", "dosed_elsewhere")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def supervisor(app: Flask, cast: Cast, start_clock_at) -> FlaskClient:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    return at(app, "supervisor")


@pytest.fixture
def community(app: Flask, cast: Cast, start_clock_at) -> FlaskClient:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    return at(app, "community")


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def ref_of(session: Session, person: int, file: type[TreatmentFile] | type[SupportFile] = TreatmentFile) -> str:
    session.rollback()
    return session.execute(select(file.ref).where(file.patient_id == person)).scalar_one()


def count_tasks(session: Session) -> int:
    session.rollback()
    return len(session.execute(select(Task.id)).all())


def row_of(page: str, who: str) -> str:
    """The words of one person's row, in one line."""
    row = next(row for row in re.findall(r"(?s)<tr>(.*?)</tr>", page) if who in row and "<td" in row)
    return " ".join(visible(row).split())


def test_the_treatment_side_sees_gap_coverage_and_that_there_was_contact(
    supervisor: FlaskClient, session: Session, cast: Cast
) -> None:
    person = treated(session, cast, "MS-1", {ago(days) for days in range(4, 40)}, station=CAO_LOC)
    treated(session, cast, "MS-2", {ago(1)})
    treated(session, cast, "MS-3")
    handed_over(session, cast, person, "met_well")
    asked(session, person, "see_soon", site_id=CAO_LOC)
    page = supervisor.get("/supervision/").text
    assert row_of(page, "MS-1") == (
        "MS-1 Trung tâm Y tế Cao Lộc 3 27/30 Đã gặp 22/11/2026 Gọi lại cho người bệnh Gặp sớm ở điểm Giao việc MS-1"
    )
    assert "0 1/30 chưa nhờ" in row_of(page, "MS-2")
    assert "Chưa uống lần nào 0/30" in row_of(page, "MS-3")
    assert re.findall(r"MS-\d</a>", page) == ["MS-1</a>", "MS-2</a>", "MS-3</a>"]


def test_the_community_side_sees_the_contact_and_its_outcome(
    community: FlaskClient, session: Session, cast: Cast
) -> None:
    person = supported(session, cast, "Anh Ba", ago(40), team_id=None)
    supported(session, cast, "Chị Tư", since=ago(3))
    asked(session, person, "call_by_phone", "support")
    page = community.get("/supervision/").text
    assert row_of(page, "Anh Ba") == (
        "Anh Ba chưa ghi xã chưa có đội 40 Đã gặp, ổn 13/10/2026 – Gọi điện Giao việc Anh Ba"
    )
    assert "Đội tình nguyện xã Mẫu Sơn 3 Chưa liên hệ lần nào" in row_of(page, "Chị Tư")


def test_no_page_of_the_community_side_speaks_of_treatment(
    community: FlaskClient, session: Session, cast: Cast
) -> None:
    """The very same person, whose treatment file has planted words of its own."""
    person = treated(session, cast, "ZQ-CODE-77", {ago(20)}, station=CAO_LOC)
    supported(session, cast, "Anh Ba", ago(40), patient_id=person)
    handed_over(session, cast, person, "not_met")
    asked(session, person, "see_soon")
    support_ref, treatment_ref = ref_of(session, person, SupportFile), ref_of(session, person)
    for address in ("/supervision/", f"/supervision/{support_ref}/task", f"/patients/{support_ref}/"):
        for sort in ("", "?sort=commune", "?sort=team", "?sort=gap", "?sort=station"):
            answer = community.get(address + sort)
            assert answer.status_code == 200
            assert not TREATMENT_WORDS.search(visible(answer.text)), address
            assert not any(planted in answer.text for planted in ("ZQ-CODE", treatment_ref, "Cao Lộc")), address
    assert community.get(f"/supervision/{treatment_ref}/task").status_code == 404
    assert post(community, f"/supervision/{treatment_ref}/task", kind="see_soon").status_code == 404


def test_the_task_goes_to_the_station_and_the_list_says_so(
    supervisor: FlaskClient, session: Session, cast: Cast
) -> None:
    ref = ref_of(session, treated(session, cast, "MS-1", {ago(4)}))
    form = supervisor.get(f"/supervision/{ref}/task").text
    assert re.findall(r'name="kind" value="(\w+)"|value="(\w+)" name="kind"', form)
    assert "MS-1 Cần gặp sớm · hạn hôm nay" in " ".join(
        visible(form).split()
    )  # as the station will read it, but for the name
    answer = post(supervisor, f"/supervision/{ref}/task", kind="see_soon")
    assert (answer.status_code, answer.location) == (303, "/supervision/")
    page = supervisor.get("/supervision/").text
    assert "Đã giao việc." in page
    assert "Gặp sớm ở điểm" in row_of(page, "MS-1")
    post(supervisor, f"/supervision/{ref}/task", kind="see_soon")
    assert "Hôm nay đã giao việc này rồi." in supervisor.get("/supervision/").text
    assert count_tasks(session) == 1


def test_each_list_says_how_many_are_reached_by_texts_by_calls_and_by_no_phone(
    supervisor: FlaskClient, app: Flask, session: Session, cast: Cast
) -> None:
    """Each of its own side and area, counted when the list stands already, and without names."""
    treated(session, cast, "MS-0", station=far_station(session))
    texted, called, _ = (treated(session, cast, f"MS-{number}", {ago(4)}) for number in (1, 2, 3))
    met, _ = (supported(session, cast, name, ago(40)) for name in ("Anh Ba", "Anh Tư"))
    for person, side in ((texted, "treatment"), (called, "treatment"), (met, "support")):
        reach(session, cast, person, side)
    choose(session, cast, called, calls_only=True)
    community = at(app, "community")
    for client, said in (
        (supervisor, "tin nhắn 1 người · chỉ gọi 1 người · không có điện thoại 1 người."),
        (community, "tin nhắn 1 người · chỉ gọi 0 người · không có điện thoại 1 người."),
    ):
        assert 'hx-get="/supervision/reach"' in client.get("/supervision/").text
        answer = client.get("/supervision/reach")
        assert said in visible(answer.text) and "MS-" not in answer.text and "Anh" not in answer.text


def test_the_task_goes_to_the_team_or_else_to_the_point(community: FlaskClient, session: Session, cast: Cast) -> None:
    teamed = ref_of(session, supported(session, cast, "Anh Ba", ago(40)), SupportFile)
    alone = ref_of(session, supported(session, cast, "Chị Tư", ago(30), team_id=None), SupportFile)
    assert "Nhờ đội ghé thăm" in community.get(f"/supervision/{teamed}/task").text
    assert "Nhờ điểm tư vấn gọi điện" in community.get(f"/supervision/{alone}/task").text
    for ref, read in ((teamed, "Anh Ba Ghé thăm · hạn hôm nay"), (alone, "Chị Tư Gọi điện hỏi thăm · hạn hôm nay")):
        assert read in " ".join(visible(community.get(f"/supervision/{ref}/task").text).split())
    for ref in (teamed, alone):
        assert post(community, f"/supervision/{ref}/task").status_code == 303
    page = community.get("/supervision/").text
    assert "Ghé thăm" in row_of(page, "Anh Ba")
    assert "Gọi điện" in row_of(page, "Chị Tư")


def test_what_no_page_of_ours_sends_gives_no_task(supervisor: FlaskClient, session: Session, cast: Cast) -> None:
    person = treated(session, cast, "MS-1", {ago(4)})
    ref, left = ref_of(session, person), ref_of(session, treated(session, cast, "MS-2", status="discharged"))
    for kind in ("", "look_in", "order_review"):
        assert post(supervisor, f"/supervision/{ref}/task", kind=kind).status_code == 400
    answer = post(supervisor, f"/supervision/{left}/task", kind="see_soon")
    assert (answer.status_code, answer.location) == (303, f"/patients/{left}/")
    assert "không giao việc được nữa" in supervisor.get(answer.location).text
    assert count_tasks(session) == 0


def test_the_file_of_a_supervisor_shows_the_same_line_and_leads_to_the_task(
    supervisor: FlaskClient, session: Session, cast: Cast
) -> None:
    person = treated(session, cast, "MS-1", {ago(days) for days in range(4, 40)})
    handed_over(session, cast, person, "not_met")
    ref = ref_of(session, person)
    page = supervisor.get(f"/patients/{ref}/").text
    words = " ".join(visible(page).split())
    for shown in ("3 ngày chưa uống", "Có thuốc, 30 ngày 27/30 ngày", "Nhờ ghé thăm Chưa gặp được 22/11/2026"):
        assert shown in words
    assert f'href="/supervision/{ref}/task"' in page


def test_whoever_supervises_both_sides_sits_at_one_desk_at_a_time(app: Flask, session: Session, cast: Cast,
                                                                 start_clock_at) -> None:  # type: ignore[no-untyped-def]  # fmt: skip
    start_clock_at(MORNING)
    person = treated(session, cast, "ZQ-CODE", {ago(4)})
    supported(session, cast, "Anh Ba", ago(40), patient_id=person)
    refs = [ref_of(session, person), ref_of(session, person, SupportFile)]
    for desk, shown, hidden in ((0, "ZQ-CODE", "Anh Ba"), (1, "Anh Ba", "ZQ-CODE")):
        client = at(app, "province", desk)
        pages = [client.get(address).text for address in ("/supervision/", f"/supervision/{refs[desk]}/task")]
        assert all(shown in page and hidden not in page for page in pages)
        assert client.get(f"/supervision/{refs[1 - desk]}/task").status_code == 404


@pytest.mark.parametrize("username", ["dispenser", "doctor", "counselor", "nurse", "volunteer", "admin"])
def test_nobody_else_comes_in(app: Flask, session: Session, cast: Cast, username: str) -> None:
    ref = ref_of(session, treated(session, cast, "MS-1", {ago(4)}))
    client = at(app, username)
    assert client.get("/supervision/").status_code == 403
    assert client.get(f"/supervision/{ref}/task").status_code == 403
    assert post(client, f"/supervision/{ref}/task", kind="see_soon").status_code == 403
    assert count_tasks(session) == 0


@pytest.mark.parametrize(("username", "place"), [("supervisor", "Khu vực Đông"), ("community", "Khu vực Đông")])
def test_the_printed_sheet_says_whose_it_is_and_repeats_its_head(
    app: Flask,
    session: Session,
    cast: Cast,
    username: str,
    place: str,
    start_clock_at,  # type: ignore[no-untyped-def]
) -> None:
    start_clock_at(MORNING)
    treated(session, cast, "MS-1", {ago(4)})
    supported(session, cast, "Anh Ba", ago(40))
    page = at(app, username).get("/supervision/").text
    heading = re.search(r'(?s)<div class="print-only"><header class="paper-heading">.*?</header>', page)
    assert heading
    for said in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", place, "Ngày 22/11/2026"):
        assert said in heading.group()
    assert f"Người in: Người mẫu {username}" in page
    assert "06:30 22/11/2026" in page
    assert re.search(r"(?s)<table[^>]*>\s*<thead>.*<tbody>", page)  # app.css repeats a thead on every printed page
    assert page.count("Giao việc<") == page.count('class="nowrap no-print" href=')


def test_each_list_says_when_it_is_only_the_first_fifty(
    supervisor: FlaskClient, app: Flask, session: Session, cast: Cast
) -> None:
    for number in range(51):
        treated(session, cast, f"MS-{number:02d}", {ago(number + 2)})
        supported(session, cast, f"Anh {number:02d}", ago(number + 2))
    community = at(app, "community")
    for client in (supervisor, community):
        page = client.get("/supervision/").text
        assert "50 người đầu" in page
        for sort in ("gap", "code", "station", "silence", "commune", "team", "", "1;--"):
            assert client.get("/supervision/", query_string={"sort": sort}).text.count("<tr>") == 51


def test_the_page_never_asks_for_doses(supervisor: FlaskClient, session: Session, cast: Cast) -> None:
    ref = ref_of(session, treated(session, cast, "MS-1", {ago(4)}))
    for address in ("/supervision/", f"/supervision/{ref}/task"):
        with statements_of(session) as asked_for:
            assert supervisor.get(address).status_code == 200
        assert any("adherence_summaries" in statement for statement in asked_for)
        assert not [name for name in DOSES for statement in asked_for if name in statement]


def test_who_was_shown_is_noted(supervisor: FlaskClient, app: Flask, session: Session, cast: Cast) -> None:
    person = treated(session, cast, "MS-1", {ago(4)})
    supervisor.get("/supervision/")
    supervisor.get(f"/supervision/{ref_of(session, person)}/task")
    flush_now(app)
    session.rollback()
    noted = select(AuditEntry.subject, AuditEntry.details).where(AuditEntry.action == "page.viewed")
    seen = {row.subject: row.details for row in session.execute(noted)}
    for page in ("supervision.adherence", "supervision.task"):
        assert f'"patients":[{person}]' in seen[page]
