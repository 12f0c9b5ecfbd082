"""The campaign `sender`: a process that sends a queue is killed at random moments, until the queue is empty.

Three providers: the product's simulator, one that knows our references, and one that does not and sends whatever it is
handed. Each keeps its own record, which no kill undoes.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

from chaos.children import Say, run_together
from chaos.outcomes import Outcome
from chaos.sender_judge import TOO_MANY, TWICE, UNACCOUNTED
from chaos.sender_world import DONE, Counted, World, prepare
from counseling.domain.message_states import MessageState

# Provider → its share of the kills.
SHARES = {"forgetful": 0.4, "simulator": 0.4, "mindful": 0.2}
MOST_KILLS_OF_ONE_QUEUE = 8
MOST_KILLS_OF_A_CONTROL = 200
PROMISES = {
    TWICE: "sender: no text goes out twice",
    UNACCOUNTED: "sender: each text ends once, each attempt is accounted for",
    TOO_MANY: "sender: nobody gets more than three automatic texts a day",
}
Build = Callable[[], AbstractContextManager[object]]


def blind_retry() -> AbstractContextManager[object]:
    """A build that begins again whenever the end of an attempt is missing."""
    return patch("counseling.services.sweeping.after_lost_attempt", lambda *_, **__: MessageState.QUEUED)


def no_second_look() -> AbstractContextManager[object]:
    """A build whose sweep overlooks attempts without an end."""
    return patch("counseling.services.sweeping._list_lost", lambda *_: [])


def no_cap() -> AbstractContextManager[object]:
    """A build that counts nobody's texts."""
    return patch("counseling.services.message_attempts.is_exempt", lambda _: True)


# Promise → the build that breaks it, which the campaign must catch.
CONTROLS: dict[str, Build] = {TWICE: blind_retry, UNACCOUNTED: no_second_look, TOO_MANY: no_cap}


def run_campaign(kills: int, seed: int) -> list[Outcome]:
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-chaos-"))
    try:
        template = prepare(folder)
        counted = _kill(folder, template, kills, seed)
        caught = _catch(folder, template, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(_story(counted), file=sys.stderr)
    print(_ends(counted), file=sys.stderr)
    seconds = time.monotonic() - started
    return [
        Outcome(words, counted.kills, counted.broken[promise], caught[promise], seconds, seed)
        for promise, words in PROMISES.items()
    ]


def _kill(folder: Path, template: Path, kills: int, seed: int) -> Counted:
    """Every provider's share of the kills, on as many processes as there are cores."""
    workers = os.cpu_count() or 1
    works = [_share(folder / f"worker-{n}", template, kills / workers, f"{seed} {n}") for n in range(workers)]
    counted = Counted()
    for said in run_together(works):
        counted.add(_heard(said))
    return counted


def _share(folder: Path, template: Path, kills: float, seed: str) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        world, counted = _world(folder, template, seed), Counted()
        for kind, share in SHARES.items():
            goal = counted.kills + kills * share
            while counted.kills < goal:
                counted.add(world.kill_one_queue(kind, MOST_KILLS_OF_ONE_QUEUE))
        say(_told(counted))
        return DONE

    return work


def _catch(folder: Path, template: Path, seed: int) -> dict[str, bool]:
    """Whether each broken build is caught, with the provider that sends whatever it is handed."""
    works = [_control(folder / f"control-{n}", template, promise, seed) for n, promise in enumerate(CONTROLS)]
    said = run_together(works)
    return {promise: _heard(words).broken[promise] > 0 for promise, words in zip(CONTROLS, said, strict=True)}


def _control(folder: Path, template: Path, promise: str, seed: int) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        world, counted = _world(folder, template, f"{seed} {promise}"), Counted()
        with CONTROLS[promise]():
            while counted.kills < MOST_KILLS_OF_A_CONTROL and not counted.broken[promise]:
                counted.add(world.kill_one_queue("forgetful", MOST_KILLS_OF_ONE_QUEUE))
        say(_told(counted))
        return DONE

    return work


def _world(folder: Path, template: Path, seed: str) -> World:
    folder.mkdir(mode=0o700)
    return World(folder, template, random.Random(seed))


def _told(counted: Counted) -> str:
    return json.dumps([counted.kills, counted.queues, counted.broken, counted.where, counted.ends])


def _heard(said: str) -> Counted:
    kills, queues, broken, where, ends = json.loads(said)
    return Counted(kills, queues, Counter(broken), Counter(where), Counter(ends))


def _story(counted: Counted) -> str:
    """Where the kills have hit: a campaign that only ever kills between two texts shows nothing."""
    where = ", ".join(f"{count} {words}" for words, count in counted.where.most_common())
    return f"  {counted.kills} kills over {counted.queues} queues; they hit: {where}"


def _ends(counted: Counted) -> str:
    """How many texts of each provider nobody knows about: the price of never sending one twice."""
    shares = []
    for kind in SHARES:
        texts = sum(count for name, count in counted.ends.items() if name.startswith(f"{kind} "))
        unknown = counted.ends[f"{kind} unknown"]
        shares.append(f"{unknown} of {texts} with {kind} ({unknown / max(texts, 1):.1%})")
    return f"  unknown at the end: {', '.join(shares)}"
