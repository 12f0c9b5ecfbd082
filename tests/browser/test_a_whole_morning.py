"""A whole morning at the window, told three times: by a finger on a phone, at a desk, and at the desk by keys alone.

Every outcome and every stop, a change of hands in the middle of a dose, a mistake that two people reverse, a power cut,
paper, and the day closed. What the pages say is looked at on the way, what the rows say at the end.
`MORNING_PICTURES=folder` keeps a picture of each page.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.browser.at_the_window import Window
from tests.browser.morning_people import COLLEAGUE, COLLEAGUE_NAME, TWIN, invite
from tests.browser.three_hands import Finger, Keys, Mouse
from tests.browser.what_was_done import doses_of, ensure_rows_say_it
from tests.hands.story import PIN
from tests.support.browser import DESKTOP, PHONE, NewPage
from tests.support.cast import PASSWORD, Cast, display_name
from tests.support.server import LiveServer
from tests.support.settings import MORNING, environment

FIRST_NAME = display_name("dispenser")
STOPS = {
    "gap_4": "Đơn tạm ngưng: 4 ngày chưa uống",
    "gap_7": "Đơn đã hết hiệu lực: 7 ngày chưa uống",
    "ended": "Không có đơn chạy hôm nay",
    "tomorrow": "Không có đơn chạy hôm nay",
    "held": "Tạm dừng cấp thuốc",
}
WAYS: dict[str, tuple[type, tuple[int, int]]] = {
    "phone": (Finger, PHONE),
    "desk": (Mouse, DESKTOP),
    "keyboard": (Keys, DESKTOP),
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> LiveServer:
    demo = {"DEMO": "1", "DEMO_NOW": MORNING.isoformat()}
    instance = tmp_path / "instance"
    instance.mkdir(exist_ok=True)
    return LiveServer(instance, forked=True, **environment(database_url, instance, demo))


@pytest.mark.parametrize("way", WAYS)
def test_a_whole_morning(way: str, new_page: NewPage, server: LiveServer, session: Session, cast: Cast) -> None:
    people = invite(session, cast)
    kind, size = WAYS[way]
    page: Page = new_page(size, has_touch=way == "phone")
    page.set_default_timeout(8_000)
    try:
        server.start()
        page.goto(f"{server.url}/login")
        window = Window(kind(page), server, people, way)
        for part in (the_day_begins, doses_are_given, doses_are_not_given, who_stands_there, hands_change):
            part(window)
        the_power_fails(window, lambda: [dose.attempt for dose in doses_of(session, people["mistaken"])])
        the_rest_stands_on_paper(window)
    finally:
        server.stop()
    ensure_rows_say_it(session, people)
    assert getattr(window.hands, "pointed", []) == []


def the_day_begins(window: Window) -> None:
    """Both have been here by password, the device is the station's, the day is opened."""
    window.sign_in(COLLEAGUE)
    window.menu("Đăng xuất")
    window.sign_in("dispenser")
    window.menu("Máy của trạm")
    window.hands.write(window.page.locator("[name=password]"), PASSWORD)
    window.go(window.button("Thêm máy này"))
    window.home()
    window.picture("day-not-open")
    window.hands.lands_on(window.button("Mở ngày"))
    window.go(window.button("Mở ngày"))
    window.hands.lands_on(window.page.locator("#find"))
    window.picture("today")


def doses_are_given(window: Window) -> None:
    page, hands = window.page, window.hands
    window.give("ordinary")
    window.picture("recorded")
    window.is_not_given_again("ordinary", "Không ghi lần thứ hai")
    window.give("split")
    expect(page.locator("#today .row", has_text=window.people["split"].name).first).to_contain_text("Còn phần 2")

    window.open("twin")
    window.said("Điểm có thêm 1 người cùng tên. Đọc lại cả họ tên và năm sinh.")
    window.pour()
    window.drink("twin")

    window.open("gap_2")
    window.meet_question()
    hands.choose(page.locator("[name=gap_check][value=alert]"))
    window.go(window.button("Rót"))
    window.drink("gap_2")

    window.open("alert")
    hands.lands_on(window.button("Đã đọc, giữ lưu ý này"))
    window.go(window.button("Đã đọc, giữ lưu ý này"))
    window.pour()
    window.drink("alert")

    window.open("first_dose")
    window.said("ở lại ít nhất")
    window.pour()
    window.picture("first-dose-poured")
    window.drink("first_dose")
    window.follow("Đang theo dõi sau liều đầu: 1 người")
    window.go(page.locator(".row a"))
    hands.choose(page.locator("[name=seen][value=well]"))
    window.picture("observation")
    window.go(window.button("Ghi lại"))
    window.home()


def doses_are_not_given(window: Window) -> None:
    page, hands = window.page, window.hands
    window.open("gap_3")
    hands.choose(page.locator("[name=gap_check][value=signs]"))
    window.go(window.button("Rót"))
    window.hand_over_page("Đã báo bác sĩ")
    window.call_the_doctor("not_reached")
    window.to_the_list()

    for story, title in STOPS.items():
        window.open(story)
        window.meet_stop(title)
        if story == "gap_4":
            hands.write(page.locator("#observations"), "Mệt, tỉnh, đi bộ đến")
        window.go(window.button("Ghi lượt đến và báo bác sĩ"))
        window.hand_over_page("Đã báo bác sĩ")
        if story == "gap_4":
            window.call_the_doctor("reached")
        window.to_the_list()

    window.open("refuses")
    hands.press(page.locator("summary", has_text="Hôm nay không uống"))
    window.go(window.button("Ghi lượt đến"))
    window.said("Chọn một lý do.")
    hands.lands_on(page.locator("[name=outcome][value=refused]"))
    window.picture("reason-missing")
    hands.choose(page.locator("[name=outcome][value=refused]"))
    window.go(window.button("Ghi lượt đến"))
    window.hand_over_page("Đã ghi lượt đến")
    window.to_the_list()

    window.open("spills")
    window.pour()
    window.pour_away("overturned")
    window.pour()
    window.drink("spills")

    window.open("refuses_cup")
    window.pour()
    hands.press(page.locator("summary", has_text="Không uống: đổ bỏ cốc này"))
    window.go(window.button("Ghi đổ bỏ"))
    hands.lands_on(page.locator("[name=reason][value=refused]"))  # never on "drunk" after a mistake
    window.pour_away("refused")
    window.hand_over_page("Đã ghi lượt đến")
    window.to_the_list()

    window.give("vomits")
    window.open("vomits")
    hands.press(page.locator("summary", has_text="Nôn sau khi uống"))
    window.go(window.button("Ghi và báo bác sĩ"))
    hands.lands_on(page.locator("#minutes"))
    window.picture("minutes-missing")
    hands.write(page.locator("#minutes"), "15")
    window.go(window.button("Ghi và báo bác sĩ"))
    window.hand_over_page("Đã báo bác sĩ")
    window.said("chỉ uống lại khi bác sĩ kê đơn một lần")
    window.to_the_list()


def who_stands_there(window: Window) -> None:
    """Two of one name, people of another station, nobody, somebody who has left, a card reported lost."""
    page, hands, people = window.page, window.hands, window.people
    for nobody in (people["elsewhere"].name, people["elsewhere"].code, "Người Không Có Thật"):
        hands.search(nobody)
        window.said("Không thấy ai khớp ở điểm này.")
        expect(page.locator("main")).not_to_contain_text(str(people["elsewhere"].birth_year))
    window.picture("nobody-found")
    hands.search(people["left"].code)
    window.meet_stop("Hồ sơ không còn ở điểm này")
    window.picture("left")
    window.go(window.button("Ghi lượt đến và báo bác sĩ"))
    window.to_the_list()
    hands.search(people["card"].card)
    window.said("Thẻ này đã hủy lúc")
    window.picture("revoked-card")
    window.go(page.locator(".row a", has_text=people["card"].name))
    window.pour()
    window.drink("card")
    hands.write(page.locator("#find"), TWIN)
    expect(page.locator("#today .row:visible")).to_have_count(2)
    window.picture("two-of-one-name")
    window.home()


def hands_change(window: Window) -> None:
    """Somebody else goes on with a cup; the wrong person is recorded, and two people put it right."""
    page, hands = window.page, window.hands
    window.open("handed_over")
    window.pour()
    window.picture("long-name-poured")
    dose = page.url
    hands.hand_over_to(COLLEAGUE_NAME, PIN)
    page.wait_for_url(dose)
    window.said(f"{FIRST_NAME} rót")
    hands.lands_on(window.button("Xác nhận đã uống"))
    window.drink("handed_over")

    window.give("mistaken")
    window.is_not_given_again("mistaken", "Hôm nay đã uống đủ")
    window.follow("Ghi nhầm?")
    window.picture("reversal")
    window.go(window.button("Yêu cầu đính chính"))
    hands.lands_on(page.locator("[name=reason][value=wrong_person]"))
    hands.choose(page.locator("[name=reason][value=wrong_person]"))
    window.go(window.button("Yêu cầu đính chính"))
    window.said("phần này chưa uống lại được")
    window.picture("reversal-waits")
    window.home()
    window.is_not_given_again("mistaken", "Hôm nay đã uống đủ")
    hands.hand_over_to(FIRST_NAME, PIN)
    page.wait_for_url("**/dose")
    window.home()
    window.follow("Đọc và ký")
    window.picture("second-signatures")
    window.go(page.locator(".row a"))
    window.picture("second-signature")
    window.go(window.button("Ký: lượt"))
    window.said("Đã đính chính")
    window.picture("reversed")
    window.follow("Cấp phát hôm nay")


def the_power_fails(window: Window, attempts: Callable[[], list[int]]) -> None:
    """Between poured and drunk: afterwards the cup stands, nothing is recorded, and the cup is finished."""
    page, hands = window.page, window.hands
    window.pour()
    dose = page.url
    window.server.stop(signal.SIGKILL)
    with page.expect_event("requestfailed"):
        hands.press(window.button("Xác nhận đã uống"))
    window.server.start()
    page.goto(dose)
    window.said(f"{FIRST_NAME} rót")
    assert attempts() == [1], "only what was reversed"
    hands.lands_on(window.button("Xác nhận đã uống"))
    window.drink("mistaken")
    assert attempts() == [1, 2]


def the_rest_stands_on_paper(window: Window) -> None:
    page, hands, people = window.page, window.hands, window.people
    window.day_menu("Chuyển sang ghi giấy")
    window.said("Đang ghi trên giấy")
    window.is_not_given_again("on_paper", "Điểm đang ghi trên giấy")
    window.home()
    window.picture("on-paper")
    window.day_menu("Nhập bù từ giấy")
    window.go(page.locator(".row a", has_text="Hôm nay"))
    window.picture("sheet")
    boxes = page.locator("#sheet label")
    for story in ("refuses", "refuses_cup", "gap_3"):
        expect(boxes.filter(has_text=people[story].code).locator("input")).to_be_checked()
    hands.choose(boxes.filter(has_text=people["other_twin"].code).locator("input"))
    window.go(window.button("Xem lại trước khi ghi"))
    hands.lands_on(page.locator(".errors"))
    window.picture("sheet-wrong")
    hands.write(page.locator("#sheet[name=sheet], input[name=sheet]"), "phiếu trong ngày, tờ 2")
    hands.pick(page.locator("[name=writer]"), COLLEAGUE_NAME)
    window.go(window.button("Xem lại trước khi ghi"))
    window.said("2 người được ghi")
    window.picture("sheet-read")
    window.go(window.button(re.compile("^Ghi 2 liều")))
    window.said("phiếu trong ngày, tờ 2")
    window.home()
    window.day_menu("Chốt ngày")
    window.picture("closing")
    window.go(window.button("Chốt ngày"))
    window.said("Hôm nay đã chốt ngày.")
    window.picture("closed")
