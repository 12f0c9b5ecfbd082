"""The simulator in a browser: what somebody is typing stays while other phones change, and a desk sees it come."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.support.browser import PHONE, NewPage, sign_in
from tests.support.server import LiveServer


def test_a_reply_typed_on_a_phone_is_read_at_the_station(new_page: NewPage, live_server: LiveServer) -> None:
    window, street = new_page(), new_page()
    sign_in(window, live_server.url, "dispenser")
    window.goto(f"{live_server.url}/messages/")
    named = window.locator("ul.rows .who").filter(has_not_text="Số …").first.inner_text()
    street.goto(f"{live_server.url}/simulator/")
    street.fill("[name=q]", named)
    street.press("[name=q]", "Enter")
    phone = street.locator(".phone", has=street.get_by_role("heading", name=named)).first
    phone.get_by_label("Tin trả lời").fill("toi nay goi nhe")
    phone.get_by_role("button", name="Gửi", exact=True).click()
    expect(phone.locator(".text.ours").last).to_contain_text("toi nay goi nhe")
    expect(phone.get_by_label("Tin trả lời")).to_have_value("")
    expect(window.locator("ul.rows li").first).to_contain_text("toi nay goi nhe")


def test_what_somebody_is_typing_stays_while_the_screens_change(new_page: NewPage, live_server: LiveServer) -> None:
    one, other = new_page(), new_page()
    for page in (one, other):
        page.goto(f"{live_server.url}/simulator/")
    switched_on = ".phone:has(input[name=body])"
    typing = one.locator(switched_on).nth(1).get_by_label("Tin trả lời")
    typing.fill("đang gõ dở")
    other.locator(switched_on).first.get_by_role("button", name="3", exact=True).click()
    expect(one.locator(switched_on).first.locator(".text.ours").last).to_contain_text("3")
    expect(typing).to_have_value("đang gõ dở")
    expect(typing).to_be_focused()


def test_the_clock_goes_on_and_nobody_is_signed_out(new_page: NewPage, live_server: LiveServer) -> None:
    window, street = new_page(PHONE), new_page()
    sign_in(window, live_server.url, "dispenser")
    street.goto(f"{live_server.url}/simulator/")
    street.get_by_role("button", name="Đến 6 giờ 30 sáng").click()
    expect(street.get_by_role("heading", level=1)).to_contain_text(re.compile("06:3"))
    window.goto(f"{live_server.url}/messages/queue")
    expect(window.get_by_role("heading", level=1)).to_have_text("Tin nhắn")


def test_the_pages_of_a_desk_fit_a_phone(new_page: NewPage, live_server: LiveServer) -> None:
    for username in ("dispenser", "counselor"):
        page = new_page(PHONE)
        sign_in(page, live_server.url, username)
        tabs = page.locator(".tabs")
        assert tabs.locator("a").count() >= 4
        assert tabs.evaluate("(tabs) => tabs.scrollWidth <= tabs.clientWidth"), username
        assert all((box := tab.bounding_box()) and box["height"] >= 48 for tab in tabs.locator("a").all())
