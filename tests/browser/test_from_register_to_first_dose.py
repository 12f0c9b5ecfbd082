"""From the office's spreadsheet to the first dose, in a browser, on a phone and on a desktop."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, NewPage, axe_violations, sign_in
from tests.support.server import LiveServer

REGISTER = Path(__file__).resolve().parents[1] / "data" / "register-dong-kinh.xlsx"
IN_TIME = 60_000  # ms for checking or applying 300 rows on a busy machine
CODE = "LS-0004"  # Lý Văn Đạt, 2001: 20 mg from 18/11 to 17/12/2026


def upload(page: Page) -> None:
    page.set_input_files("input[type=file]", REGISTER)
    page.get_by_role("button", name="Tải lên và kiểm tra").click()
    expect(page.locator("h1")).to_contain_text("Kết quả kiểm tra", timeout=IN_TIME)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_register_comes_in_and_dosing_goes_on_from_it(
    new_page: NewPage, live_server: LiveServer, size: tuple[int, int]
) -> None:
    page = new_page(size)
    sign_in(page, live_server.url, "dispenser")
    page.goto(f"{live_server.url}/register/")
    upload(page)
    assert axe_violations(page) == []
    page.get_by_role("button", name="Nhập 300 người mới").click()
    expect(page.locator("h1")).to_contain_text("Đã nhập", timeout=IN_TIME)
    assert axe_violations(page) == []

    page.goto(f"{live_server.url}/station/")
    page.fill("#find", CODE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dose")
    expect(page.locator("h1")).to_contain_text("Lý Văn Đạt, 2001")
    expect(page.locator(".dose")).to_contain_text("20 mg")
    page.get_by_role("button", name="Rót").click()
    page.get_by_role("button", name="Xác nhận đã uống").click()
    expect(page.locator(".notice.done")).to_contain_text("Đã ghi 20 mg · Lý Văn Đạt, 2001")

    # The same file again changes nothing.
    page.goto(f"{live_server.url}/register/")
    upload(page)
    expect(page.locator("main")).to_contain_text("300")
    expect(page.get_by_role("button", name="người mới")).to_have_count(0)
