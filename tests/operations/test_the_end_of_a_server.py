"""What goes on when `serve` ends while somebody still waits for an answer."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from waitress import server as waitress_server
from waitress import wasyncore

from counseling.commands import serving
from tests.support.server import free_port
from tests.support.settings import config_for

FILES = 40  # more than a server has open: the numbers of all that it closes are given out again


def test_an_answer_that_outlasts_the_server_writes_into_no_file(
    app: Flask, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes the server through a pipe. Where the pipe were closed, its number could be that of the database by then:
    one byte at the beginning of that file, and nobody could ever open it again."""
    made: list[Any] = []
    create = waitress_server.create_server

    def ends_at_once(*arguments: Any, **settings: Any) -> Any:
        server = create(*arguments, **settings)
        monkeypatch.setattr(server, "run", lambda: None)
        made.append(server)
        return server

    monkeypatch.setattr(waitress_server, "create_server", ends_at_once)
    monkeypatch.setattr(serving, "ticking", lambda *_: nullcontext())
    with app.app_context():
        serving._serve_until_told_to_stop(replace(config_for(database_url, tmp_path), port=free_port()))
    paths = [tmp_path / str(number) for number in range(FILES)]
    with ExitStack() as opened:
        for path in paths:
            path.write_bytes(b"salt and all that follows")
            opened.enter_context(path.open("r+b"))
        made[0].pull_trigger()  # as each of its threads does with an answer in hand
    wasyncore.close_all(made[0]._map)
    assert {path.read_bytes() for path in paths} == {b"salt and all that follows"}
