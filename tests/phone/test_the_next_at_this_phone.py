"""A phone that goes from hand to hand: whoever comes next learns nothing of whom the one before had visited."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.people import StaffRole, StaffSession
from tests.outreach.story import someone
from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import comes_true, entries, expect_sent, has_copy, has_list_of, log, open_phone, send_now, until
from tests.phone.test_what_a_phone_keeps import found_in, leave
from tests.support.browser import ARGUMENTS, PHONE, NewPage, chromium, reach, sign_in
from tests.support.cast import CAO_LOC, PASSWORD, TEAM2, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person

# Each further page of this tab notes whether it ever stood there with a name of the one before.
SEES = """document.addEventListener("DOMContentLoaded", () => {
  if (document.body.textContent.includes("Anh Ba")) sessionStorage.setItem("saw", "1");
});"""
# What a page waits for half a minute, it waits for a second and a half.
SOON = """(() => {
  const later = setTimeout;
  self.setTimeout = (act, ms, ...rest) => later(act, ms === 30000 ? 1500 : ms, ...rest);
})()"""
READABLE = "() => [...document.body.querySelectorAll('*')].some((part) => part.checkVisibility())"
EVERYTHING = "async () => [await Outbox.entries(), await Outbox.done(), await Outbox.tokens()].flat()"


@pytest.fixture
def real(browser: Browser, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser that keeps its profile and, as phones do and test drivers do not, pages for the back button."""
    context = browser.browser_type.launch_persistent_context(
        tmp_path / "phone", executable_path=chromium(), args=ARGUMENTS, locale="vi-VN", has_touch=True,
        ignore_default_args=["--disable-back-forward-cache"], viewport={"width": PHONE[0], "height": PHONE[1]},
    )  # fmt: skip
    yield context
    context.close()


def test_after_signing_out_no_way_back_shows_anybody_to_whoever_comes_next(
    real: BrowserContext, line: Line, receiver: Receiver, person: Person, session: Session, cast: Cast
) -> None:
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    page = real.pages[0]
    open_phone(page, line.url)
    page.goto(f"{line.url}/outreach/{person.ref}/")
    page.goto(f"{line.url}/outreach/danger/")
    page.goto(f"{line.url}/outreach/")
    log(page)
    send_now(page)
    expect_sent(page)
    leave(page)
    reach(page, "**/login**")
    shows_nobody(page)
    line.down()
    shows_nobody(page)
    line.up()
    page.goto(f"{line.url}/login")
    page.fill("[name=username]", "volunteer2")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).tap()
    has_list_of(page, "Chị Tư")
    expect(page.locator("#work")).to_contain_text("Chị Tư")
    assert "Anh Ba" not in page.content()
    shows_nobody(page)
    line.down()
    shows_nobody(page)


@pytest.mark.parametrize("username", ["volunteer2", "Volunteer "])
def test_on_a_slow_line_only_the_same_name_is_shown_what_was_kept(
    phone: Page, line: Line, receiver: Receiver, session: Session, cast: Cast, username: str
) -> None:
    """The first page after signing in may take longer than the worker waits for it."""
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    session_ends(phone, line)
    sign_in_here(phone, "volunteer")
    has_list_of(phone, "Anh Ba")
    session_ends(phone, line)
    phone.add_init_script(SEES)
    line.mode = "slow"
    sign_in_here(phone, username)
    if username == "volunteer2":
        phone.wait_for_function("() => document.body?.textContent.includes('Chị Tư')", timeout=30_000)
        assert not phone.evaluate("() => sessionStorage.getItem('saw')")
    else:
        expect(phone.locator("#as-of")).to_be_visible(timeout=30_000)
        expect(phone.locator("#work")).to_contain_text("Anh Ba")


@pytest.mark.parametrize("fails", ["the line is away", "the form is of another session"])
def test_a_name_whose_sign_in_came_to_nothing_is_not_taken_for_whose_list_is_kept(
    new_page: NewPage, line: Line, receiver: Receiver, person: Person, session: Session, cast: Cast, fails: str
) -> None:
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    tab = new_page(PHONE, has_touch=True)
    tab.goto(f"{line.url}/login")
    other_tab = tab.context.new_page()
    open_phone(other_tab, line.url)
    # In the first tab, where the page for signing in still stands, the next one tries, and it comes to nothing.
    if fails == "the line is away":
        line.down()
    sign_in_here(tab, "volunteer2")
    if fails == "the line is away":
        tab.wait_for_function("() => location.protocol === 'chrome-error:'")
    else:
        expect(tab.locator(".error-page")).to_be_visible()
    line.up()
    # The one before goes on, in this very tab: their session stands.
    tab.goto(f"{line.url}/outreach/")
    has_list_of(tab, "Anh Ba")
    other_tab.close()
    session_ends(tab, line)
    tab.add_init_script(SEES)
    line.mode = "slow"
    sign_in_here(tab, "volunteer2")
    tab.wait_for_function("() => location.pathname === '/outreach/' && document.querySelector('#work')", timeout=30_000)
    shown = tab.locator("#work").inner_text()
    assert "Anh Ba" not in shown, shown


def session_ends(page: Page, line: Line) -> None:
    page.context.clear_cookies()
    page.goto(f"{line.url}/outreach/")
    reach(page, "**/login**")


def sign_in_here(page: Page, username: str) -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).tap()


def shows_nobody(page: Page) -> None:
    for step in [page.go_back] * 5 + [page.go_forward] * 5:
        with suppress(Error):  # nothing lies further back, or there is no line
            step(wait_until="commit", timeout=2000)
        page.wait_for_timeout(200)  # a page that comes back from memory sends itself away
        assert "Anh Ba" not in page.content(), page.url


def test_with_nothing_unsent_not_even_the_reference_of_a_visit_stays_on_the_disk(
    real: BrowserContext, tmp_path: Path, line: Line, receiver: Receiver, person: Person
) -> None:
    page = real.pages[0]
    open_phone(page, line.url)
    log(page)
    page.reload()
    expect(page.locator("#done-here")).to_contain_text("Anh Ba sửa xe")  # here it is known who it was
    send_now(page)
    expect_sent(page)
    leave(page)
    reach(page, "**/login**")
    assert page.evaluate(EVERYTHING) == []
    real.close()
    assert found_in(tmp_path / "phone", person.ref) == set()


def test_what_is_sent_after_signing_out_leaves_neither_reference_nor_token(
    phone: Page, line: Line, receiver: Receiver, person: Person
) -> None:
    line.down()
    log(phone)
    leave(phone)
    phone.get_by_role("button", name="Vẫn đăng xuất").tap()
    reach(phone, "**/offline")
    assert len(entries(phone)) == 1
    line.up()
    phone.goto(f"{line.url}/")  # the session is still open at the server: it ends now
    reach(phone, "**/login**")
    phone.evaluate("() => Outbox.flush(true)")
    assert phone.evaluate(EVERYTHING) == []
    (entry,) = receiver.stored.values()
    assert receiver.opened(entry)["who"] == person.ref


@pytest.mark.parametrize("desks", [0, 2])
def test_whoever_signs_out_where_a_desk_is_chosen_leaves_nothing_to_read(
    phone: Page, line: Line, receiver: Receiver, session: Session, cast: Cast, desks: int
) -> None:
    """A role that has ended; and somebody with two, who has not chosen yet."""
    role = cast.roles["volunteer"][0]
    with writing(session) as tx:
        tx.execute(update(StaffSession).values(role_id=None))
        if desks:
            second = {"kind": "counselor", "side": "support", "site_id": CAO_LOC, "given_at": MORNING}
            tx.execute(insert(StaffRole).values(staff_id=cast.staff["volunteer"], **second))
        else:
            tx.execute(update(StaffRole).where(StaffRole.id == role).values(ended_at=MORNING))
    phone.goto(f"{line.url}/")
    reach(phone, "**/desk**")
    if not desks:
        until(phone, lambda: not has_copy(phone))  # whoever has no desk any more has nothing kept here
    phone.get_by_role("button", name="Đăng xuất").tap()
    reach(phone, "**/login**")
    until(phone, lambda: not has_copy(phone))
    line.down()
    phone.goto(f"{line.url}/")
    expect(phone.locator("h1")).to_have_text("Chưa có mạng")
    assert "Anh Ba" not in phone.content()


def test_nothing_can_be_read_while_the_end_of_a_session_hangs_on_the_line(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    phone.add_init_script(SOON)
    phone.reload()
    expect(phone.locator("#work")).to_contain_text("Anh Ba")
    line.holds = "POST /logout"
    leave(phone)
    expect(phone.locator("#work")).to_be_hidden(timeout=1000)
    assert not phone.evaluate(READABLE)
    reach(phone, "**/offline")
    assert not has_copy(phone)
    line.holds = ""


def test_a_second_tab_shows_nothing_either_while_the_line_hangs(phone: Page, line: Line, receiver: Receiver) -> None:
    second = phone.context.new_page()
    second.goto(f"{line.url}/outreach/")
    expect(second.locator("#work")).to_contain_text("Anh Ba")
    line.holds, line.withholds = "GET /", "POST /logout"
    leave(phone)
    second.wait_for_timeout(1000)
    assert not second.evaluate(READABLE)
    line.holds = line.withholds = ""
    reach(second, "**/login**")


def test_signed_out_without_a_line_nobody_reads_the_list_before_the_server_knows(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    """The session is still open at the server for a quarter of an hour; whoever takes the phone now opens the app."""
    line.down()
    leave(phone)
    reach(phone, "**/offline")
    line.holds = "POST /logout"
    line.up()
    phone.goto(f"{line.url}/")
    reach(phone, "**/outreach/")
    for _ in range(10):
        assert not phone.evaluate(READABLE)
        phone.wait_for_timeout(100)
    assert not has_copy(phone)
    line.holds = ""
    reach(phone, "**/login**")
    sign_in_here(phone, "volunteer")
    expect(phone.locator("#work")).to_contain_text("Anh Ba")


@pytest.mark.parametrize("asks", ["page", "worker"])
@pytest.mark.parametrize("state", ["waiting", "refused"])
def test_a_token_of_the_one_before_that_was_revoked_takes_nothing_from_whoever_is_here(
    phone: Page, line: Line, receiver: Receiver, session: Session, cast: Cast, asks: str, state: str
) -> None:
    """They have set digits and are writing: the page stays, and what the one before wrote waits for a sign-in."""
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    receiver.refuses = (409 if state == "refused" else 503), {}
    log(phone)
    phone.evaluate("() => Outbox.flush(true)")
    leave(phone)
    phone.get_by_role("button", name="Vẫn đăng xuất").tap()
    reach(phone, "**/login**")
    sign_in_here(phone, "volunteer2")
    has_list_of(phone, "Chị Tư")
    phone.locator("#tour [data-skip]").tap()
    phone.locator("#this-phone summary").tap()
    phone.fill("#new-pin", "2580")
    phone.get_by_role("button", name="Đặt mã").tap()
    expect(phone.locator("[data-pin=set]")).to_be_visible()
    phone.locator("#work .row a", has_text="Chị Tư").tap()
    phone.locator("summary", has_text="Ghi thêm").tap()
    phone.fill("#agreed", "chưa xong")
    (left,) = entries(phone)
    receiver.revoked.add(left["actor"])
    receiver.refuses = None  # not sooner: it would be sent by itself
    if asks == "worker":
        (worker,) = phone.context.service_workers
        worker.evaluate("() => Outbox.flush().then(Outbox.ask)")
    else:
        phone.evaluate("() => window.dispatchEvent(new Event('focus'))")
    until(phone, lambda: phone.evaluate("async () => (await Outbox.tokens()).length") == 1)
    phone.wait_for_timeout(500)
    expect(phone.locator("#agreed")).to_have_value("chưa xong")
    assert phone.evaluate("() => localStorage.getItem('pin')")
    assert has_copy(phone)
    (still,) = entries(phone)
    assert (still["id"], still["body"]) == (left["id"], left["body"])
    # Their own sign-in sends it, as before.
    receiver.revoked.clear()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    leave(phone)
    phone.get_by_role("button", name="Vẫn đăng xuất").tap()
    reach(phone, "**/login**")
    sign_in_here(phone, "volunteer")
    reach(phone, "**/outreach/")
    has_list_of(phone, "Anh Ba")
    send_now(phone)
    expect_sent(phone)
    assert left["id"] in receiver.stored


def test_ones_own_token_revoked_takes_all_also_where_the_worker_learns_it(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    log(phone)
    (entry,) = entries(phone)
    receiver.revoked.add(entry["actor"])
    (worker,) = phone.context.service_workers
    phone.evaluate("() => { window.isOld = true; }")
    worker.evaluate("() => Outbox.flush(true)")
    comes_true(phone, "async () => !window.isOld && (await Outbox.done()).length === 0")  # on a page loaded anew


def test_another_tab_does_not_show_the_list_to_a_counselor_who_signs_in(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    tab = phone.context.new_page()
    phone.context.clear_cookies()
    tab.set_default_timeout(10_000)
    sign_in(tab, line.url, "counselor", PASSWORD)
    until(tab, lambda: not has_copy(tab))
    expect(phone.locator("#work", has_text="Anh Ba")).to_be_hidden()


def test_whoever_comes_next_is_not_told_that_signing_out_took_a_code_that_was_never_theirs(
    phone: Page, line: Line, receiver: Receiver, session: Session, cast: Cast
) -> None:
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    phone.locator("#this-phone summary").tap()
    phone.fill("#new-pin", "2580")
    phone.get_by_role("button", name="Đặt mã").tap()
    expect(phone.locator("[data-pin=set]")).to_be_visible()
    session_ends(phone, line)
    sign_in_here(phone, "volunteer2")
    has_list_of(phone, "Chị Tư")
    phone.wait_for_timeout(500)
    assert not phone.locator(".notice[data-pin=gone]").is_visible(), "nobody has signed out"
