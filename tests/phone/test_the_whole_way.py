"""From a tap on the phone, without a line, to the team's book: the outbox of the one, the door of the other."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.contacts import OutreachContact
from tests.phone.line import Line
from tests.phone.taps import answer, entries, expect_sent, log, send_now


@pytest.fixture
def receiver() -> None:
    """None that stands in: the application with its own outbox is at the other end."""


def test_what_was_logged_without_a_line_stands_in_the_book_once(phone: Page, line: Line, session: Session) -> None:
    line.down()
    log(phone, "Chưa gặp")
    answer(phone, "Gặp, ổn")  # a correction, from "logged on this phone"
    expect(phone.locator("#undo")).to_contain_text("Gặp, ổn")
    assert len(entries(phone)) == 2
    line.up()
    line.mode = "lost"
    send_now(phone)
    expect(phone.locator("#outbox [data-says=later]")).to_be_visible()
    line.mode = "up"
    send_now(phone)
    expect_sent(phone)
    rows = session.scalars(select(OutreachContact).order_by(OutreachContact.id)).all()
    assert [row.outcome for row in rows] == ["not_met", "met_well"]
    assert rows[1].corrects_id == rows[0].id
    assert [said["result"] for _, said in line.answers] == ["stored", "already", "stored"]
    phone.reload()
    expect(phone.locator("#work")).to_contain_text("Đã ghi hôm nay")
