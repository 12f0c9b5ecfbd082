"""A client that costs little beside what it measures: one socket, requests built before the clock starts."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

TIMEOUT_SECONDS = 60.0
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@dataclass(frozen=True)
class Answer:
    status: int
    headers: bytes
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}: (.*?)\r?$", self.headers.decode(), re.IGNORECASE | re.MULTILINE)
        return found.group(1) if found else ""

    def hidden_fields(self) -> dict[str, str]:
        return dict(HIDDEN.findall(self.text))


class Client:
    """One browser. Cookies are kept by hand: no library sends a Secure one over plain http."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self._socket: socket.socket | None = None

    def connect(self) -> None:
        """A fresh connection: the server closes one that was silent for a minute."""
        self.close()
        self._socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def request(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/x-www-form-urlencoded"
    ) -> bytes:
        """The bytes of a request with the cookies of this moment."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if body is not None:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (body or b"")

    def form(self, path: str, fields: Mapping[str, str]) -> bytes:
        return self.request("POST", path, urlencode(fields).encode())

    def send(self, request: bytes) -> Answer:
        if self._socket is None:
            self.connect()
        connection = self._socket
        assert connection is not None
        connection.sendall(request)
        received = connection.recv(65536)
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += _more(connection, received)
        head = received[:end]
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        length = int(found.group(1)) if found else 0
        parts, missing = [received[end + 4 :]], length - (len(received) - end - 4)
        while missing > 0:
            parts.append(_more(connection, head))
            missing -= len(parts[-1])
        answer = Answer(int(head[9:12]), head, b"".join(parts))
        if b"et-cookie" in head.lower():
            self._keep_cookies(head.decode())
        return answer

    def timed(self, request: bytes) -> tuple[float, Answer]:
        """Milliseconds from the first byte sent to the last one received."""
        start = time.perf_counter()
        answer = self.send(request)
        return (time.perf_counter() - start) * 1000, answer

    def get(self, path: str) -> Answer:
        return self.send(self.request("GET", path))

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        return self.send(self.form(path, fields))

    def sign_in(self, username: str, password: str) -> None:
        token = self.get("/login").hidden_fields()["csrf_token"]
        answer = self.post("/login", {"csrf_token": token, "username": username, "password": password})
        if answer.status != 303:
            raise RuntimeError(f"{username} could not sign in: {answer.status}")

    def _keep_cookies(self, head: str) -> None:
        for line in head.split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                key, _, content = value.strip().split(";")[0].partition("=")
                self.cookies[key] = content


def _more(connection: socket.socket, so_far: bytes) -> bytes:
    part = connection.recv(262144)
    if not part:
        raise ConnectionError(f"the server closed the connection after {len(so_far)} bytes")
    return part
