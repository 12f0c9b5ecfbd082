"""From a tap on the phone, without a line, to the team's book: the outbox of the one, the door of the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session
from waitress.server import create_server

from counseling.models.contacts import OutreachContact
from tests.phone.line import Line
from tests.phone.taps import answer, entries, expect_sent, log, open_phone, send_now
from tests.support.browser import PHONE, NewPage
from tests.support.cast import Cast
from tests.support.server import free_port
from tests.support.settings import MORNING
from tests.support.treatment import Person


@pytest.fixture
def line(app: Flask, cast: Cast, start_clock_at) -> Iterator[Line]:  # type: ignore[no-untyped-def]
    """The application with its own outbox at the other end."""
    start_clock_at(MORNING + timedelta(hours=3))
    port = free_port()
    server = create_server(app, host="127.0.0.1", port=port, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    line = Line(port)
    line.up()
    yield line
    line.down()
    server.close()


@pytest.fixture
def phone(new_page: NewPage, line: Line, person: Person) -> Page:
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    return page


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
