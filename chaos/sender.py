"""The campaign `sender`: a process that sends a queue is killed at random moments, until the queue is empty.

Three providers: the product's simulator, one that knows our references, and one that does not and sends whatever it is
handed. Each keeps its own record, which no kill undoes. A third of the kills hit batches on PostgreSQL.
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
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from unittest.mock import patch

from chaos.children import Say, run_together
from chaos.outcomes import Outcome
from chaos.sender_judge import TOO_MANY, TWICE, UNACCOUNTED
from chaos.sender_world import DONE, Counted, Kind, World, prepare
from counseling.domain.message_states import MessageState
from tests.support.postgres import Cluster, running_cluster

BLIND, BLIND_IN_BATCHES = Kind("forgetful"), Kind("forgetful", in_batches=True)
SHARES = {  # of the kills
    BLIND: 0.27, Kind("simulator"): 0.27, Kind("mindful"): 0.13,
    BLIND_IN_BATCHES: 0.2, Kind("mindful", in_batches=True): 0.13,
}  # fmt: skip
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
        with running_cluster() as cluster:
            prepare(folder, cluster)
            counted = _kill(folder, cluster, kills, seed)
            caught = _catch(folder, cluster, seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(_story(counted), file=sys.stderr)
    print(_ends(counted), file=sys.stderr)
    seconds = time.monotonic() - started
    return [
        Outcome(words, counted.kills, counted.broken[promise], caught[promise], seconds, seed)
        for promise, words in PROMISES.items()
    ]


def _kill(folder: Path, cluster: Cluster, kills: int, seed: int) -> Counted:
    """Every provider's share of the kills, on as many processes as there are cores."""
    workers = os.cpu_count() or 1
    works = [_share(folder / f"worker-{n}", cluster, kills / workers, f"{seed} {n}") for n in range(workers)]
    counted = Counted()
    for said in run_together(works):
        counted.add(_heard(said))
    return counted


def _share(folder: Path, cluster: Cluster, kills: float, seed: str) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        world, counted = _world(folder, cluster, seed, SHARES), Counted()
        for kind, share in SHARES.items():
            goal = counted.kills + kills * share
            while counted.kills < goal:
                counted.add(world.kill_one_queue(kind, MOST_KILLS_OF_ONE_QUEUE))
        say(_told(counted))
        return DONE

    return work


def _catch(folder: Path, cluster: Cluster, seed: int) -> dict[str, bool]:
    """Whether each broken build is caught, one by one and in batches, with the provider that sends whatever it gets."""
    tried = [(promise, kind) for promise in CONTROLS for kind in (BLIND, BLIND_IN_BATCHES)]
    works = [_control(folder / f"control-{n}", cluster, *one, seed) for n, one in enumerate(tried)]
    said = dict(zip(tried, run_together(works), strict=True))
    return {
        promise: all(_heard(said[promise, kind]).broken[promise] > 0 for kind in (BLIND, BLIND_IN_BATCHES))
        for promise in CONTROLS
    }


def _control(folder: Path, cluster: Cluster, promise: str, kind: Kind, seed: int) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        world, counted = _world(folder, cluster, f"{seed} {promise}", [kind]), Counted()
        with CONTROLS[promise]():
            while counted.kills < MOST_KILLS_OF_A_CONTROL and not counted.broken[promise]:
                counted.add(world.kill_one_queue(kind, MOST_KILLS_OF_ONE_QUEUE))
        say(_told(counted))
        return DONE

    return work


def _world(folder: Path, cluster: Cluster, seed: str, kinds: Iterable[Kind]) -> World:
    folder.mkdir(mode=0o700)
    return World(folder, cluster, random.Random(seed), kinds)


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
        texts = sum(count for name, count in counted.ends.items() if name.rpartition(" ")[0] == str(kind))
        unknown = counted.ends[f"{kind} unknown"]
        shares.append(f"{unknown} of {texts} with {kind} ({unknown / max(texts, 1):.1%})")
    return f"  unknown at the end: {', '.join(shares)}"
