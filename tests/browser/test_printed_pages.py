"""On paper: a volunteer's month is one page however busy it was, and no page that is printed ends with an empty one."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from tests.outreach.story import TODAY, log, someone
from tests.support.browser import NewPage, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.server import LiveServer
from tests.support.settings import MORNING

PAPER_WIDTH, PAPER_HEIGHT = 703, 1032  # A4 without its margins of 12 mm, at 96 dots an inch
OCTOBER = date(2026, 10, 1)  # 31 days


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def printed_pages(page: Page) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True)))


def test_a_month_with_visits_on_each_of_its_days_is_one_page(
    new_page: NewPage, url: str, session: Session, cast: Cast
) -> None:
    person = someone(session, cast)
    for number in range(31):
        day = OCTOBER + timedelta(days=number)
        at = datetime.combine(day, MORNING.timetz())
        for kind in ("home", "phone", "elsewhere"):
            log(session, cast, person, kind=kind, today=day, now=at, minutes=90, km=120)
    log(session, cast, person, today=TODAY, now=MORNING)
    for who, address in (
        ("volunteer", "/outreach/month?month=2026-10"),
        ("counselor", f"/teams/sheets/{cast.roles['volunteer'][0]}?month=2026-10"),
        ("volunteer", "/outreach/month"),
    ):
        page = new_page()
        sign_in(page, url, who, PASSWORD)
        page.goto(url + address)
        rows = page.locator("tbody tr").count()
        assert rows == (1 if address.endswith("month") else 31), "else another month is looked at"
        assert printed_pages(page) == 1, address


PRINTED = [
    ("volunteer", "/outreach/month", None),
    ("dispenser", "/patients/", "Quá trình điều trị"),
    ("dispenser", "/patients/", "Thẻ"),
    ("dispenser", "/patients/cards/print", None),
    ("supervisor", "/supervision/", None),
    ("community", "/supervision/contacts", None),
    ("doctor", "/doctor/rules/paper", None),
    ("admin", "/admin/channels/gateway-phone", None),
    ("dispenser", "/practice-days/", "slip"),
]


def test_no_printed_page_ends_with_an_empty_one(new_page: NewPage, live_server: LiveServer) -> None:
    odd = []
    for who, address, further in PRINTED:
        page = new_page((PAPER_WIDTH, 600))
        sign_in(page, live_server.url, who)
        page.goto(live_server.url + address)
        if further == "slip":
            page.get_by_role("button", name="Bắt đầu ngày tập").click()
            page.get_by_role("link", name="Kết thúc", exact=True).click()
            page.get_by_role("button", name="Kết thúc và xem phiếu").click()
        elif further:
            page.locator("main .rows a").first.click()
            page.get_by_role("link", name=further).first.click()
        page.wait_for_load_state()
        sheets = printed_pages(page)
        page.emulate_media(media="print")
        height = page.evaluate("document.querySelector('main').getBoundingClientRect().bottom + scrollY")
        # What is kept together leaves gaps, but never as much as a whole page.
        if sheets > math.ceil(1.1 * height / PAPER_HEIGHT):
            odd.append((address, further, sheets, height))
    assert not odd, odd
