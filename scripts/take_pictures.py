"""Take the pictures of docs/pictures: every page of a fresh demo, on a phone and on a desktop.

Run after `make test` has set up the tools: `.venv/bin/python scripts/take_pictures.py`. It fills a demo of its own in a
temporary folder at 22 November 2026, so that the pictures are the same whenever they are taken.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.browser import ARGUMENTS, DEMO_PASSWORD, DESKTOP, PHONE, chromium
from tests.support.server import LiveServer, run_flask

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
REGISTER = Path(__file__).resolve().parent.parent / "tests" / "data" / "register-dong-kinh.xlsx"
DEMO_NOW = "2026-11-22T07:10+07:00"
# A volunteer's phone has looked into its outbox and says what waits, or the page has no such line.
COUNTED = """() => {
  const line = document.querySelector("#outbox");
  return !line || line.hidden || [...line.querySelectorAll("[data-says]")].some((each) => !each.hidden);
}"""
SIZES = {"phone": PHONE, "desktop": DESKTOP}
Act = Callable[[Page], None]
ALERT = "Bắt đầu uống thuốc lao từ thứ Hai: hỏi xem có đau bụng, vàng mắt không, rồi báo bác sĩ Hà"
HOLD = "Sáng qua ngủ gà ở nhà, vợ gọi điện báo. Chờ bác sĩ khám rồi mới cho uống"


def first_row(page: Page, list_selector: str = ".rows") -> None:
    page.locator(f"{list_selector} a").first.click()
    page.wait_for_load_state()


def open_file(page: Page) -> None:
    first_row(page, "main .rows")


def open_listed(page: Page) -> None:
    page.locator("main table a").first.click()
    page.wait_for_load_state()


def follow(text: str) -> Act:
    def act(page: Page) -> None:
        page.get_by_role("link", name=text).first.click()
        page.wait_for_load_state()

    return act


def open_who_offers(text: str) -> Act:
    """The first listed person whose file offers it, and there what it leads to."""

    def act(page: Page) -> None:
        for address in page.locator("main .rows a").evaluate_all("links => links.map((each) => each.href)"):
            page.goto(address)
            if page.get_by_role("link", name=text).count():
                break
        follow(text)(page)

    return act


def then(*acts: Act) -> Act:
    def act(page: Page) -> None:
        for one in acts:
            one(page)

    return act


def first_dose(page: Page) -> None:
    first_row(page)
    page.wait_for_timeout(400)  # the list beside the person arrives by itself


def second_dose(page: Page) -> None:
    """Somebody who has nothing to be asked and no cup."""
    page.locator("#today > ul").first.locator(".row:not(:has(.state ~ .state)):not(:has(.attention)) a").first.click()
    page.wait_for_load_state()


def pour_first(page: Page) -> None:
    first_row(page)
    for check in page.locator("[name=gap_check][value=alert]").all():
        check.check()
    if page.get_by_role("button", name="Rót").count():
        page.get_by_role("button", name="Rót").click()
        page.get_by_role("button", name="Xác nhận đã uống").wait_for()


def unfold(text: str) -> Act:
    return lambda page: page.locator("summary", has_text=text).first.click()


def record_first(page: Page) -> None:
    pour_first(page)
    page.get_by_role("button", name="Xác nhận đã uống").click()
    page.wait_for_load_state()


def put(kind: str, words: str) -> Act:
    """A hold or an alert on the first of the list; what stands there from the first size stays."""

    def act(page: Page) -> None:
        page.locator("main .rows a", has_text="DT-DK-0041").click()  # somebody with an order and no other mark
        page.get_by_role("link", name="Tạm dừng và lưu ý").click()
        if not page.get_by_text(words).count():
            page.locator(f"[name=kind][value={kind}]").check()
            page.get_by_label("Vì sao, và người ở cửa").fill(words)
            page.get_by_role("button", name="Lưu").click()
            page.wait_for_load_state()

    return act


def todays_dose(page: Page) -> None:
    page.get_by_role("link", name="Liều hôm nay").click()
    page.wait_for_load_state()


def test_text(page: Page) -> None:
    """Sent to a number of one's own; what stands there from the first size stays."""
    if not page.locator("[data-test]").count():
        page.get_by_label("Số điện thoại của chính").fill("0912 345 678")
        page.get_by_role("button", name="Gửi tin thử").click()
        page.locator("[data-test] .given").nth(1).wait_for(timeout=60_000)
    page.locator("#test-steps").scroll_into_view_if_needed()


def vomited(page: Page) -> None:
    page.locator(".rows .state.given").first.locator("xpath=ancestor::a").click()
    page.locator("summary", has_text="Nôn sau khi uống").click()


def stopped(page: Page) -> None:
    page.locator(".rows .state.stop").first.locator("xpath=ancestor::a").click()
    page.wait_for_load_state()


def hand_over(page: Page) -> None:
    stopped(page)
    page.get_by_role("button", name="Ghi lượt đến và báo bác sĩ").click()
    page.wait_for_load_state()


def called(page: Page) -> None:
    page.locator("[name=answer][value=not_reached]").check()
    page.get_by_role("button", name="Ghi cuộc gọi").click()
    page.wait_for_load_state()


def lifted(page: Page) -> None:
    """Whatever is held on the person of this page; the first dose after it is a re-start."""
    fold = page.locator("summary", has_text="Đã giải quyết")
    if fold.count():
        fold.first.click()
        page.get_by_label("Đã giải quyết thế nào").first.fill("Bác sĩ đã khám, cho uống lại")
        page.get_by_role("button", name="Gỡ", exact=True).first.click()
        page.wait_for_load_state()


def practise(page: Page) -> None:
    """A fresh practice with its day opened."""
    again = page.get_by_role("button", name="Tập lại từ đầu")
    (again if again.count() else page.get_by_role("button", name="Bắt đầu ngày tập")).click()
    page.get_by_role("button", name="Mở ngày").click()
    page.wait_for_load_state()


def end_practice(page: Page) -> None:
    practise(page)
    record_first(page)
    page.get_by_role("link", name="Kết thúc", exact=True).click()
    page.get_by_role("button", name="Kết thúc và xem phiếu").click()
    page.wait_for_load_state()


def scan(page: Page) -> None:
    """Without a camera: what is said then."""
    page.get_by_role("button", name="Quét thẻ").click()
    page.wait_for_timeout(400)


def mended(page: Page) -> None:
    """The same visit again, from what this phone has logged; somebody else may be the right one."""
    page.locator("#done-here a").first.click()
    page.locator("#visit summary").first.click()


def kept_behind_a_pin(page: Page) -> None:
    """The session is over on a phone that has a PIN."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.reload()
    page.wait_for_function("async () => (await caches.keys()).some((name) => name.startsWith('kept-'))")
    page.locator("#this-phone summary").click()
    page.fill("#new-pin", "2580")
    page.get_by_role("button", name="Đặt mã").click()
    page.locator("[data-pin=set]").wait_for()
    page.context.clear_cookies()
    page.goto(f"{page.url.rstrip('/').rsplit('/', 1)[0]}/login")
    page.locator("#kept-here").wait_for()


def three_days_later(page: Page) -> None:
    """No line, and the copy of the list is older than names may be."""
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.reload()
    page.wait_for_function("async () => (await caches.keys()).some((name) => name.startsWith('kept-'))")
    page.evaluate(
        """async () => {
          const [name] = (await caches.keys()).filter((one) => one.startsWith("kept-"));
          const place = await caches.open(name), copy = await place.match("/outreach/");
          const headers = new Headers(copy.headers);
          headers.set("X-Kept-At", String(Date.now() - 73 * 3600000));
          await place.put("/outreach/", new Response(await copy.text(), { headers }));
        }"""
    )
    page.context.set_offline(True)
    page.reload()
    page.locator("#gone").wait_for()


def wrong_sign_in(page: Page) -> None:
    page.fill("[name=username]", "dispenser")
    page.fill("[name=password]", "khong-dung-dau")
    page.locator("form:has([name=password]) button.main").click()
    page.wait_for_load_state()


def checked_register(page: Page) -> None:
    """The check page: of the file uploaded for the first size, or of a new upload."""
    waiting = page.locator("main .rows a", has_text="chờ nhập")
    if waiting.count():
        waiting.first.click()
    else:
        page.set_input_files("input[type=file]", REGISTER)
        page.get_by_role("button", name="Tải lên và kiểm tra").click()
    page.get_by_role("heading", name="Kết quả kiểm tra").wait_for(timeout=60_000)


def imported_register(page: Page) -> None:
    done = page.locator("main .rows a", has_text="đã nhập")
    if done.count():
        done.first.click()
    else:
        checked_register(page)
        page.locator(".hand button").click()
    page.get_by_role("heading", name="Đã nhập sổ").wait_for(timeout=60_000)


def sign_in(page: Page, url: str, account: str, desk: int = 0) -> None:
    page.goto(f"{url}/login")
    page.fill("[name=username]", account)
    page.fill("[name=password]", DEMO_PASSWORD)
    page.locator("form:has([name=password]) button.main").click()
    page.wait_for_url(lambda where: "/login" not in where)
    if "/desk" in page.url and desk >= 0:
        page.locator("main button[name=desk]").nth(desk).click()
        page.wait_for_load_state()


def of_the_person(path: str, account: str | None = None) -> Act:
    """Another page of the person whose page is open, perhaps as somebody else sees it."""

    def act(page: Page) -> None:
        site, ref = re.findall(r"^(https?://[^/]+)/.*?(?:patients/|done=)([a-z0-9]+)", page.url)[0]
        address = f"{site}/patients/{ref}/{path}"
        if account:
            page.context.clear_cookies()
            sign_in(page, site, account)
        page.goto(address)

    return act


def send(page: Page) -> None:
    page.locator("main form[method=post] .hand button").last.click()
    page.wait_for_load_state()


def type_answer(page: Page) -> None:
    page.get_by_label("Trả lời").fill("Vâng, chiều nay em gọi lại cho anh ạ.")
    page.locator("#size p").first.wait_for()
    page.wait_for_timeout(700)


def find_by_digits(page: Page) -> None:
    """Of whom the demo has some, whichever they are."""
    for digits in range(0, 1000, 37):
        page.get_by_label("Mấy số cuối").fill(f"{digits:03d}")
        page.locator("main form button").first.click()
        page.wait_for_load_state()
        if page.locator("main .rows .row").count():
            return


def vomited_after(minutes: str) -> Act:
    """The dose of the first who was dosed did not stay down; what stands there from the first size stays."""

    def act(page: Page) -> None:
        vomited(page)
        page.get_by_label("Nôn sau khi uống bao nhiêu phút").fill(minutes)
        page.get_by_role("button", name="Ghi và báo bác sĩ").click()
        page.wait_for_load_state()

    return act


def replace_it(page: Page) -> None:
    if page.get_by_label("Liều").count():
        page.locator("[name=dose_1]").fill("30")
        page.locator("[name=own_password]").fill(DEMO_PASSWORD)
        send(page)


def write_induction(page: Page) -> None:
    first_row(page)
    page.locator("[name=phase][value=induction]").check()
    page.locator("[name=dose_1]").fill("20")
    for box in page.locator("main form [type=checkbox][name=restart_examined]").all():
        box.check()
    page.locator("[name=own_password]").fill(DEMO_PASSWORD)
    send(page)


def begin_anew(page: Page) -> None:
    """Somebody whose order had ended begins again and has drunk the first dose; the second size finds them there."""
    if not page.locator("main .rows a").count():
        site = page.url.partition("/station")[0]
        page.context.clear_cookies()
        sign_in(page, site, "doctor")
        page.goto(f"{site}/doctor/?list=ended")
        write_induction(page)
        of_the_person("dose", "dispenser")(page)
        for step in ("Rót", "Xác nhận đã uống"):
            page.get_by_role("button", name=step).click()
            page.wait_for_load_state()
        page.goto(f"{site}/station/first-doses")
    open_file(page)


def paper_of_yesterday(page: Page) -> None:
    """What is checked before the sheet of a paper morning is entered."""
    page.locator("[name=sheet]").fill("phiếu trong ngày, trang 1 đến 6")
    page.locator("[name=writer]").select_option(index=1)
    send(page)


def correct_own(page: Page) -> None:
    page.locator("main a[href*='/contacts/']").first.click()
    page.wait_for_load_state()


def ask_for_reversal(page: Page) -> None:
    """Of the last who was dosed; what was asked for the first size stays."""
    if page.locator("main .rows a").count():
        return
    address = page.url
    page.goto(address.replace("/reversals/", "/station/"))
    record_first(page)
    page.locator(".rows .state.given").last.locator("xpath=ancestor::a").click()
    page.get_by_role("link", name="Ghi nhầm?").click()
    page.locator("main form [type=radio]").first.check()
    send(page)
    page.goto(address)


def switched_on(page: Page) -> None:
    """What the rule would send tomorrow, before it is saved."""
    page.locator("[name=is_on]").check()
    page.get_by_role("button", name="Xem mai sẽ gửi gì").click()
    page.get_by_role("button", name="Lưu, từ nay gửi như trên").wait_for()


def submit_empty(page: Page) -> None:
    page.locator("main form[method=post] button.main").last.click()
    page.wait_for_load_state()


def enrol(page: Page) -> None:
    """This browser becomes a device of the station's; a colleague has been here by password."""
    base = page.url.split("/devices")[0]
    page.fill("[name=password]", DEMO_PASSWORD)
    page.get_by_role("button", name="Thêm máy này").click()
    page.wait_for_load_state()
    for username in ("counselor", "dispenser"):
        page.locator(".top .account summary").click()
        page.get_by_role("button", name="Đăng xuất").click()
        page.get_by_role("link", name="Đăng nhập bằng mật khẩu").click()
        page.fill("[name=username]", username)
        page.fill("[name=password]", DEMO_PASSWORD)
        page.locator("form:has([name=password]) button.main").click()
        page.wait_for_url(lambda where: "/login" not in where)
    page.goto(f"{base}/station/")


def leave(page: Page) -> None:
    page.get_by_role("button", name="Đổi người").click()
    page.get_by_role("heading", name="Ai đang làm?").wait_for()


def choose_first(page: Page) -> None:
    page.locator(".hands-list a").last.click()
    page.get_by_label("Mã PIN").wait_for()


def wrong_pin(page: Page) -> None:
    page.get_by_label("Mã PIN").fill("999990")
    page.get_by_text("Mã PIN chưa đúng").wait_for()


def lock_screen(page: Page) -> None:
    page.evaluate("() => { document.body.dataset.lockAfter = '0'; }")
    page.get_by_label("Mã PIN").wait_for()


def second_step(page: Page) -> None:
    if page.get_by_role("button", name="Bắt đầu").count():
        page.fill("[name=password]", DEMO_PASSWORD)
        page.get_by_role("button", name="Bắt đầu").click()
        page.wait_for_load_state()


def pause(page: Page) -> None:
    """For the second size it is paused already."""
    if not page.get_by_role("button", name="Cho gửi lại").count():
        unfold("Ngừng gửi tin của nơi này")(page)
        page.get_by_role("button", name="Ngừng gửi").click()
    page.wait_for_load_state()


def try_words(page: Page) -> None:
    words = "Nhắc việc: hôm qua chưa xong, không sao. Hôm nay cứ đến trước {until}. "
    page.locator("textarea").fill(f"{words}Trả lời 1 = sẽ đến, 2 = nhờ gọi lại.")
    page.get_by_role("button", name="Xem thử").click()
    page.wait_for_load_state()


def last_file(page: Page) -> None:
    page.locator("main .rows a").last.click()
    page.wait_for_load_state()


def go(address: str) -> Act:
    return lambda page: page.goto("/".join(page.url.split("/")[:3]) + address) and None


def open_held(page: Page) -> None:
    """On the next morning, of a day that nobody has closed; for the second size it is morning already."""
    held = page.locator("main .rows a[href*='/held/']")
    if not held.count():
        go("/simulator/")(page)
        page.get_by_role("button", name="Đến 6 giờ 30 sáng").click()
        page.wait_for_load_state()
        for _ in range(30):  # the next tick plans the morning
            go("/messages/queue")(page)
            if held.count():
                break
            page.wait_for_timeout(2_000)
    held.first.click()
    page.wait_for_load_state()


def visit(page: Page) -> None:
    """The form on the phone itself, without the cards of the first day."""
    page.clock.set_fixed_time(DEMO_NOW)  # the phone's own clock stands on it
    page.locator("#tour [data-skip]").click()
    page.locator("#work .row a").first.click()
    page.locator("#visit h1").wait_for()


def in_danger(page: Page) -> None:
    page.locator("label:has([name=danger][value=overdose])").click()


def left_half_filled(page: Page) -> None:
    page.locator("label:has([name=topic][value=family])").click()
    page.locator("#visit [data-back]").click()
    page.locator("#undo").wait_for()


def met_well(page: Page) -> None:
    page.get_by_role("button", name="Gặp, ổn").click()
    page.locator("#undo").wait_for()


def hidden_quickly(page: Page) -> None:
    page.clock.set_fixed_time(DEMO_NOW)
    page.locator("[data-hide]").click()


def open_plain(page: Page) -> None:
    """The same person's page on the server, where the form does without script."""
    page.goto(str(page.evaluate("() => document.querySelector('main .rows a').href")))


# name, account (None: signed out), desk number for whoever has two, address, what is done there
PICTURES_OF: list[tuple[str, str | None, int, str, Act | None]] = [
    ("sign-in", None, 0, "/login", None),
    ("sign-in-refused", None, 0, "/login", wrong_sign_in),
    ("not-found", "dispenser", 0, "/patients/khongcoai234/", None),
    ("not-allowed", "counselor", 0, "/station/", None),
    ("desks", "nurse", -1, "/desk", None),
    ("own-password", "dispenser", 0, "/account/password", None),
    ("own-sessions", "dispenser", 0, "/account/sessions", None),
    ("own-pin", "dispenser", 0, "/account/pin", submit_empty),
    ("own-second-step", "dispenser", 0, "/account/second-step", second_step),
    ("hands-devices", "dispenser", 0, "/devices/", None),
    ("hands-enrolled", "dispenser", 0, "/devices/", then(enrol, go("/devices/"))),
    ("hands-top", "dispenser", 0, "/devices/", enrol),
    ("hands-top-dose", "dispenser", 0, "/devices/", then(enrol, second_dose)),
    ("hands-who", "dispenser", 0, "/devices/", then(enrol, leave)),
    ("hands-pin", "dispenser", 0, "/devices/", then(enrol, leave, choose_first, wrong_pin)),
    ("hands-locked", "dispenser", 0, "/devices/", then(enrol, lock_screen)),
    ("station-today", "dispenser", 0, "/station/", None),
    ("station-dose", "dispenser", 0, "/station/", first_dose),
    ("station-poured", "dispenser", 0, "/station/", pour_first),
    ("station-poured-away", "dispenser", 0, "/station/", then(pour_first, unfold("Không uống"))),
    ("station-no-dose-today", "dispenser", 0, "/station/", then(second_dose, unfold("Hôm nay không uống"))),
    ("station-alert", "dispenser", 0, "/patients/", then(put("alert", ALERT), todays_dose)),
    ("station-holds", "dispenser", 0, "/patients/", put("hold", HOLD)),
    ("station-on-hold", "dispenser", 0, "/patients/", then(put("hold", HOLD), todays_dose)),
    ("station-recorded", "dispenser", 0, "/station/", record_first),
    ("station-vomited", "dispenser", 0, "/station/", vomited),
    ("station-stopped", "dispenser", 0, "/station/", stopped),
    ("station-handed-over", "dispenser", 0, "/station/", hand_over),
    ("station-doctor-called", "dispenser", 0, "/station/", then(hand_over, called)),
    ("station-witness", "nurse", 0, "/station/witness/", None),
    ("station-witness-own", "dispenser2", 0, "/station/witness/", None),
    ("station-witness-waits", "nurse", 0, "/station/", None),
    ("station-advice", "dispenser", 0, "/patients/", then(put("hold", HOLD), lifted, todays_dose)),
    ("station-late-entries", "dispenser", 0, "/station/late-entries/", None),
    ("station-late-sheet", "dispenser", 0, "/station/late-entries/sheet?on=2026-11-21", None),
    ("station-reversal", "dispenser", 0, "/station/", then(vomited, follow("Ghi nhầm?"))),
    ("station-scan", "dispenser", 0, "/station/", scan),
    ("practice", "dispenser", 0, "/practice-days/", None),
    ("practice-station", "dispenser", 0, "/practice-days/", practise),
    ("practice-dose", "dispenser", 0, "/practice-days/", then(practise, first_dose)),
    ("practice-guide", "dispenser", 0, "/practice-days/", then(practise, follow("Thử những gì"))),
    ("practice-slip", "dispenser", 0, "/practice-days/", end_practice),
    ("practice-people", "doctor", 0, "/practice-days/people", None),
    ("patient-year", "dispenser", 0, "/patients/", then(open_file, follow("Quá trình điều trị"))),
    ("patient-year-supervised", "supervisor", 0, "/supervision/", then(open_listed, follow("Quá trình điều trị"))),
    ("station-close", "dispenser", 0, "/station/close", None),
    ("station-not-open", "dispenser2", 0, "/station/", None),
    ("station-tasks", "dispenser", 0, "/tasks/", None),
    ("station-task", "dispenser", 0, "/tasks/", open_file),
    ("messages", "dispenser", 0, "/messages/", None),
    ("messages-conversation", "dispenser", 0, "/messages/", open_file),
    ("messages-queue", "dispenser", 0, "/messages/queue", None),
    ("messages-queue-line", "counselor", 0, "/messages/queue", open_file),
    ("messages-paused", "dispenser", 0, "/messages/queue", pause),
    ("messages-sent", "dispenser", 0, "/messages/sent", None),
    ("messages-numbers", "dispenser", 0, "/messages/numbers", None),
    ("wordings", "province", 0, "/wordings/", None),
    ("wordings-tried", "province", 0, "/wordings/missed_yesterday/", try_words),
    ("admin-texts", "admin", 0, "/admin/texts/", None),
    ("admin-gateway-phone", "admin", 0, "/admin/texts/phone", None),
    ("agreement-asked", "dispenser", 0, "/patients/", then(last_file, follow("Đồng ý và số máy"))),
    ("reminders", "dispenser", 0, "/reminders/", None),
    ("reminders-rule", "dispenser", 0, "/reminders/weekend", switched_on),
    ("reminders-silence", "counselor", 0, "/reminders/second_text", switched_on),
    ("text-choices", "dispenser", 0, "/patients/", then(open_file, of_the_person("agreements/choices"))),
    ("messages-urgent", "counselor", 0, "/messages/", None),
    ("messages-crisis", "counselor", 0, "/messages/", open_file),
    ("messages-preview", "dispenser", 0, "/messages/", then(open_file, type_answer, send)),
    ("messages-preview-task", "counselor", 0, "/messages/", then(open_file, follow("Giao thành việc"))),
    ("messages-duty", "dispenser2", 0, "/messages/duty/", None),
    ("messages-canned", "dispenser", 0, "/messages/canned/", None),
    ("messages-missed-call", "dispenser", 0, "/messages/missed-calls/", find_by_digits),
    ("agreements", "dispenser", 0, "/patients/", then(open_file, follow("Đồng ý và số máy"))),
    ("simulator", None, 0, "/simulator/", None),
    ("patients", "dispenser", 0, "/patients/", None),
    ("patient-new", "dispenser", 0, "/patients/new", None),
    ("patient-new-errors", "dispenser", 0, "/patients/new", submit_empty),
    ("patient-file", "dispenser", 0, "/patients/", open_file),
    ("patient-edit", "dispenser", 0, "/patients/", then(open_file, follow("Sửa"))),
    ("patient-cards", "dispenser", 0, "/patients/", then(open_file, follow("Thẻ"))),
    ("register-import", "dispenser", 0, "/register/", None),
    ("register-checked", "dispenser", 0, "/register/", checked_register),
    ("register-done", "dispenser", 0, "/register/", imported_register),
    ("doctor-desk", "doctor", 0, "/doctor/", None),
    ("doctor-order", "doctor", 0, "/doctor/", first_row),
    ("doctor-rules", "doctor", 0, "/doctor/rules/", None),
    ("doctor-rules-bands", "doctor", 0, "/doctor/rules/bands", None),
    ("doctor-rules-limits", "doctor", 0, "/doctor/rules/limits", None),
    ("doctor-rules-paper", "doctor", 0, "/doctor/rules/paper", None),
    ("doctor-taper", "doctor", 0, "/doctor/?list=renewals", then(first_row, follow("Giảm liều theo bậc"))),
    ("counseling", "counselor", 0, "/counseling/", None),
    ("counseling-new", "counselor", 0, "/counseling/new", None),
    ("counseling-people", "counselor", 0, "/counseling/people", None),
    ("counseling-session", "counselor", 0, "/counseling/session/new", None),
    ("counseling-book", "counselor", 0, "/counseling/people", then(open_file, follow("Hẹn gặp"))),
    ("support-file", "counselor", 0, "/counseling/people", open_file),
    ("support-status", "counselor", 0, "/counseling/people", then(open_file, follow("Đổi tình trạng"))),
    ("appointment-moved", "counselor", 0, "/counseling/", then(open_file, follow("Đổi ngày giờ"))),
    ("visits-words", "dispenser", 0, "/patients/", then(open_file, of_the_person("agreements/visits"))),
    ("aftercare", "counselor", 0, "/counseling/people", open_who_offers("Bắt đầu đồng hành")),
    ("outreach", "volunteer", 0, "/outreach/", None),
    ("outreach-visit", "volunteer", 0, "/outreach/", visit),
    ("outreach-in-danger", "volunteer", 0, "/outreach/", then(visit, in_danger)),
    ("outreach-saved", "volunteer", 0, "/outreach/", then(visit, met_well)),
    ("outreach-left", "volunteer", 0, "/outreach/", then(visit, left_half_filled)),
    ("outreach-mended", "volunteer", 0, "/outreach/", then(visit, met_well, mended)),
    ("sign-in-kept", "volunteer", 0, "/outreach/", kept_behind_a_pin),
    ("outreach-covered", "volunteer", 0, "/outreach/", hidden_quickly),
    ("outreach-names-gone", "volunteer", 0, "/outreach/", three_days_later),
    ("outreach-offline", None, 0, "/offline", None),
    ("outreach-person", "volunteer", 0, "/outreach/", open_plain),
    ("outreach-new", "volunteer", 0, "/outreach/new", None),
    ("outreach-group", "volunteer", 0, "/outreach/group", None),
    ("outreach-danger", "volunteer", 0, "/outreach/danger/", None),
    ("outreach-month", "volunteer", 0, "/outreach/month", None),
    ("teams", "counselor", 0, "/teams/", None),
    ("teams-visit", "counselor", 0, "/teams/", open_file),
    ("teams-numbers", "community", 0, "/teams/numbers", None),
    ("supervision-treatment", "supervisor", 0, "/supervision/", None),
    ("supervision-task", "supervisor", 0, "/supervision/", follow("Giao việc")),
    ("supervision-community", "community", 0, "/supervision/", None),
    ("admin", "admin", 0, "/admin/", None),
    ("admin-sites", "admin", 0, "/admin/", follow("Cơ sở")),
    ("admin-channels", "admin", 0, "/admin/channels", None),
    ("admin-channels-test", "admin", 0, "/admin/channels", test_text),
    ("admin-areas", "admin", 0, "/admin/", follow("Địa bàn")),
    ("admin-sessions", "admin", 0, "/admin/", follow("Nơi đang đăng nhập")),
    ("admin-staff", "admin", 0, "/admin/", open_file),
    ("admin-staff-new", "admin", 0, "/admin/staff/new", None),
    ("admin-site", "admin", 0, "/admin/sites/", open_file),
    ("admin-site-change", "admin", 0, "/admin/sites/1/change", None),
    ("admin-site-new", "admin", 0, "/admin/sites/new", None),
    ("admin-area", "admin", 0, "/admin/areas/1/", None),
    ("admin-area-new", "admin", 0, "/admin/areas/new", None),
    ("admin-teams", "admin", 0, "/admin/teams/", None),
    ("admin-team", "admin", 0, "/admin/teams/", open_file),
    ("admin-team-new", "admin", 0, "/admin/teams/new", None),
    ("agreement-words", "dispenser", 0, "/patients/", then(open_file, of_the_person("agreements/texts"))),
    ("patient-status", "dispenser", 0, "/patients/", then(open_file, of_the_person("status"))),
    ("patient-hiv", "doctor", 0, "/patients/", then(open_file, of_the_person("hiv"))),
    ("patient-orders", "doctor", 0, "/patients/", then(open_file, of_the_person("orders/"))),
    ("patients-cards", "dispenser", 0, "/patients/cards/print", None),
    ("register-columns", "dispenser", 0, "/register/", then(checked_register, follow("Ghép lại cột"))),
    ("station-paper-dose", "dispenser", 0, "/patients/", then(open_file, of_the_person("paper-dose/?on=21/11/2026"))),
    ("station-late-check", "dispenser", 0, "/station/late-entries/sheet?on=2026-11-21", paper_of_yesterday),
    ("station-first-dose", "dispenser", 0, "/station/first-doses", begin_anew),
    ("station-first-doses", "dispenser", 0, "/station/first-doses", None),
    (
        "doctor-one-time",
        "dispenser",
        0,
        "/station/",
        then(vomited_after("20"), of_the_person("orders/one-time", "doctor")),
    ),
    ("station-reversals", "dispenser", 0, "/reversals/", ask_for_reversal),
    ("counseling-appointment", "counselor", 0, "/counseling/", open_file),
    ("outreach-correct", "volunteer", 0, "/outreach/", then(open_plain, correct_own)),
    ("messages-held", "dispenser", 0, "/messages/queue", open_held),  # the last: it moves the demo's clock
]


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    wanted, failed = sys.argv[1:], False
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        instance = Path(folder)
        for command in (["init"], ["demo"]):
            run_flask(instance, *command)
        server = LiveServer(instance, DEMO_NOW=DEMO_NOW)
        server.start()
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        try:
            for name, account, desk, address, act in PICTURES_OF:
                if wanted and name not in wanted:
                    continue
                for size, (width, height) in SIZES.items():
                    finger = {"has_touch": True, "is_mobile": True} if size == "phone" else {}
                    viewport = {"width": width, "height": height}
                    place = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh"}
                    context = browser.new_context(**place, viewport=viewport, **finger)
                    page = context.new_page()
                    try:
                        take(page, server.url, account, desk, address, act)
                    except Exception as error:  # one page that fails must not hide the others
                        print(f"{name} ({size}), not taken: {error}", file=sys.stderr)
                        failed = True
                        context.close()
                        continue
                    page.evaluate("() => Promise.allSettled(document.getAnimations().map((each) => each.finished))")
                    page.wait_for_function(COUNTED)
                    page.screenshot(path=PICTURES / f"{name}-{size}.png")
                    context.close()
        finally:
            browser.close()
            server.stop()
    if failed:
        sys.exit(1)


def take(page: Page, url: str, account: str | None, desk: int, address: str, act: Act | None) -> None:
    page.set_default_timeout(15_000)
    if account:
        sign_in(page, url, account, desk)
    page.goto(url + address)
    if act:
        act(page)


if __name__ == "__main__":
    main()
