"""A volunteer's phone without script: from the worklist to a saved visit in at most four taps, by plain forms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.contacts import OutreachContact
from tests.outreach.story import TODAY, asked, log, someone, task_state
from tests.support.browser import DESKTOP, PHONE, NewPage, axe_violations, reach, sign_in
from tests.support.cast import PASSWORD, Cast

NARROW = (320, 640)
LONG_NAME = "Chị Hoàng Thị Phương Thảo bán bánh cuốn trứng chợ Kỳ Lừa"
MOST_TAPS = 4


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


class Hand:
    """A finger that counts; every place it meets is large enough for a thumb and to be seen without looking for it."""

    def __init__(self) -> None:
        self.taps = 0

    def tap(self, place: Locator) -> None:
        box = place.bounding_box()
        assert box is not None
        assert box["height"] >= 48, place
        place.tap()
        self.taps += 1


@pytest.fixture
def phone(new_page: NewPage, url: str) -> Page:
    page = new_page(PHONE, has_touch=True, java_script_enabled=False)
    sign_in(page, url, "volunteer", PASSWORD)
    reach(page, "**/outreach/")
    return page


def row_of(page: Page, name: str) -> Locator:
    return page.locator(".row a", has_text=name)


def test_a_visit_takes_two_taps_and_with_all_that_is_optional_four(phone: Page, session: Session, cast: Cast) -> None:
    person = someone(session, cast, LONG_NAME)
    task_id = asked(session, person)
    phone.reload()
    hand = Hand()
    row = row_of(phone, LONG_NAME)
    expect(row).to_contain_text("Ghé thăm")
    hand.tap(row)
    reach(phone, "**/outreach/*/")
    answer = phone.get_by_role("button", name="Gặp, ổn")
    expect(answer).to_be_in_viewport(ratio=1)
    expect(phone.get_by_role("button", name="Chưa gặp")).to_be_in_viewport(ratio=1)
    hand.tap(phone.locator("label", has_text="1 tuần"))
    hand.tap(phone.locator("label", has_text="Gia đình"))
    hand.tap(answer)
    expect(phone.locator(".undo:visible")).to_contain_text(f"{LONG_NAME} · gặp, ổn")
    expect(phone.locator(".undo:visible")).to_be_in_viewport(ratio=1)
    assert hand.taps <= MOST_TAPS
    (saved,) = session.scalars(select(OutreachContact)).all()
    assert (saved.kind, saved.outcome, saved.topics, saved.next_on) == (
        "home", "met_well", "family", TODAY + timedelta(days=7),
    )  # fmt: skip
    assert task_state(session, task_id) == (False, "met_well")


def test_it_is_undone_and_logged_again_with_one_thumb(phone: Page, session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    task_id = asked(session, person)
    phone.reload()
    hand = Hand()
    hand.tap(row_of(phone, "Anh Ba sửa xe"))
    hand.tap(phone.get_by_role("button", name="Chưa gặp"))
    assert hand.taps == 2
    hand.tap(phone.get_by_role("button", name="Bỏ ghi"))
    expect(phone.locator("#notices")).to_contain_text("Đã bỏ lần ghi")
    assert task_state(session, task_id) == (True, None)
    hand.tap(phone.get_by_role("button", name="Gặp, cần giúp"))
    expect(phone.locator(".undo:visible")).to_contain_text("gặp, cần giúp")
    assert task_state(session, task_id) == (False, "met_needs_help")


def test_the_back_button_after_saving_saves_nothing_twice(phone: Page, session: Session, cast: Cast) -> None:
    someone(session, cast)
    phone.reload()
    row_of(phone, "Anh Ba sửa xe").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator(".undo:visible")).to_be_visible()
    phone.go_back()
    expect(phone.locator("main")).to_contain_text("gặp hôm nay")
    assert len(session.scalars(select(OutreachContact)).all()) == 1


@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
def test_axe_finds_nothing_on_the_pages_of_outreach(
    new_page: NewPage, url: str, session: Session, cast: Cast, size: tuple[int, int]
) -> None:
    long, done = someone(session, cast, LONG_NAME), someone(session, cast)
    asked(session, long)
    asked(session, long, "call_by_phone", team_id=None)
    contact = log(session, cast, done, "met_needs_help", note="nhà sau chợ", topics=("family",))
    pages = {
        "volunteer": [
            "/outreach/", f"/outreach/?saved={contact}", f"/outreach/{long.ref}/", f"/outreach/{done.ref}/",
            f"/outreach/{done.ref}/contacts/{contact}/",
        ],
        "counselor": ["/tasks/", f"/tasks/{long.ref}/", f"/outreach/{long.ref}/"],
    }  # fmt: skip
    found = {}
    for username, addresses in pages.items():
        page = new_page(size)
        sign_in(page, url, username, PASSWORD)
        for address in addresses:
            page.goto(url + address)
            page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
            violations = axe_violations(page)
            if page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                violations.append("scrolls sideways")
            if violations:
                found[address] = violations
    assert found == {}
