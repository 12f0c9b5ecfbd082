"""The real server in a real browser."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.browser import PHONE, NewPage
from tests.support.server import FIRST_PORT, PORTS_PER_PROCESS, ROOT, LiveServer, free_port


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_and_starts_again_at_its_address(
    new_instance: Path, tmp_path: Path, new_page: NewPage, how: signal.Signals
) -> None:
    instance = tmp_path / "served"
    shutil.copytree(new_instance, instance)
    page, server = new_page(PHONE), LiveServer(instance, forked=how is not signal.SIGINT)
    try:
        server.start()
        server.stop(how)
        with pytest.raises(Exception, match="ERR_CONNECTION_REFUSED"):
            page.goto(server.url)
        server.start()
        answer = new_page(PHONE).goto(f"{server.url}/readyz")  # the first is still busy with its error
        assert answer is not None
        assert answer.status == 200
    finally:
        server.stop()


def test_two_runs_at_once_never_choose_the_same_port() -> None:
    ask = "from tests.support.server import free_port; print(free_port()); input()"
    command = [sys.executable, "-c", ask]
    others = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [other.stdout.readline() for other in others if other.stdout is not None]
    blocks = {(port - FIRST_PORT) // PORTS_PER_PROCESS for port in (free_port(), *map(int, said))}
    for other in others:
        other.communicate("\n")
    assert len(blocks) == 3
