"""Whoever was told to sign in has signed in: that word ends, what waits is sent, and nothing late undoes it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import NAME, expect_says, expect_sent, has_list_of, log, ready, send_now, until
from tests.phone.test_the_next_at_this_phone import session_ends, sign_in_here
from tests.support.browser import reach


def test_signed_in_again_nobody_is_told_to_sign_in_again(phone: Page, line: Line, receiver: Receiver) -> None:
    """The token had run out. The session gets a new one, and then the line fails: what waits is a signal."""
    log(phone)
    receiver.tokens.clear()
    phone.evaluate("() => Outbox.flush(true)")
    expect_says(phone, "sign-in", 1)
    receiver.refuses = 503, {}
    phone.reload()
    until(phone, lambda: bool(receiver.tokens))
    send_now(phone)
    phone.wait_for_timeout(500)
    assert phone.evaluate("async () => (await Outbox.tokens()).length") == 1
    assert not phone.locator("#outbox [data-says=sign-in]").is_visible()
    expect_says(phone, "later", 1)


def test_signed_in_again_through_the_page_nobody_is_told_to_sign_in_again_all_day(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    log(phone)
    receiver.tokens.clear()
    phone.evaluate("() => Outbox.flush(true)")
    expect_says(phone, "sign-in", 1)
    session_ends(phone, line)
    receiver.refuses = 503, {}
    sign_in_here(phone, "volunteer")
    reach(phone, "**/outreach/")
    until(phone, lambda: bool(receiver.tokens))
    ready(phone)
    line.down()
    log(phone)
    assert not phone.locator("#outbox [data-says=sign-in]").is_visible(), "two visits, and a token for both"


def test_on_a_slow_line_who_has_just_signed_in_is_not_told_to_sign_in_again(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    """Every token has ended, as after a restore: one sign-in helps. The first page after it is the copy, since the line
    is slow, and its form token is of the session before."""
    session_ends(phone, line)
    sign_in_here(phone, "volunteer")  # by hand: the phone knows the name from then on
    has_list_of(phone, NAME)
    log(phone)
    receiver.tokens.clear()
    session_ends(phone, line)
    phone.evaluate("() => Outbox.flush(true)")
    expect_says(phone, "sign-in", 1)
    line.mode = "slow"
    sign_in_here(phone, "volunteer")
    reach(phone, "**/outreach/", timeout=40_000)
    expect(phone.locator("#as-of")).to_be_visible(timeout=20_000)
    expect_sent(phone)  # by itself
    assert len(receiver.stored) == 1


def test_a_late_word_about_an_old_token_takes_nothing_from_whoever_has_a_new_one(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    """Signed out from afar; the answer that says so hangs; meanwhile its owner has signed in anew in another window."""
    (actor,) = phone.evaluate("() => Outbox.tokens()")
    other = phone.context.new_page()
    receiver.revoked.add(actor)
    line.withholds = "POST /outbox/alive"
    phone.evaluate("() => void Outbox.ask()")
    phone.wait_for_timeout(500)
    receiver.revoked.clear()
    phone.evaluate("(actor) => Outbox.keepToken(actor, { token: 'new', until: Date.now() + 80 * 86400000 })", actor)
    receiver.tokens["new"] = actor
    other.goto(f"{line.url}/outreach/")
    ready(other)
    other.evaluate("() => { window.isOld = true; }")
    other.locator("#work .row a").first.tap()
    other.locator("label:has([name=topic][value=family])").tap()
    line.withholds = ""
    other.wait_for_timeout(1500)
    assert other.evaluate("() => window.isOld === true"), "the half-filled form was thrown away"
    assert other.evaluate("async (actor) => (await Outbox.token(actor))?.token", actor) == "new"
