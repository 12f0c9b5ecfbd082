"""What is ticked beyond the answer, on the phone and then in the team's book; and what stands around the list."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.contacts import MOST_KM, MOST_MINUTES
from counseling.models.contacts import OutreachContact
from counseling.models.phone_entries import ContactDetails
from tests.outreach.story import COLLEAGUE, joins_team, someone
from tests.phone.line import Line
from tests.phone.taps import NAME, NO_STORE, entries, expect_sent, has_copy, log, open_where_nothing_is_kept, send_now
from tests.support.browser import PHONE, NewPage, reach, sign_in
from tests.support.cast import PASSWORD, Cast
from tests.support.treatment import Person

PUT_AWAY = """(isHidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
LATER = "(ms) => { const now = Date.now; Date.now = () => now() + ms; }"


@pytest.fixture
def receiver() -> None:
    """None that stands in: what was tapped is looked for in the book."""


def choose(page: Page, name: str, *values: str) -> None:
    for value in values:
        page.locator(f"#visit-form label:has([name={name}][value='{value}'])").tap()


def open_visit(page: Page) -> None:
    page.locator("#work .row a:visible", has_text=NAME).first.tap()


def save(page: Page, word: str = "Gặp, ổn") -> None:
    page.get_by_role("button", name=word).tap()
    expect(page.locator("#undo")).to_be_visible()
    send_now(page)
    expect_sent(page)


def the_only_contact(session: Session) -> Any:
    session.rollback()
    both = select(OutreachContact.__table__, ContactDetails.__table__).join(
        ContactDetails, ContactDetails.contact_id == OutreachContact.id
    )
    return session.execute(both).one()


@pytest.mark.parametrize(
    ("place", "kind", "company"),
    [("point", "point", None), ("phone", "phone", None), ("family", "home", "family"), ("home", "home", None)],
)
def test_where_it_was_is_one_tap(phone: Page, session: Session, place: str, kind: str, company: str | None) -> None:
    open_visit(phone)
    choose(phone, "place", place)
    save(phone)
    row = the_only_contact(session)
    assert (row.kind, row.company) == (kind, company)


def test_needs_mood_way_and_what_was_agreed_come_into_the_book(phone: Page, line: Line, session: Session) -> None:
    line.down()
    open_visit(phone)
    choose(phone, "need", "work", "papers")
    choose(phone, "mood", "low")
    choose(phone, "topic", "family")
    choose(phone, "next", "14")
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    phone.fill("#agreed", "ra xã làm giấy")
    phone.fill("#minutes", "45")
    phone.fill("#km", "12")
    phone.get_by_role("button", name="Gặp, cần giúp").tap()
    expect(phone.locator("#undo")).to_be_visible()
    line.up()
    send_now(phone)
    expect_sent(phone)
    row = the_only_contact(session)
    assert (row.outcome, row.needs, row.mood, row.topics) == ("met_needs_help", "work,papers", "low", "family")
    assert (row.minutes, row.km) == (45, 12)
    assert (
        row.next_on is not None
        and vault_of(session).open("outreach_contacts.note", row.ref, row.note) == "ra xã làm giấy"
    )


def upper_edge(page: Page, part: str) -> float:
    return float(page.locator(part).evaluate("(part) => part.getBoundingClientRect().top"))


def lower_edge(page: Page, part: str) -> float:
    return float(page.locator(part).evaluate("(part) => part.getBoundingClientRect().bottom"))


NUMBERS = [
    ("minutes", str(MOST_MINUTES + 1), None), ("minutes", "1h30", None), ("minutes", "0", None),
    ("minutes", "1.5", None), ("minutes", str(MOST_MINUTES), MOST_MINUTES),
    ("km", str(MOST_KM + 1), None), ("km", "1.200", None), ("km", "xa", None),
    ("km", str(MOST_KM), MOST_KM), ("km", "3,5", 4), ("km", "12.4", 12), ("km", "0", 0),
]  # fmt: skip


@pytest.mark.parametrize(("field", "text", "kept"), NUMBERS)
def test_what_is_typed_as_a_number_is_saved_or_asked_for_again(
    phone: Page, line: Line, session: Session, field: str, text: str, kept: int | None
) -> None:
    """Never called saved without it."""
    open_visit(phone)
    choose(phone, "topic", "family")
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    phone.fill(f"#{field}", text)
    if kept is None:
        phone.locator("#visit summary", has_text="Ghi thêm").tap()  # folded again
        phone.get_by_role("button", name="Gặp, ổn").tap()
        expect(phone.locator(f"[data-why={field}]")).to_be_in_viewport(ratio=1)
        expect(phone.locator("#visit .error:visible")).to_have_count(1)
        for part in (f"[data-why={field}]", f"#{field}"):  # and not beneath the three answers
            assert lower_edge(phone, part) <= upper_edge(phone, "#visit-form > .hand"), part
        expect(phone.locator(f"#{field}")).to_be_focused()
        expect(phone.locator(f"#{field}")).to_have_value(text)
        expect(phone.locator("[name=topic][value=family]")).to_be_checked()
        assert entries(phone) == []
        phone.fill(f"#{field}", "25")
    save(phone)
    assert getattr(the_only_contact(session), field) == (25 if kept is None else kept)


@pytest.fixture
def colleague(session: Session, cast: Cast) -> int:
    """A volunteer of the same team who has no phone."""
    return joins_team(session)


def test_a_visit_is_logged_for_a_colleague_without_a_phone(
    colleague: int, phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    line.down()
    phone.reload()  # the team stands on the kept page
    open_visit(phone)
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    phone.locator("fieldset", has_text="Ghi thay cho").locator("label", has_text=COLLEAGUE).tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    line.up()
    send_now(phone)
    expect_sent(phone)
    row = the_only_contact(session)
    assert (row.recorded_by_id, row.behalf_of_id) == (cast.staff["volunteer"], colleague)


@pytest.mark.parametrize("is_tapped", [True, False], ids=["their own after all", "nothing said of it"])
def test_for_a_colleague_by_mistake_is_put_right(
    colleague: int, phone: Page, line: Line, session: Session, is_tapped: bool
) -> None:
    phone.reload()
    open_visit(phone)
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    choose(phone, "behalf", "")  # there from the start, and a way back from a tap beside it
    expect(phone.locator("[name=behalf][value='']")).to_be_checked()
    phone.locator("fieldset", has_text="Ghi thay cho").locator("label", has_text=COLLEAGUE).tap()
    save(phone)
    phone.locator("#done-here a").first.tap()
    assert phone.locator("[name=behalf]:checked").count() == 0
    if is_tapped:
        choose(phone, "behalf", "")
    save(phone)
    query = select(ContactDetails.behalf_of_id).order_by(ContactDetails.contact_id)
    assert session.scalars(query).all() == [colleague, None if is_tapped else colleague]


def test_the_three_cards_of_the_first_day_are_gone_through_once(new_page: NewPage, line: Line, person: Person) -> None:
    page = new_page(PHONE, has_touch=True)
    sign_in(page, line.url, "volunteer", PASSWORD)
    reach(page, "**/outreach/")
    cards, on = page.locator("#tour [data-card]:visible"), page.get_by_role("button", name="Tiếp")
    for heading in ("1/3 · Ghi xong là đã lưu", "2/3 · Hai lần chạm", "3/3 · Giữ kín cho người ta"):
        expect(cards).to_have_count(1)
        expect(cards.locator("h2")).to_have_text(heading)
        on.tap()
    expect(page.locator("#tour")).to_be_hidden()
    page.reload()
    expect(page.locator("#work .row").first).to_be_visible()
    expect(page.locator("#tour")).to_be_hidden()


@pytest.mark.parametrize("how", NO_STORE)
def test_where_nothing_can_be_kept_the_cards_are_put_away_and_no_code_is_offered(
    new_page: NewPage, line: Line, person: Person, how: str
) -> None:
    page = new_page(PHONE, has_touch=True)
    open_where_nothing_is_kept(page, line.url, how)
    expect(page.locator("#this-phone")).to_be_hidden()
    expect(page.locator("#tour")).to_be_visible()
    page.get_by_role("button", name="Bỏ qua").tap()
    expect(page.locator("#tour")).to_be_hidden()
    page.reload()
    expect(page.locator("#outbox [data-says=no-store]")).to_be_visible()
    expect(page.locator("#tour")).to_be_hidden()
    page.locator("#work .row a").first.tap()  # to the plain form
    page.get_by_role("button", name="Gặp, ổn").tap()
    expect(page.get_by_role("button", name="Bỏ ghi")).to_be_visible()


@pytest.mark.parametrize("way", ["what was before", "the file"])
def test_from_the_page_of_a_person_one_way_leads_to_the_phones_own_form_also_when_the_line_goes(
    phone: Page, line: Line, session: Session, way: str
) -> None:
    open_visit(phone)
    phone.get_by_role("link", name="Những lần trước").tap()
    if way == "the file":
        phone.get_by_role("link", name="Hồ sơ").tap()
        phone.get_by_role("link", name="Ghi lần liên lạc").tap()
    link = phone.get_by_role("link", name="Ghi lần hỏi thăm")
    expect(link).to_be_in_viewport(ratio=1)
    expect(phone.locator("main [name=outcome]:visible")).to_have_count(0)
    line.down()
    link.tap()
    expect(phone.locator("#visit h1")).to_have_text(NAME)
    assert phone.url == f"{line.url}/outreach/", "the address says nothing of whom"
    phone.locator("#visit summary", has_text="Ghi thêm").tap()
    phone.fill("#agreed", "ra xã làm giấy")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    line.up()
    send_now(phone)
    expect_sent(phone)
    row = the_only_contact(session)
    assert vault_of(session).open("outreach_contacts.note", row.ref, row.note) == "ra xã làm giấy"
    phone.reload()
    expect(phone.locator("#work")).to_be_visible()
    expect(phone.locator("#visit")).to_be_hidden()


def test_somebody_whom_the_kept_list_does_not_have_is_logged_on_the_plain_page(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    """Come to the team since the list was kept."""
    one = someone(session, cast, "Chị Tư bán rau")
    phone.goto(f"{line.url}/outreach/{one.ref}/")
    expect(phone.locator("#outbox [data-says=none]")).to_be_visible()
    expect(phone.locator("#here")).to_be_hidden()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.get_by_role("button", name="Bỏ ghi")).to_be_visible()
    assert the_only_contact(session).patient_id == one.id


def test_the_app_can_be_put_on_the_home_screen_and_offers_it(phone: Page) -> None:
    tools = phone.context.new_cdp_session(phone)
    found = tools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A context of the tests is a private window, from which nothing is installed; it is the only hindrance.
    assert {error["errorId"] for error in found} <= {"in-incognito"}
    manifest = tools.send("Page.getAppManifest")
    assert manifest["errors"] == [] and "Điểm Tựa" in manifest["data"]
    phone.locator("#this-phone summary").tap()
    expect(phone.locator("[data-install]")).to_be_hidden()
    phone.evaluate(
        """() => {
          const offer = new Event("beforeinstallprompt", { cancelable: true });
          offer.prompt = () => { window.wasAsked = offer.defaultPrevented; };
          dispatchEvent(offer);
        }"""
    )
    phone.locator("[data-install]").tap()
    assert phone.evaluate("() => window.wasAsked"), "at the tap, and not before"


@pytest.mark.parametrize(("setting", "says"), [("granted", "kept"), ("denied", "may-go")])
def test_whether_the_browser_promises_to_keep_what_waits_is_shown(
    phone: Page, line: Line, setting: str, says: str
) -> None:
    whose = phone.context.new_cdp_session(phone).send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    tools = phone.context.browser.new_browser_cdp_session()  # type: ignore[union-attr]
    tools.send(
        "Browser.setPermission",
        {
            "permission": {"name": "persistent-storage"},
            "setting": setting,
            "origin": line.url,
            "browserContextId": whose,
        },
    )
    log(phone)  # with the first visit the browser is asked
    phone.locator("#this-phone summary").tap()
    expect(phone.locator("[data-storage]:visible")).to_have_count(1)
    expect(phone.locator(f"[data-storage={says}]")).to_be_visible()


def set_pin(page: Page, digits: str = "2580") -> None:
    page.locator("#this-phone summary").tap()
    page.fill("#new-pin", digits)
    page.get_by_role("button", name="Đặt mã").tap()
    expect(page.locator("[data-pin=set]")).to_be_visible()


def test_a_phone_put_away_for_three_minutes_is_covered_when_it_is_taken_out(phone: Page) -> None:
    set_pin(phone)
    phone.evaluate(PUT_AWAY, True)
    phone.evaluate(LATER, 170_000)
    phone.evaluate(PUT_AWAY, False)
    expect(phone.locator("#work")).to_be_visible()
    phone.evaluate(PUT_AWAY, True)
    phone.evaluate(LATER, 190_000)
    phone.evaluate(PUT_AWAY, False)
    expect(phone.locator("#work")).to_be_hidden()
    assert phone.title() == "Điểm Tựa"
    phone.get_by_role("button", name="Mở lại").tap()
    phone.fill("#unlock", "2580")
    phone.get_by_role("button", name="Mở", exact=True).tap()
    expect(phone.locator("#work")).to_be_visible()


def test_a_phone_that_lies_there_lit_is_covered_after_three_minutes_without_a_touch(phone: Page) -> None:
    set_pin(phone)
    phone.clock.install()
    phone.reload()
    open_visit(phone)
    phone.clock.fast_forward(170_000)
    phone.locator("#visit [data-name]").tap()
    phone.clock.fast_forward(170_000)
    expect(phone.locator("#visit")).to_be_visible()
    phone.clock.fast_forward(30_000)
    expect(phone.locator("#cover")).to_be_visible()
    expect(phone.locator("#visit")).to_be_hidden()
    phone.get_by_role("button", name="Mở lại").tap()
    phone.fill("#unlock", "2580")
    phone.get_by_role("button", name="Mở", exact=True).tap()
    expect(phone.locator("#visit [data-name]")).to_have_text(NAME)  # the form that was begun


def test_hidden_in_one_window_the_list_is_hidden_in_the_other_as_well(phone: Page, line: Line) -> None:
    set_pin(phone)
    other = phone.context.new_page()
    other.goto(f"{line.url}/outreach/")
    expect(other.locator("#work")).to_be_visible()
    phone.get_by_role("button", name="Ẩn nhanh").tap()
    expect(other.locator("#cover")).to_be_visible()
    expect(other.locator("#work")).to_be_hidden()


def test_hidden_in_one_window_another_that_slept_meanwhile_does_not_show_the_list(phone: Page, line: Line) -> None:
    set_pin(phone)
    phone.evaluate(PUT_AWAY, True)
    phone.evaluate("() => localStorage.setItem('covered', '1')")  # no window hears what it did itself
    phone.evaluate(PUT_AWAY, False)
    expect(phone.locator("#cover")).to_be_visible()
    expect(phone.locator("#work")).to_be_hidden()


def test_loading_anew_between_wrong_digits_gives_no_new_tries(phone: Page, line: Line) -> None:
    log(phone)
    set_pin(phone)
    phone.get_by_role("button", name="Ẩn nhanh").tap()
    line.down()
    for left in range(4, -1, -1):
        phone.reload()
        phone.get_by_role("button", name="Mở lại").tap()
        phone.fill("#unlock", "1111")
        phone.get_by_role("button", name="Mở", exact=True).tap()
        if left:
            expect(phone.locator("[data-left]")).to_have_text(str(left))
    reach(phone, "**/offline")
    assert not has_copy(phone)
    assert len(entries(phone)) == 1, "what waits is kept"
