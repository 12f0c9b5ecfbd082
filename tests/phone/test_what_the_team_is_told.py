"""What a phone says of itself when it sends: how much waits on it, and never what is not there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling import clock
from counseling.models.phone_entries import PhoneToken
from counseling.queries.phones import list_quiet_phones
from tests.outreach.story import someone
from tests.phone.line import Line
from tests.phone.taps import entries, expect_sent, log, until
from tests.support.cast import Cast

OTHER = "Chị Tư"
HELD = """(id) => Outbox.entries().then((all) => {
  const own = all.find((entry) => entry.id === id);
  return !own || own.hold_until <= Date.now();
})"""


@pytest.fixture
def receiver() -> None:
    """None that stands in: the real outbox is at the other end."""


def test_a_visit_that_was_undone_does_not_lie_on_the_phone_for_the_team(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    someone(session, cast, OTHER)
    phone.reload()
    log(phone)
    (first,) = entries(phone)
    until(phone, lambda: bool(phone.evaluate("(at) => Date.now() > at - 3000", first["hold_until"])))
    log(phone, name=OTHER)
    until(
        phone, lambda: bool(phone.evaluate(HELD, first["id"]))
    )  # the first may not be undone any more, the second may
    phone.evaluate("() => { Outbox.flush().catch(() => {}); }")  # a message was read, and back
    until(phone, lambda: len(line.entries) == 1)
    phone.locator("[data-undo]").tap()
    until(phone, lambda: entries(phone) == [])
    expect_sent(phone)
    session.rollback()
    assert set(session.scalars(select(PhoneToken.waiting))) == {0}
    later = clock.utc_now() + timedelta(days=4)
    assert [one.waiting for one in list_quiet_phones(session, cast.viewer_of("counselor"), later) if one.waiting] == []
