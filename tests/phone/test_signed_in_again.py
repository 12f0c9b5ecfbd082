"""Whoever was told to sign in has signed in: that word ends, what waits is sent, and nothing late undoes it."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import ready


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
