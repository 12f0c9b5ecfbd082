"""No call waits without end, and what was not reached has got nothing."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from typing import Any

import pytest

from counseling.sms import web_calls
from counseling.sms.web_calls import NotReached, call
from tests.support.fake_phone import running_phone
from tests.support.outbox import EIGHT


def test_a_name_that_takes_for_ever_to_look_up_holds_nobody_and_a_connection_that_comes_late_is_put_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, put_down = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(*asked: Any, **more: Any) -> Any:
        found.wait(10)
        return look_up(*asked, **more)

    class Watched(http.client.HTTPConnection):
        def close(self) -> None:
            stood = self.sock is not None
            super().close()
            if stood:
                put_down.set()

    with running_phone(lambda: EIGHT) as phone:
        monkeypatch.setattr(web_calls, "REACH_SECONDS", 0.1)
        monkeypatch.setattr(http.client, "HTTPConnection", Watched)
        monkeypatch.setattr(socket, "getaddrinfo", slow)
        with pytest.raises(NotReached):
            call("POST", phone.account.url, headers={}, body=b"{}")
        assert not put_down.is_set()
        found.set()
        assert put_down.wait(10)
        assert phone.requests == []


def test_a_handshake_that_never_ends_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_calls, "REACH_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(NotReached):
            call("GET", f"https://127.0.0.1:{silent.getsockname()[1]}", headers={})
    assert time.monotonic() - began < web_calls.CONNECT_SECONDS
