"""The window in a real browser against the real server: hands, two windows, a lost line, what it weighs."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.browser import DESKTOP, PHONE, NewPage, sign_in
from tests.support.server import LiveServer

KIB = 1024
SOON = 3_000  # ms within which two windows of one station see each other


def waiting(page: Page) -> int:
    return int(page.locator("#today h2 .note").first.inner_text())


def first_code(page: Page) -> str:
    """A code of somebody who has nothing to be asked: the row's only mark is the one of waiting.

    Not the first of them: in the demo that person drinks in two parts.
    """
    plain = page.locator("#today > ul").first.locator(".row:not(:has(.state ~ .state))").nth(1)
    code = plain.get_attribute("data-code")
    assert code
    return code


def open_first(page: Page) -> None:
    page.locator(f'.row[data-code="{first_code(page)}"] a').click()
    page.wait_for_url("**/dose")


def pour(page: Page) -> None:
    page.get_by_role("button", name="Rót").click()
    expect(page.get_by_role("button", name="Xác nhận đã uống")).to_be_visible()


def give(page: Page) -> None:
    pour(page)
    page.locator(".hand button").click()


@pytest.fixture
def desk(new_page: NewPage, live_server: LiveServer) -> Page:
    page = new_page(DESKTOP)
    sign_in(page, live_server.url, "dispenser")
    page.wait_for_url("**/station/")
    return page


def test_code_and_enter_three_times_records_a_dose_without_a_mouse(desk: Page) -> None:
    before, code = waiting(desk), first_code(desk)
    desk.keyboard.press("/")
    desk.keyboard.type(code)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/dose")
    for step in ("Rót", "Xác nhận đã uống"):
        expect(desk.get_by_role("button", name=step)).to_be_focused()
        desk.keyboard.press("Enter")
    desk.wait_for_url("**/station/?done=*")
    expect(desk.locator(".notice.done")).to_contain_text("Đã ghi")
    assert waiting(desk) == before - 1


def test_on_a_phone_a_dose_takes_three_taps(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(PHONE, has_touch=True)
    sign_in(page, live_server.url, "dispenser")
    page.wait_for_url("**/station/")
    page.locator(f'.row[data-code="{first_code(page)}"] a').tap()
    page.wait_for_url("**/dose")
    expect(page.locator(".dose")).to_be_in_viewport()
    expect(page.locator(".person-name")).to_be_in_viewport()
    for step in ("Rót", "Xác nhận đã uống"):
        button = page.get_by_role("button", name=step)
        expect(button).to_be_in_viewport()
        button.tap()
    expect(page.locator(".notice.done")).to_be_visible()


def test_two_windows_of_one_station_see_each_other_within_three_seconds(
    new_page: NewPage, live_server: LiveServer, desk: Page
) -> None:
    other = new_page(DESKTOP)
    sign_in(other, live_server.url, "dispenser")
    other.wait_for_url("**/station/")
    before = waiting(other)
    open_first(desk)
    give(desk)
    desk.wait_for_url("**/station/?done=*")
    expect(other.locator("#today h2 .note").first).to_have_text(str(before - 1), timeout=SOON)


def test_the_second_window_is_told_that_the_dose_has_been_given(
    new_page: NewPage, live_server: LiveServer, desk: Page
) -> None:
    open_first(desk)
    pour(desk)
    other = new_page(DESKTOP)
    sign_in(other, live_server.url, "dispenser")
    other.goto(desk.url)
    desk.locator(".hand button").click()
    desk.wait_for_url("**/station/?done=*")
    other.locator(".hand button").click()
    expect(other.locator(".notice.stop")).to_contain_text("Không ghi lần thứ hai")
    expect(other.get_by_role("button", name="Xác nhận đã uống")).to_have_count(0)


def test_the_same_button_after_a_lost_answer_gives_the_first_result(desk: Page) -> None:
    open_first(desk)
    pour(desk)
    answers: list[int] = []

    def lose_the_first_answer(route: Route) -> None:
        if route.request.method != "POST" or answers:
            return route.continue_()
        answers.append(route.fetch(max_redirects=0).status)  # the server has committed
        return route.abort("connectionreset")

    desk.route("**/dose", lose_the_first_answer)
    address = desk.url
    form = desk.evaluate("() => Object.fromEntries(new FormData(document.querySelector('form.fill')))")
    desk.locator(".hand button").click()
    desk.wait_for_url("chrome-error://**")
    assert answers == [303]
    desk.goto(address)
    # The page asked for anew knows already; the very same form sent again gives the first result as well.
    expect(desk.locator(".stop-block")).to_contain_text("đã uống đủ")
    again = desk.request.post(address, form=form, max_redirects=0, headers={"Referer": address})
    assert again.status == 303


def test_back_after_a_dose_does_not_show_the_button_again(desk: Page) -> None:
    open_first(desk)
    give(desk)
    desk.wait_for_url("**/station/?done=*")
    desk.go_back()
    desk.wait_for_url("**/dose")
    expect(desk.locator(".stop-block")).to_contain_text("đã uống đủ")
    expect(desk.get_by_role("button", name="Xác nhận đã uống")).to_have_count(0)


def test_the_list_keeps_what_was_typed_while_it_renews_itself(
    new_page: NewPage, live_server: LiveServer, desk: Page
) -> None:
    other = new_page(DESKTOP)
    sign_in(other, live_server.url, "dispenser")
    other.wait_for_url("**/station/")
    other.fill("#find", "khong co ai ten nay")
    open_first(desk)
    give(desk)
    desk.wait_for_url("**/station/?done=*")
    before = time.monotonic()
    with other.expect_response(lambda answer: "/station/list" in answer.url and answer.status == 200, timeout=SOON):
        pass
    assert time.monotonic() - before < SOON
    expect(other.locator("#find")).to_have_value("khong co ai ten nay")
    expect(other.locator("#today .row:visible")).to_have_count(0)


def test_the_first_visit_is_light(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(PHONE)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    kinds: dict[str, str] = {}
    scripts, everything = [], []
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))

    def loaded(event: dict[str, float]) -> None:
        everything.append(event["encodedDataLength"])
        if kinds.get(str(event["requestId"])) == "Script":
            scripts.append(event["encodedDataLength"])

    session.on("Network.loadingFinished", loaded)
    page.goto(f"{live_server.url}/login")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(scripts) <= 25 * KIB
    assert sum(everything) <= 60 * KIB
