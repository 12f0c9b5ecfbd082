"""The real server as a process of its own, on a copy of a demo installation."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.forked import ForkedFlask
from tests.support.once import made_once
from tests.support.settings import MORNING

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 20.0
# Below the ports that outgoing connections get. Each process has a block of its own, also beside another run of the
# tests or a campaign on this machine: what is down for a moment must not find its port taken.
FIRST_PORT, PORTS_PER_PROCESS, BLOCKS = 20_000, 500, 25
_offsets = itertools.cycle(random.sample(range(PORTS_PER_PROCESS), PORTS_PER_PROCESS))


class LiveServer:
    """`flask serve` on a demo folder; `stop()` and `start()` keep address and data. `log_path` is all it wrote.

    `forked`: from a process that has the program imported; otherwise from nothing, as people start it.
    """

    def __init__(self, instance: Path, *, forked: bool = False, **environment: str) -> None:
        self.instance = instance
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = instance / "server.log"
        self._environment = {**demo_environment(instance), "PORT": str(self.port), **environment}
        self._forked = forked
        self._process: subprocess.Popen[bytes] | ForkedFlask | None = None

    def start(self) -> None:
        """Start it and wait until /readyz says 200. Raises RuntimeError with the log when it does not."""
        self._process = self._forked_process() if self._forked else self._own_process()
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGKILL)
                raise RuntimeError(f"The server did not get ready:\n{self.log_path.read_text(encoding='utf-8')}")
            time.sleep(0.05)

    def _own_process(self) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                flask_command("serve"),
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _forked_process(self) -> ForkedFlask:
        return ForkedFlask(["--app", "wsgi", "serve"], ROOT, self._environment, self.log_path)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it as a person (SIGINT), a service manager (SIGTERM) or bad luck (SIGKILL) would; harmless when down."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@pytest.fixture(scope="session")
def demo_instance(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The folder of a demo installation with its invented people: made once per run, to be copied and not touched."""

    def make(folder: Path) -> None:
        for command in ("init", "demo"):
            run_flask(folder, command)

    return made_once(tmp_path_factory, worker_id, "demo", make)


@pytest.fixture(scope="session")
def new_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation without people: made once per test process, to be copied and not touched."""
    folder = tmp_path_factory.mktemp("new_instance")
    run_flask(folder, "init")
    return folder


@pytest.fixture
def live_server(demo_instance: Path, tmp_path: Path) -> Iterator[LiveServer]:
    """A running demo of the test's own, at MORNING."""
    instance = tmp_path / "live"
    shutil.copytree(demo_instance, instance)
    server = LiveServer(instance, forked=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def demo_environment(instance: Path) -> dict[str, str]:
    """As `make run` has it; nothing that the machine's own environment sets for the program gets in."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**inherited, "INSTANCE_PATH": str(instance), "DEMO": "1", "DEMO_NOW": MORNING.isoformat()}


def flask_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


def run_flask(instance: Path, *arguments: str) -> str:
    """Run one command of the program on a demo folder; returns what it printed, raises when it failed."""
    done = subprocess.run(
        flask_command(*arguments), cwd=ROOT, env=demo_environment(instance), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"flask {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    """A loopback port that nobody listens on and no other process of the tests, of this run or another, will choose."""
    first = FIRST_PORT + _own_block().number * PORTS_PER_PROCESS
    for _ in range(PORTS_PER_PROCESS):
        port = first + next(_offsets)
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port for a test server")


class _Block(NamedTuple):
    """So many ports of one process. `holder`: a name that only one process can have; free again when it ends."""

    number: int
    holder: socket.socket


@cache
def _own_block() -> _Block:
    for number in range(BLOCKS):
        holder = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            holder.bind(f"\0diem-tua-test-ports-{number}")
        except OSError:
            holder.close()
            continue
        return _Block(number, holder)
    raise RuntimeError("too many runs of the tests at once")
