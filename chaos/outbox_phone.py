"""A model of a phone for the server's door: a list, one sender, a line on which anything happens; no browser in it."""

from __future__ import annotations

import http.client
import json
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.phone import Headers, entry

TIMEOUT_SECONDS = 10.0
LINE_DOWN_SECONDS = 0.05
# What becomes of one call, and how often; the rest go well.
FAULTS: dict[str, float] = {
    "cut before it arrives": 0.04,
    "answer lost": 0.08,
    "500 from something between": 0.04,
    "500 after it was stored": 0.04,
    "401 although it was stored": 0.03,
    "200 of a captive portal": 0.05,
    "sent twice": 0.06,
}
PORTAL = 200, "<html>Chào mừng đến Wi-Fi</html>"
Answer = tuple[int, str]


class LineDown(Exception):  # noqa: N818 - says what happened
    """Nobody answered: cut off, or the server is not there."""


@dataclass
class Event:
    """What a volunteer has saved: `expected` are the request keys that have to stand somewhere, each once.

    No more than so many `rows` may come of it.
    """

    id: str
    number: int
    kind: str
    said: dict[str, Any]
    at: datetime
    expected: list[str]
    rows: int
    payload: bytes = b""


@dataclass
class Line:
    """To one server, with faults of its own making; counts what it did."""

    port: int
    dice: random.Random
    happened: Counter[str] = field(default_factory=Counter)

    def call(self, headers: dict[str, str], payload: bytes) -> Answer:
        """One call as the phone sees it. Raises LineDown."""
        fault = self._choose()
        if fault:
            self.happened[fault] += 1
        if fault == "cut before it arrives":
            raise LineDown
        if fault == "500 from something between":
            return 500, "<h1>Bad gateway</h1>"
        if fault == "200 of a captive portal":
            return PORTAL
        answer = self._post(headers, payload, is_read=fault != "answer lost")
        if fault == "sent twice":
            answer = self._post(headers, payload, is_read=True)
        if fault == "500 after it was stored":
            return 500, ""
        if fault == "401 although it was stored":
            return 401, '{"revoked": false}'
        return answer

    def _choose(self) -> str | None:
        point = self.dice.random()
        for fault, share in FAULTS.items():
            point -= share
            if point < 0:
                return fault
        return None

    def _post(self, headers: dict[str, str], payload: bytes, *, is_read: bool) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", "/outbox", payload, {**headers, "Content-Type": "application/json"})
            if not is_read:
                raise LineDown
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.happened["the server was not there"] += 1
            time.sleep(LINE_DOWN_SECONDS)
            raise LineDown from None
        finally:
            connection.close()


class Phone:
    """Sends the oldest first, and forgets an entry when a receipt names its id; on anything else it keeps it.

    `trusts` and `seals_anew` are mistakes that a campaign has to catch: to take any 200 for a receipt, and to give an
    entry another id at each try.
    """

    def __init__(self, token: str, actor: str, events: list[Event], line: Line, *, mistake: str = "") -> None:
        self.headers, self.actor, self.line = Headers(token).as_dict(), actor, line
        self.outbox, self.mistake = list(events), mistake

    def empty(self, is_over: Callable[[], bool]) -> None:
        """Send until nothing is left."""
        while self.outbox and not is_over():
            event = self.outbox[0]
            try:
                status, body = self.line.call(self.headers, self._sealed(event))
            except LineDown:
                continue
            if self._is_receipt(status, body, event):
                self.outbox.pop(0)

    def _sealed(self, event: Event) -> bytes:
        if not event.payload or self.mistake == "seals anew":
            own = event.id if not event.payload else str(uuid.uuid4())
            whole = entry(event.said, self.actor, event.at, id=own, kind=event.kind)
            event.payload = json.dumps(whole).encode()
        return event.payload

    def _is_receipt(self, status: int, body: str, event: Event) -> bool:
        if status != 200:
            return False
        if self.mistake == "trusts":
            return True
        try:
            told = json.loads(body)
        except ValueError:
            return False
        own = json.loads(event.payload)["id"]
        return isinstance(told, dict) and told.get("id") == own and bool(told.get("result"))
