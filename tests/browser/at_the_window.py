"""The station's window as a person works at it, whatever the hands: the words of test_a_whole_morning.py."""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser.morning_people import Known
from tests.browser.three_hands import Hands, Keys
from tests.support.cast import PASSWORD
from tests.support.server import LiveServer


class Window:
    """The station's window as a person works at it, whatever the hands."""

    def __init__(self, hands: Hands, server: LiveServer, people: dict[str, Known], name: str) -> None:
        self.hands, self.page, self.server, self.people, self._name = hands, hands.page, server, people, name
        self._pictures = 0

    def button(self, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=name)

    def go(self, place: Locator) -> None:
        """Press what leads to another page, and wait until it is there."""
        with self.page.expect_navigation():
            self.hands.press(place)

    def follow(self, name: str) -> None:
        self.go(self.page.get_by_role("link", name=name, exact=True).first)

    def home(self) -> None:
        """By the page's own way there: the tab, or on a phone's page of one task the arrow."""
        self.go(self.page.locator("a:visible", has_text=re.compile("^Hôm nay$")).first)

    def said(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def picture(self, name: str) -> None:
        folder = os.environ.get("MORNING_PICTURES")
        if folder:
            self._pictures += 1
            path = Path(folder) / f"{self._name}-{self._pictures:02d}-{name}.png"
            self.page.screenshot(path=str(path), caret="initial")  # hiding the caret would break the content policy

    def open(self, story: str) -> None:
        self.hands.open_row(self.people[story].code)
        expect(self.page.locator("h1.person-name")).to_contain_text(self.people[story].name)
        self.picture(story)

    def pour(self) -> None:
        self.hands.lands_on(self.button("Rót"))
        self.go(self.button("Rót"))
        self.hands.lands_on(self.button("Xác nhận đã uống"))

    def drink(self, story: str) -> None:
        self.hands.press(self.button("Xác nhận đã uống"))
        self.page.wait_for_url("**/station/?done=*")
        expect(self.page.locator(".notice.done").first).to_contain_text(self.people[story].name)
        self.hands.lands_on(self.page.locator("#find"))

    def give(self, story: str) -> None:
        """Three taps, or the code and Enter three times."""
        self.open(story)
        self.pour()
        self.drink(story)

    def meet_stop(self, title: str) -> None:
        """It is what the eye meets; keys stand on its first button, a finger comes to that after reading."""
        expect(self.page.locator(".stop-block h2")).to_have_text(title)
        expect(self.page.locator(".stop-block h2")).to_be_in_viewport(ratio=1)
        if isinstance(self.hands, Keys):
            self.hands.lands_on(self.button("Ghi lượt đến và báo bác sĩ"))

    def meet_question(self) -> None:
        """Keys stand on the first answer; a finger still sees who it is about."""
        if isinstance(self.hands, Keys):
            self.hands.lands_on(self.page.locator("[name=gap_check]").first)
        else:
            expect(self.page.locator("h1.person-name")).to_be_in_viewport(ratio=1)
            expect(self.page.locator(".dose")).to_be_in_viewport(ratio=1)

    def is_not_given_again(self, story: str, why: str) -> None:
        self.open(story)
        expect(self.page.locator(".stop-block")).to_contain_text(why)
        expect(self.button("Rót")).to_have_count(0)

    def pour_away(self, reason: str) -> None:
        box = self.page.locator(f"[name=reason][value={reason}]")
        if not box.is_visible():
            self.hands.press(self.page.locator("summary", has_text="Không uống: đổ bỏ cốc này"))
        self.hands.choose(box)
        self.picture(f"poured-away-{reason}")
        self.go(self.button("Ghi đổ bỏ"))

    def hand_over_page(self, title: str) -> None:
        expect(self.page.locator("main h1")).to_contain_text(title)
        self.picture(f"handed-over-{title}")

    def to_the_list(self) -> None:
        self.follow("Về danh sách hôm nay")

    def call_the_doctor(self, answer: str) -> None:
        self.hands.choose(self.page.locator(f"[name=answer][value={answer}]"))
        self.go(self.button("Ghi cuộc gọi"))
        expect(self.page.locator("#calls")).to_contain_text("Đã gọi bác sĩ")
        expect(self.page.locator(".slip")).to_contain_text("Mời quay lại")

    def sign_in(self, username: str) -> None:
        self.hands.write(self.page.locator("[name=username]"), username)
        self.hands.write(self.page.locator("[name=password]"), PASSWORD)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/station/")

    def menu(self, item: str) -> None:
        self.hands.press(self.page.locator(".top .account summary"))
        self.go(self.page.locator(".top .account .item", has_text=item))

    def day_menu(self, item: str) -> None:
        self.hands.press(self.page.locator(".title-line summary"))
        self.go(self.page.locator(".title-line .item", has_text=item))
