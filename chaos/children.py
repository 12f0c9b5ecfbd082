"""Children that are killed in the middle.

They are forked from a process that has imported everything and has nothing open: a child costs some milliseconds
instead of a second, and no connection crosses the fork.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# What a child says: one short line, written at once, so that it is heard even when the child is killed.
Say = Callable[[str], None]
BROKE = 70
LONGEST_SECONDS = 60.0


class ChildBroke(Exception):  # noqa: N818 - says what happened
    """A child ended with an error of its own: the campaign itself is wrong. Its traceback stands above."""


@dataclass(frozen=True)
class Ended:
    """How a child ended: by our SIGKILL, or by itself with a code. `said` is all that it said."""

    was_killed: bool
    code: int
    said: str
    seconds: float


def run(work: Callable[[Say], int], kill_after: float | None = None) -> Ended:
    """Run `work` in a child, and kill it after so many seconds unless it has ended before. Raises ChildBroke."""
    started = time.monotonic()
    pid, pipe = _start(work)
    _wait(pid, LONGEST_SECONDS if kill_after is None else kill_after)
    _, status = os.waitpid(pid, 0)
    seconds = time.monotonic() - started
    said = _read_all(pipe)
    was_killed = os.WIFSIGNALED(status)
    code = -1 if was_killed else os.WEXITSTATUS(status)
    if code == BROKE or (was_killed and kill_after is None):
        raise ChildBroke
    return Ended(was_killed, code, said, seconds)


def run_together(works: Sequence[Callable[[Say], int]]) -> list[str]:
    """Run each in a child of its own, all at once, and give what each said. Raises ChildBroke."""
    started = [_start(work) for work in works]
    said, codes = [], []
    for pid, pipe in started:
        said.append(_read_all(pipe))
        codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    if any(codes):
        raise ChildBroke
    return said


def _start(work: Callable[[Say], int]) -> tuple[int, int]:
    """The child's number, and the end of the pipe on which it is heard."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _be_the_child(work, writing)
    os.close(writing)
    return pid, reading


def _read_all(pipe: int) -> str:
    with os.fdopen(pipe, encoding="utf-8") as file:
        return file.read()


def _wait(pid: int, seconds: float) -> None:
    """Until the child ends or its time is over. Not reaped yet, so the number is still the child's."""
    watched = os.pidfd_open(pid)
    try:
        ended, _, _ = select.select([watched], [], [], seconds)
        if not ended:
            os.kill(pid, signal.SIGKILL)
    finally:
        os.close(watched)


def _be_the_child(work: Callable[[Say], int], pipe: int) -> None:
    code = BROKE
    try:
        code = work(lambda line: _write(pipe, line))
    except BaseException:
        traceback.print_exc(file=sys.stderr)
        sys.stderr.flush()
    finally:
        os._exit(code)  # nothing of the parent's (its buffers, its exit handlers) is done twice


def _write(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())
