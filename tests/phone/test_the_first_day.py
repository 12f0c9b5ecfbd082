"""The first day of a phone: signed in once, nothing loaded anew, and off into the hills."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import NAME, comes_true, entries, expect_sent, has_copy, has_list_of, log, ready, send_now, until
from tests.phone.test_what_a_phone_keeps import leave
from tests.support.browser import PHONE, NewPage, reach, sign_in_by_hand
from tests.support.cast import PASSWORD
from tests.support.treatment import Person


def arrive(new_page: NewPage, line: Line) -> Page:
    page = new_page(PHONE, has_touch=True)
    page.set_default_timeout(10_000)
    sign_in_by_hand(page, line.url, "volunteer", PASSWORD)
    reach(page, "**/outreach/")
    page.locator("#tour [data-skip]").tap()
    return page


def test_signed_in_once_a_phone_has_its_list_and_what_to_do_in_danger_without_a_line(
    new_page: NewPage, line: Line, receiver: Receiver, person: Person
) -> None:
    page = arrive(new_page, line)
    page.evaluate("() => { window.isSame = true; }")
    log(page)
    send_now(page)
    expect_sent(page)
    ready(page)
    assert page.evaluate("() => window.isSame"), "the page was loaded once"
    line.down()
    page.goto(f"{line.url}/")
    expect(page.locator("#as-of")).to_be_visible()
    expect(page.locator("#done-here")).to_contain_text(NAME)
    page.get_by_role("link", name="Nguy hiểm").first.tap()
    expect(page.locator("main h1")).to_have_text("Nguy hiểm: làm gì ngay")
    page.goto(f"{line.url}/outreach/")
    page.get_by_role("link", name="Người ngoài danh sách", exact=True).tap()
    page.fill("#said", "Anh Tư")
    page.get_by_role("button", name="Gặp, ổn").tap()
    expect(page.locator("#undo")).to_be_visible()
    assert len(entries(page)) == 1


def test_a_list_that_is_not_kept_is_kept_from_whatever_page_is_opened(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    phone.evaluate("async () => { for (const name of await caches.keys()) await caches.delete(name); }")
    phone.goto(f"{line.url}/outreach/danger/")
    has_list_of(phone, NAME)


def test_what_was_said_once_is_not_said_anew_from_the_copy(phone: Page, line: Line) -> None:
    """A meeting that was saved on Monday is not reported again on the ridge on Wednesday."""
    phone.goto(f"{line.url}/outreach/group")
    phone.locator("[name=person]").check()
    phone.get_by_role("button", name="Lưu buổi nhóm").tap()
    reach(phone, "**/outreach/")
    expect(phone.locator("#notices")).to_contain_text("Đã ghi buổi nhóm")
    comes_true(phone, "async () => (await (await caches.match('/outreach/')).text()).includes('gặp hôm nay')")
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#as-of")).to_be_visible()
    expect(phone.locator("#notices")).not_to_contain_text("Đã ghi buổi nhóm")


def test_whoever_signs_out_before_the_worker_has_come_leaves_no_list(
    new_page: NewPage, line: Line, receiver: Receiver, person: Person
) -> None:
    line.holds = "GET /sw.js"
    page = arrive(new_page, line)
    line.holds = "POST /logout"  # the session is still open while the worker comes
    leave(page)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_timeout(1000)
    assert not has_copy(page)
    line.holds = ""
    reach(page, "**/login**")
    assert not has_copy(page)


def test_whoever_signs_out_while_the_list_is_fetched_to_be_kept_leaves_none(
    new_page: NewPage, line: Line, receiver: Receiver, person: Person
) -> None:
    line.holds = "GET /sw.js"
    page = arrive(new_page, line)
    line.withholds, line.holds = "GET /outreach/", ""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_timeout(1000)
    leave(page)
    reach(page, "**/login**")
    line.withholds = ""
    page.wait_for_timeout(1000)
    assert not has_copy(page)
    line.down()
    page.goto(f"{line.url}/outreach/")
    until(page, lambda: page.locator("h1").inner_text() == "Chưa có mạng")
