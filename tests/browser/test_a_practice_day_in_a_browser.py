"""A practice day on the station's phone: another colour on every page, back to the real one, nothing lost there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, NewPage, axe_violations, sign_in
from tests.support.server import LiveServer

STRIP = "Ngày tập: người và thuốc đều là bịa"
LONGEST_START = 2_000  # ms


def paper(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_practice_from_the_menu_to_the_slip(
    new_page: NewPage, live_server: LiveServer, size: tuple[int, int]
) -> None:
    page = new_page(size)
    sign_in(page, live_server.url, "dispenser")
    page.wait_for_url("**/station/")
    real_paper, still_to_come = paper(page), page.locator("#today h2 .note").first.inner_text()
    page.locator(".top .account summary").click()
    page.get_by_role("link", name="Ngày tập").click()
    page.get_by_role("button", name="Bắt đầu ngày tập").click()
    page.wait_for_url("**/practice/station/", timeout=LONGEST_START)
    expect(page.get_by_text(STRIP)).to_be_in_viewport()
    assert paper(page) != real_paper
    page.get_by_role("button", name="Mở ngày").click()
    page.locator("#today .row a").first.click()
    page.get_by_role("button", name="Rót").click()
    expect(page.get_by_text(STRIP)).to_be_in_viewport()
    assert axe_violations(page) == []
    page.get_by_role("button", name="Xác nhận đã uống").click()
    expect(page.locator(".notice.done")).to_contain_text("Đã ghi")
    page.get_by_role("button", name="Bác sĩ").click()
    page.wait_for_url("**/practice/doctor/")
    assert axe_violations(page) == []
    page.get_by_role("link", name="Thử những gì").click()
    assert axe_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.emulate_media(media="print")
    expect(page.get_by_text(STRIP)).to_be_visible()
    # Printers leave grounds away: what is white on one would be gone.
    assert page.evaluate("getComputedStyle(document.querySelector('.practice-strip')).color") == "rgb(0, 0, 0)"
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Kết thúc", exact=True).click()
    page.wait_for_url("**/practice-days/end")
    assert paper(page) == real_paper
    page.get_by_role("button", name="Kết thúc và xem phiếu").click()
    expect(page.get_by_text("Liều đã cho uống")).to_be_visible()
    assert axe_violations(page) == []
    page.goto(f"{live_server.url}/station/")
    assert page.locator("#today h2 .note").first.inner_text() == still_to_come


def test_the_practice_has_another_colour_in_the_dark_too(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(PHONE, color_scheme="dark")
    sign_in(page, live_server.url, "doctor")
    page.goto(f"{live_server.url}/practice-days/")
    real_paper = paper(page)
    page.get_by_role("button", name="Bắt đầu ngày tập").click()
    page.wait_for_url("**/practice/doctor/", timeout=LONGEST_START)
    assert paper(page) != real_paper
    assert page.locator("meta[name=theme-color]").last.get_attribute("content") == "#1C1730"
    assert axe_violations(page) == []


def test_a_list_of_the_practice_leads_back_when_the_practice_was_ended_elsewhere(
    new_page: NewPage, live_server: LiveServer
) -> None:
    page = new_page(PHONE)
    sign_in(page, live_server.url, "dispenser")
    page.goto(f"{live_server.url}/practice-days/")
    page.get_by_role("button", name="Bắt đầu ngày tập").click()
    page.wait_for_url("**/practice/station/", timeout=LONGEST_START)
    elsewhere = page.context.new_page()
    elsewhere.goto(f"{live_server.url}/practice-days/end")
    elsewhere.get_by_role("button", name="Kết thúc và xem phiếu").click()
    page.wait_for_url("**/practice-days/")
