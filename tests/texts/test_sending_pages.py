"""Pages around a site's texts: the queue and one line of it, what was sent, numbers to compare, the gateway's phone."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, insert, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from counseling.config import VIETNAM
from counseling.database import db, writing
from counseling.domain.gateway_phone import ITEMS
from counseling.domain.message_states import MessageState
from counseling.models.patients import PhoneNumber
from counseling.models.text_keeping import GatewayPhoneCheck
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.queries import queue as queue_query
from counseling.queries.sent_texts import DayOfTexts, list_days, list_months
from counseling.refs import new_request_key
from counseling.routes import text_chart
from counseling.services import audit
from counseling.services.inbox import answer_text
from counseling.services.message_moves import lock_message, move
from counseling.services.phones import add_phone
from counseling.services.sending_pauses import stop_sending
from counseling.services.text_blanking import blank_old_bodies
from tests.agreements.story import reached
from tests.replies.story import REPLIED_AT, asked, has_number, texted
from tests.support.cast import CAO_LOC, DONG_KINH, Cast, post, sign_in
from tests.support.files import by, patient_of, registered, supported
from tests.support.outbox import clock_runs
from tests.support.settings import MORNING
from tests.support.treatment import somebody

NOW = REPLIED_AT + timedelta(minutes=5)
A_DAY = timedelta(days=1)


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
def line(session: Session, treated: int) -> int:
    return has_number(session, treated)


def at(app: Flask, username: str, desk: int = 0) -> FlaskClient:
    client = app.test_client()
    sign_in(client, username, desk=desk)
    return client


def folded(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def planned(session: Session, patient_id: int, **changes: Any) -> int:
    values = {
        "patient_id": patient_id, "side": "treatment", "site_id": DONG_KINH, "kind": "missed_yesterday",
        "rule_version": 1, "on_date": NOW.date(), "due_at": NOW + timedelta(hours=1),
        "expires_at": NOW + timedelta(hours=3), "state": "planned", "planned_at": NOW,
    }  # fmt: skip
    with writing(session) as tx:
        return tx.execute(insert(Reminder).values(values | changes).returning(Reminder.id)).scalar_one()


def test_a_line_of_the_queue_is_moved_and_taken_back(app: Flask, session: Session, treated: int, line: int) -> None:
    reminder, client = planned(session, treated), at(app, "dispenser")
    address = f"/messages/queue/reminder/{reminder}/"
    assert address in client.get("/messages/queue").text
    assert "Nguyễn Văn Đức" in client.get(address).text
    late = post(client, f"{address}hour", at="21:00")
    assert late.status_code == 422 and "ban đêm không gửi tin" in late.text and 'value="21:00"' in late.text
    assert post(client, f"{address}hour", at="").status_code == 422
    assert post(client, f"{address}hour", at="10:00").status_code == 303
    session.rollback()
    assert session.execute(select(Reminder.due_at)).scalar_one().astimezone(VIETNAM).hour == 10
    assert post(client, f"{address}cancel").status_code == 303
    page = folded(client.get("/messages/queue").text)
    assert "Không gửi, vì sao" in page and "Người ở đây đã bỏ." in page
    assert post(client, f"{address}cancel").status_code == 409


def test_one_of_those_that_are_held_is_taken_out_before_the_others_are_let_go(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    other = patient_of(session, registered(session, cast, full_name="Lý Thị Hoa", register_code="LS-0013"))
    on_hold = {"state": "held", "reason": "too_many"}
    reminder, left = planned(session, treated, **on_hold), planned(session, other, **on_hold)
    planned(session, treated, kind="dose_today", state="held", reason="not_recorded")
    client, page = at(app, "dispenser"), "/messages/queue/held/missed_yesterday/too_many/"
    assert page in client.get("/messages/queue").text
    shown = client.get(page).text
    assert "Nguyễn Văn Đức" in shown and "Lý Thị Hoa" in shown and "dose_today" not in shown
    address = f"/messages/queue/reminder/{reminder}/"
    assert address in shown
    one = client.get(address).text
    assert "Nhiều hơn một phần tư số người phải đến" in one and "Đổi giờ" not in one
    assert post(client, f"{address}hour", address, at="10:00").status_code == 409
    assert post(client, f"{address}cancel", address).status_code == 303
    assert "Nguyễn Văn Đức" not in client.get(page).text
    assert "Sổ đã đủ, gửi 1 tin" in client.get("/messages/queue").text
    assert post(client, f"/messages/queue/reminder/{left}/cancel", page).status_code == 303
    assert client.get(page).status_code == 404, "nothing is held any more"
    for who in ("counselor", "dispenser2"):
        assert at(app, who).get("/messages/queue/held/dose_today/not_recorded/").status_code == 404
    session.rollback()
    assert list(session.execute(select(Reminder.state).order_by(Reminder.id)).scalars()) == ["cancelled"] * 2 + ["held"]


def test_a_text_that_is_made_already_is_seen_before_it_goes(
    app: Flask, session: Session, treated: int, line: int
) -> None:
    text = asked(session, line, treated, state="queued")
    page = at(app, "dispenser").get(f"/messages/queue/text/{text}/")
    assert "Màn hình khóa" in page.text and "Nhac viec: viec hang ngay hom qua" in page.text


def test_an_answer_that_did_not_go_is_on_the_list_and_its_conversation_waits_again(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    row, client = texted(session, "gọi em với"), at(app, "dispenser")
    answer = {"by": by(cast, "dispenser"), "now": NOW}
    answer_text(session, row.id, "Chiều em gọi nhé", request_key=new_request_key(), **answer)
    answer_text(session, row.id, "Hay là mai", request_key=new_request_key(), **answer)
    for state, reason in (("expired", None), ("refused", "number_fails")):
        with writing(session) as tx:
            waiting = lock_message(tx, OutboundMessage.state == "queued")
            assert waiting is not None
            move(tx, waiting, MessageState(state), NOW, reason=reason)
    page, conversation = folded(client.get("/messages/queue").text), client.get(f"/messages/{row.ref}/").text
    assert "Chưa rõ hoặc không gửi được 2" in page
    for said in ("Đường gửi không nhận kịp giờ. Còn cần thì viết lại.", "Tin không đến được số này: so lại số."):
        assert said in page and said in conversation
    assert "chưa xem" in conversation and "Đã xem, không cần trả lời" in conversation
    assert "Câu trả lời" not in folded(at(app, "counselor").get("/messages/queue").text)


def test_a_reminder_that_did_not_go_stands_on_one_list(app: Flask, session: Session, treated: int, line: int) -> None:
    reminder = planned(session, treated, state="expired")
    text = asked(session, line, treated, state="expired")
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == text).values(reminder_id=reminder))
    page = folded(at(app, "dispenser").get("/messages/queue").text)
    assert "Không gửi, vì sao" in page and "Chưa rõ hoặc không gửi được" not in page


def test_nobody_reaches_anothers_line(app: Flask, session: Session, treated: int, line: int) -> None:
    lines = [f"reminder/{planned(session, treated)}", f"text/{asked(session, line, treated, state='queued')}"]
    for username, desk in (("counselor", 0), ("dispenser2", 0), ("doctor", 0), ("nurse", 1), ("volunteer", 0)):
        client = at(app, username, desk)
        for one in lines:
            assert client.get(f"/messages/queue/{one}/").status_code == 404, username
            assert post(client, f"/messages/queue/{one}/cancel").status_code == 404, username
            assert post(client, f"/messages/queue/{one}/hour", at="10:00").status_code == 404, username
    session.rollback()
    assert list(session.execute(select(Reminder.state)).scalars()) == ["planned"]


def resume(client: FlaskClient, page: str | None = None) -> TestResponse:
    """Tap "send again" as it stands on the page, or on an old one."""
    seen = re.search(r'name="pause" value="(\d+)"', page or client.get("/messages/queue").text)
    assert seen
    return post(client, "/messages/queue/resume", pause=seen[1])


def test_an_old_tab_does_not_end_a_stop_that_nobody_has_read(
    app: Flask, session: Session, cast: Cast, treated: int
) -> None:
    client = at(app, "dispenser")
    post(client, "/messages/queue/pause")
    old = client.get("/messages/queue").text
    resume(client)
    stop_sending(session, DONG_KINH, "treatment", now=MORNING)
    assert resume(client, old).status_code == 303
    page = folded(client.get("/messages/queue").text)
    assert "Máy tự ngừng tin nhắc" in page and "gửi lại như thường" not in page


def test_a_site_pauses_and_the_page_says_who_did(app: Flask, session: Session, treated: int) -> None:
    client = at(app, "dispenser")
    assert post(client, "/messages/queue/pause").status_code == 303
    page = folded(client.get("/messages/queue").text)
    assert "Đang ngừng gửi" in page and "Người mẫu dispenser cho ngừng lúc 8h35" in page
    for username, desk in (("counselor", 0), ("dispenser2", 0)):
        assert "Đang ngừng gửi" not in at(app, username, desk).get("/messages/queue").text
    assert resume(client).status_code == 303
    assert "Đang ngừng gửi" not in client.get("/messages/queue").text


def test_a_morning_of_a_whole_station_stands_on_one_page_and_the_next_on_another(
    app: Flask, session: Session, cast: Cast, treated: int
) -> None:
    row = {
        "side": "treatment", "site_id": DONG_KINH, "kind": "missed_yesterday", "rule_version": 1, "on_date": NOW.date(),
        "due_at": NOW + timedelta(hours=1), "expires_at": NOW + timedelta(hours=3), "state": "planned",
        "planned_at": NOW, "patient_id": treated,
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(Reminder), [{**row, "slot": slot} for slot in range(1, 401)])
    client, statements = at(app, "dispenser"), []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda c, cur, statement, *_: statements.append(statement))
    pages = [client.get(f"/messages/queue?page={page}").text for page in (1, 2, 3, 9)]
    lines = [page.count("/messages/queue/reminder/") for page in pages]
    assert lines == [queue_query.MOST_LINES, queue_query.MOST_LINES, 40, 40]
    assert len(set(re.findall(r"reminder/(\d+)/", "".join(pages[:3])))) == 400
    assert len(statements) / len(pages) < 25, "as many reads for 180 lines as for one"


def days(session: Session, cast: Cast) -> Any:
    session.rollback()
    return list_days(session, cast.viewer_of("dispenser"), NOW.date(), VIETNAM)


def test_what_was_sent_is_drawn_and_written_by_day(
    app: Flask, session: Session, cast: Cast, treated: int, line: int
) -> None:
    assert "Hai tuần qua chưa gửi tin nào" in at(app, "dispenser").get("/messages/sent").text
    states = ("delivered", "delivered", "accepted", "unknown", "failed", "queued")
    ids = [asked(session, line, treated, state=state) for state in states]
    asked(session, line, treated, site=CAO_LOC, state="delivered")
    just_after_midnight = datetime(NOW.year, NOW.month, NOW.day, 0, 10, tzinfo=VIETNAM)  # another day in UTC
    asked(session, line, treated, state="delivered", at=just_after_midnight)
    asked(session, line, treated, state="delivered", at=NOW - 20 * A_DAY)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).where(OutboundMessage.id == ids[0]).values(answer="well", answered_at=NOW))
    found = days(session, cast)
    assert len(found) == 14 and (found[-1].sent, found[-1].delivered, found[-1].answered) == (5, 3, 1)
    assert sum(day.sent for day in found[:-1]) == 0
    page = at(app, "dispenser").get("/messages/sent").text
    assert "Hai tuần qua: 5 tin đã gửi, 3 đến máy, 1 có trả lời." in folded(page)
    assert page.count("<rect") == 28 and "<table" in page and "chưa rõ" in page
    assert "Hai tuần qua chưa gửi" in at(app, "counselor").get("/messages/sent").text


def test_a_month_costs_its_parts(app: Flask, session: Session, cast: Cast, treated: int, line: int) -> None:
    for state, parts in (("delivered", 1), ("unknown", 2), ("failed", 4)):
        text = asked(session, line, treated, state=state)
        with writing(session) as tx:
            tx.execute(update(OutboundMessage).where(OutboundMessage.id == text).values(segments=parts))
    months = list_months(session, cast.viewer_of("dispenser"), NOW.date(), VIETNAM)
    session.rollback()
    assert [(month.texts, month.segments) for month in months] == [(2, 3)] + [(0, 0)] * 5
    assert [month.first_on.month for month in months] == [11, 10, 9, 8, 7, 6]
    admin = at(app, "admin")
    wrong = post(admin, "/admin/texts/", price="-5", kept_days="10")
    assert wrong.status_code == 422 and 'value="10"' in wrong.text
    assert post(admin, "/admin/texts/", price="1350", kept_days="90").status_code == 303
    page = folded(at(app, "dispenser").get("/messages/sent").text)
    assert "4.050 đ" in page and "1.350 đ một tin" in page


def test_the_drawing_stays_in_its_frame() -> None:
    for most in (1, 3, 19, 180, 5_000):
        drawn = text_chart.draw([DayOfTexts(NOW.date(), most, most // 2, most // 3)] * 14)
        assert drawn is not None
        for bar in drawn.bars:
            assert text_chart.TOP <= bar.sent <= bar.delivered <= bar.answered <= drawn.floor
            assert bar.x >= text_chart.LEFT and bar.x + bar.width <= drawn.right
    assert text_chart.draw([DayOfTexts(NOW.date(), 0, 0, 0)] * 14) is None


def test_who_is_due_stands_on_the_list_and_on_the_file(app: Flask, session: Session, cast: Cast) -> None:
    person = somebody(session, cast, name="Lý Văn Hạn")
    add_phone(session, person.id, "+84912345600", by=by(cast, "dispenser"), now=MORNING)
    reached(session, cast, person.id)
    client = at(app, "dispenser")
    assert "Không có số nào phải so" in client.get("/messages/numbers").text
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).values(confirmed_at=NOW - 91 * A_DAY))
    page = folded(client.get("/messages/numbers").text)
    assert "Lý Văn Hạn" in page and "Quá 90 ngày, không gửi tin nữa" in page
    assert "Số máy: Quá 90 ngày" in client.get(f"/patients/{person.ref}/").text
    agreements = client.get(f"/patients/{person.ref}/agreements").text
    assert "so lại rồi mới gửi tin" in agreements and "Gửi hai số để so" in agreements
    for username in ("dispenser2", "counselor"):
        assert "Lý Văn Hạn" not in at(app, username).get("/messages/numbers").text


def test_a_conversation_says_that_its_words_were_deleted(
    app: Flask, session: Session, treated: int, line: int, start_clock_at: Any
) -> None:
    asked(session, line, treated)
    row = texted(session, "2")
    clock_runs(session, NOW + 91 * A_DAY)
    blank_old_bodies(session, NOW + 91 * A_DAY)
    session.rollback()
    page = at(app, "dispenser").get(f"/messages/{row.ref}/").text
    assert page.count("(đã xóa sau 90 ngày)") == 2 and "nhờ gọi lại" in page
    with writing(session) as tx:
        tx.execute(update(InboundMessage).values(meaning="other", answer=None))
    assert "(lời tin đã xóa)" in at(app, "dispenser").get("/messages/").text
    start_clock_at(NOW + 91 * A_DAY)
    assert "1 tin gửi đi, 1 tin gửi đến, cũ hơn 90 ngày" in at(app, "admin").get("/admin/texts/").text


def test_the_gateways_phone_is_looked_at_by_a_list(
    app: Flask, session: Session, cast: Cast, start_clock_at: Any
) -> None:
    admin, key = at(app, "admin"), new_request_key()
    page = admin.get("/admin/texts/phone").text
    assert page.count("Chưa ai xem") == len(ITEMS) and "data-print" in page
    all_but_one = list(ITEMS[1:])
    for _ in range(2):
        assert post(admin, "/admin/texts/phone", items=all_but_one, request_key=key).status_code == 303
    session.rollback()
    assert len(session.scalars(select(GatewayPhoneCheck)).all()) == len(ITEMS)
    page = folded(admin.get("/admin/texts/phone").text)
    assert page.count("Chưa đúng") == 1 and "Người mẫu admin, 22/11/2026" in page
    assert "1 điều cần xem lại" in admin.get("/admin/texts/").text
    assert post(admin, "/admin/texts/phone", items=["bought"], request_key=new_request_key()).status_code == 422
    start_clock_at(NOW + 91 * A_DAY)
    assert at(app, "admin").get("/admin/texts/phone").text.count("Đến hạn xem lại") == len(ITEMS) - 1


def test_purposes_are_asked_one_by_one_and_asked_again(app: Flask, session: Session, cast: Cast) -> None:
    ref, client = supported(session, cast), at(app, "counselor")
    page = client.get(f"/patients/{ref}/agreements").text
    assert 'value="appointment"' in page and 'value="daily"' not in page and " checked" not in page.split("pronoun")[0]
    plain = {"version": "texts-2", "language": "vi", "agreed": "y", "how": "aloud", "pronoun": "chi"}
    none = post(client, f"/patients/{ref}/agreements/texts", **plain, request_key=new_request_key())
    assert none.status_code == 422 and "Đánh dấu từng điều" in none.text
    for path, purposes, said in (
        ("texts", ["check_in"], "Hỏi thăm đều đặn: có"),
        ("texts/purposes", ["appointment"], "Hỏi thăm đều đặn: không"),
    ):
        fields = {**plain, "purposes": purposes, "request_key": new_request_key()}
        assert post(client, f"/patients/{ref}/agreements/{path}", **fields).status_code == 303
        assert said in folded(client.get(f"/patients/{ref}/agreements").text)
    words = client.get(f"/patients/{ref}/agreements/texts").text
    assert words.count("☐") == 4 and "hỏi thăm" in words


def test_a_site_that_the_sender_stopped_is_told_on_both_pages_and_lets_them_go_again(
    app: Flask, session: Session, treated: int
) -> None:
    stop_sending(session, DONG_KINH, "treatment", now=MORNING)
    client = at(app, "dispenser")
    for address in ("/messages/", "/messages/queue"):
        assert "Máy tự ngừng tin nhắc lúc 6h30" in folded(client.get(address).text), address
    assert "Máy tự ngừng" not in at(app, "counselor").get("/messages/").text
    assert resume(client).status_code == 303
    assert "Máy tự ngừng" not in client.get("/messages/").text


def test_after_a_restore_the_pages_say_why_reminders_wait(app: Flask, session: Session, treated: int) -> None:
    stop_sending(session, DONG_KINH, "treatment", now=MORNING)
    with writing(session) as tx:
        audit.append(tx, audit.HOUSE, "command:restore", "backup.restored", "database", {}, MORNING)
    client = at(app, "dispenser")
    for page in ("/messages/", "/messages/queue"):
        assert "khôi phục từ bản sao lưu" in client.get(page).text
    resume(client)
    assert "khôi phục từ bản sao lưu" not in client.get("/messages/queue").text
