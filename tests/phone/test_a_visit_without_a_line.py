"""Whatever happens to the line, a visit that the phone calls saved arrives, and arrives once."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import Page, expect

from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import NAME, entries, expect_says, expect_sent, log, says, send_now, until
from tests.support.browser import reach
from tests.support.treatment import Person


def test_two_taps_save_a_visit_that_arrives_by_itself_and_sealed(
    phone: Page, line: Line, receiver: Receiver, person: Person
) -> None:
    log(phone)
    (kept,) = entries(phone)
    assert "chờ gửi: 1" in says(phone)
    phone.evaluate("() => Outbox.flush()")  # what each trigger does
    assert not receiver.stored, "it can be undone for 8 seconds: nobody else has seen it"
    expect_sent(phone)
    (entry,) = receiver.stored.values()
    assert entry["id"] == kept["id"]
    assert set(entry) == {"id", "kind", "actor", "client_time", "form_version", "tries", "body"}
    assert datetime.fromisoformat(entry["client_time"]).utcoffset() is not None
    said = receiver.opened(entry)
    assert (said["who"], said["outcome"], said["place"], said["task"]) == (person.ref, "well", "home", ["look_in"])
    assert entries(phone) == []
    expect(phone.locator("#done-here")).to_contain_text("Anh Ba sửa xe")
    expect(phone.locator("#done-here")).to_contain_text("đã gửi")
    assert "Anh Ba" not in str(kept)


def test_undone_within_eight_seconds_it_was_never_there(phone: Page, receiver: Receiver) -> None:
    log(phone)
    phone.get_by_role("button", name="Bỏ ghi").tap()
    expect(phone.locator("#undo")).to_be_hidden()
    assert entries(phone) == []
    expect(phone.locator("#done-here")).to_be_hidden()
    expect(phone.locator("#work .row a[data-task]")).to_be_visible()
    assert not receiver.stored


def test_what_was_sent_by_hand_is_not_offered_to_be_undone(phone: Page, line: Line, receiver: Receiver) -> None:
    log(phone)
    send_now(phone)
    expect_sent(phone)
    expect(phone.locator("#undo")).to_be_hidden()
    line.down()
    log(phone, "Chưa gặp")
    send_now(phone)
    expect_says(phone, "later", 1)
    expect(phone.locator("#undo")).to_be_hidden()  # it was tried: perhaps the server has it


def test_too_late_to_be_undone_it_is_corrected(phone: Page, receiver: Receiver, person: Person) -> None:
    log(phone)
    (entry,) = entries(phone)
    phone.evaluate("() => { Outbox.listen(() => {}); }")  # the bar has not heard of it yet
    phone.evaluate("() => Outbox.flush(true)")
    phone.get_by_role("button", name="Bỏ ghi").tap()
    expect(phone.locator("#visit [data-of=correction]")).to_be_visible()
    phone.get_by_role("button", name="Chưa gặp").tap()
    expect(phone.locator("#undo")).to_contain_text("Chưa gặp")
    phone.evaluate("() => Outbox.flush(true)")
    _, second = receiver.stored.values()
    assert (second["kind"], receiver.opened(second)["corrects"]) == ("correction", entry["id"])
    assert receiver.opened(second)["who"] == person.ref


def test_with_the_server_down_the_list_opens_and_a_visit_waits_for_it(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    line.down()
    phone.reload()
    expect(phone.locator("#as-of")).to_contain_text("09:30 22/11")
    log(phone, "Gặp, cần giúp")
    send_now(phone)
    expect_says(phone, "later", 1)
    phone.goto(f"{line.url}/")  # opened anew from its icon, still without a line
    expect(phone.locator("#done-here")).to_contain_text("đã lưu trên máy")
    line.up()
    phone.evaluate("() => dispatchEvent(new Event('online'))")
    expect_sent(phone)
    assert [receiver.opened(entry)["outcome"] for entry in receiver.stored.values()] == ["needs_help"]
    assert len(line.entries) == 1


def test_an_entry_is_sent_until_its_own_receipt_comes(phone: Page, line: Line, receiver: Receiver) -> None:
    log(phone)
    line.mode = "portal"
    send_now(phone)
    expect_says(phone, "later", 1)
    assert len(entries(phone)) == 1, "a portal says 200 to everything: that is no receipt"
    line.mode = "up"
    receiver.refuses = 200, {"id": "00000000-0000-4000-8000-000000000000", "result": "stored"}
    send_now(phone)
    until(phone, lambda: bool(line.entries))
    expect_says(phone, "later", 1)
    assert len(entries(phone)) == 1, "a receipt for another entry is none"
    receiver.refuses = None
    line.entries.clear()
    line.mode = "lost"
    send_now(phone)
    until(phone, lambda: bool(line.entries))
    expect_says(phone, "later", 1)
    line.mode = "up"
    phone.evaluate("() => dispatchEvent(new Event('online'))")
    expect_sent(phone)
    assert len(receiver.stored) == 1
    assert line.answers[-1][1]["result"] == "already"
    assert {entry["id"] for entry in line.entries} == set(receiver.stored)


def test_what_the_server_refuses_is_kept_and_told_and_holds_nothing_up(phone: Page, receiver: Receiver) -> None:
    log(phone)
    receiver.refuses = 400, {"error": "no entry"}
    send_now(phone)
    expect_says(phone, "refused", 1)
    receiver.refuses = None
    receiver.result = "quarantined"
    log(phone, name="Anh Ba sửa xe")  # the same person from "logged here": a correction
    send_now(phone)
    expect_sent(phone)
    expect(phone.locator("#apart")).to_contain_text("2")
    first, second = receiver.stored.values()
    assert (first["kind"], second["kind"]) == ("visit", "correction")
    assert receiver.opened(second)["corrects"] == first["id"]


def test_after_each_failure_it_waits_longer_from_two_seconds_to_five_minutes(phone: Page, receiver: Receiver) -> None:
    log(phone)
    receiver.refuses = 503, {"error": "later"}
    waits = [phone.evaluate("async () => { await Outbox.flush(true); return Outbox.wait(); }") for _ in range(10)]
    assert waits == [2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000]
    receiver.refuses = None
    phone.evaluate("() => Outbox.flush(true)")
    log(phone)
    receiver.refuses = 503, {"error": "later"}
    assert phone.evaluate("async () => { await Outbox.flush(true); return Outbox.wait(); }") == 2_000


@pytest.mark.parametrize(("seconds", "least", "most"), [(90, 80_000, 90_000), (9_999_999, 3_599_000, 3_600_000)])
def test_it_waits_as_long_as_a_busy_server_asks_but_never_a_day(
    phone: Page, receiver: Receiver, seconds: int, least: int, most: int
) -> None:
    log(phone)
    receiver.refuses, receiver.retry_after = (429, {"error": "too many"}), seconds
    wait = phone.evaluate("async () => { await Outbox.flush(true); return Outbox.wait(); }")
    assert least <= wait <= most
    assert len(entries(phone)) == 1
    receiver.refuses = None
    send_now(phone)
    expect_sent(phone)


def test_while_the_session_is_over_all_is_kept_and_sent_after_signing_in(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    receiver.tokens.clear()  # password changed, device forgotten: the token says nothing any more
    phone.context.clear_cookies()
    log(phone)
    send_now(phone)
    expect_says(phone, "sign-in", 1)
    assert len(entries(phone)) == 1
    phone.goto(f"{line.url}/outreach/")
    expect_says(phone, "sign-in", 1)
    phone.fill("[name=username]", "volunteer")
    phone.fill("[name=password]", "diem-tua-demo")
    phone.get_by_role("button", name="Đăng nhập", exact=True).tap()
    reach(phone, "**/outreach/")
    expect_sent(phone)
    assert len(receiver.stored) == 1


def test_two_tabs_send_each_entry_once(phone: Page, line: Line, receiver: Receiver) -> None:
    other = phone.context.new_page()
    other.goto(f"{line.url}/outreach/")
    line.down()
    log(phone)
    log(other, "Chưa gặp")
    expect(phone.locator("#outbox [data-count]:visible")).to_have_text("2")
    line.up()
    for page in (phone, other):
        page.evaluate("() => void Outbox.flush(true)")
    expect_sent(phone)
    expect_sent(other)
    assert sorted(line.ids) == sorted(receiver.stored)
    assert len(line.ids) == 2


def test_a_clock_that_was_set_back_a_day_holds_nothing_back(phone: Page, receiver: Receiver) -> None:
    log(phone)
    phone.evaluate("() => { const now = Date.now; Date.now = () => now() - 86400000; }")
    phone.evaluate("() => Outbox.flush()")  # what a timer does, not a hand
    expect_sent(phone)
    assert len(receiver.stored) == 1


def test_a_clock_that_was_set_right_while_the_list_stood_open_brings_back_nobody_who_was_visited(
    phone: Page, receiver: Receiver
) -> None:
    """It was five minutes fast when the list came."""
    phone.evaluate("() => { const now = Date.now; Date.now = () => now() - 300000; }")
    log(phone)
    send_now(phone)
    expect_sent(phone)
    expect(phone.locator("#done-here .row", has_text=NAME)).to_contain_text("đã gửi")
    expect(phone.locator("#work li:not(.logged) > a[data-task]", has_text=NAME)).to_be_hidden()
