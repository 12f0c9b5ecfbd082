"""The key that closes a keyboard, "go" or Enter, answers nothing: how it was is said by a tap."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.phone.line import Line
from tests.phone.taps import entries
from tests.support.browser import PHONE, NewPage, reach
from tests.support.cast import PASSWORD
from tests.support.treatment import Person


@pytest.mark.parametrize("field", ["said", "minutes", "km"])
def test_a_field_of_the_phones_form_is_left_by_go_and_nothing_is_saved(phone: Page, field: str) -> None:
    phone.get_by_role("link", name="Người ngoài danh sách").tap()
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    phone.fill("#said", "Cô Năm đầu chợ")
    if field != "said":
        phone.fill(f"#{field}", "12")
    phone.press(f"#{field}", "Enter")
    phone.wait_for_timeout(300)
    assert entries(phone) == []
    expect(phone.locator("#said")).to_have_value("Cô Năm đầu chợ")
    phone.get_by_role("button", name="Gặp, cần giúp").tap()
    expect(phone.locator("#undo")).to_contain_text("Gặp, cần giúp")


@pytest.mark.parametrize("has_script", [True, False])
@pytest.mark.parametrize(("path", "field"), [("new", "#said"), ("new", "#km"), ("group", "#km"), ("{ref}/", "#km")])
def test_nor_is_a_plain_form(
    new_page: NewPage, line: Line, person: Person, path: str, field: str, has_script: bool
) -> None:
    page = new_page(PHONE, has_touch=True, java_script_enabled=has_script)
    page.goto(f"{line.url}/login")
    page.fill("[name=username]", "volunteer")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    reach(page, "**/outreach/")
    address = f"{line.url}/outreach/{path.format(ref=person.ref)}"
    page.goto(address)
    for summary in page.locator("form.person summary").all():
        summary.tap()
    page.fill(field, "12")
    page.press(field, "Enter")
    page.wait_for_timeout(500)
    assert page.url == address
    expect(page.locator(field)).to_have_value("12")
