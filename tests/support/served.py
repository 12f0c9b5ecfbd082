"""An application of the test's own process behind a real server, which is ended with all its threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from tests.support.server import free_port

END_SECONDS = 10.0


@contextmanager
def served(app: Flask) -> Iterator[int]:
    """The port on which it is served."""
    port = free_port()
    server: Any = create_server(app, host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield port
    end(server)
    thread.join(END_SECONDS)
    assert not thread.is_alive(), "the server did not end"


def end(server: Any) -> None:
    """In its own thread, once every answer is given: whoever answers later would write into what is closed here.

    `server.close()` leaves its threads behind, and each writes a byte into whatever file has the number of its pipe.
    """

    def close_all() -> None:
        server.task_dispatcher.shutdown(timeout=END_SECONDS)
        if not server.task_dispatcher.threads:
            wasyncore.close_all(server._map)

    server.trigger.pull_trigger(close_all)
