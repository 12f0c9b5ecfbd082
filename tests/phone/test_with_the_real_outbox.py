"""The phone's own script and the server's own door, end to end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from tests.outbox.story import contacts, waiting
from tests.outbox.story import entries as stored
from tests.phone.line import Line
from tests.phone.taps import entries, expect_sent, log, send_now
from tests.support.cast import Cast
from tests.support.treatment import Person


@pytest.fixture
def receiver() -> None:
    """The application's own."""


def test_a_visit_saved_without_a_line_stands_in_the_book(
    phone: Page, line: Line, session: Session, person: Person, cast: Cast
) -> None:
    line.down()
    phone.reload()
    log(phone, "Gặp, cần giúp")
    send_now(phone)
    assert len(entries(phone)) == 1
    line.up()
    phone.evaluate("() => dispatchEvent(new Event('online'))")
    expect_sent(phone)
    (row,) = contacts(session)
    assert (row.patient_id, row.outcome, row.recorded_by_id) == (person.id, "met_needs_help", cast.staff["volunteer"])
    (kept,) = stored(session)
    assert abs(kept.skew_seconds) < 600
    assert not waiting(session)
