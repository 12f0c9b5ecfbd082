"""A busy phone takes seconds to write a visit down: what is tapped meanwhile is neither lost nor said of another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from tests.outreach.story import someone
from tests.phone.receiver import Receiver
from tests.phone.taps import NAME, answer, entries, expect_sent, ready, send_now
from tests.support.cast import Cast

OTHER = "Chị Tư bán rau"
SLOW_TO_SAVE = """() => {
  const plain = SubtleCrypto.prototype.encrypt;
  SubtleCrypto.prototype.encrypt = async function (...given) {
    await new Promise((done) => { self.goOn = done; });
    return plain.apply(this, given);
  };
}"""
FULL = """() => {
  IDBObjectStore.prototype.add = () => { throw new DOMException("no room", "QuotaExceededError"); };
}"""


@pytest.fixture
def busy_phone(phone: Page, session: Session, cast: Cast) -> Page:
    """Two people on the list; what is saved is written down when the phone gets to it (`get_to_it`)."""
    someone(session, cast, OTHER)
    phone.reload()
    ready(phone)
    phone.evaluate(SLOW_TO_SAVE)
    return phone


def get_to_it(phone: Page) -> None:
    phone.wait_for_function("() => self.goOn")
    phone.evaluate("() => { goOn(); delete self.goOn; }")


@pytest.mark.parametrize("way_back", ["the arrow", "the phone's own"])
def test_a_visit_stays_in_sight_until_it_is_saved_and_the_next_is_saved_too(
    busy_phone: Page, receiver: Receiver, way_back: str
) -> None:
    phone, steps = busy_phone, busy_phone.evaluate("() => history.length")
    out: Callable[[], object] = phone.locator("#visit [data-back]").tap if way_back == "the arrow" else phone.go_back
    answer(phone)
    for _ in range(2):
        out()
        phone.wait_for_function("() => history.state?.visit")
        expect(phone.locator("#visit h1")).to_have_text(NAME)
    get_to_it(phone)
    expect(phone.locator("#undo")).to_contain_text(f"{NAME} · Gặp, ổn")
    expect(phone.locator("#visit")).to_be_hidden()
    answer(phone, "Gặp, cần giúp", OTHER)
    get_to_it(phone)
    expect(phone.locator("#undo")).to_contain_text(f"{OTHER} · Gặp, cần giúp")
    assert len(entries(phone)) == 2
    assert phone.evaluate("() => history.length") == steps + 1, "however often the way back was tapped"


def test_what_is_tapped_while_a_visit_is_being_saved_is_not_taken_for_a_part_of_it(
    busy_phone: Page, receiver: Receiver
) -> None:
    """A sign of danger that is ticked too late stays empty, and another answer is none."""
    phone = busy_phone
    answer(phone)
    phone.locator("label:has([name=danger])").first.tap()
    phone.get_by_role("button", name="Chưa gặp").tap()
    expect(phone.locator("[name=danger]:checked")).to_have_count(0)
    get_to_it(phone)
    expect(phone.locator("#undo")).to_contain_text(f"{NAME} · Gặp, ổn")
    send_now(phone)
    expect_sent(phone)
    (entry,) = receiver.stored.values()
    assert receiver.opened(entry)["outcome"] == "well"


def test_a_visit_that_cannot_be_saved_after_all_still_stands_there(busy_phone: Page, receiver: Receiver) -> None:
    phone = busy_phone
    phone.evaluate(FULL)
    answer(phone)
    phone.locator("#visit [data-back]").tap()
    get_to_it(phone)
    expect(phone.locator("#visit [data-why=full]")).to_be_visible()
    expect(phone.locator("#visit h1")).to_have_text(NAME)
