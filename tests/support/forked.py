"""The program in a child process that has it imported already: a second of computing less for each story.

The children come from a process that was started clean, so no connection or lock of the tests crosses into them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["flask.cli", "tests.support.preloaded"])


class ForkedFlask:
    """`flask …` with its own environment, in `cwd`, all that it writes going to a file. Speaks like a Popen."""

    def __init__(self, arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], log_path: Path) -> None:
        self._process = FORKS.Process(target=_run, args=(list(arguments), cwd, dict(environment), log_path))
        self._process.start()

    @property
    def pid(self) -> int:
        pid = self._process.pid
        assert pid is not None
        return pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, how: signal.Signals) -> None:
        os.kill(self.pid, how)

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("flask", timeout or 0)
        return code


def _run(arguments: list[str], cwd: Path, environment: dict[str, str], log_path: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    log = os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(ours, theirs)
    from flask.cli import main

    sys.argv = ["flask", *arguments]
    main()
