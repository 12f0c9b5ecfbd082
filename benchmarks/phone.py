"""A volunteer's phone: what it loads, how soon it shows something, and how long saving takes.

Chromium 6 times slower, on a line of 400 kbit/s and 400 ms, against a demo of its own. Measured on the list, which is
opened every day, and on the sign-in page, which is the first one ever.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from benchmarks.counted_line import CountedLine
from benchmarks.figures import Figure
from benchmarks.phone_kept import PAINTED, measure_kept
from benchmarks.workshop import Workshop
from tests.phone.taps import ready
from tests.support.browser import ARGUMENTS, PHONE, axe_violations, chromium, sign_in_by_hand
from tests.support.server import ROOT, LiveServer, run_flask

SLOWER = 6
LINE = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
VISITS, PAINTS = 12, 5
NARROW = (320, 640)
LIGHTHOUSE = ROOT / "benchmarks" / "node_modules" / "lighthouse" / "cli" / "index.js"
# From the finger's touch until the page says that it is saved; and until the form stands there.
STOPWATCH = """() => {
  window.saves = [];
  window.forms = [];
  let touched = 0;
  addEventListener("click", () => { touched = performance.now(); }, true);
  const watch = (selector, times) => new MutationObserver(() => {
    if (!document.querySelector(selector).hidden && touched) times.push(performance.now() - touched);
  }).observe(document.querySelector(selector), { attributes: true, attributeFilter: ["hidden"] });
  watch("#undo", saves);
  watch("#visit", forms);
}"""

# Touches and keys as the page hears them.
TOUCHES = """() => {
  window.touches = window.keys = 0;
  addEventListener("pointerdown", () => { window.touches += 1; }, true);
  addEventListener("keydown", () => { window.keys += 1; }, true);
  addEventListener("input", (event) => { if (event.target.matches("textarea, [type=text]")) window.keys += 1; }, true);
}"""
PAGES = {
    "volunteer": ["/outreach/", "/outreach/new", "/outreach/group", "/outreach/danger/", "/outreach/month", "/offline"],
    "counselor": ["/counseling/", "/tasks/", "/messages/", "/patients/", "/teams/"],
    "dispenser": ["/station/", "/patients/", "/messages/", "/messages/duty/", "/station/close", "/devices/"],
    "doctor": ["/doctor/", "/patients/"],
    "supervisor": ["/supervision/"],
    "community": ["/supervision/contacts", "/teams/"],
    "admin": ["/admin/", "/admin/channels"],
}


def measure_phone(workshop: Workshop) -> Iterator[Figure]:
    with demo(workshop.folder / "phone") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            yield from weights(browser, server)
            yield from paints(browser, server)
            yield from seen_by_axe(browser, server)
            yield from at_hand(browser, server)
            yield from scripts(browser, server)
        finally:
            browser.close()
        yield from measure_kept(playwright.chromium, server, workshop.folder)
        yield from lighthouse(playwright.chromium, server)


@contextmanager
def demo(folder: Path) -> Iterator[LiveServer]:
    folder.mkdir()
    for command in ("init", "demo"):
        run_flask(folder, command)
    server = LiveServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def phone_of(browser: Browser, size: tuple[int, int] = PHONE) -> BrowserContext:
    width, height = size
    return browser.new_context(
        locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", viewport={"width": width, "height": height}, has_touch=True
    )


def slow(page: Page) -> CDPSession:
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.send("Network.emulateNetworkConditions", LINE)
    tools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return tools


def weights(browser: Browser, server: LiveServer) -> Iterator[Figure]:
    """Bytes as they come over the line, headers too, from the sign-in page until the phone could be without a line:
    those that the worker asks for as well, counted before the server, because a page does not hear of them. The two
    pages that the worker fetches to keep, after all that has been drawn, are in the second figure only."""
    line = CountedLine(int(server.url.rsplit(":", 1)[1]))
    context = phone_of(browser)
    page = context.new_page()
    kept: list[int] = []
    context.on("requestfinished", lambda request: kept.append(came(request)) if is_to_be_kept(request) else None)
    sign_in_by_hand(page, line.url, "volunteer")
    ready(page)
    page.wait_for_load_state("networkidle")
    if len(kept) != 2:
        raise RuntimeError(f"The worker fetched {len(kept)} pages to keep them.")
    weight = line.came - sum(kept)
    yield Figure("phone: whole first visit", weight / 1024, "KiB", None, "≤ 60 KiB", weight <= 60 * 1024)
    yield Figure("phone: until it could be without a line", line.came / 1024, "KiB", None, "", None)
    context.close()
    line.close()


def scripts(browser: Browser, server: LiveServer) -> Iterator[Figure]:
    """Of the pages that people open every day, the one with most script, loaded with nothing kept."""
    heaviest = (0, "")
    for who, addresses in PAGES.items():
        signed = phone_of(browser)
        sign_in_by_hand(signed.new_page(), server.url, who)
        state = signed.storage_state()
        signed.close()
        for address in addresses:
            context = browser.new_context(storage_state=state, service_workers="block")
            page = context.new_page()
            heard: list[int] = []
            page.on("requestfinished", lambda request, to=heard: to.append(came(request)) if is_script(request) else 0)
            page.goto(server.url + address, wait_until="networkidle")
            heaviest = max(heaviest, (sum(heard), address))
            context.close()
    weight, address = heaviest
    name = f"script of the heaviest page ({address})"
    yield Figure(name, weight / 1024, "KiB", None, "≤ 25 KiB", weight <= 25 * 1024)


def is_to_be_kept(request: Any) -> bool:
    return request.service_worker is not None and urlsplit(request.url).path.startswith("/outreach/")


def is_script(request: Any) -> bool:
    return bool(request.resource_type == "script")


def came(request: Any) -> int:
    sizes = request.sizes()
    return int(sizes["responseBodySize"] + sizes["responseHeadersSize"])


def paints(browser: Browser, server: LiveServer) -> Iterator[Figure]:
    """With nothing kept: the sign-in page, and the list of somebody who is signed in."""
    signed = phone_of(browser)
    sign_in_by_hand(signed.new_page(), server.url, "volunteer")
    state = signed.storage_state()
    signed.close()
    for name, path, kept in (("sign-in page", "/login", None), ("list", "/outreach/", state)):
        seen = []
        for _ in range(PAINTS):
            context = browser.new_context(storage_state=kept, viewport={"width": PHONE[0], "height": PHONE[1]})
            page = context.new_page()
            slow(page)
            page.goto(server.url + path)
            seen.append(page.evaluate(PAINTED))
            context.close()
        first, largest = (median(one[index] for one in seen) / 1000 for index in (0, 1))
        yield Figure(f"phone: first paint, {name}", first, "s", None, "≤ 2.5 s", first <= 2.5)
        yield Figure(f"phone: largest paint, {name}", largest, "s", None, "≤ 4 s", largest <= 4)


def seen_by_axe(browser: Browser, server: LiveServer) -> Iterator[Figure]:
    context = phone_of(browser, NARROW)
    page = context.new_page()
    page.goto(f"{server.url}/login")
    found = axe_violations(page)
    sign_in_by_hand(page, server.url, "volunteer")
    found += axe_violations(page)
    page.locator("#work .row a").first.tap()
    found += axe_violations(page)
    yield Figure("phone: axe at 320 px", len(found), "faults", None, "0", not found)
    context.close()


def at_hand(browser: Browser, server: LiveServer) -> Iterator[Figure]:
    """Saving: how long it takes, and how many touches."""
    context = phone_of(browser)
    page = context.new_page()
    sign_in_by_hand(page, server.url, "volunteer")
    ready(page)
    page.locator("#tour [data-skip]").tap()
    tools = slow(page)
    page.evaluate(STOPWATCH)
    page.evaluate(TOUCHES)
    for _ in range(VISITS):
        page.locator("#work .row a:visible").first.tap()
        page.get_by_role("button", name="Gặp, ổn").tap()
        page.locator("#undo").wait_for()
        page.evaluate("() => { document.querySelector('#undo').hidden = true; }")
    saves, forms = page.evaluate("() => [saves, forms]")
    yield Figure("phone: tap to the form, median", median(forms), "ms", None, "", None)
    yield Figure("phone: tap to saved, median", median(saves), "ms", None, "≤ 200 ms", median(saves) <= 200)
    yield Figure("phone: tap to saved, slowest", max(saves), "ms", None, "≤ 200 ms", max(saves) <= 200)
    taps, keys = page.evaluate("() => [touches / saves.length, keys]")
    is_easy = taps <= 4 and keys == 0
    yield Figure("phone: taps of a routine visit", taps, "taps", None, "≤ 4, no keyboard", is_easy)
    tools.detach()
    context.close()


def lighthouse(kind: Any, server: LiveServer) -> Iterator[Figure]:
    """Lighthouse's own slow phone, on the list, signed in."""
    if not LIGHTHOUSE.exists():
        raise RuntimeError("Lighthouse is not installed: `make bench` installs it.")
    browser = kind.launch(executable_path=chromium(), args=ARGUMENTS)
    context = phone_of(browser)
    sign_in_by_hand(context.new_page(), server.url, "volunteer")
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies())
    browser.close()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        headers = Path(folder) / "headers.json"
        headers.write_text(json.dumps({"Cookie": cookies}), encoding="utf-8")
        subprocess.run(
            [
                shutil.which("node") or "node", str(LIGHTHOUSE), f"{server.url}/outreach/", "--quiet", "--output=json",
                f"--output-path={report}", f"--extra-headers={headers}", "--chrome-flags=" + " ".join(ARGUMENTS),
                "--only-categories=performance,accessibility,best-practices", "--no-enable-error-reporting",
            ],
            env={**os.environ, "CHROME_PATH": chromium()}, check=True, capture_output=True,
        )  # fmt: skip
        categories = json.loads(report.read_text(encoding="utf-8"))["categories"]
    for name, goal in (("performance", 95), ("accessibility", 100), ("best-practices", 95)):
        score = round(categories[name]["score"] * 100)
        yield Figure(f"phone: Lighthouse {name}", score, "of 100", None, f"≥ {goal}", score >= goal)
