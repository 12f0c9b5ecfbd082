"""What goes wrong between a phone and the real server, and on the way between: each visit arrives once, on its day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling import clock
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain import phone_entries
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.people import StaffSession
from counseling.models.phone_entries import PhoneEntry, PhoneToken, WaitingVisit
from counseling.routes import offline
from counseling.services.waiting_visits import try_again
from tests.agreements.story import agrees, takes_it_back
from tests.outreach.story import someone
from tests.phone.line import Line, Passing
from tests.phone.taps import (
    NAME,
    answer,
    comes_true,
    entries,
    expect_says,
    expect_sent,
    grow_old,
    has_list_of,
    kept_text,
    log,
    send_now,
    until,
)
from tests.support import cast as people
from tests.support.browser import reach
from tests.support.cast import CAO_LOC, PASSWORD, TEAM, TEAM2, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person, somebody

WEEK = timedelta(days=7)
NEW_PASSWORD = "hoa đào nở bên suối"
# The phone's own clock, moved by so many milliseconds: all that a page reads, timers apart.
MOVED_CLOCK = """(() => {
  const Before = Date;
  self.Date = class extends Before {
    constructor(...given) { given.length ? super(...given) : super(Before.now() + %d); }
    static now() { return Before.now() + %d; }
  };
})()"""


@pytest.fixture
def receiver() -> None:
    """None that stands in: the application with its own outbox is at the other end."""


def move_clock(page: Page, by: timedelta) -> None:
    """From the next page on."""
    ms = int(by.total_seconds() * 1000)
    page.add_init_script(MOVED_CLOCK % (ms, ms))


def as_at_the_server() -> timedelta:
    """What the phone's clock lacks to the server's, which a story has set."""
    return clock.utc_now() - clock.machine_now()


def contacts(session: Session) -> list[OutreachContact]:
    session.rollback()
    return list(session.scalars(select(OutreachContact).order_by(OutreachContact.id)))


def sign_in_again(page: Page, username: str = "volunteer", password: str = PASSWORD) -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.get_by_role("button", name="Đăng nhập", exact=True).tap()
    reach(page, "**/outreach/")


def test_the_line_goes_at_the_tap(phone: Page, line: Line, session: Session) -> None:
    phone.locator("#work .row a", has_text=NAME).first.tap()
    line.down()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    send_now(phone)
    expect_says(phone, "later", 1)
    line.up()
    send_now(phone)
    expect_sent(phone)
    assert len(contacts(session)) == 1


def test_the_line_goes_in_the_middle_of_an_entry(
    phone: Page, line: Line, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def half(request: Passing) -> None:
        heard.append(request.rfile.read(int(request.headers["Content-Length"]) // 2))
        request.close_connection = True

    log(phone)
    with monkeypatch.context() as broken:
        broken.setattr(Passing, "do_POST", half)
        send_now(phone)
        expect_says(phone, "later", 1)
    assert heard and len(entries(phone)) == 1
    send_now(phone)
    expect_sent(phone)
    assert len(contacts(session)) == 1


@pytest.mark.parametrize(("understood", "result"), [([1, 2, 3], "stored"), ([2, 3, 4], "quarantined")])
def test_a_page_of_the_first_form_logs_after_the_server_has_learnt_newer_ones(
    phone: Page,
    line: Line,
    session: Session,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    understood: list[int],
    result: str,
) -> None:
    line.down()
    phone.reload()  # the kept page: of form 1 for as long as there is no line
    log(phone)
    reader = phone_entries.READERS[1]
    monkeypatch.setattr(phone_entries, "READERS", dict.fromkeys(understood, reader))
    line.up()
    send_now(phone)
    expect_sent(phone)
    (kept,) = session.scalars(select(PhoneEntry))
    assert (kept.form_version, kept.result) == (1, result)
    assert len(contacts(session)) == (result == "stored")
    if result == "stored":
        return
    expect(phone.locator("#apart")).to_contain_text("1")
    (waits,) = session.scalars(select(WaitingVisit))
    assert (waits.code, waits.said) == ("form_unknown", None)
    # Its words are still sealed in the entry: with a reader for the form the point gets the whole visit.
    monkeypatch.setitem(phone_entries.READERS, 1, reader)
    assert try_again(session, cast.viewer_of("counselor"), waits.ref, zone=VIETNAM, now=clock.utc_now())
    assert [row.outcome for row in contacts(session)] == ["met_well"]


def test_the_password_is_changed_elsewhere_while_a_visit_waits(
    phone: Page, line: Line, app: Flask, session: Session, cast: Cast
) -> None:
    line.down()
    log(phone)
    elsewhere = app.test_client()
    people.sign_in(elsewhere, "volunteer")
    changed = people.post(elsewhere, "/account/password", old=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert changed.status_code == 303
    line.up()
    phone.goto(f"{line.url}/outreach/")
    reach(phone, "**/login**")
    until(phone, lambda: len(contacts(session)) == 1)  # the phone's token adds entries without a session
    expect(phone.locator("#outbox")).to_be_hidden()
    sign_in_again(phone, password=NEW_PASSWORD)
    expect(phone.locator("#met")).to_be_hidden()  # it stands in "logged here", to be corrected
    log(phone, "Chưa gặp")
    send_now(phone)
    expect_sent(phone)
    assert [row.outcome for row in contacts(session)] == ["met_well", "not_met"]


def test_signed_out_without_a_line_and_the_session_ends_meanwhile(phone: Page, line: Line, session: Session) -> None:
    """Whoever signs in next stays signed in: there is nothing left to be ended."""
    line.down()
    phone.locator(".account summary").tap()
    phone.get_by_role("button", name="Đăng xuất").tap()
    reach(phone, "**/offline")
    with writing(session) as tx:
        tx.execute(update(StaffSession).values(ended_at=clock.utc_now()))
    line.up()
    phone.goto(f"{line.url}/")
    reach(phone, "**/login**")
    sign_in_again(phone)
    log(phone)
    send_now(phone)
    expect_sent(phone)
    phone.reload()
    expect(phone.locator("#work .row:visible", has_text=NAME)).to_have_count(1)


def test_a_sign_in_that_does_not_arrive_takes_nothing_away(phone: Page, line: Line, session: Session) -> None:
    for is_last in (False, True):
        with writing(session) as tx:
            tx.execute(update(StaffSession).values(ended_at=clock.utc_now()))
        phone.goto(f"{line.url}/")
        reach(phone, "**/login**")
        if not is_last:
            sign_in_again(phone)  # by hand: the phone knows the name from then on
            has_list_of(phone, NAME)
    phone.fill("[name=username]", "volunteer")
    phone.fill("[name=password]", PASSWORD)
    line.down()
    phone.get_by_role("button", name="Đăng nhập", exact=True).tap()
    phone.wait_for_function("() => location.protocol === 'chrome-error:'")
    phone.goto(f"{line.url}/outreach/")
    log(phone)
    assert len(entries(phone)) == 1


def test_what_is_not_sent_stands_on_the_list_for_as_long_as_it_waits(phone: Page, line: Line) -> None:
    """A day without a line: nobody wonders whether it was saved, and nobody goes there twice."""
    line.down()
    log(phone)
    move_clock(phone, timedelta(days=1))
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#done-here .row", has_text=NAME)).to_contain_text("đã lưu trên máy")
    # And on the list: they may be met again today, which is another visit.
    expect(phone.locator("#work li:not(.logged) > a[data-ref]:not([data-entry])", has_text=NAME)).to_be_visible()
    phone.locator("#done-here a").first.tap()
    phone.get_by_role("button", name="Chưa gặp").tap()
    expect(phone.locator("#undo")).to_be_visible()
    assert [entry["kind"] for entry in entries(phone)] == ["visit", "correction"]


def test_a_line_that_hangs_at_the_first_sign_in_keeps_nobody_from_logging(
    phone: Page, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.evaluate("() => indexedDB.deleteDatabase('outbox')")
    heard, goes_on = threading.Event(), threading.Event()
    passing = Passing.do_POST

    def hang(self: Passing) -> None:
        if self.path.endswith("/device"):
            heard.set()
            goes_on.wait(20)
        passing(self)

    monkeypatch.setattr(Passing, "do_POST", hang)
    phone.goto(f"{line.url}/outreach/")
    until(phone, heard.is_set)
    log(phone)
    goes_on.set()
    send_now(phone)
    expect_sent(phone)


def test_a_server_that_is_away_for_a_week(
    phone: Page, line: Line, session: Session, start_clock_at: Callable[[datetime], None]
) -> None:
    move_clock(phone, as_at_the_server())
    phone.reload()
    assert "Người mẫu" in kept_text(phone)
    line.down()
    log(phone, "Gặp, cần giúp")
    (kept,) = entries(phone)
    grow_old(phone, 7 * 24)
    move_clock(phone, WEEK)
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#gone")).to_be_visible()
    for name in ("Anh Ba", "Người mẫu"):  # nor the volunteer's own, nor a colleague's
        assert name not in phone.content() + kept_text(phone)
    expect(phone.locator(".account summary")).to_have_accessible_name("Tài khoản")
    expect_says(phone, "later", 1)
    assert [one["id"] for one in entries(phone)] == [kept["id"]]
    start_clock_at(MORNING + timedelta(hours=4) + WEEK)
    line.up()
    phone.goto(f"{line.url}/outreach/")
    reach(phone, "**/login**")  # a session ends after 15 minutes, the phone's token after 90 days
    sign_in_again(phone)
    expect_sent(phone)
    (row,) = contacts(session)
    assert (row.contact_on, row.outcome) == (MORNING.date(), "met_needs_help")
    assert line.ids == [kept["id"]]


@pytest.mark.parametrize("wrong", [timedelta(days=1), timedelta(days=-1)], ids=["ahead", "behind"])
def test_a_visit_saved_by_a_clock_that_is_a_day_wrong(
    phone: Page, line: Line, app: Flask, session: Session, wrong: timedelta
) -> None:
    move_clock(phone, as_at_the_server() + wrong)
    phone.reload()
    line.down()
    log(phone)
    line.up()
    send_now(phone)
    expect_sent(phone)
    (row,) = contacts(session)
    assert row.contact_on == MORNING.date()
    (kept,) = session.scalars(select(PhoneEntry))
    assert abs(kept.skew_seconds - wrong.total_seconds()) < 120
    counselor = app.test_client()
    people.sign_in(counselor, "counselor")
    assert "Đồng hồ máy lệch" in counselor.get("/teams/").text


@pytest.mark.parametrize("wrong", [timedelta(days=-8), timedelta(days=-1), timedelta(), timedelta(days=40)])
def test_in_a_week_is_a_week_after_the_visit_whatever_the_phone_says_it_is(
    phone: Page, line: Line, session: Session, wrong: timedelta
) -> None:
    move_clock(phone, as_at_the_server() + wrong)
    phone.reload()
    for is_corrected in (False, True):
        line.down()
        phone.locator("#done-here a" if is_corrected else "#work .row a").first.tap()
        phone.locator(f"label:has([name=next][value='{14 if is_corrected else 7}'])").tap()
        phone.get_by_role("button", name="Gặp, ổn").tap()
        expect(phone.locator("#undo")).to_be_visible()
        line.up()
        send_now(phone)
        expect_sent(phone)
    today = MORNING.date()
    assert [row.contact_on for row in contacts(session)] == [today, today]
    assert [row.next_on for row in contacts(session)] == [today + WEEK, today + 2 * WEEK]


def test_another_signs_in_while_a_visit_waits_and_it_stays_its_writers(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    line.down()
    log(phone)
    with writing(session) as tx:
        tx.execute(update(PhoneToken).values(expires_at=clock.utc_now()))  # nobody but its writer can get it on its way
    phone.context.clear_cookies(name="__Host-session")
    line.up()
    phone.goto(f"{line.url}/login")
    sign_in_again(phone, "volunteer2")
    has_list_of(phone, "Chị Tư")
    log(phone, "Chưa gặp", "Chị Tư")
    send_now(phone)
    until(phone, lambda: len(entries(phone)) == 1)
    expect_says(phone, "other", 1)
    assert [row.recorded_by_id for row in contacts(session)] == [cast.staff["volunteer2"]]
    line.down()
    log(phone, "Chưa gặp", "Chị Tư")  # put right, without a line
    send_now(phone)
    expect_says(phone, "later", 1)
    expect_says(phone, "other", 1)
    line.up()
    send_now(phone)
    until(phone, lambda: len(entries(phone)) == 1)
    expect(phone.locator("#outbox [data-says=later]")).to_be_hidden()
    expect_says(phone, "other", 1)
    theirs = select(PhoneToken.waiting).where(PhoneToken.staff_id == cast.staff["volunteer2"])
    assert set(session.scalars(theirs)) == {0}, "what waits is another's, and no word about this one"
    phone.context.clear_cookies(name="__Host-session")
    phone.goto(f"{line.url}/login")
    sign_in_again(phone)
    has_list_of(phone, NAME)
    expect_sent(phone)
    writers = [row.recorded_by_id for row in contacts(session)]
    assert writers == [cast.staff["volunteer2"], cast.staff["volunteer2"], cast.staff["volunteer"]]


def test_what_waits_for_the_point_is_told_to_whoever_wrote_it_and_to_nobody_else(
    phone: Page, line: Line, session: Session, cast: Cast, person: Person
) -> None:
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    line.down()
    log(phone)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(team_id=None))
    phone.context.clear_cookies(name="__Host-session")
    line.up()
    phone.goto(f"{line.url}/login")
    sign_in_again(phone, "volunteer2")
    has_list_of(phone, "Chị Tư")
    send_now(phone)
    expect_sent(phone)
    expect(phone.locator("#apart")).to_be_hidden()


@pytest.mark.parametrize(
    ("meanwhile", "code"),
    [
        ({"team_id": TEAM2}, "not_in_scope"),
        ({"status": "discharged"}, "support_ended"),
        ({"team_id": None}, "not_in_scope"),
    ],
    ids=["moved", "closed", "withdrawn"],
)
def test_what_became_of_the_person_meanwhile_keeps_the_visit_apart(
    phone: Page, line: Line, session: Session, person: Person, meanwhile: dict[str, Any], code: str
) -> None:
    line.down()
    answer(phone, "Gặp, cần giúp")
    expect(phone.locator("#undo")).to_be_visible()
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(**meanwhile))
    line.up()
    send_now(phone)
    expect(phone.locator("#apart")).to_contain_text("1")
    expect_sent(phone)
    assert session.scalars(select(WaitingVisit.code)).all() == [code]
    assert not contacts(session)
    line.down()
    phone.reload()  # tomorrow's copy does not know it any more, today's says what became of it
    expect(phone.locator("#done-here .row")).to_contain_text("điểm tư vấn đang xem lại")


def test_the_agreement_taken_back_while_a_visit_waits(phone: Page, line: Line, session: Session, cast: Cast) -> None:
    """By the real desk: nobody is asked of by the phone any more, and what was written is kept for the point."""
    person = somebody(session, cast)
    agrees(session, cast, person.id, team_id=TEAM, community_name="Chị Tư Đào")
    phone.reload()
    comes_true(phone, "async () => (await (await caches.match('/outreach/')).text()).includes('Tư Đào')")
    line.down()
    phone.reload()
    answer(phone, "Gặp, cần giúp", name="Chị Tư Đào")
    expect(phone.locator("#undo")).to_be_visible()
    takes_it_back(session, cast, person.id)
    line.up()
    send_now(phone)
    expect(phone.locator("#apart")).to_contain_text("1")
    expect_sent(phone)
    assert session.scalars(select(WaitingVisit.code)).all() == ["not_in_scope"]
    assert not contacts(session)
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#work .row", has_text="Chị Tư Đào")).to_have_count(0)


def test_a_new_version_that_was_taken_in_one_tab_leaves_no_dead_button_in_the_other(
    phone: Page, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = phone.context.new_page()
    other.goto(f"{line.url}/outreach/")
    monkeypatch.setattr(offline, "SHELL", (*offline.SHELL, "icons/app-512.png"))
    phone.evaluate("async () => void (await (await navigator.serviceWorker.ready).update())")
    for page in (phone, other):
        expect(page.locator("#update")).to_be_visible()
    phone.get_by_role("button", name="Dùng bản mới").tap()
    expect(other.locator("#update")).to_be_hidden()
    expect(other.locator("#work")).to_be_visible()
