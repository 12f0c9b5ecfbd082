"""What was logged is put right later, on the phone that cannot read it back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import vault_of
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.phone_entries import ContactDetails
from counseling.queries.month_sheets import month_sheet
from tests.outreach.story import asked, someone, task_state
from tests.outreach.story import log as log_plainly
from tests.phone.line import Line
from tests.phone.taps import NAME, comes_true, entries, expect_sent, log, ready, send_now
from tests.support.cast import Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person

OTHER = "Chị Tư bán rau"
KEPT_AFTER_THE_RECEIPT = """async () => {
  const [sent] = await Outbox.done(), copy = await caches.match("/outreach/");
  return Number(copy?.headers.get("X-Kept-At")) > sent.sent_at;
}"""


@pytest.fixture
def receiver() -> None:
    """Entries go to the application's own door."""


@pytest.fixture
def other(session: Session, cast: Cast) -> Person:
    return someone(session, cast, OTHER)


def rows(session: Session) -> list[OutreachContact]:
    session.rollback()
    session.expire_all()
    return list(session.execute(select(OutreachContact).order_by(OutreachContact.id)).scalars())


def details(session: Session, contact: OutreachContact) -> ContactDetails:
    own = select(ContactDetails).where(ContactDetails.contact_id == contact.id)
    return session.execute(own).scalar_one()


def visits_of_the_month(session: Session, cast: Cast) -> int:
    first = MORNING.date().replace(day=1)
    return month_sheet(session, cast.roles["volunteer"][0], first, VIETNAM).total.visits


def tap(phone: Page, name: str, value: str) -> None:
    phone.locator(f"#visit-form label:has([name={name}][value='{value}'])").tap()


def log_all(phone: Page) -> None:
    """A call of which everything is said."""
    phone.locator("#work .row a:visible", has_text=NAME).first.tap()
    for name, value in (("place", "phone"), ("next", "7"), ("topic", "family"), ("need", "work"), ("mood", "low")):
        tap(phone, name, value)
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    phone.fill("#minutes", "45")
    phone.fill("#km", "12")
    phone.fill("#agreed", "hẹn thứ hai")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    send_now(phone)
    expect_sent(phone)


def mend(phone: Page, answer: str = "Gặp, cần giúp") -> None:
    phone.get_by_role("button", name=answer).tap()
    send_now(phone)
    expect_sent(phone)


def test_what_is_not_tapped_anew_stays_as_it_was(phone: Page, session: Session) -> None:
    log_all(phone)
    phone.locator("#done-here a").first.tap()
    assert phone.locator("#visit-form :is([name=place], [name=next]):checked").count() == 0
    expect(phone.get_by_text("Chỗ nào không bấm lại thì giữ như lần trước.")).to_be_visible()
    mend(phone)
    old, new = rows(session)
    assert (new.corrects_id, new.outcome, new.kind) == (old.id, "met_needs_help", "phone")
    assert old.next_on is not None and (new.topics, new.next_on) == ("family", old.next_on)
    assert vault_of(session).open("outreach_contacts.note", new.ref, new.note) == "hẹn thứ hai"
    said = details(session, new)
    assert (said.needs, said.mood, said.minutes, said.km) == ("work", "low", 45, 12)


def test_what_is_tapped_anew_takes_its_place(phone: Page, session: Session) -> None:
    log_all(phone)
    phone.locator("#done-here a").first.tap()
    for name, value in (("place", "point"), ("next", ""), ("topic", "money"), ("need", "papers"), ("mood", "good")):
        tap(phone, name, value)
    mend(phone, "Gặp, ổn")
    new = rows(session)[-1]
    said = details(session, new)
    assert (new.kind, new.topics, new.next_on, said.needs, said.mood) == ("point", "money", None, "papers", "good")
    assert (said.minutes, said.km) == (45, 12)


def test_logged_for_the_wrong_person_it_is_moved_to_the_right_one(
    phone: Page, line: Line, session: Session, other: Person
) -> None:
    """Found out at home, without a line; what the right one was to be asked is answered with it."""
    second = asked(session, other, "check_in")
    phone.reload()
    ready(phone)
    log_all(phone)
    line.down()
    phone.locator("#done-here a").first.tap()
    phone.locator("#visit summary", has_text="Ghi nhầm người?").tap()
    expect(phone.locator("[data-instead] .chip", has_text=NAME)).to_have_count(0)
    phone.locator("[data-instead] .chip", has_text=OTHER).tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_contain_text(OTHER)
    expect(phone.locator("#done-here .row")).to_have_count(1)
    expect(phone.locator("#done-here .row")).to_contain_text(OTHER)
    expect(phone.locator("#work li:not(.logged) > a[data-ref]:not([data-entry])", has_text=NAME)).to_be_visible()
    line.up()
    send_now(phone)
    expect_sent(phone)
    refs = dict(session.execute(select(SupportFile.patient_id, SupportFile.ref)).all())
    logged, withdrawn, moved = rows(session)
    assert (withdrawn.corrects_id, withdrawn.outcome) == (logged.id, "withdrawn")
    assert (refs[moved.patient_id], moved.outcome, moved.kind) == (other.ref, "met_well", "phone")
    assert details(session, moved).minutes == 45
    assert task_state(session, second)[0] is False


def test_a_visit_answers_all_that_was_asked_of_somebody(
    phone: Page, line: Line, session: Session, person: Person
) -> None:
    second = asked(session, person, "check_in")
    phone.goto(f"{line.url}/outreach/")
    log(phone)
    send_now(phone)
    expect_sent(phone)
    assert task_state(session, second)[0] is False
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#met .row", has_text=NAME)).to_contain_text("Gặp, ổn")
    expect(phone.locator("#work .row", has_text="Hỏi thăm")).to_have_count(0)


def test_the_longest_name_to_choose_makes_no_page_wide(phone: Page, session: Session, cast: Cast) -> None:
    someone(session, cast, "Nguyễn Thị Hoàng Phương Thảo Vy, con dâu bà Mẩy bán vải ở chợ")
    phone.reload()
    ready(phone)
    log(phone)
    phone.locator("#done-here a").first.tap()
    phone.locator("#visit summary", has_text="Ghi nhầm người?").tap()
    expect(phone.locator("[data-instead] .chip")).to_be_visible()
    assert not phone.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_what_was_sent_today_is_put_right_after_the_page_was_loaded_anew(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    """Nobody writes a second visit where a correction was promised; and nothing stands there twice."""
    log(phone)
    send_now(phone)
    expect_sent(phone)
    for has_line in (True, False):
        if not has_line:
            line.down()
        phone.goto(f"{line.url}/outreach/")
        expect(phone.locator("#done-here .row", has_text=NAME)).to_contain_text("đã gửi")
        expect(phone.locator("#work .row a:visible", has_text=NAME)).to_have_count(1)
        expect(phone.locator("#met")).to_be_hidden()
    line.up()
    phone.locator("#work .row a:visible", has_text=NAME).tap()
    mend(phone, "Chưa gặp")
    old, new = rows(session)
    assert (new.corrects_id, new.outcome) == (old.id, "not_met")
    assert visits_of_the_month(session, cast) == 1


def test_whom_another_has_met_or_who_is_asked_for_anew_is_still_seen(
    phone: Page, line: Line, session: Session, cast: Cast, person: Person, other: Person
) -> None:
    log(phone)
    send_now(phone)
    expect_sent(phone)
    log_plainly(session, cast, other)
    phone.reload()
    expect(phone.locator("#met .row:visible")).to_have_count(1)
    expect(phone.locator("#met .row:visible")).to_contain_text(OTHER)
    expect(phone.locator("#met h2")).to_have_text("Đã ghi hôm nay 1")
    asked(session, person)
    phone.reload()
    expect(phone.locator("#done-here .row", has_text=NAME)).to_be_visible()
    asks = phone.locator("#work li:not(.logged) > a[data-task]", has_text=NAME)
    expect(asks).to_be_visible()
    log(phone)
    assert [entry["corrects"] for entry in entries(phone)] == [None], "another visit, which answers what is asked"
    expect(asks).to_be_hidden()


def test_who_is_asked_for_anew_after_a_visit_is_still_seen_when_the_line_has_gone(
    phone: Page, line: Line, session: Session, person: Person
) -> None:
    """Visited in the morning, and sent. At noon the point sees a sign of danger; the list with that task is kept."""
    log(phone)
    send_now(phone)
    expect_sent(phone)
    asked(session, person, "danger_sign")
    phone.reload()
    comes_true(phone, KEPT_AFTER_THE_RECEIPT)
    line.down()
    phone.reload()
    expect(phone.locator("#as-of")).to_be_visible()
    expect(phone.locator("#done-here .row", has_text=NAME)).to_contain_text("đã gửi")
    asks = phone.locator("#work li:not(.logged) > a[data-task]", has_text=NAME)
    expect(asks).to_contain_text("gọi ngay")
    log(phone)
    expect(asks).to_be_hidden()


def test_whose_visit_was_sent_while_the_list_was_on_its_way_is_not_called_to_again_by_its_copy(
    phone: Page, line: Line
) -> None:
    line.withholds = "GET /outreach/"
    other_tab = phone.context.new_page()
    other_tab.goto(f"{line.url}/outreach/")
    expect(other_tab.locator("#as-of")).to_be_visible()
    log(phone)
    send_now(phone)
    expect_sent(phone)
    line.withholds = ""
    comes_true(phone, KEPT_AFTER_THE_RECEIPT)
    line.down()
    phone.reload()
    expect(phone.locator("#done-here .row", has_text=NAME)).to_contain_text("đã gửi")
    expect(phone.locator("#work li:not(.logged) > a[data-task]", has_text=NAME)).to_be_hidden()


def test_met_in_the_evening_after_nobody_was_there_in_the_morning_is_two_visits(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    log(phone, "Chưa gặp")
    send_now(phone)
    expect_sent(phone)
    line.down()
    phone.locator("#done-here a").first.tap()
    phone.get_by_role("button", name="Ghi lần nữa hôm nay").tap()
    expect(phone.locator("#visit [data-of=correction]")).to_be_hidden()
    expect(phone.get_by_role("button", name="Ghi lần nữa hôm nay")).to_be_hidden()
    expect(phone.locator("#visit h1")).to_have_text(NAME)
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_contain_text("Gặp, ổn")
    expect(phone.locator("#done-here .row", has_text=NAME)).to_have_count(2)
    line.up()
    send_now(phone)
    expect_sent(phone)
    assert [(row.outcome, row.corrects_id) for row in rows(session)] == [("not_met", None), ("met_well", None)]
    assert visits_of_the_month(session, cast) == 2


def test_of_somebody_who_is_not_on_the_list_there_is_no_row_to_begin_again_from(phone: Page) -> None:
    phone.get_by_role("link", name="Người ngoài danh sách").tap()
    phone.fill("#said", "Cô Năm đầu chợ")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    phone.locator("#done-here a").first.tap()
    expect(phone.locator("#visit [data-of=correction]")).to_be_visible()
    expect(phone.get_by_role("button", name="Ghi lần nữa hôm nay")).to_be_hidden()
