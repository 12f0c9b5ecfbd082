"""A phone that is not in its owner's hand any more: signed out from afar, or left to lie, it forgets the list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.models.people import StaffSession
from counseling.models.phone_entries import PhoneToken
from counseling.services.own_account import end_own_session
from counseling.services.phone_tokens import revoke_own
from tests.phone.line import Line
from tests.phone.taps import NAME, grow_old, has_copy, kept_text, until
from tests.support.browser import reach
from tests.support.cast import Cast
from tests.support.settings import MORNING

NOW = MORNING + timedelta(hours=4)
SHOWN_AGAIN = (
    "() => { window.dispatchEvent(new Event('focus')); document.dispatchEvent(new Event('visibilitychange')); }"
)


@pytest.fixture
def receiver() -> None:
    """None that stands in: the application with its own outbox is at the other end."""


def sign_out_from_afar(session: Session, cast: Cast) -> None:
    """The owner's own page, "Mất máy thì bỏ máy đó ở đây", on another device."""
    session.rollback()
    revoke_own(session, cast.viewer_of("volunteer"), session.scalars(select(func.max(PhoneToken.id))).one(), NOW)


def end_session_of(session: Session, cast: Cast) -> None:
    session.rollback()
    newest = session.scalars(select(func.max(StaffSession.id))).one()
    end_own_session(session, cast.viewer_of("volunteer"), newest, NOW)


def test_an_open_phone_with_nothing_unsent_forgets_as_soon_as_somebody_looks_at_it(
    phone: Page, session: Session, cast: Cast
) -> None:
    sign_out_from_afar(session, cast)
    phone.evaluate(SHOWN_AGAIN)
    reach(phone, "**/login**")
    assert not has_copy(phone)
    assert phone.evaluate("() => Outbox.tokens()") == []


def test_a_phone_that_only_comes_as_far_as_the_sign_in_forgets_there(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    end_session_of(session, cast)
    phone.goto(f"{line.url}/outreach/")
    reach(phone, "**/login**")
    assert has_copy(phone), "a session that is over only locks"
    sign_out_from_afar(session, cast)
    phone.evaluate(SHOWN_AGAIN)
    until(phone, lambda: not has_copy(phone))
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("h1")).to_have_text("Chưa có mạng")


def test_the_names_of_a_copy_too_old_go_at_the_first_page_whatever_page_that_is(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    end_session_of(session, cast)
    assert NAME in kept_text(phone)
    grow_old(phone, 73)
    phone.goto(f"{line.url}/login")
    until(phone, lambda: NAME not in kept_text(phone))


def test_a_clock_that_was_set_right_sends_no_page_away(phone: Page) -> None:
    """A browser that was running meanwhile goes on telling its pages a wrong time of loading."""
    phone.clock.set_fixed_time(NOW + timedelta(days=200))
    phone.reload()
    expect(phone.locator("#outbox [data-says=none]")).to_be_visible()
    phone.evaluate("() => { window.isSame = true; }")
    phone.evaluate(SHOWN_AGAIN)
    phone.evaluate("() => fetch('/offline')")
    assert phone.evaluate("() => window.isSame")


@pytest.mark.parametrize("is_from_copy", [False, True], ids=["loaded", "from the copy"])
def test_a_page_left_open_for_three_days_shows_nobody(phone: Page, line: Line, is_from_copy: bool) -> None:
    line.down()
    if is_from_copy:
        grow_old(phone, 40)
        phone.reload()
        expect(phone.locator("#as-of")).to_be_visible()
    grow_old(phone, 80)
    hours = 40 if is_from_copy else 80
    phone.evaluate("(hours) => { const now = Date.now; Date.now = () => now() + hours * 3600000; }", hours)
    phone.evaluate(SHOWN_AGAIN)
    expect(phone.locator("#gone")).to_be_visible()
    assert "Anh Ba" not in phone.content() + kept_text(phone)
