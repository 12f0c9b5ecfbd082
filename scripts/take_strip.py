"""Take the strip of the routine visit: list, form, saved, side by side, at 320 and at 360 px.

Run after `make test` has set up the tools: `.venv/bin/python scripts/take_strip.py`.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from take_pictures import DEMO_NOW, PICTURES, met_well, visit

from tests.support.browser import ARGUMENTS, chromium, sign_in_by_hand
from tests.support.server import LiveServer, run_flask

WIDTHS, HEIGHT, GAP = (320, 360), 640, 12


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for command in ("init", "demo"):
            run_flask(Path(folder), command)
        server = LiveServer(Path(folder), DEMO_NOW=DEMO_NOW)
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            for width in WIDTHS:
                join(browser, faces(browser, server.url, width), width)
        finally:
            browser.close()
            server.stop()


def faces(browser: Browser, url: str, width: int) -> list[bytes]:
    context = browser.new_context(
        locale="vi-VN", timezone_id="Asia/Ho_Chi_Minh", viewport={"width": width, "height": HEIGHT}, has_touch=True
    )
    page = context.new_page()
    sign_in_by_hand(page, url, "volunteer")
    visit(page)
    page.locator("#visit [data-back]").click()
    taken = [page.screenshot()]
    page.locator("#work .row a").first.click()
    taken.append(page.screenshot())
    met_well(page)
    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
    taken.append(page.screenshot())
    context.close()
    return taken


def join(browser: Browser, taken: list[bytes], width: int) -> None:
    pictures = "".join(f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in taken)
    size = {"width": (width + GAP) * len(taken) + GAP, "height": HEIGHT + 2 * GAP}
    page = browser.new_page(viewport=size)
    page.set_content(f'<body style="margin:{GAP}px;display:flex;gap:{GAP}px;background:#888">{pictures}</body>')
    page.screenshot(path=PICTURES / f"visit-strip-{width}.png")
    page.close()


if __name__ == "__main__":
    main()
