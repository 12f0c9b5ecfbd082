"""`worker` as a process of its own on PostgreSQL: it ticks, a second one stands by, and both end when told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from tests.support.server import ROOT, demo_environment, flask_command

START_SECONDS = 60.0
# Told to end at its nth step from being ready to be told to waiting for it; after the last of them: while it waits.
TOLD_AT_EVERY_STEP = """
import faulthandler, os, signal, sys
from counseling.commands import ticking

def told_at(step):
    faulthandler.dump_traceback_later(20, exit=True)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    told, steps = ticking._told_to_end(), 0
    def trace(frame, event, argument):
        nonlocal steps
        if frame.f_code.co_name == "<lambda>":
            return None
        frame.f_trace_opcodes, steps = True, steps + 1
        if steps == step:
            sys.settrace(None)
            os.kill(os.getpid(), signal.SIGTERM)
        return trace
    def waits():
        os.read(told, 1)
        sys.settrace(None)
        return steps >= step
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    sys.settrace(trace)
    os._exit(0 if waits() else 3)

for step in range(1, 1000):
    child = os.fork()
    if child == 0:
        told_at(step)
    ended = os.waitpid(child, 0)[1]
    if ended:
        break
print(step, os.waitstatus_to_exitcode(ended))
"""


@pytest.fixture
def start(postgresql_url: str, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start `flask worker` on the test's database."""
    workers: list[subprocess.Popen[str]] = []
    environment = {**demo_environment(tmp_path), "DATABASE_URL": postgresql_url}

    def begin() -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        workers.append(
            subprocess.Popen(
                flask_command("worker"), cwd=ROOT, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True
            )
        )
        return workers[-1]

    yield begin
    for worker in workers:
        worker.kill()
        worker.communicate()


@pytest.fixture
def engine(postgresql_url: str) -> Iterator[Engine]:
    engine = create_engine(postgresql_url.replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def holders(engine: Engine) -> set[int]:
    """Backends of the database that hold the advisory lock."""
    query = text(
        "SELECT l.pid FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE l.locktype = 'advisory' AND d.datname = current_database()"
    )
    with engine.connect() as connection:
        return set(connection.execute(query).scalars())


def beats(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text("SELECT name FROM worker_beats")).scalars())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_one_worker_ticks_a_second_stands_by_and_both_end_when_told(
    start: Callable[[], subprocess.Popen[str]], engine: Engine, how: signal.Signals
) -> None:
    first = start()
    wait_until(lambda: beats(engine) == {"tick", "plan", "steady"} and len(holders(engine)) == 1)
    held = holders(engine)
    second = start()
    assert second.stdout is not None
    assert second.stdout.readline().startswith("Ticking, or standing by")
    assert holders(engine) == held
    for worker in (second, first):
        os.kill(worker.pid, how)
        said, _ = worker.communicate(timeout=30)
        assert worker.returncode == 0
        assert said.endswith("Stopped.\n")
        assert "Traceback" not in said
    wait_until(lambda: not holders(engine))


def test_told_to_end_at_any_moment_it_ends() -> None:
    """Python answers a signal between two steps of what it is doing: where both took one lock, it would never end."""
    ran = subprocess.run(
        [sys.executable, "-c", TOLD_AT_EVERY_STEP], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    last_step, ended = map(int, ran.stdout.split())
    assert last_step > 3, ran.stderr
    assert ended == 3, ran.stderr
