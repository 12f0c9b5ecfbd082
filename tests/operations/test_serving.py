"""`serve` as a process of its own: one per instance folder, ready or not at all, gone when told."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.server import ROOT, LiveServer, demo_environment, flask_command


@pytest.fixture
def instance(new_instance: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    shutil.copytree(new_instance, folder)
    return folder


@pytest.fixture
def server(instance: Path) -> Iterator[LiveServer]:
    yield from running(LiveServer(instance, forked=True))


@pytest.fixture
def server_from_nothing(instance: Path) -> Iterator[LiveServer]:
    """As people start it: what it prints, and how its process ends."""
    yield from running(LiveServer(instance))


def running(server: LiveServer) -> Iterator[LiveServer]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def serve_in_vain(instance: Path, **environment: str) -> str:
    """Run `serve`, which must refuse; returns what it said."""
    done = subprocess.run(
        flask_command("serve"),
        cwd=ROOT,
        env={**demo_environment(instance), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def pid_of(server: LiveServer) -> int:
    process = server._process
    assert process is not None
    return process.pid


def test_what_only_others_need_is_not_in_memory(instance: Path) -> None:
    """What runs migrations and PostgreSQL's driver: a seventh of the memory of a process that needs neither."""
    look = "import sys, flask.cli, wsgi; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", look],
        cwd=ROOT,
        env=demo_environment(instance),
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert "counseling" in loaded
    assert not loaded & {"alembic", "mako", "pygments", "psycopg", "psycopg_binary"}


def test_it_says_where_it_serves_and_names_no_server_in_its_answers(server_from_nothing: LiveServer) -> None:
    server = server_from_nothing
    answer = requests.get(f"{server.url}/healthz", timeout=10)
    assert answer.json() == {"ok": True}
    assert "Server" not in answer.headers
    assert server.url in server.log_path.read_text(encoding="utf-8")


def test_a_second_server_on_the_same_folder_is_refused_in_one_sentence(server: LiveServer) -> None:
    assert "Another `serve` is running" in serve_in_vain(server.instance, PORT=str(server.port + 7))


def test_a_killed_server_does_not_keep_the_lock(server: LiveServer) -> None:
    server.stop(signal.SIGKILL)
    server.start()
    assert requests.get(f"{server.url}/readyz", timeout=10).status_code == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_when_told(server_from_nothing: LiveServer, how: signal.Signals) -> None:
    server = server_from_nothing
    process = server._process
    assert process is not None
    server.stop(how)
    assert process.returncode == 0
    log = server.log_path.read_text(encoding="utf-8")
    assert log.endswith("Stopped.\n")
    assert "Traceback" not in log


def test_it_refuses_a_database_that_is_not_migrated(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    assert "flask --app wsgi init" in serve_in_vain(folder)


def test_it_says_when_the_port_is_taken(instance: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "is it taken?" in serve_in_vain(instance, PORT=str(taken.getsockname()[1]))


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(server: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900000000\r\n\r\n")
        assert connection.recv(100).split()[1] == b"413"


def test_what_people_send_is_never_put_into_a_temporary_file(server: LiveServer) -> None:
    """Read from /proc while a large body is on its way: no deleted or temporary file is open."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n")
        connection.sendall(b"x" * 7_000_000)
        time.sleep(0.3)  # the server reads; nothing it does in this time is waited for
        descriptors = Path(f"/proc/{pid_of(server)}/fd")
        targets = [str(path.readlink()) for path in descriptors.iterdir()]
    files = [target for target in targets if target.startswith("/") and not target.startswith("/dev/")]
    assert all(target.startswith(str(server.instance)) for target in files), files


def test_every_file_it_writes_is_for_its_account_only(server: LiveServer) -> None:
    files = [path for path in server.instance.rglob("*") if path.is_file() and path != server.log_path]
    assert files
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
