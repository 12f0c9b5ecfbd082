"""What a phone does alone: opened cold while nobody answers, and what can be read on it after signing out.

The browser is closed before each opening, so that the worker has to start too. Chromium slows down pages only and
refuses it for workers ("only supported for pages"), so the worker runs at the machine's own speed, and the row says so.
10,000 events through kills, lost answers and bad lines are counted by `make chaos`, not here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import BrowserContext, Page

from benchmarks.figures import Figure
from tests.phone.taps import ready
from tests.phone.test_what_a_phone_keeps import found_in, leave
from tests.support.browser import ARGUMENTS, PHONE, chromium, sign_in_by_hand
from tests.support.server import LiveServer

OPENINGS, SLOWER = 5, 6
PAINTED = """() => new Promise((done) => {
  new PerformanceObserver((list) => {
    const largest = list.getEntries().at(-1).startTime;
    const first = performance.getEntriesByName("first-contentful-paint")[0].startTime;
    setTimeout(() => done([first, largest]), 300);
  }).observe({ type: "largest-contentful-paint", buffered: true });
})"""


def measure_kept(kind: Any, server: LiveServer, folder: Path) -> Iterator[Figure]:
    """Leaves the server running."""
    profile = folder / "profile"
    with opened(kind, profile) as context:
        page = context.pages[0]
        sign_in_by_hand(page, server.url, "volunteer")
        ready(page)
        page.locator("#tour [data-skip]").tap()  # the cards of the first day are not the list, and come after it
        names = [name.strip() for name in page.locator("#work .row .who").all_inner_texts()]
    before = bytes_of(profile, names)
    server.stop()
    seen = [cold_opening(kind, profile, folder / "cold", server) for _ in range(OPENINGS)]
    name = f"phone: cold without a line, list shown (page {SLOWER}× slower, worker not)"
    yield Figure(name, median(seen), "ms", None, "≤ 1000 ms", median(seen) <= 1000)
    server.start()
    with opened(kind, profile) as context:
        page = context.pages[0]
        sign_in_by_hand(page, server.url, "volunteer")  # its session ended with the browser
        ready(page)
        leave(page)
        page.wait_for_url("**/login**")
    left = bytes_of(profile, names)
    yield Figure("phone: readable bytes of names, before signing out", before, "bytes", None, "", None)
    # Where none were found before, the search is blind, and nothing found after says nothing.
    yield Figure("phone: readable bytes of names, after", left, "bytes", None, "0", left == 0 < before)


@contextmanager
def opened(kind: Any, profile: Path) -> Iterator[BrowserContext]:
    """A browser whose profile lies on the disk, as a phone's does."""
    context = kind.launch_persistent_context(
        profile, executable_path=chromium(), args=ARGUMENTS, locale="vi-VN", has_touch=True,
        viewport={"width": PHONE[0], "height": PHONE[1]},
    )  # fmt: skip
    try:
        yield context
    finally:
        context.close()


def cold_opening(kind: Any, profile: Path, copy: Path, server: LiveServer) -> float:
    """Milliseconds until the largest part of the list stands there, in a browser that was not running."""
    shutil.copytree(profile, copy, symlinks=True)
    try:
        with opened(kind, copy) as context:
            page: Page = context.pages[0]
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.goto(f"{server.url}/outreach/")
            _, largest = page.evaluate(PAINTED)
            # Looked for after the clock: the driver's own script takes a quarter of a second of the slowed page.
            page.locator("#as-of").wait_for()
            page.locator("#work .row a").first.wait_for()
            return float(largest)
    finally:
        shutil.rmtree(copy)


def bytes_of(profile: Path, names: list[str]) -> int:
    return sum(len(name.encode()) for name in found_in(profile, *names))
