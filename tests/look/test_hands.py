"""app.js and htmx in a real Chromium under the real content policy, on the smallest pages that show the promise."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

STATIC = Path(__file__).parents[2] / "counseling" / "static"
HEAD = (STATIC.parent / "templates" / "layouts" / "_head.html").read_text(encoding="utf-8")
CONFIG = HEAD[HEAD.index('<meta name="htmx-config"') :].split("\n", 1)[0]
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'"
SITE = "http://look.test"
SCRIPTS = '<script src="/vendor/htmx-4.0.1.min.js" defer></script><script src="/app.js" defer></script>'

LIST = """<form method="get" action="/searched"><input id="find" name="q" data-filter="#rows"></form><ul id="rows">
<li class="row" data-folded="dang thi nguyet dt-0001" data-code="DT-0001"><a href="/one">Đặng Thị Nguyệt</a></li>
<li class="row" data-folded="ly van duc dt-0012" data-code="DT-0012"><a href="/two">Lý Văn Đức</a></li>
<li class="row" data-folded="ly van son dt-00121" data-code="DT-00121"><a href="/three">Lý Văn Sơn</a></li>
</ul><p data-filter-empty hidden>Không có ai</p>"""

Answer = tuple[int, str]


def visit(page: Page, path: str, answers: dict[str, Callable[[Route], Answer]]) -> None:
    """Open a page of a site that exists only here: scripts from the package, everything else from `answers`."""

    def serve(route: Route) -> None:
        asked = route.request.url.removeprefix(SITE).split("?")[0]
        script = STATIC / asked.lstrip("/")
        if asked.endswith(".js"):
            route.fulfill(status=200, content_type="text/javascript", body=script.read_text(encoding="utf-8"))
            return
        status, body = answers[asked](route) if asked in answers else (200, "<p>there</p>")
        if route.request.headers.get("hx-request") is None:
            body = f'<!doctype html><html lang="vi"><head><meta charset="utf-8">{CONFIG}{SCRIPTS}</head><body>{body}'
        headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": POLICY}
        route.fulfill(status=status, headers=headers, body=body)

    page.context.route(f"{SITE}/**", serve)
    page.goto(SITE + path)


def test_the_list_is_filtered_without_marks_and_says_when_nobody_is_left(new_page: Callable[..., Page]) -> None:
    page = new_page()
    visit(page, "/list", {"/list": lambda route: (200, LIST)})
    page.keyboard.press("/")
    page.keyboard.type("Đức  LÝ")
    expect(page.locator(".row:visible")).to_have_text(["Lý Văn Đức"])
    page.keyboard.type("zz")
    expect(page.locator(".row:visible")).to_have_count(0)
    expect(page.locator("[data-filter-empty]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".row:visible")).to_have_count(3)


def test_enter_opens_the_row_of_a_whole_code_even_where_another_begins_alike(
    new_page: Callable[..., Page],
) -> None:
    page = new_page()
    visit(page, "/list", {"/list": lambda route: (200, LIST)})
    page.keyboard.press("/")
    page.keyboard.type("dt-0012")
    page.keyboard.press("Enter")
    page.wait_for_url("**/two")


def test_enter_among_several_people_opens_nobody_but_moves_to_the_first(new_page: Callable[..., Page]) -> None:
    page = new_page()
    visit(page, "/list", {"/list": lambda route: (200, LIST)})
    page.keyboard.press("/")
    page.keyboard.type("ly van")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Lý Văn Đức")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Lý Văn Sơn")).to_be_focused()
    assert page.url == f"{SITE}/list"


def test_a_double_tap_sends_a_form_once_with_the_name_of_its_button(new_page: Callable[..., Page]) -> None:
    page = new_page()
    sent: list[str | None] = []

    def record(route: Route) -> Answer:
        sent.append(route.request.post_data)
        return 200, "<p id=done>done</p>"

    button = '<button name="act" value="go">Ghi</button>'
    form = f'<form hx-post="/record" hx-target="#answer" hx-swap="innerHTML">{button}</form>'
    visit(page, "/form", {"/form": lambda route: (200, form + "<div id=answer></div>"), "/record": record})
    page.locator("button").dblclick()
    expect(page.locator("#done")).to_be_visible()
    expect(page.locator("button")).to_be_enabled()
    assert sent == ["act=go"]


def test_a_failing_poll_leaves_the_list_and_shows_the_words_until_it_works_again(new_page: Callable[..., Page]) -> None:
    page = new_page()
    broken = [True]
    rows = '<ul id="rows" hx-get="/rows" hx-trigger="every 100ms" hx-target="this" hx-swap="outerHTML"><li>{}</li></ul>'

    def poll(route: Route) -> Answer:
        if broken[0]:
            return 503, '<div class="notice stop">Hệ thống đang bận</div>'
        return 200, rows.format("new")

    start = '<div id="notices"></div>' + rows.format("old")
    visit(page, "/list", {"/list": lambda route: (200, start), "/rows": poll})
    expect(page.locator("#notices")).to_have_text("Hệ thống đang bận")
    expect(page.locator("#rows")).to_have_text("old")
    broken[0] = False
    expect(page.locator("#rows")).to_have_text("new")
    expect(page.locator("#notices")).to_be_empty()
