"""An application of the test's own behind a real server, for stories that look into its database beside the browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.support.cast import Cast
from tests.support.served import served
from tests.support.settings import MORNING


@pytest.fixture
def url(app: Flask, cast: Cast, browser: Browser, start_clock_at) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """The application of this test behind a real server, at half past nine."""
    start_clock_at(MORNING + timedelta(hours=3))
    with served(app) as port:
        yield f"http://127.0.0.1:{port}"
        for context in list(browser.contexts):  # a page that is left open asks for its worker when the database is gone
            context.close()
