"""Cards before the camera: a real decoder in a real browser, before a camera whose picture the test has drawn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from tests.support.browser import ARGUMENTS, DESKTOP, PHONE, axe_violations, chromium, sign_in
from tests.support.server import LiveServer

WIDTH, HEIGHT, SCALE = 640, 480, 12
WHITE, BLACK = 235, 16
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SOON = 15_000  # ms: the decoder is fetched, and two cores are shared
Opened = Callable[[list[str]], Browser]


@pytest.fixture
def open_browser(browser: Browser) -> Iterator[Opened]:
    """A Chromium with a camera of its own: what it sees is said when it is started."""
    opened: list[Browser] = []

    def start(arguments: list[str]) -> Browser:
        opened.append(browser.browser_type.launch(executable_path=chromium(), args=[*ARGUMENTS, *arguments]))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def filmed(path: Path, text: str | None) -> list[str]:
    """A camera that sees a card with `text`, or an empty table: Y4M by hand, two equal pictures."""
    rows = [bytearray([200]) * WIDTH for _ in range(HEIGHT)]
    if text is not None:
        matrix = [list(line) for line in segno.make(text, error="q", micro=False).matrix_iter(scale=SCALE, border=4)]
        left, top = (WIDTH - len(matrix[0])) // 2, (HEIGHT - len(matrix)) // 2
        for number, line in enumerate(matrix):
            rows[top + number][left : left + len(line)] = bytes(BLACK if dark else WHITE for dark in line)
    picture = b"FRAME\n" + b"".join(rows) + bytes([128]) * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + picture * 2)
    return [*CAMERA, f"--use-file-for-fake-video-capture={path}"]


def at_the_window(browser: Browser, server: LiveServer, size: tuple[int, int] = PHONE) -> Page:
    page = browser.new_context(locale="vi-VN", viewport={"width": size[0], "height": size[1]}).new_page()
    sign_in(page, server.url, "dispenser")
    page.wait_for_url("**/station/")
    return page


def card_of_somebody(page: Page, server: LiveServer) -> tuple[str, str]:
    """The code on a new card of the first person who waits, and the address of their dose."""
    address = page.locator("#today .row a").first.get_attribute("href")
    assert address
    page.goto(server.url + address.replace("/dose", "/cards"))
    page.get_by_role("button", name="Cấp thẻ mới").click()
    code = page.locator(".card .code").last.inner_text()
    page.goto(f"{server.url}/station/")
    return "VN1:" + code.replace(" ", ""), address


def wait_until(page: Page, expression: str) -> None:
    """Asked from outside: the content policy forbids what `wait_for_function` does within the page."""
    deadline = time.monotonic() + SOON / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        time.sleep(0.05)


def is_off(page: Page) -> bool:
    return bool(page.evaluate("document.querySelector('#scan video').srcObject === null"))


def tap(page: Page) -> None:
    page.get_by_role("button", name="Quét thẻ").click()


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_card_opens_its_person(
    open_browser: Opened, live_server: LiveServer, tmp_path: Path, size: tuple[int, int]
) -> None:
    code, address = card_of_somebody(at_the_window(open_browser([]), live_server), live_server)
    page = at_the_window(open_browser(filmed(tmp_path / "card.y4m", code)), live_server, size)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    assert not any("qr-scanner" in url for url in asked)
    tap(page)
    page.wait_for_url(f"**{address}?by=card", timeout=SOON)
    assert any("qr-scanner-worker" in url for url in asked)
    expect(page.get_by_text("Mở bằng thẻ. Hỏi họ tên và năm sinh")).to_be_visible()


def test_a_code_that_is_no_card_is_never_sent(open_browser: Opened, live_server: LiveServer, tmp_path: Path) -> None:
    """A shop's code, or an identity card with a name and a number in its square."""
    page = at_the_window(open_browser(filmed(tmp_path / "other.y4m", "https://example.org/a")), live_server)
    tap(page)
    expect(page.get_by_text("Đây không phải mã trên thẻ của điểm")).to_be_visible(timeout=SOON)
    assert axe_violations(page) == []
    page.get_by_role("button", name="Thôi, gõ mã").click()
    expect(page.locator("#scan")).to_be_hidden()
    assert is_off(page) and page.url.endswith("/station/")
    expect(page.locator("#find")).to_be_focused()


def test_after_thirty_seconds_the_camera_is_shut_and_says_what_to_do(
    open_browser: Opened, live_server: LiveServer, tmp_path: Path
) -> None:
    browser = open_browser(filmed(tmp_path / "table.y4m", None))
    page = at_the_window(browser, live_server)
    page.clock.install()
    page.reload()
    tap(page)
    expect(page.get_by_text("Đưa mã vuông trên thẻ vào giữa khung")).to_be_visible()
    wait_until(page, "document.querySelector('#scan video').videoWidth > 0")
    page.clock.run_for(31_000)
    expect(page.get_by_text("30 giây mà chưa đọc được")).to_be_visible()
    assert is_off(page)
    page.get_by_role("button", name="Quét lại").click()
    expect(page.get_by_text("Đưa mã vuông trên thẻ vào giữa khung")).to_be_visible()
    wait_until(page, "document.querySelector('#scan video').srcObject !== null")
    page.keyboard.press("Escape")
    expect(page.locator("#scan")).to_be_hidden()
    assert is_off(page)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"],
            "Máy chưa cho trang này dùng camera",
        ),
        (
            ["--use-fake-device-for-media-stream=device-count=0", "--use-fake-ui-for-media-stream"],
            "Máy này không có camera",
        ),
    ],
)
def test_without_leave_or_without_a_camera_the_code_is_typed(
    open_browser: Opened, live_server: LiveServer, arguments: list[str], says: str
) -> None:
    page = at_the_window(open_browser(arguments), live_server)
    tap(page)
    expect(page.get_by_text(says)).to_be_visible(timeout=SOON)
    assert axe_violations(page) == []
    page.get_by_role("button", name="Thôi, gõ mã").click()
    expect(page.locator("[name=q]").first).to_be_focused()  # the closing dialog gives the focus back a moment later
    page.keyboard.type("VN1:000000000000")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find")
    expect(page.get_by_text("Thẻ này không phải của ai đang ở điểm này")).to_be_visible()
