"""The routine visit on the phone: taps, places large enough for a thumb, no keyboard; and what stands beside it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.outreach.story import asked, someone
from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import answer, entries, expect_sent, log, open_phone, ready, send_now
from tests.support.browser import DESKTOP, PHONE, NewPage, axe_violations, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.treatment import Person

NARROW = (320, 640)
LONG_NAME = "Chị Hoàng Thị Phương Thảo bán bánh cuốn trứng chợ Kỳ Lừa"
WATCH_TYPING = """() => {
  window.typedInto = 0;
  addEventListener("focusin", (event) => {
    if (event.target.matches("textarea, input:not([type=radio], [type=checkbox])")) window.typedInto += 1;
  });
}"""


def only(receiver: Receiver) -> dict[str, Any]:
    (entry,) = receiver.stored.values()
    return receiver.opened(entry)


def test_with_all_that_is_usual_four_taps_no_keyboard_and_every_place_is_large(
    phone: Page, receiver: Receiver, person: Person
) -> None:
    phone.evaluate(WATCH_TYPING)
    places = (
        phone.locator("#work .row a").first,
        phone.locator("label:has([name=next][value='7'])"),
        phone.locator("label:has([name=topic][value=family])"),
        phone.get_by_role("button", name="Gặp, ổn"),
    )
    for place in places:
        box = place.bounding_box() if place.is_visible() else None
        place.tap()
        assert box is None or box["height"] >= 48, place
    expect(phone.locator("#undo")).to_contain_text("Anh Ba sửa xe · Gặp, ổn")
    expect(phone.locator("#undo")).to_be_in_viewport(ratio=1)
    assert phone.evaluate("() => window.typedInto") == 0
    send_now(phone)
    expect_sent(phone)
    said = only(receiver)
    assert (said["who"], said["topics"]) == (person.ref, ["family"])
    assert said["next_on"] is not None
    assert set(said) == {
        "who", "said", "outcome", "place", "topics", "needs", "mood", "agreed", "next_on", "danger", "task", "corrects",
        "behalf_of", "people", "minutes", "km",
    }  # fmt: skip


def test_a_danger_sign_says_what_to_do_without_a_line(phone: Page, line: Line, receiver: Receiver) -> None:
    line.down()
    phone.reload()
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=danger][value=overdose])").tap()
    shown = phone.locator("#visit [data-danger=overdose]")
    expect(shown.locator("a[href='tel:115']")).to_be_in_viewport(ratio=1)
    expect(shown).to_contain_text("Đặt nằm nghiêng")
    phone.get_by_role("button", name="Gặp, cần giúp").tap()
    expect(phone.locator("#danger-now a[href='tel:115']")).to_be_visible()
    line.up()
    send_now(phone)
    expect_sent(phone)
    assert only(receiver)["danger"] == ["overdose"]


def test_somebody_who_is_not_on_the_list_and_a_group(phone: Page, receiver: Receiver, person: Person) -> None:
    phone.get_by_role("link", name="Người ngoài danh sách").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("[data-why=name]")).to_be_visible()
    phone.fill("#said", "Cô Năm đầu chợ")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    phone.get_by_role("link", name="Buổi nhóm").tap()
    phone.locator("label", has_text="Anh Ba sửa xe").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_contain_text("Buổi nhóm")
    send_now(phone)
    expect_sent(phone)
    one, group = receiver.stored.values()
    assert (receiver.opened(one)["said"], receiver.opened(one)["who"]) == ("Cô Năm đầu chợ", None)
    assert (group["kind"], receiver.opened(group)["people"]) == ("group", [person.ref])
    assert receiver.opened(group)["place"] == "group"


def test_the_list_is_searched_without_marks_and_the_back_button_closes_a_visit(
    phone: Page, session: Session, cast: Cast
) -> None:
    someone(session, cast, "Chị Tư Đào")
    phone.reload()
    phone.fill("#find", "tu dao")
    expect(phone.locator("#work .row:visible")).to_have_count(1)
    phone.locator("#work .row:visible a").tap()
    expect(phone.locator("#visit h1")).to_have_text("Chị Tư Đào")
    phone.go_back()
    expect(phone.locator("#work")).to_be_visible()
    assert phone.url.endswith("/outreach/")
    for _ in range(2):  # and no visit leaves a step behind it
        answer(phone, name="Chị Tư Đào")
        expect(phone.locator("#undo")).to_contain_text("Chị Tư Đào")
        phone.fill("#find", "")
    assert len(entries(phone)) == 2


@pytest.mark.parametrize("size", [NARROW, DESKTOP], ids=["narrow", "desktop"])
def test_axe_finds_nothing_on_any_face_of_the_phone(
    new_page: NewPage, line: Line, session: Session, cast: Cast, size: tuple[int, int]
) -> None:
    asked(session, someone(session, cast, LONG_NAME))
    page = new_page(size, has_touch=True)
    found: dict[str, list[str]] = {}

    def look(face: str) -> None:
        page.evaluate("() => Promise.all(document.getAnimations().map((each) => each.finished))")
        wrong = axe_violations(page)
        if page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wrong.append("scrolls sideways")
        if wrong:
            found[face] = wrong

    open_phone(page, line.url)
    look("list")
    page.evaluate("() => document.documentElement.classList.add('first-day')")
    look("first day")
    page.evaluate("() => document.documentElement.classList.remove('first-day')")
    page.locator("#work .row a").first.tap()
    page.locator("label:has([value=violence])").tap()
    page.locator("summary", has_text="Ghi thêm").tap()
    look("visit")
    page.locator("#visit [data-back]").tap()
    line.down()
    log(page, name=LONG_NAME)
    look("saved")
    page.locator("[data-hide]").tap()
    look("cover")
    page.locator(".clock").tap()
    page.goto(f"{line.url}/outreach/nobody/")
    expect(page.locator("h1")).to_have_text("Chưa có mạng")
    look("offline")
    assert found == {}


def test_each_person_of_a_shared_phone_has_a_first_day_of_their_own(
    new_page: NewPage, line: Line, person: Person
) -> None:
    page = new_page(PHONE, has_touch=True)
    for username, is_first in (("volunteer", True), ("volunteer2", True), ("volunteer", False)):
        sign_in(page, line.url, username, PASSWORD)
        page.wait_for_url("**/outreach/")
        ready(page)
        expect(page.locator("#tour")).to_be_visible(visible=is_first)
        if is_first:
            page.locator("#tour [data-skip]").tap()
            expect(page.locator("#tour")).to_be_hidden()
        page.locator(".account summary").tap()
        page.get_by_role("button", name="Đăng xuất").tap()
        page.wait_for_url("**/login**")
