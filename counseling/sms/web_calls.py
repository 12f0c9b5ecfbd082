"""One call to a provider over HTTP, which tells apart what most libraries do not: was anything sent, or not?

Until the connection stands nothing has been sent, whatever went wrong. After that an error says nothing.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0  # to one address of a name, and for each piece of a handshake
REACH_SECONDS = 15.0  # from looking up the name to the end of the handshake
# From the first byte sent to the last one read; a server that drips its answer does not hold us longer.
ANSWER_SECONDS = 10.0
LONGEST_ANSWER = 1024 * 1024
GAVE_UP = 408  # says a proxy in between, and nobody knows what had passed by then


class NotReached(Exception):  # noqa: N818 - says what happened
    """No connection: provably nothing was sent. `is_stranger`: who answers cannot show that it is the right one."""

    def __init__(self, *, is_stranger: bool = False) -> None:
        super().__init__("stranger" if is_stranger else "not reached")
        self.is_stranger = is_stranger


class NoAnswer(Exception):  # noqa: N818 - says what happened
    """The connection stood and no whole answer came: it may have got everything."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The answer's JSON object; empty where it is anything else, such as the page of a hotel's network."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def call(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Answer:
    """Call once, follow nothing, ask no proxy. Raises NotReached, NoAnswer."""
    parts = urlsplit(url)
    connection = _connection(parts.scheme, parts.hostname or "", parts.port)
    try:
        _connect(connection)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _exchange(connection, method, path, headers, body)
    finally:
        connection.close()


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=CONNECT_SECONDS, context=_trust())
    return http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)


@cache
def _trust() -> ssl.SSLContext:
    """The system's authorities; reading them costs 20 ms, so once for the process."""
    return ssl.create_default_context()


def _connect(connection: http.client.HTTPConnection) -> None:
    """In a thread of its own: nothing ends a lookup of a name but the system, which may take minutes."""
    reached: Future[None] = Future()
    threading.Thread(target=_reach, args=[connection, reached], daemon=True).start()
    try:
        reached.result(REACH_SECONDS)
    except ssl.SSLCertVerificationError as error:
        raise NotReached(is_stranger=True) from error
    except (OSError, UnicodeError) as error:  # the name is unknown, nobody listens, it takes too long
        raise NotReached from error
    finally:
        reached.cancel()  # harmless where it has ended


def _reach(connection: http.client.HTTPConnection, reached: Future[None]) -> None:
    try:
        connection.connect()
    except Exception as error:
        with suppress(InvalidStateError):
            reached.set_exception(error)
        return
    try:
        reached.set_result(None)
    except InvalidStateError:  # nobody waits any more, and nothing was sent
        connection.close()


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
) -> Answer:
    wire = connection.sock
    wire.settimeout(ANSWER_SECONDS)
    end = threading.Timer(ANSWER_SECONDS, _cut, [wire])
    end.daemon = True
    end.start()
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(LONGEST_ANSWER))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer from error
    finally:
        end.cancel()


def _cut(wire: socket.socket) -> None:
    try:
        wire.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it was over already
