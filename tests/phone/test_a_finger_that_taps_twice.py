"""The same place is touched twice in a moment: nothing is undone, saved or ticked that nobody meant."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from tests.outreach.story import someone
from tests.phone.line import Line
from tests.phone.taps import answer, entries, ready
from tests.support.browser import PHONE, NewPage, reach
from tests.support.cast import PASSWORD, Cast
from tests.support.treatment import Person

SIZES = [PHONE, (320, 568)]
A_MOMENT = 200  # between the two taps of a hand that wants to be sure


def tap_twice(page: Page, place: Locator, within: float = 0.5) -> None:
    box = place.bounding_box()
    assert box is not None
    point = {"x": box["x"] + box["width"] * within, "y": box["y"] + box["height"] / 2}
    hand, began = page.context.new_cdp_session(page), time.time()
    for seconds in (0.0, A_MOMENT / 1000):
        # When the finger came, however long this machine takes to tell the browser.
        at = {"timestamp": began + seconds}
        hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point], **at})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": [], **at})
        page.wait_for_timeout(A_MOMENT)
    hand.detach()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("word", ["Gặp, ổn", "Gặp, cần giúp", "Chưa gặp"])
def test_what_was_saved_by_the_first_tap_is_not_undone_by_the_second(
    phone: Page, size: tuple[int, int], word: str
) -> None:
    phone.set_viewport_size({"width": size[0], "height": size[1]})
    for within in (0.5, 0.85):  # "Bỏ ghi" comes under the right half
        before = len(entries(phone))
        phone.locator("#work .row a:visible").first.tap()
        phone.wait_for_timeout(600)
        tap_twice(phone, phone.get_by_role("button", name=word), within)
        expect(phone.locator("#work")).to_be_visible()
        phone.wait_for_timeout(600)
        assert len(entries(phone)) == before + 1
    phone.locator("[data-undo]").tap()  # meant, it is undone as before
    expect(phone.locator("#undo")).to_be_hidden()
    assert len(entries(phone)) == 1


def test_whom_the_first_tap_has_chosen_the_second_answers_nothing_for(
    phone: Page, session: Session, cast: Cast
) -> None:
    for number in range(9):
        someone(session, cast, f"Anh Số {number}")
    phone.reload()
    ready(phone)
    rows = phone.locator("#work .row a:visible")
    for number in range(rows.count()):
        row = rows.nth(number)
        row.scroll_into_view_if_needed()
        tap_twice(phone, row)
        expect(phone.locator("#visit")).to_be_visible()
        ticked = phone.evaluate("() => [...document.querySelectorAll('#visit-form :checked')].map((one) => one.value)")
        assert ticked == ["home", ""], "as the form opens"
        assert entries(phone) == []
        phone.wait_for_timeout(600)
        phone.locator("[data-back]").tap()
        phone.wait_for_timeout(600)
    answer(phone)
    assert len(entries(phone)) == 1


def test_without_script_the_way_to_undo_is_not_where_the_answer_was(
    new_page: NewPage, line: Line, person: Person
) -> None:
    page = new_page(PHONE, has_touch=True, java_script_enabled=False)
    page.goto(f"{line.url}/login")
    page.fill("[name=username]", "volunteer")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    reach(page, "**/outreach/")
    page.locator("#work .row a").first.tap()
    first = page.get_by_role("button", name="Gặp, ổn").bounding_box()
    page.get_by_role("button", name="Gặp, ổn").tap()
    reach(page, "**/outreach/?saved=*")
    undo = page.get_by_role("button", name="Bỏ ghi").bounding_box()
    assert first is not None and undo is not None
    assert undo["y"] + undo["height"] < first["y"]
