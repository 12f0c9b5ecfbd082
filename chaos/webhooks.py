"""The campaign `webhooks`: forged reports that nobody may believe, and true ones that come again and in any order.

Each forgery begins as a report that is right, and is then changed in one of the ways that somebody on the line, or
with a recording, or with a wrong key can change it. What was believed is counted in the database.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from unittest.mock import patch

from chaos.children import Say, run, run_together
from chaos.outcomes import Outcome
from chaos.webhook_world import fill_template, forge, repeat
from counseling.domain import message_states
from counseling.domain.message_states import MessageState

FORGED_PER_FAULT, REPEATED_PER_FAULT = 10, 20  # 5,000 and 10,000 of the smoke tier's 500
A_CONTROL = 300
FORGED, AGAIN = "forged", "again"
PROMISES = {
    FORGED: "webhooks: no forged report is believed",
    AGAIN: "webhooks: repeated and reordered reports have no double effect",
}
Build = Callable[[], AbstractContextManager[object]]
S = MessageState


def no_signature() -> AbstractContextManager[object]:
    """A build that believes whoever knows the address."""
    builds = ExitStack()
    for name in ("is_from_smsgate", "is_from_twilio"):
        builds.enter_context(patch(f"counseling.routes.gateways.{name}", lambda *_: True))
    return builds


def no_memory() -> AbstractContextManager[object]:
    """A build that takes each report for a new one, and lets a final state be left."""
    builds = ExitStack()
    dice = random.Random(0)
    builds.enter_context(patch("counseling.services.inbound._key_of", lambda *_: str(dice.random())))
    builds.enter_context(patch("counseling.services.receipts.after_receipt", lambda _, reported: reported))
    anything = frozenset(S)
    builds.enter_context(patch.dict(message_states.NEXT_STATES, dict.fromkeys(S, anything)))  # type: ignore[arg-type]
    return builds


CONTROLS: dict[str, Build] = {FORGED: no_signature, AGAIN: no_memory}
WORK = {FORGED: forge, AGAIN: repeat}


def run_campaign(faults: int, seed: int) -> list[Outcome]:
    trials = {FORGED: faults * FORGED_PER_FAULT, AGAIN: faults * REPEATED_PER_FAULT}
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-chaos-"))
    try:
        template = folder / "template.db"
        run(lambda _: fill_template(template))
        return [_outcome(folder, template, promise, trials[promise], seed) for promise in PROMISES]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _outcome(folder: Path, template: Path, promise: str, trials: int, seed: int) -> Outcome:
    started = time.monotonic()
    workers = os.cpu_count() or 1
    works = [
        _share(folder / f"{promise}-{n}", template, promise, trials // workers, f"{seed} {n}") for n in range(workers)
    ]
    counted = Counter[str]()
    for words in run_together(works):
        counted.update(json.loads(words))
    caught = json.loads(run(_control(folder, template, promise, seed)).said)["broken"] > 0
    seconds = time.monotonic() - started
    return Outcome(PROMISES[promise], counted["trials"], counted["broken"], caught, seconds, seed)


def _share(folder: Path, template: Path, promise: str, trials: int, seed: str) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        say(json.dumps(WORK[promise](folder, template, trials, seed)))
        return 0

    return work


def _control(folder: Path, template: Path, promise: str, seed: int) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        with CONTROLS[promise]():
            say(json.dumps(WORK[promise](folder / f"{promise}-control", template, A_CONTROL, f"{seed} control")))
        return 0

    return work
