"""The routine visit on the phone: taps, places large enough for a thumb, no keyboard; and what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect
from sqlalchemy.orm import Session

from counseling.services.help_numbers import add_help_number
from tests.outreach.story import asked, someone
from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import (
    NAME,
    answer,
    comes_true,
    entries,
    expect_sent,
    forget_list,
    log,
    open_phone,
    ready,
    send_now,
)
from tests.support.browser import DESKTOP, PHONE, NewPage, axe_violations, reach, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.settings import MORNING
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


def test_a_danger_sign_that_was_undone_is_not_said_to_be_told_to_anybody(phone: Page, line: Line) -> None:
    """What to do and whom to call stays: somebody may be in danger all the same."""
    line.down()
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=danger][value=overdose])").tap()
    phone.get_by_role("button", name="Gặp, cần giúp").tap()
    expect(phone.locator("#danger-now")).to_contain_text("người trực được báo")
    phone.locator("[data-undo]").tap()
    expect(phone.locator("#danger-now")).not_to_contain_text("người trực được báo")
    expect(phone.locator("#danger-now a[href='tel:115']")).to_be_visible()
    assert entries(phone) == []


def test_after_a_plain_form_what_to_do_in_danger_opens_also_when_the_line_has_gone(phone: Page, line: Line) -> None:
    line.down()
    phone.goto(f"{line.url}/outreach/danger/?saved=abc")
    expect(phone.locator("main h1")).to_have_text("Nguy hiểm: làm gì ngay")


def test_what_to_do_in_danger_and_the_numbers_of_the_place_open_without_a_line(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    signs = ["overdose", "suicide"]
    viewer = cast.viewer_of("community")
    add_help_number(session, viewer, "0205 3 123 456", "Trạm y tế xã", signs, "trạm đưa", MORNING)
    phone.evaluate("async () => { for (const name of await caches.keys()) await caches.delete(name); }")
    phone.reload()  # never opened: it comes with the list
    comes_true(phone, "async () => Boolean(await caches.match('/outreach/danger/'))")
    line.down()
    phone.get_by_role("link", name="Nguy hiểm").tap()
    expect(phone.locator("h1", has_text="Nguy hiểm: làm gì ngay")).to_be_visible()
    expect(phone.locator("#overdose a[href='tel:02053123456']")).to_contain_text("Trạm y tế xã")
    advice = phone.locator("#overdose ol").inner_text()
    phone.goto(f"{line.url}/outreach/")
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=danger][value=overdose])").tap()
    shown = phone.locator("#visit [data-danger=overdose]")
    expect(shown.locator("a[href='tel:02053123456']")).to_be_visible()
    assert shown.locator("ol").inner_text() == advice, "one advice, wherever it is read"
    expect(phone.locator("#visit [data-danger=violence] a[href='tel:02053123456']")).to_have_count(0)


def test_somebody_who_is_not_on_the_list_and_a_group(phone: Page, receiver: Receiver, person: Person) -> None:
    phone.get_by_role("link", name="Người ngoài danh sách").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("[data-why=name]")).to_be_visible()
    phone.fill("#said", "Cô Năm đầu chợ")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    phone.get_by_role("link", name="Buổi nhóm").tap()
    for name in ("danger", "mood", "need", "next", "agreed"):
        expect(phone.locator(f"#visit [name={name}]:visible")).to_have_count(0)  # of each their own, not of all
    expect(phone.get_by_role("button", name="Chưa gặp")).to_be_hidden()
    expect(phone.get_by_role("button", name="Gặp, cần giúp")).to_be_hidden()
    expect(phone.locator("label:has([name=topic][value=family])")).to_be_visible()
    phone.locator("label", has_text="Anh Ba sửa xe").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_contain_text("Buổi nhóm")
    send_now(phone)
    expect_sent(phone)
    one, group = receiver.stored.values()
    assert (receiver.opened(one)["said"], receiver.opened(one)["who"]) == ("Cô Năm đầu chợ", None)
    assert (group["kind"], receiver.opened(group)["people"]) == ("group", [person.ref])
    assert receiver.opened(group)["place"] == "group"
    phone.locator("#done-here a", has_text="Nhóm").tap()
    expect(phone.locator("#visit [data-of=correction]").first).to_be_visible()
    phone.locator("label", has_text="Anh Ba sửa xe").tap()
    phone.locator("label:has([name=topic][value=family])").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    send_now(phone)
    expect_sent(phone)
    again = list(receiver.stored.values())[-1]
    said = receiver.opened(again)
    assert (again["kind"], said["people"], said["topics"]) == ("group", [person.ref], ["family"])
    assert said["corrects"] == group["id"]


def test_somebody_who_is_not_on_the_list_is_corrected_by_another_entry(phone: Page, receiver: Receiver) -> None:
    phone.get_by_role("link", name="Người ngoài danh sách").tap()
    phone.fill("#said", "Cô Năm đầu chợ")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    send_now(phone)
    expect_sent(phone)
    phone.locator("#done-here a", has_text="Người ngoài danh sách").tap()
    expect(phone.locator("#visit [data-of=correction]").first).to_be_visible()
    phone.fill("#said", "Cô Năm cuối chợ")
    phone.get_by_role("button", name="Chưa gặp").tap()
    send_now(phone)
    expect_sent(phone)
    first, second = receiver.stored.values()
    said = receiver.opened(second)
    assert (second["kind"], said["said"], said["corrects"]) == ("correction", "Cô Năm cuối chợ", first["id"])


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


def test_after_a_visit_to_whom_was_searched_for_the_others_stand_there_again(
    phone: Page, session: Session, cast: Cast
) -> None:
    someone(session, cast, "Chị Tư Đào")
    phone.reload()
    phone.fill("#find", "tu dao")
    log(phone, name="Chị Tư Đào")
    expect(phone.locator("#find")).to_have_value("")
    expect(phone.locator("#work .row a:visible", has_text="Anh Ba").first).to_be_visible()


def test_no_way_leads_out_of_a_form_in_which_something_was_ticked(phone: Page) -> None:
    phone.locator("#work .row a").first.tap()
    expect(phone.get_by_role("link", name="Những lần trước")).to_be_visible()
    phone.locator("label:has([name=topic][value=family])").tap()
    expect(phone.get_by_role("link", name="Những lần trước")).to_be_hidden()
    phone.locator("#visit [data-back]").tap()
    phone.locator("#work .row a").first.tap()
    expect(phone.get_by_role("link", name="Những lần trước")).to_be_visible()


@pytest.mark.parametrize("way_back", ["the arrow", "the phone's own"])
def test_out_of_a_half_filled_visit_by_mistake_one_tap_leads_back_into_it(
    phone: Page, receiver: Receiver, way_back: str
) -> None:
    steps = phone.evaluate("() => history.length")
    out: Callable[[], object] = phone.locator("#visit [data-back]").tap if way_back == "the arrow" else phone.go_back
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=topic][value=family])").tap()
    phone.locator("summary", has_text="Ghi thêm").tap()
    phone.fill("[name=agreed]", "Chủ nhật gọi cho anh trai")
    for _ in range(2):
        out()
        expect(phone.locator("#undo")).to_have_text(re.compile(rf"{NAME} · chưa ghi\s+Mở lại"), use_inner_text=True)
        phone.get_by_role("button", name="Mở lại").tap()
        expect(phone.locator("#undo")).to_be_hidden()
        expect(phone.locator("#visit h1")).to_have_text(NAME)
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_have_text(re.compile(r"Bỏ ghi$"), use_inner_text=True)
    send_now(phone)
    expect_sent(phone)
    said = only(receiver)
    assert (said["topics"], said["agreed"]) == (["family"], "Chủ nhật gọi cho anh trai")
    assert phone.evaluate("() => history.length") == steps + 1, "however often it was left"


@pytest.mark.parametrize("sent", ["by itself", "by hand"])
def test_the_way_back_into_a_half_filled_visit_stays_when_the_one_before_is_sent(
    phone: Page, receiver: Receiver, session: Session, cast: Cast, sent: str
) -> None:
    someone(session, cast, "Chị Tư bán rau")
    phone.reload()
    ready(phone)
    log(phone)
    phone.locator("#work .row a:visible", has_text="Chị Tư").first.tap()
    phone.locator("label:has([name=topic][value=family])").tap()
    phone.locator("#visit [data-back]").tap()
    reopen = phone.get_by_role("button", name="Mở lại")
    expect(reopen).to_be_visible()
    if sent == "by hand":
        send_now(phone)
    else:
        phone.evaluate("() => Outbox.flush(true)")
    expect_sent(phone)
    assert len(receiver.stored) == 1
    expect(reopen).to_be_visible()


def test_out_of_a_visit_in_which_nothing_was_filled_no_way_back_is_offered_and_what_was_left_is_not_found_again(
    phone: Page,
) -> None:
    phone.locator("#work .row a").first.tap()
    phone.locator("#visit [data-back]").tap()
    expect(phone.locator("#undo")).to_be_hidden()
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=topic][value=family])").tap()
    phone.locator("#visit [data-back]").tap()
    expect(phone.get_by_role("button", name="Mở lại")).to_be_visible()
    phone.locator("#work .row a").first.tap()  # another visit: nothing of the one before is in it
    expect(phone.locator("[name=topic]:checked")).to_have_count(0)
    phone.locator("#visit [data-back]").tap()
    expect(phone.locator("#undo")).to_be_hidden()


@pytest.mark.parametrize("size", [NARROW, DESKTOP], ids=["narrow", "desktop"])
def test_axe_finds_nothing_on_any_face_of_the_phone(
    new_page: NewPage, line: Line, session: Session, cast: Cast, size: tuple[int, int]
) -> None:
    asked(session, someone(session, cast, LONG_NAME))
    page = new_page(size, has_touch=True)
    found: dict[str, list[str]] = {}

    def look(face: str) -> None:
        page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
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


def test_with_twenty_people_those_who_cannot_wait_stand_in_sight(phone: Page, session: Session, cast: Cast) -> None:
    for number in range(1, 20):
        one = someone(session, cast, f"Anh Tư {number} thợ nề", hamlet="Nà Chuông")
        if number < 6:
            asked(session, one)
    phone.reload()
    expect(phone.locator("#outbox [data-says=none]")).to_be_visible()
    rows = phone.locator("#work .row:has(.state.attention)")
    expect(rows).to_have_count(6)
    hand = place_of(phone.locator("#ways"))
    for row in rows.all():
        box = place_of(row)
        assert box["height"] >= 48 and box["y"] + box["height"] <= hand["y"], box
    expect(phone.locator("#find")).to_be_in_viewport(ratio=1)
    log(phone)
    expect(phone.locator("#undo")).to_be_in_viewport(ratio=1)
    undo = place_of(phone.locator("#undo"))
    assert undo["y"] + undo["height"] <= hand["y"] + 1, "the ways stay free"


@pytest.mark.parametrize("size", [NARROW, PHONE], ids=["320", "360"])
def test_nothing_that_can_be_chosen_begins_past_the_edge(
    new_page: NewPage, line: Line, person: Person, size: tuple[int, int]
) -> None:
    page = new_page(size, has_touch=True)
    open_phone(page, line.url)
    page.evaluate("() => document.querySelectorAll('#visit details').forEach((fold) => { fold.open = true; })")
    ways = page.locator("#ways .chip").all()
    assert len(ways) == 4 and all(place_of(way)["height"] >= 48 for way in ways)
    outside = [*filter(lambda chip: not is_within(chip, size[0]), ways)]
    page.locator("#work .row a").first.tap()
    chips = page.locator("#visit .chip:visible").all()
    assert len(chips) > 20
    outside += [chip for chip in chips if not is_within(chip, size[0])]
    forget_list(page)
    page.goto(f"{line.url}/outreach/{person.ref}/")
    chips = page.locator("main .chip:visible").all()
    assert len(chips) > 20
    outside += [chip for chip in chips if not is_within(chip, size[0])]
    assert outside == []


def place_of(part: Locator) -> FloatRect:
    box = part.bounding_box()
    assert box is not None
    return box


def is_within(chip: Locator, width: int) -> bool:
    box = place_of(chip)
    return box["x"] >= 0 and box["x"] + box["width"] <= width


def test_each_person_of_a_shared_phone_has_a_first_day_of_their_own(
    new_page: NewPage, line: Line, person: Person
) -> None:
    page = new_page(PHONE, has_touch=True)
    for username, is_first in (("volunteer", True), ("volunteer2", True), ("volunteer", False)):
        sign_in(page, line.url, username, PASSWORD)
        reach(page, "**/outreach/")
        ready(page)
        expect(page.locator("#tour")).to_be_visible(visible=is_first)
        if is_first:
            page.locator("#tour [data-skip]").tap()
            expect(page.locator("#tour")).to_be_hidden()
        page.locator(".account summary").tap()
        page.get_by_role("button", name="Đăng xuất").tap()
        reach(page, "**/login**")
