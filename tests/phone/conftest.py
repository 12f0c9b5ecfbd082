"""A volunteer's phone in Chromium, the real application at the other end, and a line between them that can go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from tests.outreach.story import asked, someone
from tests.phone.line import Line
from tests.phone.receiver import Receiver, attach
from tests.phone.taps import open_phone
from tests.support.browser import PHONE, NewPage
from tests.support.cast import Cast
from tests.support.served import served
from tests.support.settings import MORNING
from tests.support.treatment import Person


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def receiver(app: Flask) -> Receiver:
    return attach(app)


@pytest.fixture
def line(app: Flask, receiver: Receiver | None, cast: Cast, start_clock_at) -> Iterator[Line]:  # type: ignore[no-untyped-def]
    start_clock_at(MORNING + timedelta(hours=3))
    with served(app) as port:
        line = Line(port)
        line.up()
        yield line
        line.down()


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    """Anh Ba sửa xe, whom the team is asked to look in on."""
    found = someone(session, cast)
    asked(session, found)
    return found


@pytest.fixture
def phone(new_page: NewPage, line: Line, person: Person) -> Page:
    """Signed in as the volunteer, the list kept, the first-day cards put away."""
    page = new_page(PHONE, has_touch=True)
    open_phone(page, line.url)
    return page
