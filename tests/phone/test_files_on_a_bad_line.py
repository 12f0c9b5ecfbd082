"""A new version comes over a line that breaks off or has a portal in it: what the phone had goes on working."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from counseling import static_files
from tests.phone.line import Line
from tests.phone.taps import comes_true, log

NEWER = "0123456789ab"
KEPT = "async (name) => (await (await caches.match('/outreach/')).text()).includes(name)"
ADDRESS = "(name) => document.querySelector('script[src*=phone]').src.replace(/static.[^/]+/, `static/${name}`)"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, line: Line) -> Iterator[None]:
    """From now on pages name another script; its file does not get through."""
    real = static_files.asset
    script = real("phone.js")
    assert script is not None
    monkeypatch.setattr(
        static_files, "asset", lambda name: replace(script, version=NEWER) if name == "phone.js" else real(name)
    )
    line.holds = f"GET /static/{NEWER}"
    yield
    line.holds = ""


def names_newer(page: Page) -> bool:
    return bool(page.evaluate(KEPT, NEWER))


def test_a_list_whose_script_has_not_come_does_not_take_the_place_of_the_one_before(
    phone: Page, line: Line, newer: None
) -> None:
    phone.goto(f"{line.url}/outreach/", wait_until="commit")
    phone.wait_for_timeout(1000)
    line.down()
    phone.goto(f"{line.url}/outreach/")
    assert not names_newer(phone)
    log(phone)
    line.holds = ""
    line.up()
    phone.goto(f"{line.url}/outreach/")
    comes_true(phone, KEPT, NEWER)
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#done-here")).to_be_visible()
    log(phone, "Chưa gặp")


def test_the_page_of_a_portal_is_kept_under_no_files_name(phone: Page, line: Line, newer: None) -> None:
    line.mode = "portal"
    address = phone.evaluate(ADDRESS, NEWER)
    said = phone.evaluate("async (address) => (await fetch(address)).text()", address)
    assert "Wi-Fi" in said, "whoever asks sees it"
    assert not phone.evaluate("async (address) => Boolean(await caches.match(address))", address)
    line.holds = ""
    line.up()
    phone.goto(f"{line.url}/outreach/")
    log(phone)
