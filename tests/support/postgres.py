"""A throw-away PostgreSQL cluster: its own folder, reachable only through a socket in it, gone at the end.

No port is taken, so clusters of parallel test processes cannot meet, and nobody else on the machine can connect.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql

OWNER = "counseling"  # owns every database and is no superuser: what needs one must fail here too
START_SECONDS = 30.0
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "timezone": "UTC",
    # Nothing here outlives the tests; durability is a matter of the fault campaigns.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "log_checkpoints": "off",
    "autovacuum": "off",
    "jit": "off",
    # As an installation is told to set them: a refused double dose must not write the patient's key into the log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class Cluster:
    """A server of our own with its databases. `log_path` is everything that the server wrote."""

    def __init__(self, folder: Path, settings: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log_path = folder / "server.log"
        self.settings = {**SETTINGS, "unix_socket_directories": str(folder), **(settings or {})}
        self._server: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the files of the cluster; a server of PostgreSQL refuses to run as root, so they may change owner."""
        account = _account()
        if account is not None:
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        arguments = [
            "-D",
            str(self.data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run(_command("initdb", arguments), check=True, capture_output=True, cwd=self.folder)

    def start(self) -> None:
        """Start the server and wait until it answers. Raises RuntimeError with the log when it does not."""
        options = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with self.log_path.open("ab") as log:
            self._server = subprocess.Popen(
                _command("postgres", ["-D", str(self.data), *options]),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,  # Ctrl-C is for the tests; they stop the server when they are done
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.stop(signal.SIGQUIT)
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log_path.read_text(encoding='utf-8')}")
            time.sleep(0.02)

    def written_from_now(self) -> Callable[[], str]:
        """What it has written since: stories before may have let it write anything on purpose."""
        before = self.log_path.stat().st_size
        return lambda: self.log_path.read_bytes()[before:].decode()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT in order, SIGQUIT at once as in a crash. Harmless when it is down."""
        server, self._server = self._server, None
        if server is not None and server.poll() is None:
            server.send_signal(how)
            server.wait(timeout=START_SECONDS)

    def kill(self) -> None:
        """kill -9 of the server and of every process of it; `start()` recovers."""
        server, self._server = self._server, None
        if server is not None:
            server.send_signal(signal.SIGSTOP)  # so that it starts no further process
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
            for pid in (*map(int, children.split()), server.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            server.wait(timeout=START_SECONDS)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    def create_owner(self) -> None:
        self._execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(OWNER)))

    def create_database(self, name: str, template: str = "template0") -> str:
        """A database for the tests' owner, copied from `template` (nobody may be connected to it). Returns its URL."""
        names = [sql.Identifier(part) for part in (name, template, OWNER)]
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(*names))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop it even when something is still connected."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """As the superuser that no test is, each statement for itself."""
        return psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True)

    def _execute(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_cluster(settings: dict[str, str] | None = None) -> Iterator[Cluster]:
    """A fresh cluster that answers; stopped and deleted at the end, also when the tests are interrupted."""
    # Not in pytest's folder: that one is closed to the account that the server runs under.
    folder = Path(tempfile.mkdtemp(prefix="diem-tua-postgres-"))
    cluster = Cluster(folder, settings)
    try:
        cluster.create()
        cluster.start()
        cluster.create_owner()
        yield cluster
    finally:
        cluster.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _command(program: str, arguments: Sequence[str]) -> list[str]:
    """How to run one of PostgreSQL's programs: it ends with us, and has another account when we are root."""
    account = _account()
    # --pdeathsig: whoever kills the tests with -9 leaves no server behind.
    guard = ["setpriv", "--pdeathsig", "SIGQUIT"]
    if account is not None:
        guard += ["--reuid", str(account.pw_uid), "--regid", str(account.pw_gid), "--clear-groups"]
    return [*guard, str(_binaries() / program), *arguments]


def _account() -> pwd.struct_passwd | None:
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _binaries() -> Path:
    """The folder of the newest installed server; Debian keeps it off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("PostgreSQL's server is not installed: `make test` installs it.")
    return Path(on_path).resolve().parent
