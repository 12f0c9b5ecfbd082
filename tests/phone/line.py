"""The line between a phone and the server: none, a portal in between, answers that get lost."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.server import free_port

PORTAL = b"<!doctype html><title>Wi-Fi</title><form><button>Accept</button></form>"
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length"}
Heard = tuple[int, list[tuple[str, str]], bytes]  # status, headers, text


@dataclass
class Line:
    """`url` is where the phone goes. `mode`: up, portal (200 and a page for everything), lost (the server hears, the
    phone does not), slow (6 s for each page). `holds`: requests that begin so ("POST /logout") hang until it is empty
    again; `withholds`: they reach the server, and its answer hangs. `down()` leaves nobody listening."""

    server_port: int
    mode: str = "up"
    holds: str = ""
    withholds: str = ""
    port: int = field(default_factory=free_port)
    entries: list[dict[str, Any]] = field(default_factory=list)  # what reached the server, repeats too
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # what it said to them
    handler: type[Passing] | None = None  # one that does worse than this one
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[str]:
        return [entry["id"] for entry in self.entries]

    def up(self) -> None:
        self.mode = "up"
        if self._server is not None:
            return
        handler = type("Handler", (self.handler or Passing,), {"passes": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def down(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class Passing(BaseHTTPRequestHandler):
    """Hands one request on; each has a connection of its own, so that nothing stays open when the line goes."""

    passes: Line
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, http.client.HTTPException):
            self.close_connection = True  # the browser went away, or the server did

    def do_GET(self) -> None:
        self.pass_on(None)

    def do_POST(self) -> None:
        self.pass_on(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def pass_on(self, body: bytes | None) -> None:
        self.close_connection = True
        line = self.passes
        if line.mode == "portal":
            return self.answer(200, [("Content-Type", "text/html")], PORTAL)
        if line.mode == "slow" and body is None:
            threading.Event().wait(6)
        what = f"{self.command} {self.path}"
        while line.holds and what.startswith(line.holds):
            threading.Event().wait(0.05)
        status, headers, text = self.ask(body)
        while line.withholds and what.startswith(line.withholds):
            threading.Event().wait(0.05)
        if self.path == "/outbox" and body:
            line.entries.append(json.loads(body))
            line.answers.append((status, json.loads(text)))
            if line.mode == "lost":
                return None  # the connection ends here, without a word
        return self.answer(status, headers, text)

    def ask(self, body: bytes | None) -> Heard:
        """What the server says to it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.passes.server_port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
        connection.request(self.command, self.path, body, headers)
        heard = connection.getresponse()
        text = heard.read()
        connection.close()
        return heard.status, heard.getheaders(), text

    def answer(self, status: int, headers: list[tuple[str, str]], text: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing: a test says itself what it saw."""
