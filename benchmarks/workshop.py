"""Where measurements stand: databases of both kinds, the product's server and the bare one, gone at the end."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sqlalchemy.orm import Session

from benchmarks.client import Client
from benchmarks.people import PASSWORD, People, settle
from counseling import create_app
from counseling.database import db
from counseling.routes import viewing
from tests.support.databases import migrate
from tests.support.postgres import Cluster, running_cluster
from tests.support.server import ROOT, LiveServer, free_port
from tests.support.settings import config_for, environment

KINDS = ("sqlite", "postgresql")
# /tmp may lie in memory, where a commit costs nothing; this is a disk on every system that has it.
ON_DISK = "/var/tmp"
# The tests' cluster forgets what is written; this one is as durable as an installation's.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
START_SECONDS = 30.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Installation:
    kind: str
    folder: Path
    url: str
    people: People


class Workshop:
    """Makes an installation of each kind once, and gives copies of it. Use `open_workshop()`."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._prepared: dict[str, Installation] = {}

    @cached_property
    def cluster(self) -> Cluster:
        return self._stack.enter_context(running_cluster(DURABLE))

    def installation(self, kind: str) -> Installation:
        """A copy of the prepared one, to be changed at will."""
        prepared = self._prepared.get(kind) or self._prepare(kind)
        self._prepared[kind] = prepared
        name = f"copy_{next(_numbers)}"
        folder = self.folder / name
        folder.mkdir(mode=0o700)
        if kind == "postgresql":
            url = self.cluster.create_database(name, template="prepared")
        else:
            url = f"sqlite:///{folder / 'diem-tua.db'}"
            shutil.copyfile(prepared.url.removeprefix("sqlite:///"), folder / "diem-tua.db")
        return Installation(kind, folder, url, prepared.people)

    def _prepare(self, kind: str) -> Installation:
        folder = self.folder / f"prepared_{kind}"
        folder.mkdir(mode=0o700)
        url = self.empty_database(kind, "prepared", folder)
        migrate(url, folder)
        with open_session(url, folder) as session:
            people = settle(session)
        return Installation(kind, folder, url, people)

    def empty_database(self, kind: str, name: str, folder: Path) -> str:
        return self.cluster.create_database(name) if kind == "postgresql" else f"sqlite:///{folder / name}.db"

    @contextmanager
    def product(self, installation: Installation) -> Iterator[LiveServer]:
        """`flask serve` on an installation, as people start it."""
        settings = environment(installation.url, installation.folder)
        server = LiveServer(installation.folder, **settings)
        try:
            server.start()
            yield server
        finally:
            server.stop()

    @contextmanager
    def bare(self, kind: str, rows: int = 0, filler: int = 0) -> Iterator[BareServer]:
        """The bare app in a process of its own, on an empty database of the same kind."""
        url = self.empty_database(kind, f"bare_{next(_numbers)}", self.folder)
        server = BareServer(url, rows, filler)
        try:
            server.wait_until_it_answers()
            yield server
        finally:
            server.stop()


class BareServer:
    def __init__(self, url: str, rows: int, filler: int) -> None:
        self.port = free_port()
        arguments = ["-m", "benchmarks.bare_app", url, str(self.port), str(rows), str(filler)]
        self.process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL)

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                Client(self.port).get("/constant?bytes=1")
                return
            except ConnectionError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the bare app did not start") from None
                time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=START_SECONDS)


def signed_in(server: LiveServer, username: str) -> Client:
    client = Client(server.port)
    client.sign_in(username, PASSWORD)
    return client


def pid_of(server: LiveServer) -> int:
    process = server._process
    assert process is not None
    return process.pid


@contextmanager
def open_session(url: str, folder: Path) -> Iterator[Session]:
    """A session of the product's own making, for filling a database."""
    app = create_app(config_for(url, folder))
    with app.app_context():
        engine = db.engine
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
    finally:
        viewing.log_of(app).stop()
        engine.dispose()


@contextmanager
def open_workshop() -> Iterator[Workshop]:
    tempfile.tempdir = ON_DISK if Path(ON_DISK).is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-bench-"))
    try:
        with ExitStack() as stack:
            yield Workshop(folder, stack)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
