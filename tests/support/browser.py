"""A real Chromium: pages that complain fail their test, and axe looks at what people see."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Error,
    Page,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[2]
PHONE, DESKTOP = (360, 640), (1280, 800)
DEMO_PASSWORD = "diem-tua-demo"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
ARGUMENTS = [
    "--no-sandbox",  # Chromium's sandbox refuses root, and CI is root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NewPage = Callable[..., Page]


def chromium() -> str:
    """Where the browser is: CHROMIUM, else the headless shell, which takes a third less of the processor."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        raise RuntimeError("Chromium is not installed: `make test` installs it.")
    return path


def whole_chromium() -> dict[str, Any]:
    """Options of `own_browser` for a Chromium that writes down a history and sessions: the headless shell has none."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("The whole of Chromium is not installed: `make test` installs it.")
    return {"executable_path": path, "headless": False, "args": [*ARGUMENTS, "--headless=new"]}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium per test process; tests meet only in contexts of their own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """`new_page(size=PHONE, **options)`: the first page of somebody with a browser of their own.

    A script error or a broken content policy on any of them fails the test at its end.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(size: tuple[int, int] = DESKTOP, **options: Any) -> Page:
        width, height = size
        defaults = {
            "locale": "vi-VN",
            "timezone_id": "Asia/Ho_Chi_Minh",
            "viewport": {"width": width, "height": height},
        }
        context = browser.new_context(**{**defaults, **options})
        contexts.append(context)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("console", lambda message: complaints.extend(_complaint(message)))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def reach(page: Page, address: str | re.Pattern[str], **options: Any) -> None:
    """Wait until the page is there, by whatever way.

    `wait_for_url` calls it an error when a second navigation takes the place of the first: a page that is looked at and
    gets its focus in one moment goes to the sign-in twice.
    """
    for _ in range(3):
        try:
            return page.wait_for_url(address, **options)
        except Error as error:
            if "net::ERR_ABORTED" not in error.message:
                raise
    raise AssertionError(f"the page was sent elsewhere on its way to {address}")


@contextmanager
def own_browser(kind: BrowserType, profile: Path, **options: Any) -> Iterator[BrowserContext]:
    """A browser whose profile lies on the disk, as a phone's does."""
    plain: dict[str, Any] = {"executable_path": chromium(), "args": ARGUMENTS, "locale": "vi-VN", "has_touch": True}
    size = {"width": PHONE[0], "height": PHONE[1]}
    context = kind.launch_persistent_context(profile, **{**plain, "viewport": size, **options})
    yield context
    with suppress(Error):  # a story may have killed it
        context.close()


def main_process(page: Page) -> int:
    """The number of the browser's first process: with it all of the browser ends."""
    listed = page.context.browser or page.context
    processes = listed.new_browser_cdp_session() if isinstance(listed, Browser) else page.context.new_cdp_session(page)
    found = processes.send("SystemInfo.getProcessInfo")["processInfo"]
    return next(int(process["id"]) for process in found if process["type"] == "browser")


def _complaint(message: ConsoleMessage) -> list[str]:
    # Chromium also calls an answer of 4xx or a server taken down an error; tests look at those themselves.
    # htmx calls it one when the person goes to another page while the list is asking for itself.
    expected = message.text.startswith(("Failed to load resource", "htmx: htmx:error: Failed to fetch"))
    return [message.text] if message.type == "error" and not expected else []


def sign_in_by_hand(page: Page, url: str, username: str, password: str = DEMO_PASSWORD) -> None:
    """As people do: the form is loaded, drawn and filled in."""
    page.goto(f"{url}/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", password)
    page.locator("form:has([name=password]) [type=submit], form:has([name=password]) button:not([type])").first.click()
    page.wait_for_url(lambda address: "/login" not in address)


def sign_in(page: Page, url: str, username: str, password: str = DEMO_PASSWORD) -> None:
    """Sign in with the form and wait for the desk.

    The form is sent by the browser's own client and not drawn: to look at it and type into it took a fifth of a story.
    """
    client = page.context.request
    found = TOKEN.search(client.get(f"{url}/login").text())
    assert found, "no form to sign in with"
    typed = {"csrf_token": found.group(1), "username": username, "password": password}
    answer = client.post(f"{url}/login", form=typed, max_redirects=0)
    assert answer.status == 303, answer.text()
    page.goto(urljoin(f"{url}/login", answer.headers["location"]))


def axe_violations(page: Page) -> list[str]:
    """What axe finds on the page as it stands, one line for each element; an empty list is what tests ask for."""
    # evaluate() comes from outside the page, so the content policy stays on while axe looks.
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_axe_source())
    # What arrives fades in for 120 ms: half-way its colours are nobody's, and axe would measure them. What is
    # replaced meanwhile breaks its own off.
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations'], preload: false})")
    return [
        f"{rule['id']}: {rule['help']}: {' '.join(map(str, node['target']))}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@cache
def _axe_source() -> str:
    path = ROOT / "node_modules/axe-core/axe.min.js"
    if not path.exists():
        raise RuntimeError("axe-core is not installed: `make test` installs it.")
    return path.read_text(encoding="utf-8")
