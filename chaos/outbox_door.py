"""The door's half of the campaign `outbox`: four phones at once, a line that cuts and repeats, a server that is killed.

The server is the real one, as a process of its own on an encrypted file. The phones are models that keep the rules of
the page's script (chaos/outbox_phone.py): what the script itself does is seen in a browser (chaos/outbox.py).
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from chaos.outbox_phone import Event, Line, Phone
from chaos.outbox_world import EVENTS_OF_A_PHONE, LOST, TWICE, Server, Team, judge, prepare, save_events
from chaos.outcomes import Outcome

SENDERS = 4  # phones that send at the same time
EVENTS_PER_KILL = 125
SHORTEST_LIFE, LONGEST_LIFE = 0.3, 1.6
LONGEST_SECONDS_PER_EVENT, LEAST_SECONDS = 0.5, 60.0
EVENTS_OF_A_CONTROL = 150  # of 40, one control in eleven met no portal at all and was called missed
PROMISES = {
    LOST: "outbox: at the door, no visit with a receipt is lost",
    TWICE: "outbox: at the door, no visit that is sent again is recorded twice",
}
# Promise → the phone that breaks it, which the campaign must catch.
CONTROLS = {LOST: "trusts", TWICE: "seals anew"}


def run_campaign(faults: int, seed: int) -> list[Outcome]:
    started = time.monotonic()
    events = faults if faults <= 500 else 2 * faults
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-chaos-"))
    try:
        phones = max(-(-events // EVENTS_OF_A_PHONE), SENDERS)
        team = prepare(folder, phones)
        broken, happened = _run(
            folder / "all", folder, team, events, f"{seed}", kills=max(events // EVENTS_PER_KILL, 2)
        )
        caught = {}
        for promise, mistake in CONTROLS.items():
            where = folder / f"control-{promise}"
            found, _ = _run(where, folder, team, EVENTS_OF_A_CONTROL, f"{seed} {promise}", mistake=mistake)
            caught[promise] = found[promise] > 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"  {', '.join(f'{count} {words}' for words, count in happened.most_common())}", file=sys.stderr)
    seconds = time.monotonic() - started
    return [
        Outcome(words, events, broken[promise], caught[promise], seconds, seed) for promise, words in PROMISES.items()
    ]


def _run(
    folder: Path, template: Path, team: Team, count: int, seed: str, *, kills: int = 0, mistake: str = ""
) -> tuple[dict[str, int], Counter[str]]:
    """Save so many events on the phones, let them send while the server is killed, and judge what stands there."""
    server = Server(folder, template / "template.db")
    server.start()
    dice = random.Random(seed)
    shares = _shares(team, count, dice)
    deadline = time.monotonic() + max(count * LONGEST_SECONDS_PER_EVENT, LEAST_SECONDS)
    lines = [Line(server.port, random.Random(f"{seed} {number}")) for number in range(SENDERS)]
    threads = [
        threading.Thread(target=_send, args=(team, shares[number::SENDERS], line, mistake, deadline))
        for number, line in enumerate(lines)
    ]
    try:
        for thread in threads:
            thread.start()
        done = _kill(server, threads, kills, dice)
        for thread in threads:
            thread.join()
    finally:
        server.kill()
    happened = sum((line.happened for line in lines), Counter({"kills of the server": done}))
    return judge(server, [event for _, events in shares for event in events]), happened


def _shares(team: Team, count: int, dice: random.Random) -> list[tuple[str, list[Event]]]:
    """Token and events of each phone."""
    phones = max(-(-count // EVENTS_OF_A_PHONE), SENDERS)
    sizes = [count // phones + (number < count % phones) for number in range(phones)]
    return [(token, save_events(team, size, dice)) for token, size in zip(team.tokens, sizes, strict=False)]


def _send(team: Team, shares: list[tuple[str, list[Event]]], line: Line, mistake: str, deadline: float) -> None:
    for token, events in shares:
        Phone(token, team.actor, events, line, mistake=mistake).empty(lambda: time.monotonic() > deadline)


def _kill(server: Server, threads: list[threading.Thread], kills: int, dice: random.Random) -> int:
    """Kill the server at random moments while phones are sending; how often it was."""
    done = 0
    while done < kills and any(thread.is_alive() for thread in threads):
        time.sleep(dice.uniform(SHORTEST_LIFE, LONGEST_LIFE))
        if not any(thread.is_alive() for thread in threads):
            break
        server.kill()
        done += 1
        time.sleep(dice.uniform(0, 0.2))
        server.start()
    return done
