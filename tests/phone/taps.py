"""What a volunteer does with the phone, and what stands on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Error, Page, expect

from tests.support.browser import reach, sign_in
from tests.support.cast import PASSWORD

NAME = "Anh Ba sửa xe"


def open_phone(page: Page, url: str, username: str = "volunteer") -> None:
    """Sign in, and wait until the phone could be without a line."""
    page.set_default_timeout(10_000)
    sign_in(page, url, username, PASSWORD)
    reach(page, "**/outreach/")
    ready(page)
    if page.locator("#tour [data-skip]").is_visible():
        page.locator("#tour [data-skip]").tap()


# Two ways in which browsers keep nothing in a private window.
NO_STORE = {
    "no store": "Object.defineProperty(self, 'indexedDB', { get: () => undefined });",
    "a store that does not open": (
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'InvalidStateError'); };"
    ),
}


def open_where_nothing_is_kept(page: Page, url: str, how: str) -> None:
    """Sign in, and be told that this browser keeps nothing."""
    page.add_init_script(NO_STORE[how])
    sign_in(page, url, "volunteer", PASSWORD)
    reach(page, "**/outreach/")
    expect(page.locator("#outbox [data-says=no-store]")).to_be_visible()


def ready(page: Page) -> None:
    """The worker is there and keeps the list and what to do in danger. Nothing is loaded anew for it."""
    comes_true(
        page,
        """async () => {
          const names = (await caches.keys()).filter((name) => name.startsWith("kept-"));
          const kept = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
          return Boolean(await navigator.serviceWorker.ready) && kept.includes(2);
        }""",
    )


def has_copy(page: Page) -> bool:
    return bool(page.evaluate("async () => (await caches.keys()).some((name) => name.startsWith('kept-'))"))


def forget_list(page: Page) -> None:
    """No list is kept: on the page of a person stands the plain form."""
    page.evaluate(
        """async () => {
          for (const name of await caches.keys()) if (name.startsWith("kept-")) await caches.delete(name);
        }"""
    )


def has_list_of(page: Page, name: str) -> None:
    """Wait until the list that is kept has this name: after somebody else's sign-in the page loads itself anew."""
    comes_true(
        page,
        """async (name) => (await Promise.all((await caches.keys()).map(async (one) => {
             const copy = await (await caches.open(one)).match("/outreach/");
             return Boolean(copy) && (await copy.text()).includes(name);
           }))).some(Boolean)""",
        name,
    )


def grow_old(page: Page, hours: int) -> None:
    """What is kept on the phone was kept so long ago."""
    page.evaluate(
        """async (hours) => {
          for (const name of await caches.keys()) if (name.startsWith("kept-")) {
            const place = await caches.open(name), copy = await place.match("/outreach/");
            const headers = new Headers(copy.headers), at = String(Date.now() - hours * 3600000);
            headers.set("X-Kept-At", at);
            const text = (await copy.text()).replace(/data-since="[0-9]+"/, `data-since="${at}"`);
            await place.put("/outreach/", new Response(text, { headers }));
          }
        }""",
        hours,
    )


def kept_text(page: Page) -> str:
    """All that can be read of the pages that are kept on the phone."""
    text: str = page.evaluate(
        """async () => {
          const texts = [];
          for (const name of await caches.keys()) if (name.startsWith("kept-")) {
            const place = await caches.open(name);
            for (const request of await place.keys()) texts.push(await (await place.match(request)).text());
          }
          return texts.join(" ");
        }"""
    )
    return text


def answer(page: Page, word: str = "Gặp, ổn", name: str = NAME) -> None:
    """Two taps: the person and the answer."""
    page.locator("#work .row a:visible", has_text=name).first.tap()
    page.get_by_role("button", name=word).tap()


def log(page: Page, word: str = "Gặp, ổn", name: str = NAME) -> None:
    answer(page, word, name)
    expect(page.locator("#undo")).to_be_visible()


def send_now(page: Page) -> None:
    page.get_by_role("button", name="Gửi ngay").tap()


def says(page: Page) -> str:
    """What the bar that is always in sight says."""
    return " ".join(" ".join(page.locator("#outbox [data-says]:visible").all_inner_texts()).split())


def entries(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate("() => Outbox.entries()")
    return found


def expect_says(page: Page, state: str, count: int) -> None:
    said = page.locator(f"#outbox [data-says={state}]")
    expect(said).to_be_visible()
    expect(said).to_contain_text(str(count))


def expect_sent(page: Page) -> None:
    expect(page.locator("#outbox [data-says=none]")).to_be_visible(timeout=12_000)


def comes_true(page: Page, script: str, argument: Any = None) -> None:
    """Wait for what a script promises: `wait_for_function` takes the promise itself for a yes."""

    def is_so() -> bool:
        try:
            return bool(page.evaluate(script, argument))
        except Error:  # the page is just being replaced by another
            return False

    until(page, is_so)


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for something outside the browser; the page goes on meanwhile."""
    for _ in range(200):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen within 10 s")
