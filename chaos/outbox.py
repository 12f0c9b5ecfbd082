"""The campaign `outbox`: what a volunteer's phone has called saved arrives, and arrives once.

Two halves. In a browser: the product's own page, script and worker on one profile, killed, reloaded, in two tabs, with
new workers and ended sessions. At the door: many phones at once (chaos/outbox_door.py), which one browser cannot be.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserType, sync_playwright

from chaos.outbox_browser import BrowserPhone
from chaos.outbox_door import run_campaign as run_door
from chaos.outbox_line import FAULTS, Change, FaultyLine
from chaos.outbox_phone import Event
from chaos.outbox_world import LOST, TWICE, Server, Team, judge, prepare
from chaos.outcomes import Outcome

MOST_EVENTS, EVENTS_OF_A_LIST = 10_000, 2_000  # more people on the list, the more visits there are
LONGEST_SECONDS_PER_EVENT, LEAST_SECONDS = 1.5, 90.0
EVENTS_OF_A_CONTROL = 30
PROMISES = {
    LOST: "outbox: in a browser, no visit that was called saved is lost",
    TWICE: "outbox: in a browser, no visit is recorded twice",
}


@dataclass(frozen=True)
class Control:
    """What is changed in outbox.js so that a promise breaks, and the line on which that must show."""

    changes: Sequence[Change]
    faults: Mapping[str, float]


CONTROLS = {
    LOST: Control(  # any 200 is taken for a receipt
        [
            ("if (answer.status === 200 && said.id === id && TAKEN.includes(said.result)) return said.result;",
             'if (answer.status === 200) return "stored";'),
        ],
        {"200 of a captive portal": 0.3},
    ),
    TWICE: Control(  # a new id, and so a new envelope, for each try
        [
            ("body: await seal(id, said, page.outbox_key, prepared),",
             "body: {}, said, key: page.outbox_key,"),
            ("const { id, kind, actor, client_time, form_version, tries, body } = entry;",
             "const { kind, actor, client_time, form_version, tries } = entry, id = crypto.randomUUID(), "
             "body = await seal(id, entry.said, entry.key, prepare(entry.key));"),
        ],
        {"answer lost": 0.3},
    ),
}  # fmt: skip
NO_CONTROL = Control((), FAULTS)


@dataclass
class Lived:
    """One phone's life: the server that it has filled, and what has to stand there."""

    server: Server
    events: list[Event]
    missing: list[str]
    happened: Counter[str] = field(default_factory=Counter)


def run_campaign(faults: int, seed: int) -> list[Outcome]:
    return [*run_browser(faults, seed), *run_door(faults, seed)]


def run_browser(faults: int, seed: int) -> list[Outcome]:
    """Raises RuntimeError where a change for a control is not to be found in the script any more."""
    started = time.monotonic()
    count = min(faults if faults <= 500 else 2 * faults, MOST_EVENTS)
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-chaos-"))
    try:
        team = prepare(folder, max(count // EVENTS_OF_A_LIST, 1))
        with sync_playwright() as playwright:
            kind = playwright.chromium
            lived = _live(kind, folder / "all", folder, team, count, f"{seed}")
            controls = {
                promise: _live(kind, folder / promise, folder, team, EVENTS_OF_A_CONTROL, f"{seed} {promise}", control)
                for promise, control in CONTROLS.items()
            }
        # Judges are forked, and that only now that no browser is open.
        broken = judge(lived.server, lived.events)
        caught = {promise: judge(one.server, one.events)[promise] > 0 for promise, one in controls.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    missing = [text for one in (lived, *controls.values()) for text in one.missing]
    if missing:
        raise RuntimeError(f"outbox.js has changed, and the campaign has to follow: {missing}")
    print(f"  {', '.join(f'{number} {words}' for words, number in lived.happened.most_common())}", file=sys.stderr)
    seconds = time.monotonic() - started
    return [
        Outcome(words, count, broken[promise], caught[promise], seconds, seed) for promise, words in PROMISES.items()
    ]


def _live(
    kind: BrowserType, folder: Path, template: Path, team: Team, count: int, seed: str, control: Control = NO_CONTROL
) -> Lived:
    """Save so many visits on one phone, let them be sent whatever happens, and take the phone away when it is empty."""
    dice = random.Random(seed)
    server = Server(folder, template / "template.db")
    lines_dice = random.Random(f"{seed} line")
    line = FaultyLine(server.port, dice=lines_dice, changes=control.changes, faults=control.faults)
    deadline = time.monotonic() + max(count * LONGEST_SECONDS_PER_EVENT, LEAST_SECONDS)
    phone = BrowserPhone(kind, folder / "profile", server, line, team, dice, lambda: time.monotonic() > deadline)
    try:
        server.start()
        line.up()
        phone.open()
        phone.live(count)
        phone.empty()
    finally:
        phone.close()
        line.down()
        server.kill()
    happened = (
        phone.happened
        + line.happened
        + Counter({"visits called saved": len(phone.told), "of them tapped": phone.tapped})
    )
    return Lived(server, phone.events(), line.missing, happened)
