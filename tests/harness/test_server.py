"""The real server in a real browser."""

import shutil
import signal
from pathlib import Path

import pytest

from tests.support.browser import PHONE, NewPage
from tests.support.server import LiveServer


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
