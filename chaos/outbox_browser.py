"""A phone that is the product's own page, script and worker in a real Chromium, whose profile outlives every kill."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserType, Error, Page

from chaos.outbox_line import FaultyLine
from chaos.outbox_phone import Event
from chaos.outbox_world import Server, Team, keys_of, visit_of
from counseling.clock import utc_now
from tests.support.browser import main_process, own_browser, sign_in
from tests.support.cast import PASSWORD

HOME = "/outreach/"
SESSION_COOKIE = "__Host-session"
LARGEST_BATCH, MOST_WAITING = 14, 20
ROUNDS_OF_AN_HOUR = 10  # of at most so many visits each, far below what the door takes of one phone
PATIENCE_SECONDS = 25.0  # of whoever holds a phone on which nothing comes any more; a round takes one or two
LONGEST_LIFE = 0.35  # seconds that a browser has before it is killed: 14 saves take 0.25
TAP_MS = 2_000
LONGEST_LIFE_BY_HAND = 2.0  # each is tapped: the person, the answer
# Each visit is saved as the page's form does it, and told only when the promise of `put` was kept.
SAVE = """async (visits) => {
  const of = document.querySelector("#phone").dataset;
  const page = { actor: of.actor, outbox_key: { id: of.key, point: of.point }, form_version: Number(of.form) };
  for (const [number, kind, said] of visits) {
    const entry = await Outbox.put(kind, said, page, Outbox.prepare(page.outbox_key), said.who);
    saved(number, entry.id);
  }
}"""
# A browser may let both promises wait for ever while the first worker is still being installed.
NEW_WORKER = """async () => {
  const soon = (ms) => new Promise((done) => setTimeout(done, ms)), workers = navigator.serviceWorker;
  await Promise.race([workers.ready.then((registration) => registration.update()), soon(3000)]);
  for (let turns = 0; turns < 50; turns += 1) {
    const waiting = (await workers.getRegistration())?.waiting;
    if (waiting) return void waiting.postMessage("use");
    await soon(20);
  }
}"""
# What happens while visits are saved and sent: a pack of cards that is dealt to the end before it is shuffled anew, so
# that every run has met each of them.
HAPPENS = [
    *["nothing"] * 10,
    *["saved without a line"] * 4,
    *["loaded anew while sending"] * 3,
    *["two tabs sending at once"] * 3,
    *["logged by hand"] * 2,
    "browser killed while logging by hand",
    "new worker",
    "browser killed while saving",
    "browser killed while sending",
    "server killed",
    "session ended",
]


class BrowserPhone:
    """Saves and sends what the dice say. `told`: number → id of each visit that the phone has called saved."""

    def __init__(
        self,
        kind: BrowserType,
        profile: Path,
        server: Server,
        line: FaultyLine,
        team: Team,
        dice: random.Random,
        is_over: Callable[[], bool],
    ) -> None:
        self.kind, self.profile, self.server, self.line, self.team, self.dice = kind, profile, server, line, team, dice
        self.is_over = is_over  # what has not come by then is lost
        self.begun: dict[int, tuple[str, int]] = {}  # number → kind and rows
        self.told: dict[int, str] = {}
        self.happened: Counter[str] = Counter()
        self.tapped = 0
        self._stack = ExitStack()
        self._pack: list[str] = []

    def events(self) -> list[Event]:
        """What has to stand at the server; of what was begun and not called saved, no more than once."""
        return [
            Event(
                own := self.told.get(number, ""), number, kind, {}, utc_now(), keys_of(kind, own) if own else [], rows
            )
            for number, (kind, rows) in self.begun.items()
        ]

    def open(self) -> None:
        context = self._stack.enter_context(own_browser(self.kind, self.profile))
        context.expose_function("saved", self._tell)
        self.page = context.pages[0]
        self.page.set_default_timeout(15_000)
        self.pid = main_process(self.page)
        self._at_home()

    def close(self) -> None:
        self._stack.close()

    def live(self, count: int) -> None:
        """Save so many, while things happen."""
        while len(self.begun) < count:
            size = min(self.dice.randint(1, LARGEST_BATCH), count - len(self.begun))
            happens = self._deal()
            self.happened[happens] += 1
            self._patiently(partial(self._whole_round, happens, size))
            if sum(self.happened.values()) % ROUNDS_OF_AN_HOUR == 0:
                self.server.let_an_hour_pass()

    def empty(self) -> None:
        """Send until nothing is left."""
        for _ in range(2):
            self._patiently(partial(self._send, 0))  # the first may have ended with the app

    def _whole_round(self, happens: str, size: int) -> None:
        self._at_home()
        self._round(happens, [self._next() for _ in range(size)])
        self._send(MOST_WAITING)

    def _round(self, happens: str, visits: list[tuple[int, str, dict[str, Any]]]) -> None:
        if happens == "browser killed while saving":
            return self._kill(lambda: self.page.evaluate(SAVE, visits))
        if happens == "browser killed while logging by hand":
            return self._kill(lambda: self._log_by_hand(visits), LONGEST_LIFE_BY_HAND)
        if happens == "logged by hand":
            return self._log_by_hand(visits)
        if happens == "saved without a line":
            self.line.down()
        self.page.evaluate(SAVE, visits)
        if happens == "saved without a line":
            self.page.evaluate("() => Outbox.flush(true)")
            self.line.up()
        elif happens == "browser killed while sending":
            self._kill(lambda: self.page.evaluate("() => Outbox.flush(true)"))
        elif happens == "loaded anew while sending":
            self._begin_sending(self.page)
            self.page.wait_for_timeout(self.dice.uniform(0, 150))
            self._go(self.page)
        elif happens == "two tabs sending at once":
            self._two_tabs()
        elif happens == "new worker":
            self.line.version += 1
            self._begin_sending(self.page)
            self.page.evaluate(NEW_WORKER)
        elif happens == "server killed":
            self._begin_sending(self.page)
            self.page.wait_for_timeout(self.dice.uniform(0, 150))
            self.server.kill()
            self.page.evaluate("() => Outbox.flush(true)")
            self.server.start()
        elif happens == "session ended":
            self.page.context.clear_cookies(name=SESSION_COOKIE)
            self._go(self.page)
        return None

    def _log_by_hand(self, visits: list[tuple[int, str, dict[str, Any]]]) -> None:
        """Through the page's own form, for those who stand on the list; told when the page says that it is saved."""
        for number, kind, said in visits:
            row = self.page.locator(f"#work .row > a[data-ref='{said['who']}']:not([data-entry])").first
            try:
                if kind != "visit" or not row.is_visible():
                    raise Error("Not on the list: a group, a stranger, somebody who was logged already.")
                row.click(timeout=TAP_MS)  # the row goes where the page has just learnt that they were logged
            except Error:
                self.page.evaluate(SAVE, [(number, kind, said)])
                continue
            self.page.evaluate(
                """(agreed) => {
                  document.querySelector("#undo").hidden = true;
                  document.querySelector("#agreed").value = agreed;
                }""",
                said["agreed"],
            )
            # By its key: a pointer that is so fast at one place is for the page a finger that taps twice.
            self.page.locator("#visit-form button[value=well]").press("Enter")
            self.page.locator("#undo").wait_for()
            self._tell(number, self.page.evaluate("async () => (await Outbox.entries()).at(-1).id"))
            self.tapped += 1

    def _two_tabs(self) -> None:
        other = self.page.context.new_page()
        self._go(other)
        for page in (self.page, other):
            self._begin_sending(page)
        other.wait_for_timeout(self.dice.uniform(0, 300))
        other.close()  # often in the middle

    def _kill(self, work: Callable[[], object], longest: float = LONGEST_LIFE) -> None:
        hand = threading.Timer(self.dice.uniform(0, longest), self._kill_app)
        hand.start()
        with suppress(Error):
            work()
        hand.join()
        self._stack.close()
        self.open()

    def _send(self, most_left: int) -> None:
        """By the product's own "send now", until so few are left; a session that has ended is begun anew."""
        self._at_home()
        while self._waiting() > most_left and not self.is_over():
            if self.page.evaluate("() => Outbox.flush(true)") != "sent":
                self._at_home()

    def _waiting(self) -> int:
        return int(self.page.evaluate("async () => (await Outbox.entries()).length"))

    def _at_home(self) -> None:
        """On the volunteer's own list, with a token: loading the page gets a new one where the old one is gone."""
        deadline = time.monotonic() + 60
        while not self._is_at_home():
            if self.page.is_closed():
                raise Error("The app was killed.")
            if time.monotonic() > deadline:
                raise RuntimeError(f"The phone does not come to its list, it stands at {self.page.url}.")
            self._go(self.page)
            if "/login" in self.page.url:
                with suppress(Error):
                    sign_in(self.page, self.line.url, "volunteer", PASSWORD)

    def _is_at_home(self) -> bool:
        with suppress(Error):
            return bool(
                self.page.evaluate(
                    """async () => {
                      const actor = document.querySelector("#phone")?.dataset.actor;
                      return Boolean(actor && self.Outbox && (await Outbox.token(actor)));
                    }"""
                )
            )
        return False

    def _go(self, page: Page) -> None:
        with suppress(Error):
            page.goto(f"{self.line.url}{HOME}")

    def _patiently(self, act: Callable[[], None]) -> None:
        """Whoever waits in vain kills the app and opens it again.

        Of a hundred pages that are asked for while a new worker takes over, Chromium loses one: neither worker hears of
        it, and nothing comes back from that tab any more.
        """
        hand = threading.Timer(PATIENCE_SECONDS, self._kill_app)
        hand.start()
        try:
            act()
        except Error:
            if hand.is_alive():
                raise
            self.happened["nothing came any more: app killed and opened again"] += 1
            self._stack.close()
            self.line.up()
            self.server.start()  # where it was down at that moment
            self._patiently(self.open)
        finally:
            hand.cancel()

    def _kill_app(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    @staticmethod
    def _begin_sending(page: Page) -> None:
        page.evaluate("() => void Outbox.flush(true)")

    def _next(self) -> tuple[int, str, dict[str, Any]]:
        number = len(self.begun) + 1_000_000
        kind, said, rows = visit_of(self.team, self.dice, number, list(self.told.values()))
        self.begun[number] = kind, rows
        return number, kind, said

    def _tell(self, number: int, entry_id: str) -> None:
        self.told[number] = entry_id

    def _deal(self) -> str:
        self._pack = self._pack or self.dice.sample(HAPPENS, len(HAPPENS))
        return self._pack.pop()
