"""The page of agreements over HTTP: by role, with forms that come back, and nobody who learns what is not theirs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.contacts import VisitConsent
from counseling.models.patients import SupportFile
from counseling.models.tasks import Task
from counseling.models.texts import OutboundMessage, SmsConsent
from counseling.refs import new_request_key
from counseling.routes import viewing
from counseling.services.phones import add_phone
from tests.agreements.story import (
    NUMBER,
    agrees,
    asks_to_be_called,
    line_row,
    phone_of,
    reached,
    support_file,
)
from tests.support.cast import TEAM, Cast, post, sign_in
from tests.support.files import by, patient_of, registered, supported
from tests.support.settings import MORNING

TEXTS = {
    "version": "texts-2", "language": "vi", "pronoun": "anh/chi", "agreed": "y", "how": "aloud",
    "purposes": ["daily", "missed"],
}  # fmt: skip
AT_THE_POINT = {**TEXTS, "purposes": ["check_in"]}
VISITS = {
    "version": "visits-1", "team_id": str(TEAM), "community_name": "Anh Ba sửa xe", "place": "home",
    "pretext": "club", "never_by": "bà Tám", "agreed": "y",
}  # fmt: skip


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Pages are told on one database; what is beneath them on both."""
    return sqlite_url


@pytest.fixture
def treated(app: Flask, session: Session, cast: Cast, start_clock_at) -> str:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    return registered(session, cast, phone=NUMBER)


@pytest.fixture
def met(app: Flask, session: Session, cast: Cast, start_clock_at) -> str:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING)
    ref = supported(session, cast, team_id=TEAM)
    add_phone(session, patient_of(session, ref), NUMBER, by=by(cast, "counselor"), now=MORNING, side="support")
    return ref


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def page(client: FlaskClient, ref: str) -> str:
    answer = client.get(f"/patients/{ref}/agreements")
    assert answer.status_code == 200
    return answer.text


def send(client: FlaskClient, ref: str, path: str, **fields: object) -> TestResponse:
    return post(client, f"/patients/{ref}/{path}", **{"request_key": new_request_key(), **fields})


def count(session: Session, table: type) -> int:
    session.rollback()
    return session.execute(select(func.count()).select_from(table)).scalar_one()


@pytest.mark.parametrize("username", ["dispenser", "doctor"])
def test_texts_are_agreed_to_and_taken_back_at_the_desk(
    app: Flask, treated: str, session: Session, username: str
) -> None:
    client = at(app, username)
    assert "Chưa đồng ý nhận tin" in page(client, treated)
    assert (
        send(
            client,
            treated,
            "agreements/texts",
            **TEXTS,
        ).status_code
        == 303
    )
    shown = page(client, treated)
    for words in ("Đồng ý nhận tin", f"Người mẫu {username} đã hỏi bằng Tiếng Việt", "chưa gửi tin được"):
        assert words in shown
    assert send(client, treated, "agreements/texts/withdraw").status_code == 303
    assert "Đã thôi nhận tin" in page(client, treated)
    assert count(session, SmsConsent) == 1


def test_a_counselor_asks_on_the_support_side_and_how_to_address_somebody(
    app: Flask, met: str, session: Session
) -> None:
    client = at(app, "counselor")
    assert "Tin nhắn gọi người này là" in page(client, met)
    assert (
        send(client, met, "agreements/texts", **{**AT_THE_POINT, "pronoun": "chu", "language": "nut"}).status_code
        == 303
    )
    row = session.scalars(select(SmsConsent)).one()
    assert (row.side, row.pronoun, row.language, row.version) == ("support", "chu", "nut", "texts-2")


def test_without_the_tick_or_with_other_words_nothing_is_agreed(app: Flask, treated: str, session: Session) -> None:
    client = at(app, "dispenser")
    for wrong, sentence in (
        ({"agreed": ""}, "đồng ý rồi mới đánh dấu"),
        ({"version": "texts-0"}, "Lời hỏi vừa được sửa"),
        ({"pronoun": "may"}, "Chọn lại"),
    ):
        answer = send(client, treated, "agreements/texts", **{**TEXTS, **wrong})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert 'value="texts-2"' in answer.text, "the page that comes back has the words of now"
    assert count(session, SmsConsent) == 0


def test_the_words_are_there_to_be_read_aloud_and_printed(app: Flask, treated: str, met: str) -> None:
    at_window, at_point = at(app, "dispenser"), at(app, "counselor")
    for words, version in (("texts", "texts-2"), ("visits", "visits-1")):
        text = at_window.get(f"/patients/{treated}/agreements/{words}").text
        assert "Thôi lúc nào cũng được" in text
        assert f"Bản {version}, ngày" in text
        assert "data-print" in text
        assert "Nguyễn Văn Đức" not in text, "a paper on the table names nobody"
    assert "hỏi thăm" in at_point.get(f"/patients/{met}/agreements/texts").text
    assert at_point.get(f"/patients/{met}/agreements/visits").status_code == 404
    assert at_window.get(f"/patients/{treated}/agreements/others").status_code == 404


@pytest.mark.parametrize(("username", "side"), [("dispenser", "treatment"), ("counselor", "support")])
def test_two_digits_are_sent_and_compared(
    app: Flask, treated: str, met: str, session: Session, username: str, side: str
) -> None:
    client, ref = at(app, username), treated if side == "treatment" else met
    patient_id = patient_of(session, ref)
    phone = phone_of(session, patient_id, side).ref
    assert "0912 345 678" in page(client, ref)
    assert send(client, ref, f"phones/{phone}/digits").status_code == 303
    digits = phone_of(session, patient_id, side).check_digits
    shown = page(client, ref)
    assert re.search(rf'class="large"><strong>{digits}</strong>', shown)
    assert "tin đang chờ gửi" in shown
    older = f"{(int(digits or 0) + 1) % 100:02d}"
    send(client, ref, f"phones/{phone}/confirm", digits=older)
    assert "So lại với hai số mới" in page(client, ref)
    assert phone_of(session, patient_id, side).confirmed_at is None
    send(client, ref, f"phones/{phone}/confirm", digits=digits)
    shown = page(client, ref)
    assert "Đúng số máy" in shown
    assert 'class="large"' not in shown
    assert count(session, OutboundMessage) == 1


def test_the_fourth_text_of_a_day_is_refused_with_another_way(app: Flask, treated: str, session: Session) -> None:
    client = at(app, "dispenser")
    phone = phone_of(session, patient_of(session, treated)).ref
    for _ in range(4):
        assert send(client, treated, f"phones/{phone}/digits").status_code == 303
    assert "nhờ người này nháy máy" in page(client, treated)
    assert count(session, OutboundMessage) == 3
    assert send(client, treated, f"phones/{phone}/confirm").status_code == 303
    assert phone_of(session, patient_of(session, treated)).confirmed_at is not None


def test_who_else_reads_the_phone_is_asked_and_shown(app: Flask, treated: str, session: Session) -> None:
    client = at(app, "dispenser")
    phone = phone_of(session, patient_of(session, treated)).ref
    send(client, treated, f"phones/{phone}/readers", is_shared="y", calls_only="y")
    shown = page(client, treated)
    for words in ("chỉ gọi", "có người khác đọc"):
        assert words in shown
    send(client, treated, f"phones/{phone}/readers")
    assert "có người khác đọc" not in page(client, treated)


def test_a_number_that_was_stopped_by_a_text_says_so_and_how_to_start_again(
    app: Flask, treated: str, session: Session, cast: Cast
) -> None:
    line_id = reached(session, cast, patient_of(session, treated))
    line = line_row(session, line_id)
    with writing(session) as tx:
        tx.execute(update(type(line)).values(opted_out_at=MORNING))
    shown = page(at(app, "dispenser"), treated)
    assert "đã nhắn NGUNG" in shown
    assert "nhắn BAT DAU" in shown
    assert "Đồng ý nhận tin" in shown, "the agreement stays on record"


def test_the_point_adds_and_takes_off_numbers_on_this_page(app: Flask, met: str, session: Session) -> None:
    client, patient_id = at(app, "counselor"), patient_of(session, met)
    bad = send(client, met, "agreements/phones", number="12")
    assert bad.status_code == 422
    assert "đủ 10 số" in bad.text
    assert send(client, met, "agreements/phones", number="0387 654 321").status_code == 303
    shown = page(client, met)
    assert "0387 654 321" in shown
    first = re.search(r"agreements/phones/(\w+)/remove", shown)
    assert first is not None
    assert send(client, met, f"agreements/phones/{first[1]}/remove").status_code == 303
    assert "0912 345 678" not in page(client, met)
    assert phone_of(session, patient_id, "support").confirmed_at is None


def test_a_window_cannot_use_the_points_way_to_numbers(app: Flask, treated: str, session: Session) -> None:
    client, phone = at(app, "dispenser"), phone_of(session, patient_of(session, treated)).ref
    assert send(client, treated, "agreements/phones", number="0387 654 321").status_code == 404
    assert send(client, treated, f"agreements/phones/{phone}/remove").status_code == 404
    assert phone_of(session, patient_of(session, treated)).ref == phone


def test_visits_are_agreed_to_and_the_name_is_not_shown_again(app: Flask, treated: str, session: Session) -> None:
    client = at(app, "dispenser")
    assert "chưa đầy hai tuần" in page(client, treated)
    assert send(client, treated, "agreements/visits", **VISITS).status_code == 303
    shown = page(client, treated)
    for words in ("Đồng ý được ghé thăm", "Đội tình nguyện xã Mẫu Sơn", "Ở nhà", "câu lạc bộ", "bà Tám"):
        assert words in shown
    assert "sửa xe" not in shown
    file = support_file(session, patient_of(session, treated))
    assert file is not None
    assert file.ref not in shown
    assert client.get(f"/patients/{file.ref}/").status_code == 404
    assert client.get(f"/patients/{file.ref}/agreements").status_code == 404
    for path, fields in (("find", {"q": "Anh Ba"}), ("find", {"q": "sửa xe"})):
        assert "sửa xe" not in post(client, f"/patients/{path}", **fields).text.replace('value="sửa xe"', "")


def test_the_volunteer_of_the_team_sees_the_chosen_name_and_nothing_of_the_station(
    app: Flask, treated: str, session: Session, cast: Cast
) -> None:
    assert send(at(app, "dispenser"), treated, "agreements/visits", **VISITS).status_code == 303
    file = support_file(session, patient_of(session, treated))
    assert file is not None
    volunteer, other_team = at(app, "volunteer"), at(app, "volunteer2")
    pages = volunteer.get("/outreach/").text + volunteer.get(f"/patients/{file.ref}/").text
    assert "Anh Ba sửa xe" in pages
    hidden = (treated, "Nguyễn Văn Đức", "LS-0012", "0912", "bà Tám", "Người mẫu dispenser", "methadone")
    assert [word for word in hidden if word in pages] == []
    assert "sửa xe" not in other_team.get("/outreach/").text
    assert other_team.get(f"/patients/{file.ref}/").status_code == 404
    assert volunteer.get(f"/patients/{treated}/").status_code == 404
    assert volunteer.get(f"/patients/{file.ref}/agreements").status_code == 404


def test_a_form_of_visits_comes_back_with_everything_typed(app: Flask, treated: str, session: Session) -> None:
    client = at(app, "dispenser")
    answer = send(client, treated, "agreements/visits", **{**VISITS, "agreed": "", "team_id": ""})
    assert answer.status_code == 422
    for words in ("2 chỗ cần sửa", "Anh Ba sửa xe", "bà Tám", "Chọn đội"):
        assert words in answer.text
    known = send(client, treated, "agreements/visits", **{**VISITS, "community_name": "đức nguyễn văn"})
    assert known.status_code == 422
    assert "Chọn tên khác" in known.text
    gone = send(client, treated, "agreements/visits", **{**VISITS, "team_id": "99"})
    assert gone.status_code == 422
    assert count(session, VisitConsent) == count(session, SupportFile) == 0


def test_taken_back_at_the_desk_and_asked_anew(app: Flask, treated: str, session: Session, cast: Cast) -> None:
    client, patient_id = at(app, "dispenser"), patient_of(session, treated)
    agrees(session, cast, patient_id)
    twice = send(client, treated, "agreements/visits", **VISITS)
    assert twice.status_code == 409
    asks_to_be_called(session, patient_id)
    assert "Đang chờ đội ghé" in page(client, treated)
    assert send(client, treated, "agreements/visits/withdraw").status_code == 303
    shown = page(client, treated)
    assert "Đã thôi được ghé thăm" in shown
    assert "Đang chờ đội ghé" not in shown
    assert send(client, treated, "agreements/visits", **VISITS).status_code == 303


@pytest.mark.parametrize(
    ("outcome", "words"),
    [("met_well", "Đã gặp, ổn"), ("met_needs_help", "Đã gặp, cần giúp"), ("not_met", "Chưa gặp được")],
)
def test_what_comes_back_of_a_visit_is_one_word(
    app: Flask, treated: str, session: Session, cast: Cast, outcome: str, words: str
) -> None:
    patient_id = patient_of(session, treated)
    agrees(session, cast, patient_id)
    asks_to_be_called(session, patient_id)
    with writing(session) as tx:
        who = {"closed_at": MORNING + timedelta(days=1), "closed_by_id": cast.staff["volunteer2"], "outcome": outcome}
        tx.execute(update(Task).where(Task.kind == "look_in").values(**who))
    shown = page(at(app, "doctor"), treated)
    assert words in shown
    assert "23/11/2026" in shown
    assert "volunteer2" not in shown


def test_after_two_weeks_the_page_says_nothing_of_early(
    app: Flask,
    treated: str,
    start_clock_at,  # type: ignore[no-untyped-def]
) -> None:
    start_clock_at(MORNING + timedelta(days=14))
    assert "chưa đầy hai tuần" not in page(at(app, "dispenser"), treated)


def test_only_who_asks_has_the_page(app: Flask, treated: str, met: str) -> None:
    for username, desk in (
        ("dispenser2", 0), ("nurse", 0), ("nurse", 1), ("volunteer", 0), ("volunteer2", 0), ("supervisor", 0),
        ("community", 0), ("admin", 0),
    ):  # fmt: skip
        client = at(app, username, desk)
        for ref in (treated, met):
            assert client.get(f"/patients/{ref}/agreements").status_code == 404, username
    assert at(app, "counselor").get(f"/patients/{treated}/agreements").status_code == 404
    assert at(app, "dispenser").get(f"/patients/{met}/agreements").status_code == 404


def test_a_counselor_has_no_part_in_visits(app: Flask, met: str, session: Session) -> None:
    client = at(app, "counselor")
    assert "ghé thăm" not in page(client, met)
    assert send(client, met, "agreements/visits", **VISITS).status_code == 404
    assert send(client, met, "agreements/visits/withdraw").status_code == 404
    assert count(session, VisitConsent) == 0


def test_what_no_page_of_ours_sends_is_no_accident(app: Flask, treated: str, session: Session) -> None:
    client, phone = at(app, "dispenser"), phone_of(session, patient_of(session, treated)).ref
    assert send(client, treated, "agreements/texts", **{**TEXTS, "request_key": ""}).status_code == 400
    assert send(client, treated, "agreements/visits", **{**VISITS, "request_key": "x"}).status_code == 400
    assert send(client, treated, f"phones/{phone}/digits", request_key="").status_code == 400
    assert send(client, treated, "phones/zzzzzzzzzzzz/digits").status_code == 404
    assert send(client, treated, "phones/zzzzzzzzzzzz/confirm").status_code == 404
    assert send(client, treated, "phones/zzzzzzzzzzzz/readers").status_code == 404
    assert send(client, treated, f"phones/{phone}/confirm", digits="9" * 500).status_code == 303
    assert phone_of(session, patient_of(session, treated)).confirmed_at is None
    assert send(client, treated, "agreements/visits", **{**VISITS, "team_id": "9" * 40}).status_code == 422
    key = new_request_key()
    other = patient_of(session, treated)
    with writing(session) as tx:
        row = {"patient_id": other, "side": "support", "version": "v", "language": "vi", "given_at": MORNING}
        tx.execute(insert(SmsConsent).values(**row, asked_by_id=1, request_key=key, pronoun="anh"))
    assert send(client, treated, "agreements/texts", **{**TEXTS, "request_key": key}).status_code == 400


def test_the_page_is_noted_among_what_was_seen(app: Flask, treated: str, session: Session) -> None:
    page(at(app, "dispenser"), treated)
    viewing.flush_now(app)
    session.rollback()
    seen = select(AuditEntry.details).where(AuditEntry.subject == "patients.agreements")
    (details,) = session.scalars(seen)
    assert f'"patients":[{patient_of(session, treated)}]' in details


def test_the_page_has_one_main_button_and_no_two_places_of_one_name(app: Flask, treated: str, met: str) -> None:
    for username, ref in (("dispenser", treated), ("counselor", met)):
        shown = page(at(app, username), ref)
        assert len(re.findall(r'class="button main"', shown)) == 1
        ids = re.findall(r'\sid="([^"]+)"', shown)
        assert len(ids) == len(set(ids))


def test_the_file_leads_to_the_page(app: Flask, treated: str, met: str) -> None:
    for username, ref in (("dispenser", treated), ("doctor", treated), ("counselor", met)):
        assert f"/patients/{ref}/agreements" in at(app, username).get(f"/patients/{ref}/").text
    assert "agreements" not in at(app, "volunteer").get(f"/patients/{met}/").text
