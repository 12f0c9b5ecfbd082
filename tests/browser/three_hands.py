"""Three ways of doing the same: a finger on a phone, a mouse at a desk, and the keys of the desk alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from playwright.sync_api import Locator, Page, expect

MOST_TABS = 12  # more of them to what comes next, and the order of a page is a fault


class Hands(Protocol):
    page: Page

    def press(self, place: Locator) -> None: ...
    def choose(self, place: Locator) -> None: ...
    def write(self, place: Locator, text: str) -> None: ...
    def pick(self, place: Locator, label: str) -> None: ...
    def lands_on(self, place: Locator) -> None: ...
    def open_row(self, code: str) -> None: ...
    def search(self, text: str) -> None: ...
    def hand_over_to(self, name: str, pin: str) -> None: ...


class Pointing(ABC):
    """What finger and mouse have in common: they go straight to a place."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @abstractmethod
    def press(self, place: Locator) -> None: ...

    def choose(self, place: Locator) -> None:
        self.press(place.locator("xpath=ancestor::label"))
        expect(place).to_be_checked()

    def write(self, place: Locator, text: str) -> None:
        self.press(place)
        self.page.keyboard.type(text)

    def pick(self, place: Locator, label: str) -> None:
        place.select_option(label=label)

    def lands_on(self, place: Locator) -> None:
        """What comes next is in sight without scrolling."""
        expect(place).to_be_in_viewport(ratio=1)

    def open_row(self, code: str) -> None:
        self._to_the_list()
        self.press(self.page.locator(f'#today .row[data-code="{code.lower()}"] a').first)
        self.page.wait_for_url("**/dose")

    def _to_the_list(self) -> None:
        """On a phone the list has a page of its own."""
        if not self.page.locator("#find").is_visible():
            with self.page.expect_navigation():
                self.press(self.page.locator("a:visible", has_text="Hôm nay").first)

    def search(self, text: str) -> None:
        self._to_the_list()
        self.write(self.page.locator("#find"), text)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def hand_over_to(self, name: str, pin: str) -> None:
        self.press(self.page.get_by_role("button", name="Đổi người"))
        self.press(self.page.get_by_role("link", name=name))
        field = self.page.get_by_label("Mã PIN")
        expect(field).to_be_focused()
        self.page.keyboard.type(pin)  # the sixth digit sends it


class Finger(Pointing):
    def press(self, place: Locator) -> None:
        place.tap()


class Mouse(Pointing):
    def press(self, place: Locator) -> None:
        place.click()


class Keys:
    """No mouse call at all; what touches the page by pointer is counted, and the story ends with none."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pointed: list[str] = []
        page.expose_function("pointed", lambda how: self.pointed.append(how))
        page.add_init_script("addEventListener('pointerdown', () => window.pointed('pointer'), true)")

    def press(self, place: Locator) -> None:
        self._reach(place)
        self.page.keyboard.press("Enter")

    def choose(self, place: Locator) -> None:
        """A box by Tab and space; of radios Tab stops at one of the group, and arrows go on from there."""
        self._reach(place, by_arrows=place.get_attribute("type") == "radio")
        if not place.is_checked():
            self.page.keyboard.press("Space")
        expect(place).to_be_checked()

    def write(self, place: Locator, text: str) -> None:
        self._reach(place)
        self.page.keyboard.type(text)

    def pick(self, place: Locator, label: str) -> None:
        self._reach(place)
        self.page.keyboard.type(label)
        expect(place.locator("option:checked")).to_have_text(label)

    def lands_on(self, place: Locator) -> None:
        """The focus waits there, can be seen, and nothing has to be looked for."""
        expect(place).to_be_focused()
        expect(place).to_be_in_viewport()

    def open_row(self, code: str) -> None:
        self._find(code)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url("**/dose")

    def search(self, text: str) -> None:
        self._find(text)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def hand_over_to(self, name: str, pin: str) -> None:
        """The key for it, the number beside the name, six digits."""
        self.page.keyboard.press("*")
        link = self.page.get_by_role("link", name=name)
        self.page.keyboard.press(link.get_attribute("data-key") or "")
        expect(self.page.get_by_label("Mã PIN")).to_be_focused()
        self.page.keyboard.type(pin)

    def _find(self, text: str) -> None:
        self.page.keyboard.press("/")
        expect(self.page.locator("#find")).to_be_focused()
        self.page.keyboard.type(text)

    def _reach(self, place: Locator, *, by_arrows: bool = False) -> None:
        """Tab until the focus is there: forwards, or backwards where the place stands before."""
        expect(place).to_be_visible()
        back = bool(
            place.evaluate(
                "e => !!(document.activeElement.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING)"
            )
        )
        if self.page.evaluate("() => document.activeElement === document.body") and place.evaluate(IN_MAIN):
            self.page.keyboard.press("Tab")  # the way past the head that every page begins with
            self.page.keyboard.press("Enter")
        tabs = 0
        while tabs <= MOST_TABS:
            where = place.evaluate(WHERE)
            if where.startswith("there"):
                assert where == "there, seen", f"nobody sees that the focus is on {place}"
                return
            in_group = by_arrows and where == "in its group"
            self.page.keyboard.press("ArrowDown" if in_group else "Shift+Tab" if back else "Tab")
            tabs += not in_group
        raise AssertionError(f"{MOST_TABS} tabs do not reach {place}; the focus is on {self.page.evaluate(FOCUSED)}")


# Where the focus is, as seen from a place; it is shown by an outline there, or around the choice that it belongs to.
WHERE = """e => {
  const now = document.activeElement;
  if (now !== e) return now.name && now.name === e.name && now.form === e.form ? "in its group" : "";
  const style = (one) => getComputedStyle(one);
  const isOutlined = (one) => style(one).outlineStyle === "solid" && parseFloat(style(one).outlineWidth) >= 2;
  return [e, e.closest(".choice")].some((one) => one && isOutlined(one)) ? "there, seen" : "there";
}"""
IN_MAIN = "e => !!e.closest('main')"
FOCUSED = "() => document.activeElement.outerHTML.slice(0, 200)"
