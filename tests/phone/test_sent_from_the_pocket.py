"""The phone goes into the pocket: the browser asks the worker to send, until nothing is left that it could send."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import CDPSession, Page

from tests.phone.line import Line
from tests.phone.receiver import Receiver
from tests.phone.taps import entries, expect_says, log, send_now, until

# As the browser dispatches it; what the worker lets it wait for says whether the browser asks again.
SYNC = """async () => {
  const event = new Event("sync");
  let work = Promise.reject("nobody listens");
  work.catch(() => {});
  event.waitUntil = (given) => { work = given; };
  self.dispatchEvent(event);
  return work.then(() => "done", () => "again");
}"""


def worker_says(page: Page) -> str:
    (worker,) = page.context.service_workers
    said: str = worker.evaluate(SYNC)
    return said


def registered(page: Page) -> tuple[CDPSession, str]:
    tools, found = page.context.new_cdp_session(page), list[dict[str, Any]]()
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda told: found.extend(told["registrations"]))
    tools.send("ServiceWorker.enable")
    until(page, lambda: bool(found))
    return tools, found[0]["registrationId"]


def test_what_waited_is_sent_by_the_worker_when_no_page_is_open(phone: Page, line: Line, receiver: Receiver) -> None:
    tools, registration = registered(phone)
    line.down()
    log(phone)
    send_now(phone)
    expect_says(phone, "later", 1)
    phone.goto("about:blank")
    line.up()
    assert not receiver.stored
    event = {"origin": line.url, "registrationId": registration, "tag": "outbox", "lastChance": False}
    tools.send("ServiceWorker.dispatchSyncEvent", event)
    until(phone, lambda: bool(receiver.stored))


def test_while_an_entry_can_still_be_undone_the_browser_is_told_to_ask_again(phone: Page, receiver: Receiver) -> None:
    log(phone)
    assert worker_says(phone) == "again"
    assert not receiver.stored
    phone.evaluate("() => Outbox.flush(true)")
    assert entries(phone) == []
    assert worker_says(phone) == "done"
