"""The session is over, a quarter of an hour after the last visit: what a phone with a PIN offers before a password."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling import clock
from counseling.database import writing
from counseling.models.contacts import OutreachContact
from counseling.models.people import StaffSession
from tests.phone.line import Line
from tests.phone.taps import NAME, entries, has_copy, log, open_phone, until
from tests.phone.test_what_a_phone_keeps import leave
from tests.support.browser import reach

DIGITS = "2580"


@pytest.fixture
def receiver() -> None:
    """Entries go to the application's own door."""


def set_pin(phone: Page) -> None:
    phone.locator("#this-phone summary").tap()
    phone.fill("#new-pin", DIGITS)
    phone.get_by_role("button", name="Đặt mã").tap()
    expect(phone.locator("[data-pin=set]")).to_be_visible()


def session_ends(session: Session) -> None:
    with writing(session) as tx:
        tx.execute(update(StaffSession).values(ended_at=clock.utc_now()))


def lay_untouched(phone: Page) -> None:
    phone.evaluate("() => localStorage.setItem('seen', String(Date.now() - 190000))")


def open_app(phone: Page, line: Line) -> None:
    phone.goto(f"{line.url}/")
    reach(phone, "**/login**")


def go_on(phone: Page) -> None:
    phone.get_by_role("link", name="Ghi trước, đăng nhập sau").tap()


def type_pin(phone: Page, digits: str = DIGITS) -> None:
    phone.get_by_role("button", name="Mở lại").tap()
    phone.fill("#unlock", digits)
    phone.get_by_role("button", name="Mở", exact=True).tap()


def test_with_a_pin_a_visit_is_logged_and_sent_before_anybody_types_a_password(
    phone: Page, line: Line, session: Session
) -> None:
    set_pin(phone)
    session_ends(session)
    open_app(phone, line)
    lay_untouched(phone)
    go_on(phone)
    expect(phone.locator("#work")).to_be_hidden()
    type_pin(phone)
    expect(phone.locator("#as-of")).to_be_visible()
    log(phone)
    until(phone, lambda: not entries(phone))
    session.rollback()
    assert [row.outcome for row in session.scalars(select(OutreachContact))] == ["met_well"]
    phone.get_by_role("link", name="Xem bản mới").tap()
    reach(phone, "**/login**")


def test_putting_the_page_for_signing_in_away_does_not_count_as_having_been_seen(
    phone: Page, line: Line, session: Session
) -> None:
    """Or the cover would be got round by somebody who has no PIN."""
    set_pin(phone)
    session_ends(session)
    open_app(phone, line)
    lay_untouched(phone)
    phone.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    go_on(phone)
    expect(phone.get_by_role("button", name="Mở lại")).to_be_visible()
    expect(phone.locator("#work")).to_be_hidden()


def test_five_wrong_pins_take_it_away(phone: Page, line: Line, session: Session) -> None:
    set_pin(phone)
    session_ends(session)
    open_app(phone, line)
    lay_untouched(phone)
    go_on(phone)
    for left in range(4, -1, -1):
        type_pin(phone, "1111")
        if left:
            expect(phone.locator("[data-left]")).to_have_text(str(left))
            phone.reload()
    reach(phone, "**/login**")
    assert not has_copy(phone)
    expect(phone.get_by_role("heading", name="Đăng nhập")).to_be_visible()
    expect(phone.locator("#kept-here")).to_be_hidden()


@pytest.mark.parametrize("why", ["no PIN", "signed out"])
def test_without_a_pin_or_after_signing_out_there_is_nothing_to_open(
    phone: Page, line: Line, session: Session, why: str
) -> None:
    if why == "signed out":
        set_pin(phone)
        phone.locator(".account summary").tap()
        phone.get_by_role("button", name="Đăng xuất").tap()
        reach(phone, "**/login**")
    session_ends(session)
    open_app(phone, line)
    phone.wait_for_function("() => document.readyState === 'complete'")
    expect(phone.locator("#kept-here")).to_be_hidden()
    phone.goto(f"{line.url}/outreach/?kept=")  # whoever knows the address
    reach(phone, "**/login**")
    assert NAME not in phone.content()


def test_whoever_comes_back_after_signing_out_is_told_that_no_code_guards_the_list_any_more(
    phone: Page, line: Line
) -> None:
    """Before you lend the phone, sign out, says the first day: with that the code goes, and the list lay open."""
    set_pin(phone)
    leave(phone)
    reach(phone, "**/login*")
    open_phone(phone, line.url)
    expect(phone.locator("[data-pin=gone]")).to_be_in_viewport(ratio=1)  # before anybody looks for it
    phone.goto(f"{line.url}/outreach/month")
    expect(phone.get_by_text("Đã gửi hết")).to_be_visible()  # the pages beside the list work as ever
    phone.goto(f"{line.url}/outreach/")
    phone.get_by_role("link", name="Đặt lại mã").tap()
    expect(phone.locator("#new-pin")).to_be_in_viewport()
    phone.fill("#new-pin", "2581")
    phone.get_by_role("button", name="Đặt mã").tap()
    expect(phone.locator("[data-pin=gone]")).to_be_hidden()
    phone.goto(f"{line.url}/outreach/?")
    expect(phone.get_by_text("Đã gửi hết")).to_be_visible()
    expect(phone.locator("[data-pin=gone]")).to_be_hidden()
    expect(phone.locator("#this-phone")).not_to_have_attribute("open", "")
