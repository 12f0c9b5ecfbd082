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


def test_a_key_held_down_presses_nothing_on_the_next_page(new_page: Callable[..., Page]) -> None:
    """Opened, poured and drunk by one long Enter: nobody would have looked."""
    page = new_page()
    dose = '<form method="get" action="/drunk"><button data-autofocus>Rót</button></form>'
    visit(page, "/list", {"/list": lambda route: (200, LIST), "/one": lambda route: (200, dose)})
    page.keyboard.press("/")
    page.keyboard.type("dt-0001")
    page.keyboard.down("Enter")
    page.wait_for_url("**/one")
    button = page.get_by_role("button", name="Rót")
    expect(button).to_be_focused()
    for _ in range(3):
        page.keyboard.down("Enter")
    assert page.locator("form").get_attribute("data-sent") is None
    page.keyboard.up("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/drunk?")


def test_one_enter_too_many_in_the_empty_field_asks_for_nobody(new_page: Callable[..., Page]) -> None:
    page = new_page()
    visit(page, "/list", {"/list": lambda route: (200, LIST)})
    page.keyboard.press("/")
    page.keyboard.press("Enter")
    expect(page.locator("#find")).to_be_focused()
    assert page.url == f"{SITE}/list"


def test_somebody_who_stands_in_two_lists_is_opened_by_the_code(new_page: Callable[..., Page]) -> None:
    page = new_page()
    twice = (
        '<li class="row" data-folded="ly van duc dt-0012" data-code="DT-0012"><a href="/two">Lý Văn Đức</a></li></ul>'
    )
    visit(page, "/list", {"/list": lambda route: (200, LIST.replace("</ul>", twice))})
    page.keyboard.press("/")
    page.keyboard.type("dt-0012")
    page.keyboard.press("Enter")
    page.wait_for_url("**/two")


def test_the_keys_of_the_page_work_while_the_field_waits_empty(new_page: Callable[..., Page]) -> None:
    page = new_page()
    hands = '<form class="hands" method="get" action="/left"><button>Đổi người</button></form>'
    visit(page, "/list", {"/list": lambda route: (200, hands + LIST)})
    page.keyboard.press("/")
    page.keyboard.type("a*/?")  # among words they are signs like any other
    expect(page.locator("#find")).to_have_value("a*/?")
    page.keyboard.press("Escape")
    page.keyboard.press("*")
    page.wait_for_url("**/left?")


def test_the_focus_goes_to_what_is_wrong_and_a_field_for_keys_brings_no_keyboard_over_a_phone(
    new_page: Callable[..., Page],
) -> None:
    main = '<form method="get" action="/drunk"><button data-autofocus>Xác nhận</button></form>'
    wrong = '<fieldset class="wrong"><label><input type="radio" name="reason" value="left">Đã đi</label></fieldset>'
    waiting = '<input id="find" data-filter="#rows" data-autofocus="keys">'
    pages = {"/wrong": lambda route: (200, main + wrong), "/waiting": lambda route: (200, waiting)}
    page = new_page()
    visit(page, "/wrong", pages)
    expect(page.get_by_role("radio")).to_be_focused()
    page.goto(f"{SITE}/waiting")
    expect(page.locator("#find")).to_be_focused()
    phone = new_page((360, 640), has_touch=True, is_mobile=True)
    visit(phone, "/waiting", pages)
    expect(phone.locator("body")).to_be_focused()
