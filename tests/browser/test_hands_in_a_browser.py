"""A station's device in a real browser on a phone: handed over in the middle of a dose, locked, and guessed at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from counseling.demo.accounts import PIN
from tests.support.browser import DEMO_PASSWORD, PHONE, NewPage, axe_violations, sign_in
from tests.support.server import LiveServer

FIRST, SECOND = "Vi Văn Thuận", "Lộc Thị Ngân"  # dispenser2 and nurse, at Cao Lộc
STORED = "() => JSON.stringify(Object.entries(localStorage)) + JSON.stringify(Object.entries(sessionStorage))"


@pytest.fixture(scope="module")
def server(demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for all of this file: each story has a browser, and so a device, of its own."""
    instance = tmp_path_factory.mktemp("hands") / "live"
    shutil.copytree(demo_instance, instance)
    server = LiveServer(instance, forked=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def cookies(browser: Browser, server: LiveServer) -> Any:
    """The station's shared phone: enrolled in one tap, both have been here by password, the day is open."""
    context = browser.new_context(viewport={"width": PHONE[0], "height": PHONE[1]})
    page = context.new_page()
    sign_in(page, server.url, "nurse")
    page.locator("main button[name=desk]").first.click()
    page.wait_for_url("**/station/")
    page.goto(f"{server.url}/account/sessions")
    page.locator(".top .account summary").click()
    page.get_by_role("button", name="Đăng xuất").last.click()
    page.wait_for_url("**/login")
    sign_in(page, server.url, "dispenser2")
    page.goto(f"{server.url}/devices/")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.get_by_role("button", name="Thêm máy này").click()
    expect(page.locator(".notice.done")).to_be_visible()
    page.goto(f"{server.url}/station/")
    if page.get_by_role("button", name="Mở").count():
        page.get_by_role("button", name="Mở").first.click()
    device = [cookie for cookie in context.cookies() if cookie["name"] == "__Host-device"]
    context.close()
    return device


@pytest.fixture
def page(new_page: NewPage, server: LiveServer, cookies: Any) -> Page:
    """That phone once more, with the first of them at work."""
    page = new_page(PHONE, has_touch=True)
    page.set_default_timeout(8_000)
    page.context.add_cookies(cookies)
    page.goto(f"{server.url}/hands")
    page.get_by_role("link", name=FIRST).tap()
    page.get_by_label("Mã PIN").fill(PIN)
    page.wait_for_url(f"{server.url}/station/")
    return page


def hand_over_to(page: Page, name: str, pin: str = PIN) -> None:
    page.get_by_role("button", name="Đổi người").click()
    page.get_by_role("link", name=name).click()
    expect(page.get_by_label("Mã PIN")).to_be_focused()
    page.keyboard.type(pin)  # the sixth digit sends it
    page.wait_for_url(lambda address: "/hands" not in address)


def lock_now(page: Page, *, has_line: bool = True) -> None:
    page.evaluate("() => { document.body.dataset.lockAfter = '0'; }")
    expect(page.get_by_role("heading", name="Màn hình đã khóa")).to_be_visible()
    if has_line:
        expect(page.get_by_label("Mã PIN")).to_be_visible()  # the server has locked it too: the field is its answer
    page.evaluate("() => { document.body.dataset.lockAfter = '180'; }")


def test_in_the_middle_of_a_dose_the_cup_goes_on_in_the_next_hands(page: Page, server: LiveServer) -> None:
    page.locator("#today > ul").first.locator(".row:not(:has(.state ~ .state)) a").nth(1).tap()
    page.wait_for_url("**/dose")
    dose = page.url
    page.get_by_role("button", name="Rót").tap()
    expect(page.get_by_role("button", name="Xác nhận đã uống")).to_be_in_viewport()
    other = page.context.new_page()  # a second window of the same phone, still open at the first person's page
    other.goto(dose)
    expect(other.get_by_role("button", name="Xác nhận đã uống")).to_be_visible()
    hand_over_to(page, SECOND)
    assert page.url == dose
    expect(page.get_by_text(f"{FIRST} rót")).to_be_visible()
    expect(other.get_by_role("heading", name="Máy đã đổi người")).to_be_visible()
    expect(other.get_by_role("button", name="Xác nhận đã uống")).to_have_count(0)
    assert axe_violations(other) == []
    stale = page.request.post(dose, form={"csrf_token": "old"}, headers={"Referer": dose})
    assert stale.status == 400
    assert "Máy đã đổi người" in stale.text()
    page.get_by_role("button", name="Xác nhận đã uống").tap()
    page.wait_for_url("**/station/?done=*")
    expect(page.locator(".notice.done")).to_contain_text("Đã ghi")
    expect(page.locator(".top .account summary")).to_contain_text(SECOND)


def test_the_lock_covers_the_page_and_gives_back_what_was_typed(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/patients/new")
    page.fill("[name=full_name]", "Lý Văn Đang Gõ")
    title = page.title()
    lock_now(page)
    expect(page.get_by_label("Mã PIN")).to_be_focused()
    assert axe_violations(page) == []
    shown = page.locator("body").aria_snapshot()
    assert "Lý Văn Đang Gõ" not in shown and "Họ tên" not in shown and "Điểm Tựa" not in shown, shown
    assert page.title() == "Màn hình đã khóa"
    behind = page.request.get(f"{server.url}/patients/", max_redirects=0)
    assert (behind.status, behind.headers["location"]) == (303, "/hands?next=/patients/")
    page.keyboard.type("999990")
    expect(page.locator("#lock .error")).to_contain_text("Còn 4 lần thử")
    expect(page.get_by_label("Mã PIN")).to_be_focused()
    page.keyboard.type(PIN)
    expect(page.locator("[name=full_name]")).to_be_visible()
    expect(page.locator("[name=full_name]")).to_have_value("Lý Văn Đang Gõ")
    assert page.title() == title
    assert page.request.get(f"{server.url}/patients/", max_redirects=0).status == 200
    lock_now(page)
    page.reload()
    expect(page.get_by_role("heading", name=FIRST)).to_be_visible()
    expect(page.get_by_label("Mã PIN")).to_be_focused()
    page.keyboard.type(PIN)
    page.wait_for_url("**/patients/new")


def test_windows_lock_together_and_the_same_person_finds_everything_again(page: Page, server: LiveServer) -> None:
    page.goto(f"{server.url}/patients/new")
    page.fill("[name=full_name]", "Lý Văn Đang Gõ")
    other = page.context.new_page()
    other.goto(f"{server.url}/station/")
    hand_over_to(other, SECOND)
    expect(page.get_by_role("heading", name="Máy đã đổi người")).to_be_visible()
    hand_over_to(other, FIRST)
    expect(page.locator("[name=full_name]")).to_have_value("Lý Văn Đang Gõ")
    expect(page.locator("[name=full_name]")).to_be_visible()
    page.locator("main form[method=post] button.main").last.click()  # the form has the token of the new session
    expect(page.locator(".errors")).to_be_visible()
    expect(page.locator("[name=full_name]")).to_have_value("Lý Văn Đang Gõ")
    lock_now(page)
    expect(other.get_by_role("heading", name="Màn hình đã khóa")).to_be_visible()
    page.get_by_label("Mã PIN").fill(PIN)
    expect(other.locator("#today")).to_be_visible()
    assert "Lý Văn" not in page.evaluate(STORED)


def test_without_a_line_the_page_is_covered_all_the_same(page: Page) -> None:
    page.route("**/lock", lambda route: route.abort("connectionfailed"))
    lock_now(page, has_line=False)
    expect(page.get_by_text("Chưa có kết nối với máy chủ")).to_be_visible()
    expect(page.locator("#today")).to_have_count(1)
    expect(page.locator("#today")).to_be_hidden()
    page.unroute("**/lock")
    page.get_by_label("Mã PIN").fill(PIN, timeout=10_000)
    expect(page.locator("#today")).to_be_visible()


def test_five_wrong_pins_and_only_the_password_helps(page: Page, server: LiveServer) -> None:
    page.get_by_role("button", name="Đổi người").click()
    assert axe_violations(page) == []
    page.keyboard.press("1")  # names carry number keys
    page.wait_for_url(lambda address: "/hands/" in address)
    chosen = page.locator("h1").inner_text()
    expect(page.get_by_label("Mã PIN")).to_be_focused()
    for left in (4, 3, 2, 1):
        page.keyboard.type("999990")
        expect(page.locator(".error")).to_contain_text(f"Còn {left} lần thử")
        expect(page.get_by_label("Mã PIN")).to_be_focused()
    assert axe_violations(page) == []
    page.keyboard.type("999990")
    expect(page.locator(".error")).to_contain_text("Đăng nhập bằng mật khẩu một lần")
    page.get_by_role("link", name="Người khác").click()
    page.wait_for_url(lambda address: "/hands?others=1" in address)
    expect(page.get_by_role("link", name=chosen)).to_have_count(0)
    page.get_by_role("link", name={FIRST: SECOND, SECOND: FIRST}[chosen]).click()
    expect(page.get_by_label("Mã PIN")).to_be_focused()
    page.keyboard.type(PIN)
    page.wait_for_url(f"{server.url}/station/")
