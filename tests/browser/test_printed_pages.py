"""On paper: a volunteer's month is one page however busy it was, and no page that is printed ends with an empty one."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta

import pytest
from playwright.sync_api import Page
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.people import Staff
from counseling.models.places import OutreachTeam
from counseling.models.texts import InboundMessage
from counseling.services.waiting_visits import dismiss_visit
from tests.outbox.story import hand_in, waiting
from tests.outbox.test_pages import answered
from tests.outreach.story import TODAY, log, someone
from tests.support.browser import NewPage, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.phone import visit
from tests.support.server import LiveServer
from tests.support.settings import MORNING

PAPER_WIDTH, PAPER_HEIGHT = 703, 1032  # A4 without its margins of 12 mm, at 96 dots an inch
OCTOBER = date(2026, 10, 1)  # 31 days
A_LINE_OF_A_LONGER_NAME = 20


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
        for kind in ("home", "phone", "elsewhere"):
            log(session, cast, person, kind=kind, today=day, now=on(day), minutes=90, km=120)
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


@pytest.mark.parametrize("language", ["vi", "en"])
def test_all_that_can_stand_beside_a_full_month_has_room_on_its_page_and_names_nobody(
    new_page: NewPage, url: str, session: Session, cast: Cast, language: str
) -> None:
    """Long names of the office, thanks, what waits, what was put away, and the place to sign, below all of it."""
    person, days = someone(session, cast), [OCTOBER + timedelta(days=number) for number in range(31)]
    for day in days:
        log(session, cast, person, today=day, now=on(day), minutes=90, km=120, note="Thứ Hai ra ủy ban " * 20)
    for _ in range(2):
        hand_in(session, cast, visit(None, said="anh Tám chợ mới", agreed="hẹn thứ Ba " * 20), saved=on(OCTOBER))
    dismiss_visit(session, cast.viewer_of("counselor"), waiting(session)[0].ref, "trial", MORNING)
    for number in range(3):
        answered(session, person.id, number)
    with writing(session) as tx:
        tx.execute(update(InboundMessage).values(received_at=on(OCTOBER)))
        tx.execute(update(OutreachTeam).values(name="Đội công tác xã hội tình nguyện phòng, chống ma túy xã Mẫu Sơn"))
        names = {"display_name": "Nguyễn Thị Phương Thảo Hoàng Minh Châu", "locale": language}
        tx.execute(update(Staff).where(Staff.username == "volunteer").values(**names))
    page = new_page()
    sign_in(page, url, "volunteer", PASSWORD)
    page.goto(f"{url}/outreach/month?month=2026-10")
    assert page.locator("html").get_attribute("lang") == language
    assert printed_pages(page) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER_WIDTH, "height": PAPER_HEIGHT})
    assert page.locator("tbody tr:visible").count() == 31
    said, signed = page.locator("main > p:visible"), page.locator(".signatures").bounding_box()
    assert said.count() == 4 and signed is not None
    assert all(box["y"] < signed["y"] for one in said.all() if (box := one.bounding_box()))
    ends = page.locator("body").bounding_box()
    assert ends is not None and ends["height"] < PAPER_HEIGHT - A_LINE_OF_A_LONGER_NAME
    for mark in (person.ref, "Anh Ba", "Nà Pàn", "anh Tám", "ủy ban", "thứ Ba"):
        assert mark not in page.content(), mark


def on(day: date) -> datetime:
    return datetime.combine(day, MORNING.timetz())


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
