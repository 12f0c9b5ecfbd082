"""A volunteer's long list: one tap shows one hamlet, and nobody of it is scrolled for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.outreach import story as contacts
from tests.outreach.story import TODAY, asked, someone
from tests.phone.line import Line
from tests.phone.taps import NO_STORE, comes_true, grow_old, kept_text, log, open_phone, open_where_nothing_is_kept
from tests.phone.test_the_other_language import change_language
from tests.phone.test_with_one_thumb import NARROW, is_within, place_of
from tests.support.browser import DESKTOP, PHONE, NewPage, axe_violations
from tests.support.cast import Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person

LONGEST = "Xóm sau trường tiểu học Mẫu Sơn gần cầu treo mới"
HAMLETS = ("Thôn Nà Mìu", "Thôn Co Pàn", "Thôn Kéo Cáp")


@pytest.fixture
def twenty(session: Session, cast: Cast) -> list[Person]:
    """Twenty people of three hamlets, as a volunteer has them; six cannot wait, and some were met before."""
    names = [
        f"{called} {trade}"
        for trade in ("vịt quay", "bốc hàng", "thợ nề", "hàng xén", "sửa xe")
        for called in ("Anh Sáu", "Chị Lụa", "Anh Páo", "Bác Cả")
    ]
    people = [someone(session, cast, name, hamlet=HAMLETS[at % 3]) for at, name in enumerate(names)]
    for one in people[:6]:
        asked(session, one, due_on=TODAY - timedelta(days=1))
    for at, one in enumerate(people[3:14]):
        before = timedelta(days=at + 2)
        contacts.log(
            session,
            cast,
            one,
            "met_well" if at % 2 else "not_met",
            today=TODAY - before,
            now=MORNING - before,
            answers=(),
        )
    return people


@pytest.mark.parametrize("tongue", ["vi", "en"])
@pytest.mark.parametrize("has_line", [True, False], ids=["with a line", "without one"])
def test_of_twenty_people_nobody_is_scrolled_for(
    new_page: NewPage, line: Line, twenty: list[Person], tongue: str, has_line: bool
) -> None:
    """Who cannot wait stands on the first screen, everybody else one tap away: on the screen of their own hamlet."""
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    if tongue == "en":
        change_language(page, tongue)
        comes_true(page, """async () => (await (await caches.match('/outreach/')).text()).includes('lang="en"')""")
    if not has_line:
        line.down()
        page.reload()
        expect(page.locator("#as-of")).to_be_in_viewport(ratio=1)
    assert {name_of(row) for row in in_sight(page)} >= set(waiting_names(page))
    seen: set[str] = set()
    for hamlet in HAMLETS:
        chip = page.locator("#hamlets button", has_text=hamlet.removeprefix("Thôn "))
        assert is_within(chip, PHONE[0]) and place_of(chip)["height"] >= 48
        chip.tap()
        expect(chip).to_have_attribute("aria-pressed", "true")
        here = {name_of(row) for row in in_sight(page)}
        assert len(here) == page.locator("#work .row:visible").count() == int(chip.locator("b").inner_text()), hamlet
        seen |= here
    assert len(seen) == 20
    assert page.evaluate("() => scrollY") == 0


def in_sight(page: Page) -> list[str]:
    """The rows that stand whole above the ways at the bottom, each a place for a thumb."""
    bottom, found = place_of(page.locator("#ways"))["y"], []
    for row in page.locator("#work .rows .row:visible").all():
        box = place_of(row)
        assert box["height"] >= 48
        if box["y"] + box["height"] <= bottom:
            found.append(row.inner_text())
    return found


def name_of(row: str) -> str:
    return row.splitlines()[0]


def waiting_names(page: Page) -> list[str]:
    return [name_of(text) for text in page.locator("#work .row:has(.state.attention)").all_inner_texts()]


def test_in_one_hamlet_one_after_the_other_is_logged_and_then_the_others_stand_there(
    new_page: NewPage, line: Line, twenty: list[Person]
) -> None:
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    line.down()
    page.reload()
    chip, whole = page.locator("#hamlets [data-at='keo cap']"), page.locator("#hamlets button").first
    expect(chip.locator(".state")).to_be_visible()
    chip.tap()
    for left in range(5, 0, -1):
        page.locator("#work .row:visible a:not([data-entry])").first.tap()
        expect(page.locator("#visit")).to_contain_text("Kéo Cáp")
        page.get_by_role("button", name="Gặp, ổn").tap()
        expect(chip.locator("b")).to_have_text(str(left))
        expect(page.locator("#undo")).to_be_visible()
    expect(chip.locator(".state")).to_be_hidden()  # those who could not wait are met
    page.locator("#work .row:visible a:not([data-entry])").first.tap()
    page.get_by_role("button", name="Gặp, ổn").tap()
    expect(chip).to_be_hidden()
    expect(whole).to_have_attribute("aria-pressed", "true")
    expect(whole).to_contain_text("14")
    page.locator("[data-undo]").tap()
    expect(chip.locator("b")).to_have_text("1")
    chip.tap()
    page.fill("#find", "bac ca")
    expect(page.locator("#work .row:visible", has_text="Bác Cả").first).to_be_visible()
    assert {"Co Pàn", "Nà Mìu"} & {text.strip() for text in page.locator("#work .value:visible").all_inner_texts()}


@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["320", "360", "desktop"])
@pytest.mark.parametrize("how", ["three hamlets", "six hamlets", "letters twice as large", "a way for a name"])
def test_a_list_that_is_split_by_hamlet_is_for_everybody_and_within_the_edge(
    new_page: NewPage, line: Line, session: Session, cast: Cast, twenty: list[Person], size: tuple[int, int], how: str
) -> None:
    others = {"six hamlets": ("Khối 3", "Khu phố Tân Tiến Đông Kinh", None), "a way for a name": (LONGEST,)}
    for at, hamlet in enumerate(others.get(how, ())):
        asked(session, someone(session, cast, f"Bà Năm {at}", hamlet=hamlet))
    page = new_page(size, has_touch=True)
    open_phone(page, line.url)
    if how == "letters twice as large":
        page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    page.locator("#hamlets button").nth(1).tap()
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    assert axe_violations(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    if how == "three hamlets":
        assert all(is_within(chip, size[0]) for chip in page.locator("#hamlets button").all())
    if how == "a way for a name":
        assert place_of(page.locator("#hamlets"))["height"] < 130
    page.locator("#find").focus()
    place = place_of(page.locator("#find"))
    assert place["width"] > 200 and place["x"] + place["width"] <= size[0]


@pytest.mark.parametrize("how", NO_STORE)
def test_where_nothing_can_be_kept_one_hamlet_is_chosen_all_the_same(
    new_page: NewPage, line: Line, twenty: list[Person], how: str
) -> None:
    page = new_page(PHONE, has_touch=True)
    open_where_nothing_is_kept(page, line.url, how)
    page.locator("#hamlets button").nth(1).tap()
    expect(page.locator("#hamlets button").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#work .row:visible")).to_have_count(7)


def test_by_keys_alone_a_hamlet_is_chosen_and_its_first_person_opened(
    new_page: NewPage, line: Line, twenty: list[Person]
) -> None:
    page = new_page(DESKTOP, has_touch=True)
    open_phone(page, line.url)
    page.locator("#find").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#hamlets [data-at='co pan']")).to_have_attribute("aria-pressed", "true")
    first = page.locator("#work .row:visible .who").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#visit h1")).to_have_text(first)


def test_go_on_the_keyboard_opens_the_only_one_found_also_after_a_visit(
    new_page: NewPage, line: Line, twenty: list[Person]
) -> None:
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    log(page, name="Anh Sáu vịt quay")
    page.fill("#find", "pao tho ne")
    page.keyboard.press("Enter")
    expect(page.locator("#visit h1")).to_have_text("Anh Páo thợ nề")


def test_who_was_met_today_is_told_with_their_hamlet_whichever_is_chosen(
    new_page: NewPage, line: Line, session: Session, cast: Cast, twenty: list[Person]
) -> None:
    contacts.log(session, cast, someone(session, cast, "Chị Tư Đào", hamlet="Thôn Xa Lạ"))
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    page.locator("#hamlets [data-at='co pan']").tap()
    expect(page.locator("#met .row", has_text="Chị Tư Đào")).to_contain_text("Xa Lạ")


def test_after_three_days_no_hamlet_stays_on_the_phone(new_page: NewPage, line: Line, twenty: list[Person]) -> None:
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    assert "keo cap" in page.content()
    grow_old(page, 73)
    line.down()
    page.goto(f"{line.url}/outreach/")
    expect(page.locator("#gone")).to_be_visible()
    for text in (page.content(), kept_text(page)):
        assert not [word for word in ("Nà Mìu", "na miu", "keo cap", "Anh Sáu", "sau vit") if word in text]
