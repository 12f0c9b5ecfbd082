"""The campaign `gateway`: weeks of texts through everything that goes wrong between us and a phone."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from unittest.mock import patch

from chaos.children import Say, run, run_together
from chaos.gateway_judge import CAP, GONE, IN_TIME, ONE_END
from chaos.gateway_week import fill_template, live_a_week
from chaos.outcomes import Outcome
from counseling.domain.message_states import MessageState
from counseling.services.message_moves import back_to_queue

TEXTS_PER_FAULT = 4  # 2,000 of the smoke tier's 500
MOST_TEXTS_OF_A_WEEK = 1_000
TEXTS_OF_A_CONTROL, DAYS_OF_A_CONTROL = 100, 1
MOST_TURNS_OF_A_CONTROL = 8
PROMISES = {
    ONE_END: "gateway: each text ends in one state that is true, none on the air twice",
    IN_TIME: "gateway: none on the air at night, none after it has lost its sense",
    CAP: "gateway: nobody gets more than three automatic texts a day",
    GONE: "gateway: whoever leaves, dies or writes NGUNG gets no more reminders",
}
Build = Callable[[], AbstractContextManager[object]]


def hasty_fallback() -> AbstractContextManager[object]:
    """A build in which the second gateway takes what the first may have."""
    builds = ExitStack()
    module = "counseling.services.sweeping"
    builds.enter_context(patch(f"{module}.after_lost_attempt", lambda *_, **__: MessageState.QUEUED))
    builds.enter_context(patch(f"{module}.back_to_queue", lambda *moved, **_: back_to_queue(*moved)))
    return builds


def no_night() -> AbstractContextManager[object]:
    """A build that looks at no clock before it sends."""
    return patch("counseling.services.reminder_gates.is_quiet", lambda *_: False)


def no_cap() -> AbstractContextManager[object]:
    """A build that counts nobody's texts."""
    return patch("counseling.services.message_attempts.is_exempt", lambda _: True)


def nobody_leaves() -> AbstractContextManager[object]:
    """A build that takes nothing back and does not ask again whether somebody is still there."""
    builds = ExitStack()
    for taken_back in ("cancel_unsent", "_cancel_unasked"):
        builds.enter_context(patch(f"counseling.services.text_cancelling.{taken_back}", lambda *_: None))
    for looked_at in ("_why_not_this_person", "_why_not_this_line"):
        builds.enter_context(patch(f"counseling.services.reminder_gates.{looked_at}", lambda *_: None))
    return builds


# Promise → the build that breaks it, which the campaign must catch.
CONTROLS: dict[str, Build] = {ONE_END: hasty_fallback, IN_TIME: no_night, CAP: no_cap, GONE: nobody_leaves}


def run_campaign(faults: int, seed: int) -> list[Outcome]:
    started = time.monotonic()
    texts = faults * TEXTS_PER_FAULT
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-chaos-"))
    try:
        template = folder / "template.db"
        run(lambda _: fill_template(template))
        said = run_together([*_shares(folder, template, texts, seed)])
        caught = run_together([_control(folder, template, promise, seed) for promise in CONTROLS])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    broken, met = Counter[str](), Counter[str]()
    for words in said:
        one, of_it = json.loads(words)
        broken.update(one)
        met.update(of_it)
    print("  met: " + ", ".join(f"{count} {words}" for words, count in met.most_common()), file=sys.stderr)
    is_caught = {promise: json.loads(words) > 0 for promise, words in zip(CONTROLS, caught, strict=True)}
    seconds = time.monotonic() - started
    return [
        Outcome(words, texts, broken[promise], is_caught[promise], seconds, seed) for promise, words in PROMISES.items()
    ]


def _shares(folder: Path, template: Path, texts: int, seed: int) -> list[Callable[[Say], int]]:
    """As many processes as there are cores; each lives its weeks one after another."""
    workers = os.cpu_count() or 1
    return [_share(folder / f"worker-{n}", template, texts // workers, f"{seed} {n}") for n in range(workers)]


def _share(folder: Path, template: Path, texts: int, seed: str) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        broken, met, left, number = Counter[str](), Counter[str](), texts, 0
        while left > 0:
            of_week = min(left, MOST_TEXTS_OF_A_WEEK)
            one, of_it = live_a_week(folder / str(number), template, of_week, f"{seed} {number}")
            for promise, stories in one.items():
                broken[promise] += len(stories)
                for story in stories:
                    print(f"  {promise}: {story}", file=sys.stderr)
            met.update(of_it)
            left, number = left - of_week, number + 1
        say(json.dumps([broken, met]))
        return 0

    return work


def _control(folder: Path, template: Path, promise: str, seed: int) -> Callable[[Say], int]:
    def work(say: Say) -> int:
        own = folder / f"control-{promise.replace(' ', '-')}"
        for turn in range(MOST_TURNS_OF_A_CONTROL):
            with CONTROLS[promise]():
                broken, _ = live_a_week(
                    own / str(turn), template, TEXTS_OF_A_CONTROL, f"{seed} {promise} {turn}", DAYS_OF_A_CONTROL
                )
            if broken[promise]:
                break
        say(json.dumps(len(broken[promise])))
        return 0

    return work
