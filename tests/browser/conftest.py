"""An application of the test's own behind a real server, for stories that look into its database beside the browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser
from waitress.server import create_server

from tests.support.cast import Cast
from tests.support.server import free_port
from tests.support.settings import MORNING


@pytest.fixture
def url(app: Flask, cast: Cast, browser: Browser, start_clock_at) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """The application of this test behind a real server, at half past nine."""
    start_clock_at(MORNING + timedelta(hours=3))
    port = free_port()
    server = create_server(app, host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    for context in list(browser.contexts):  # a page that is left open asks for its worker when the database is gone
        context.close()
    server.close()  # its thread ends with the last connection
