"""What is readable on a volunteer's phone, for whom, and for how long: the list, and never after its reader left."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from datetime import timedelta
from os import kill
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, CDPSession, Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling import static_files
from counseling.database import writing
from counseling.models.people import StaffSession
from counseling.queries.worklist import ONE_SCREEN
from counseling.routes import offline
from counseling.services.hiv_status import record_hiv_status
from counseling.services.phones import add_phone
from counseling.services.support_people import add_support_file
from counseling.support_rows import SupportDetails
from tests.outreach.story import asked, someone
from tests.outreach.story import log as contact
from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import (
    NAME,
    answer,
    comes_true,
    entries,
    expect_says,
    expect_sent,
    forget_list,
    grow_old,
    has_copy,
    has_list_of,
    kept_text,
    log,
    open_phone,
    ready,
    send_now,
    until,
)
from tests.support.browser import PHONE, NewPage, main_process, own_browser, reach, sign_in, whole_chromium
from tests.support.cast import CAO_LOC, DONG_KINH, PASSWORD, TEAM, TEAM2, Cast
from tests.support.files import by
from tests.support.settings import MORNING
from tests.support.treatment import Person, ordered, somebody

CANARY, TYPED, PLAINLY, LOOKED_FOR = "Chim Hoàng Yến", "Lời Hẹn Kín", "Điều Nói Riêng", "yen hoang"
FULL_NAME, CODE, ALIAS, DOSE = "Vi Thị Hoàng Yến Kín", "MTD-7431-KIN", "Sơn Ca Bí Mật", ("113,5", "113.5")
# What browsers write down of where somebody was: addresses, and with them random refs.
HISTORY = re.compile(
    r"Default/(History|Sessions/|Top Sites|Favicons|Shortcuts|Visited Links|Network Action Predictor)"
    r"|segmentation_platform/ukm_db"
)
WRITTEN = ("0912 345 678", "0912345678", "+84912345678")


def files_with(profile: Path, word: str) -> list[Path]:
    """The files of a profile in which it stands, in the encodings that browsers write."""
    forms = [word.encode(kind) for kind in ("utf-8", "utf-16-le")]
    files = (path for path in profile.rglob("*") if path.is_file() and not path.is_symlink())
    return [path for path in files if any(form in path.read_bytes() for form in forms)]


def found_in(profile: Path, *words: str) -> set[str]:
    return {word for word in words if files_with(profile, word)}


def leave(page: Page) -> None:
    page.locator(".account summary").tap()
    page.get_by_role("button", name="Đăng xuất").tap()


def in_treatment_too(session: Session, cast: Cast) -> str:
    """Somebody with a file on either side, joined by the inner row alone; gives the ref that the support side has."""
    person = somebody(session, cast, name=FULL_NAME, code=CODE, alias=ALIAS)
    ordered(session, cast, person, 1135)
    record_hiv_status(session, person.id, "positive", by=by(cast, "doctor"), now=MORNING)
    details = SupportDetails(
        community_name=f"{CANARY} 1", hamlet="Nà Kín", site_id=DONG_KINH, team_id=TEAM, status_since=MORNING.date()
    )
    with writing(session) as tx:
        ref = add_support_file(tx, person.id, details, by=by(cast, "counselor"), request_key=None, now=MORNING)
    add_phone(session, person.id, "+84912345678", by=by(cast, "counselor"), now=MORNING, side="support")
    return ref


def type_on_plain_forms(page: Page, url: str, ref: str) -> None:
    """Without script, as where a phone keeps nothing; left half done, and answered with a word at the field."""
    sign_in(page, url, "volunteer", PASSWORD)
    for address in (f"/outreach/{ref}/", "/outreach/new"):
        for is_sent in (False, True):
            page.goto(f"{url}{address}")
            if address.endswith("new"):
                page.fill("#said", PLAINLY)
            page.locator("label:has([name=topic][value=family])").tap()
            page.locator("summary", has_text="Ghi thêm").tap()
            page.fill("#note", PLAINLY)
            page.fill("#km", "xa")
            if is_sent:
                page.get_by_role("button", name="Gặp, ổn").tap()
                expect(page.locator("#km-error")).to_be_visible()
                expect(page.locator("#note")).to_have_value(PLAINLY)
            page.goto(f"{url}/outreach/")
    page.locator(".account summary").tap()
    page.get_by_role("button", name="Đăng xuất").tap()


def test_the_whole_profile_holds_the_list_before_signing_out_and_nothing_after(
    browser: Browser, tmp_path: Path, line: Line, receiver: Receiver, session: Session, cast: Cast
) -> None:
    ref, profile, kind = in_treatment_too(session, cast), tmp_path / "phone", browser.browser_type
    someone(session, cast, f"{CANARY} 2", hamlet="Nà Kín")
    for number in range(ONE_SCREEN):
        someone(session, cast, f"Bác Cả {number}", hamlet="Kéo Cáp")
    with own_browser(kind, profile, java_script_enabled=False, **whole_chromium()) as context:
        type_on_plain_forms(context.pages[0], line.url, ref)
    assert found_in(profile, CANARY, PLAINLY) == set()
    with own_browser(kind, profile, **whole_chromium()) as context:
        page = context.pages[0]
        open_phone(page, line.url)
        page.locator("#hamlets [data-at='na kin']").tap()
        page.locator("#work .row a", has_text=f"{CANARY} 1").tap()
        page.locator("summary", has_text="Ghi thêm").tap()
        page.fill("#agreed", TYPED)
        page.get_by_role("button", name="Gặp, ổn").tap()
        expect(page.locator("#undo")).to_be_visible()
        page.goto(f"{line.url}/outreach/{ref}/")  # the history may hold its address: a random word
        page.goto(f"{line.url}/outreach/")
        page.fill("#find", LOOKED_FOR)
    said = (
        CANARY,
        "Nà Kín",
        "na kin",
        LOOKED_FOR,
        TYPED,
        PLAINLY,
        *WRITTEN,
        FULL_NAME,
        CODE,
        ALIAS,
        *DOSE,
        "methadone",
        "liều",
        "dương tính",
    )
    before = found_in(profile, *said)
    assert before == {CANARY, "Nà Kín", "na kin"}, "the list is kept, and nothing else"
    with own_browser(kind, profile, **whole_chromium()) as context:
        page = context.pages[0]
        open_phone(page, line.url)
        page.evaluate("() => Outbox.flush(true)")
        leave(page)
        reach(page, "**/login**")
        line.down()
        page.goto(f"{line.url}/outreach/")
        expect(page.locator("h1")).to_have_text("Chưa có mạng")
    assert found_in(profile, *said) == set()
    with_ref = {path.relative_to(profile) for path in files_with(profile, ref)}
    assert Path("Default/History") in with_ref, "a profile without a history would prove nothing"
    assert {path for path in with_ref if not HISTORY.search(str(path))} == set()


def test_a_browser_killed_after_saving_has_the_visit_when_it_comes_back(
    browser: Browser, tmp_path: Path, line: Line, receiver: Receiver, person: Person
) -> None:
    with own_browser(browser.browser_type, tmp_path / "phone") as context:
        page = context.pages[0]
        open_phone(page, line.url)
        line.down()
        log(page)
        (kept,) = entries(page)
        answer(page, "Chưa gặp")  # and the next one in the very moment: whole, or not there
        kill(main_process(page), signal.SIGKILL)
    line.up()
    with own_browser(browser.browser_type, tmp_path / "phone") as context:
        page = context.pages[0]
        page.goto(f"{line.url}/outreach/")
        page.evaluate("() => Outbox.flush(true)")
        assert entries(page) == []
    assert kept["id"] in receiver.stored
    assert all(receiver.opened(entry)["outcome"] in ("well", "not_met") for entry in receiver.stored.values())


FILL = """async () => {
  const db = await new Promise((done, failed) => {
    const request = indexedDB.open("filler");
    request.onupgradeneeded = () => request.result.createObjectStore("bytes", { autoIncrement: true });
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const put = (size) => new Promise((done) => {
    const tx = db.transaction("bytes", "readwrite");
    tx.objectStore("bytes").add(crypto.getRandomValues(new Uint8Array(size)));
    tx.oncomplete = () => done(true);
    tx.onabort = () => done(false);
  });
  for (const size of [65536, 8192, 1024, 128]) while (await put(size));
}"""


FAILS = """() => {
  const plain = IDBDatabase.prototype.transaction;
  IDBDatabase.prototype.transaction = function (names, mode, how) {
    const found = plain.call(this, names, mode, how);
    if (mode === "readwrite") Promise.resolve().then(() => found.abort());
    return found;
  };
}"""


def small_phone(new_page: NewPage, line: Line) -> tuple[Page, CDPSession]:
    """One on which there is little room, with its list; and what gives it more."""
    phone = new_page(PHONE, has_touch=True)
    tools = phone.context.new_cdp_session(phone)
    tools.send("Storage.overrideQuotaForOrigin", {"origin": line.url, "quotaSize": 2_000_000})
    open_phone(phone, line.url)
    return phone, tools


def full_phone(new_page: NewPage, line: Line) -> Page:
    """Two visits were saved without a line; then photos took all the room there was."""
    phone, _ = small_phone(new_page, line)
    line.down()
    log(phone)
    log(phone, "Chưa gặp")
    phone.evaluate(FILL)
    return phone


def test_a_full_phone_sends_what_waits(new_page: NewPage, line: Line, person: Person, receiver: Receiver) -> None:
    phone = full_phone(new_page, line)
    line.up()
    send_now(phone)
    expect_sent(phone)
    assert entries(phone) == []
    assert sorted(line.ids) == sorted(receiver.stored) and len(line.ids) == 2, "each once"


def test_on_a_full_phone_who_was_visited_and_sent_does_not_come_back_on_the_list(
    new_page: NewPage, line: Line, person: Person, receiver: Receiver
) -> None:
    phone, _ = small_phone(new_page, line)
    line.down()
    log(phone)
    phone.evaluate(FILL)
    line.up()
    send_now(phone)
    expect_sent(phone)
    phone.wait_for_timeout(300)
    assert not phone.locator("#work li:not(.logged) > a[data-ref]:not([data-entry])", has_text=NAME).is_visible()


def test_undone_in_one_tab_while_another_sends_it_on_a_full_phone(
    new_page: NewPage, line: Line, person: Person, receiver: Receiver
) -> None:
    phone, _ = small_phone(new_page, line)
    other = phone.context.new_page()
    other.goto(f"{line.url}/outreach/")
    ready(other)
    line.withholds = "POST /outbox"
    log(phone)
    (entry,) = entries(phone)
    phone.evaluate(FILL)
    other.evaluate("() => void Outbox.flush(true)")
    until(phone, lambda: bool(receiver.stored))
    undone = phone.evaluate("(id) => Outbox.undo(id)", entry["id"])
    line.withholds = ""
    assert undone is False, "the server has it"


def test_a_full_phone_whose_line_fails_waits_and_takes_nothing_back_that_may_have_arrived(
    new_page: NewPage, line: Line, person: Person, receiver: Receiver
) -> None:
    phone = full_phone(new_page, line)
    line.up()
    line.mode = "lost"
    send_now(phone)
    until(phone, lambda: bool(line.entries))
    expect_says(phone, "later", 2)
    first = line.ids[0]
    assert phone.evaluate("(id) => Outbox.undo(id)", first) is False
    line.mode = "up"
    send_now(phone)
    expect_sent(phone)
    assert len(receiver.stored) == 2


def test_a_full_phone_on_which_somebody_had_signed_out_still_shows_and_sends_what_waits(
    new_page: NewPage, line: Line, person: Person, receiver: Receiver
) -> None:
    """What they left is to be called theirs again when they come back, and there is no room even for that."""
    phone, _ = small_phone(new_page, line)
    line.down()
    log(phone)
    leave(phone)
    phone.locator("[data-leave]").tap()
    reach(phone, "**/offline")
    phone.evaluate(FILL)
    line.holds = "POST /outbox"
    line.up()
    phone.goto(f"{line.url}/outreach/")
    reach(phone, "**/login*")  # the end of the session was still to be told
    sign_in(phone, line.url, "volunteer", PASSWORD)
    reach(phone, "**/outreach/")
    expect_says(phone, "waiting", 1)
    line.holds = ""
    expect(phone.locator("#outbox [data-says=none]")).to_be_visible(timeout=30_000)
    assert entries(phone) == []


def test_after_three_days_on_a_full_phone_there_is_a_page_all_the_same(
    new_page: NewPage, line: Line, person: Person
) -> None:
    """The names are to go, and there is no room for the page without them."""
    phone, _ = small_phone(new_page, line)
    grow_old(phone, 73)
    line.down()
    phone.evaluate(FILL)
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("main h1").first).to_be_visible()
    assert NAME not in phone.content() + kept_text(phone)


def test_a_phone_that_cannot_even_delete_says_that_it_is_full(phone: Page, line: Line, receiver: Receiver) -> None:
    line.down()
    log(phone)
    phone.evaluate(FAILS)
    line.up()
    send_now(phone)
    expect_says(phone, "full", 1)
    phone.reload()  # somebody has made room
    expect_sent(phone)
    assert len(receiver.stored) == 1
    assert line.answers[-1][1]["result"] == "already"


@pytest.mark.parametrize("has_line", [True, False], ids=["with a line", "without"])
def test_a_full_phone_says_says_not_saved_and_the_form_stays(
    new_page: NewPage, line: Line, person: Person, has_line: bool
) -> None:
    phone, tools = small_phone(new_page, line)
    phone.evaluate(FILL)
    if not has_line:
        line.down()
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=topic][value=family])").tap()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("[data-why=full]")).to_be_visible()
    expect(phone.locator("#undo")).to_be_hidden()
    expect(phone.locator("[name=topic][value=family]")).to_be_checked()
    assert entries(phone) == []
    tools.send("Storage.overrideQuotaForOrigin", {"origin": line.url})
    phone.evaluate("() => new Promise((done) => { indexedDB.deleteDatabase('filler').onblocked = done; })")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    (entry,) = entries(phone)
    assert "family" not in str(entry)


def test_signing_out_with_visits_unsent_warns_wipes_the_list_and_still_sends(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    line.down()
    log(phone)
    leave(phone)
    expect(phone.locator("#leaving")).to_contain_text("1")
    phone.get_by_role("button", name="Ở lại").tap()
    assert has_copy(phone)
    leave(phone)
    phone.get_by_role("button", name="Vẫn đăng xuất").tap()
    reach(phone, "**/offline")
    assert not has_copy(phone)
    assert "Anh Ba" not in phone.content()
    line.up()
    phone.goto(f"{line.url}/")  # the session is still open at the server: it ends now
    reach(phone, "**/login**")
    phone.goto(f"{line.url}/outreach/")
    reach(phone, "**/login**")
    send_now(phone)
    expect(phone.locator("#outbox")).to_be_hidden()
    assert len(receiver.stored) == 1


def test_whoever_signs_in_next_gets_neither_the_list_nor_the_others_visits(
    phone: Page, line: Line, receiver: Receiver, session: Session, cast: Cast
) -> None:
    someone(session, cast, "Chị Tư", team_id=TEAM2, site_id=CAO_LOC)
    log(phone)
    receiver.tokens.clear()
    line.down()
    phone.context.clear_cookies()
    line.up()
    phone.goto(f"{line.url}/login")
    phone.fill("[name=username]", "volunteer2")
    phone.fill("[name=password]", PASSWORD)
    phone.get_by_role("button", name="Đăng nhập", exact=True).tap()
    has_list_of(phone, "Chị Tư")  # without loading anything by hand: they may walk off into the hills
    log(phone, "Chưa gặp", "Chị Tư")
    send_now(phone)
    until(phone, lambda: bool(receiver.stored))
    expect_says(phone, "other", 1)
    assert "Anh Ba" not in phone.content()
    line.down()
    phone.reload()
    expect(phone.locator("#work")).to_contain_text("Chị Tư")
    assert "Anh Ba" not in phone.content()
    (sent,) = receiver.stored.values()
    (left,) = entries(phone)
    assert sent["actor"] != left["actor"]


def test_a_list_is_gone_after_three_days_and_at_a_remote_sign_out(
    phone: Page, line: Line, receiver: Receiver, session: Session
) -> None:
    log(phone)
    receiver.refuses = 401, {"revoked": True}
    with writing(session) as tx:
        tx.execute(update(StaffSession).values(ended_at=MORNING))
    send_now(phone)
    reach(phone, "**/login**")
    assert not has_copy(phone)
    assert len(entries(phone)) == 1, "the list goes, the visit stays"


def test_after_three_days_without_a_line_the_names_are_gone_and_visits_are_still_logged(
    phone: Page, line: Line, receiver: Receiver
) -> None:
    """A server that is away for a week: what takes down a visit stays on the phone."""
    log(phone)
    grow_old(phone, 73)
    line.down()
    for address in ("/outreach/", "/", "/outreach/danger/", "/outreach/"):
        phone.goto(f"{line.url}{address}")
    expect(phone.locator("#gone")).to_be_visible()
    kept = kept_text(phone)
    for text in (phone.content(), kept):
        assert NAME not in text and "Nà Pàn" not in text
    assert "Gọi không dậy" in kept, "what to do in danger stays as well"
    expect(phone.locator("#done-here .row")).to_have_count(1)
    expect(phone.get_by_role("link", name="Buổi nhóm")).to_have_count(0)
    phone.get_by_role("link", name="Người ngoài danh sách", exact=True).tap()
    phone.fill("#said", "Anh Ba")
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    phone.reload()
    assert len(entries(phone)) == 2
    line.up()
    send_now(phone)
    expect_sent(phone)
    assert [receiver.opened(one)["said"] for one in receiver.stored.values()] == [None, "Anh Ba"]
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#gone")).to_be_hidden()
    expect(phone.locator("#work .row a", has_text=NAME).first).to_be_attached()


@pytest.mark.parametrize(("hours", "day"), [(0, "hôm nay"), (24, "22/11")])
def test_the_next_day_nobody_is_taken_for_met_today(
    phone: Page, line: Line, session: Session, cast: Cast, hours: int, day: str
) -> None:
    """Neither whom the copy calls done nor whom somebody met and was asked to look in on again."""
    again = someone(session, cast, "Chị Năm Mận")
    for one in (someone(session, cast, "Chị Tư Đào"), again):
        contact(session, cast, one)
    asked(session, again)
    phone.reload()
    comes_true(phone, "async () => (await (await caches.match('/outreach/')).text()).includes('Tư Đào')")
    grow_old(phone, hours)
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#as-of")).to_be_visible()
    expect(phone.locator("#met h2")).to_contain_text(day)
    expect(phone.locator("#met .row", has_text="Chị Tư Đào")).to_be_visible()
    expect(phone.locator("#work .row", has_text="Chị Năm Mận")).to_contain_text(f"gặp {day}")


@pytest.mark.parametrize(
    ("hours", "last", "since"), [(0, "hôm qua", "từ 3 ngày trước"), (48, "21/11", "từ 19/11")], ids=["of today", "old"]
)
def test_two_days_later_nobody_was_met_yesterday(
    phone: Page, line: Line, session: Session, cast: Cast, hours: int, last: str, since: str
) -> None:
    """Neither in the list nor in the form; and what has been waiting for days goes on waiting since then."""
    met, yesterday = someone(session, cast, "Chị Tư Đào"), MORNING - timedelta(days=1)
    contact(session, cast, met, "met_needs_help", today=yesterday.date(), now=yesterday)
    asked(session, met, due_on=MORNING.date() - timedelta(days=3))
    phone.reload()
    comes_true(phone, "async () => (await (await caches.match('/outreach/')).text()).includes('Tư Đào')")
    grow_old(phone, hours)
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#as-of")).to_be_visible()
    row = phone.locator("#work .row a", has_text="Chị Tư Đào")
    expect(row).to_contain_text(f"gặp {last}")
    expect(row).to_contain_text(since)
    row.tap()
    expect(phone.locator("#visit [data-where]")).to_contain_text(f"gặp {last}, cần giúp")
    expect(phone.locator("#visit [data-where]")).to_contain_text(since)


def test_a_page_left_open_over_night_calls_nobody_met_today(
    phone: Page, line: Line, session: Session, cast: Cast
) -> None:
    contact(session, cast, someone(session, cast, "Chị Tư Đào"))
    phone.reload()
    expect(phone.locator("#met h2")).to_contain_text("Đã ghi hôm nay")
    line.down()
    phone.evaluate(
        """() => { const Now = Date, later = () => Now.now() + 86400000; self.Date = class extends Now {
          constructor(...given) { super(...(given.length ? given : [later()])); }
          static now() { return later(); }
        }; }"""
    )
    phone.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(phone.locator("#met h2")).to_contain_text("Đã ghi ngày 22/11")


def test_whoever_opens_the_app_while_the_names_are_being_taken_out_waits_for_what_is_left(
    phone: Page, line: Line
) -> None:
    """Taking them out lasts a while on a cheap phone; told that nothing is kept, somebody would write nothing down."""
    grow_old(phone, 73)
    phone.evaluate(
        """async () => {
          const [name] = (await caches.keys()).filter((one) => one.startsWith("kept-"));
          const place = await caches.open(name);
          for (let number = 0; number < 400; number += 1) await place.put(`/slow/${number}`, new Response("x"));
        }"""
    )
    tabs = [phone, *(phone.context.new_page() for _ in range(4))]
    line.down()
    for tab in tabs:  # none of them waits for the one before
        tab.evaluate("(url) => void setTimeout(() => location.assign(url))", f"{line.url}/outreach/")
    for tab in tabs:
        expect(tab.locator("#gone")).to_be_visible()


def test_what_was_emptied_goes_with_the_person_who_leaves(phone: Page, line: Line) -> None:
    grow_old(phone, 73)
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#gone")).to_be_visible()
    phone.evaluate("() => Outbox.wipe(document.querySelector('#phone').dataset.actor)")
    until(phone, lambda: not has_copy(phone))
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("h1")).to_have_text("Chưa có mạng")


def test_a_copy_that_does_not_say_where_the_names_stand_goes_whole(phone: Page, line: Line) -> None:
    """It was kept by an older version of the application."""
    phone.evaluate(
        """async () => {
          const [name] = (await caches.keys()).filter((name) => name.startsWith("kept-"));
          const place = await caches.open(name);
          const copy = await place.match("/outreach/"), headers = new Headers(copy.headers);
          await place.put("/outreach/", new Response((await copy.text()).replaceAll('id="gone"', ""), { headers }));
        }"""
    )
    grow_old(phone, 73)
    line.down()
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("h1")).to_have_text("Chưa có mạng")
    until(phone, lambda: not has_copy(phone))


def test_a_slow_line_shows_the_copy_and_other_pages_never_come_from_one(phone: Page, line: Line) -> None:
    line.mode = "slow"
    phone.goto(f"{line.url}/outreach/")
    expect(phone.locator("#as-of")).to_be_visible()
    line.mode = "up"
    kept = phone.evaluate(
        """async () => {
          const names = await caches.keys(), pages = names.map(async (name) => (await caches.open(name)).keys());
          return (await Promise.all(pages)).flat().map((one) => new URL(one.url).pathname);
        }"""
    )
    assert {path for path in kept if not path.startswith("/static/")} == {"/outreach/", "/outreach/danger/", "/offline"}


def test_a_new_version_waits_and_never_loads_under_a_half_filled_form(
    phone: Page,
    line: Line,
    monkeypatch,
    app: Flask,  # type: ignore[no-untyped-def]
) -> None:
    monkeypatch.setattr(offline, "SHELL", (*offline.SHELL, "icons/app-512.png"))
    phone.evaluate("async () => void (await (await navigator.serviceWorker.ready).update())")
    expect(phone.locator("#update")).to_be_visible()
    phone.locator("#work .row a").first.tap()
    phone.locator("label:has([name=topic][value=family])").tap()
    phone.get_by_role("button", name="Dùng bản mới").tap()
    comes_true(phone, "async () => !(await navigator.serviceWorker.getRegistration()).waiting")
    expect(phone.locator("[name=topic][value=family]")).to_be_checked()
    phone.get_by_role("button", name="Gặp, ổn").tap()
    expect(phone.locator("#undo")).to_be_visible()
    line.down()
    phone.reload()
    expect(phone.locator("#done-here")).to_be_visible()


@pytest.mark.parametrize("page", ["{ref}/", "new", "group"])
def test_a_new_version_leaves_what_was_typed_on_a_plain_form(
    phone: Page, line: Line, person: Person, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_list(phone)  # so that the form of a person stands there, as of one who came to the team since
    phone.goto(f"{line.url}/outreach/{page.format(ref=person.ref)}")
    monkeypatch.setattr(offline, "SHELL", (*offline.SHELL, "icons/app-512.png"))
    phone.evaluate("async () => void (await (await navigator.serviceWorker.ready).update())")
    expect(phone.locator("#update")).to_be_visible()
    field = phone.locator("main :is(textarea, #said, #km)").first
    field.evaluate("(field) => { const fold = field.closest('details'); if (fold) fold.open = true; }")
    field.fill("12")
    phone.get_by_role("button", name="Dùng bản mới").tap()
    comes_true(phone, "async () => !(await navigator.serviceWorker.getRegistration()).waiting")
    phone.evaluate("() => fetch('/offline')")  # a page that is being replaced answers nothing
    expect(field).to_have_value("12")


def test_a_new_version_is_loaded_where_nothing_was_typed(
    phone: Page, line: Line, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone.goto(f"{line.url}/outreach/{person.ref}/")
    monkeypatch.setattr(offline, "SHELL", (*offline.SHELL, "icons/app-512.png"))
    phone.evaluate("async () => void (await (await navigator.serviceWorker.ready).update())")
    phone.evaluate("() => { window.isOld = true; }")
    phone.get_by_role("button", name="Dùng bản mới").tap()
    phone.wait_for_function("() => !window.isOld")


def test_after_a_new_version_what_is_kept_still_has_the_style_that_it_was_made_for(
    phone: Page, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is kept anew with the new one; what to do in danger is not for another day."""
    real = static_files.asset
    style = real("app.css")
    assert style is not None
    newer = replace(style, version="0123456789ab")
    monkeypatch.setattr(static_files, "asset", lambda name: newer if name == "app.css" else real(name))
    phone.reload()
    comes_true(
        phone,
        """async () => {
          const copy = await caches.match("/outreach/");
          return Boolean(copy) && (await copy.text()).includes("0123456789ab");
        }""",
    )
    phone.evaluate("async () => void (await (await navigator.serviceWorker.ready).update())")
    phone.get_by_role("button", name="Dùng bản mới").tap()
    comes_true(
        phone,
        """async () => {
          const { waiting, active } = await navigator.serviceWorker.getRegistration();
          return !waiting && active.state === "activated";
        }""",
    )
    phone.context.new_cdp_session(phone).send("Network.clearBrowserCache")
    line.down()
    for path in ("/outreach/danger/", "/outreach/"):
        phone.goto(f"{line.url}{path}")
        expect(phone.locator(".skip")).to_have_css("position", "absolute")


def test_the_cover_and_its_four_digits(phone: Page, line: Line, receiver: Receiver) -> None:
    log(phone)
    phone.locator("#this-phone summary").tap()
    phone.fill("#new-pin", "2580")
    phone.get_by_role("button", name="Đặt mã").tap()
    expect(phone.locator("[data-pin=set]")).to_be_visible()
    phone.get_by_role("button", name="Ẩn nhanh").tap()
    expect(phone.locator("#work")).to_be_hidden()
    assert phone.title() == "Điểm Tựa"
    phone.reload()  # no way around it
    expect(phone.locator("#work")).to_be_hidden()
    phone.get_by_role("button", name="Mở lại").tap()
    phone.fill("#unlock", "2580")
    phone.get_by_role("button", name="Mở", exact=True).tap()
    expect(phone.locator("#work")).to_be_visible()
    phone.add_init_script("const now = Date.now; Date.now = () => now() + 200000;")  # three minutes in a pocket
    line.down()
    phone.reload()
    phone.get_by_role("button", name="Mở lại").tap()
    for left in range(4, 0, -1):
        phone.fill("#unlock", "1111")
        phone.get_by_role("button", name="Mở", exact=True).tap()
        expect(phone.locator("[data-left]")).to_have_text(str(left))
    phone.fill("#unlock", "1111")
    phone.get_by_role("button", name="Mở", exact=True).tap()
    reach(phone, "**/offline")
    assert not has_copy(phone)
    assert len(entries(phone)) == 1


def test_a_browser_within_another_app_is_told_to_open_a_real_one(new_page: NewPage, line: Line) -> None:
    zalo = "Mozilla/5.0 (Linux; Android 10; wv) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 Zalo android/12"
    page = new_page(PHONE, user_agent=zalo)
    page.goto(f"{line.url}/login")
    expect(page.locator("#notices .notice").first).to_contain_text("bên trong Zalo")
    plain = new_page(PHONE)
    plain.goto(f"{line.url}/login")
    assert "bên trong" not in plain.content()
