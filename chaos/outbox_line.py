"""A line on which anything happens to an entry, and on which the phone's script can be changed on its way."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.phone.line import PORTAL, Heard, Line, Passing

# The script gives up after 30 s; a campaign cannot wait that long, so its phones have less patience.
PATIENCE = ("TIMEOUT_MS = 30000", "TIMEOUT_MS = 1200")
HANGS_SECONDS = 1.5
# What becomes of one entry on its way, and how often; the rest go well.
FAULTS: dict[str, float] = {
    "cut before it arrives": 0.04,
    "500 from something between": 0.03,
    "401 before it arrives": 0.01,
    "200 of a captive portal": 0.05,
    "answer lost": 0.07,
    "500 after it was stored": 0.03,
    "401 although it was stored": 0.01,
    "sent twice": 0.05,
    "hangs after it was stored": 0.005,
}
Change = tuple[str, str]


class Faulty(Passing):
    """One request on such a line: pages and files go through, an entry meets what the dice say."""

    def pass_on(self, body: bytes | None) -> None:
        self.close_connection = True
        fault = self.passes.choose() if self.path == "/outbox" else None
        if fault == "cut before it arrives":
            return None
        if fault == "500 from something between":
            return self.answer(500, [], b"<h1>Bad gateway</h1>")
        if fault == "401 before it arrives":
            return self.answer(401, [], b'{"revoked": false}')
        if fault == "200 of a captive portal":
            return self.answer(200, [("Content-Type", "text/html")], PORTAL)
        status, headers, text = self.ask(body)
        if fault == "sent twice":
            status, headers, text = self.ask(body)
        if fault == "hangs after it was stored":
            threading.Event().wait(HANGS_SECONDS)
        if fault == "answer lost":
            return None
        if fault == "500 after it was stored":
            return self.answer(500, [], b"")
        if fault == "401 although it was stored":
            return self.answer(401, [], b'{"revoked": false}')
        return self.answer(status, headers, self.passes.changed(self.path, text))

    def ask(self, body: bytes | None) -> Heard:
        del self.headers["Accept-Encoding"]  # what is packed cannot be changed
        return super().ask(body)


@dataclass
class FaultyLine(Line):
    """`changes` are made to outbox.js, each has to be found there; `version` makes another worker of sw.js."""

    dice: random.Random = field(default_factory=random.Random)
    faults: Mapping[str, float] = field(default_factory=lambda: FAULTS)
    changes: Sequence[Change] = ()
    version: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)  # changes that found nothing: the campaign is out of date
    handler: type[Passing] | None = Faulty

    def choose(self) -> str | None:
        point = self.dice.random()
        for fault, share in self.faults.items():
            point -= share
            if point < 0:
                self.happened[fault] += 1
                return fault
        return None

    def changed(self, path: str, text: bytes) -> bytes:
        if path.endswith("/sw.js"):
            return text + f"\n// {self.version}\n".encode()
        if not path.endswith("/outbox.js") or not text:  # the same as before: what the browser has was changed
            return text
        script = text.decode()
        for old, new in (PATIENCE, *self.changes):
            if script.count(old) != 1:
                self.missing.append(old)
            script = script.replace(old, new)
        return script.encode()
