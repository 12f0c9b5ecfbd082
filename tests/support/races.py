"""Two people of ours at the same second."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal


def at_the_same_second(engine: Engine, *acts: Callable[[Session], object]) -> list[object]:
    """Run each act in a thread and a session of its own; gives what each returned, or the refusal it met."""
    gate, outcomes = threading.Barrier(len(acts)), list[object]([None] * len(acts))

    def run(number: int, act: Callable[[Session], object]) -> None:
        with Session(engine, expire_on_commit=False) as own:
            gate.wait(timeout=30)
            try:
                outcomes[number] = act(own)
            except (Refusal, DBAPIError) as refused:
                outcomes[number] = refused

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes
