"""axe finds nothing on any page, on a narrow phone and on a desktop, in both languages' layouts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.browser import DESKTOP, NewPage, axe_violations, sign_in
from tests.support.server import LiveServer

NARROW = (320, 640)
# Desk, and the pages that whoever sits there opens. `rows:` opens the first person of that page's list.
PAGES = {
    "dispenser": [
        "/station/", "rows:/station/", "/station/close", "/patients/", "rows:/patients/", "year:/patients/",
        "/patients/new", "/register/",
        "/account/password", "/account/sessions", "/patients/khongcoai234/", "/messages/", "rows:/messages/",
        "/messages/queue", "/messages/sent", "/messages/numbers", "/messages/duty/", "/messages/canned/",
        "/messages/missed-calls/", "/reminders/", "/reminders/weekend", "/simulator/",
    ],
    "dispenser2": ["/station/", "/station/witness/"],
    "doctor": [
        "/doctor/", "/station/witness/", "/doctor/rules/", "/doctor/rules/bands", "/doctor/rules/limits",
        "/doctor/rules/paper",
    ],
    "counselor": [
        "/counseling/", "/counseling/people", "/counseling/new", "/counseling/session/new", "rows:/counseling/people",
        "/station/", "/messages/", "rows:/messages/", "/messages/queue", "rows:/messages/queue",
        "/teams/", "rows:/teams/",
    ],
    "nurse": ["/desk"],
    "volunteer": [
        "/outreach/", "rows:/outreach/", "/outreach/new", "/outreach/group", "/outreach/danger/", "/outreach/month",
        "file:/outreach/", "/account/password", "/account/sessions", "/account/pin",
    ],
    "supervisor": ["/supervision/"],
    "community": ["/supervision/", "/teams/", "/teams/numbers"],
    "province": ["/wordings/", "/wordings/missed_yesterday/"],
    "admin": ["/admin/", "/admin/texts/", "/admin/texts/phone"],
}  # fmt: skip


@pytest.fixture(scope="module")
def live_server(demo_instance: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One demo for all: pages are only looked at."""
    instance = tmp_path_factory.mktemp("seen") / "live"
    shutil.copytree(demo_instance, instance)
    server = LiveServer(instance, forked=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("username", PAGES)
def test_axe_finds_nothing(new_page: NewPage, live_server: LiveServer, username: str) -> None:
    page = new_page(DESKTOP)
    sign_in(page, live_server.url, username)
    found = {}
    for address in PAGES[username]:
        visit(page, live_server.url, address)
        for size in (NARROW, DESKTOP):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            violations = axe_violations(page)
            if violations:
                found[f"{address} at {size[0]}"] = violations
            if scrolls_sideways(page):
                found[f"{address} at {size[0]} wide"] = ["scrolls sideways"]
    assert found == {}


def test_axe_finds_nothing_before_signing_in(new_page: NewPage, live_server: LiveServer) -> None:
    page = new_page(NARROW)
    page.goto(f"{live_server.url}/login")
    assert axe_violations(page) == []


def visit(page: Page, url: str, address: str) -> None:
    what, _, path = address.rpartition(":")
    page.goto(url + path)
    if what in ("rows", "year"):
        page.locator("main .rows a").first.click()
    if what == "file":  # what the team knows of the first person, from the plain form of a visit
        ref = page.locator("main .rows a[data-ref]").first.get_attribute("data-ref")
        page.goto(f"{url}/patients/{ref}/")
    if what == "year":
        page.get_by_role("link", name="Quá trình điều trị").click()
    page.wait_for_load_state()


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth"))
