"""Twilio's own description of its service, served by Prism (nobody here wrote either), behind a proxy with faults."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.fake_phone import BEFORE, Fault
from tests.support.server import ROOT

PRISM = ROOT / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
DESCRIPTION = ROOT / "node_modules/@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
START_SECONDS = 60.0


@dataclass
class FaultProxy:
    """Hands requests on to Prism. `faults` are what goes wrong with the next ones; `seen` is what was asked."""

    upstream: int
    port: int = 0
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, list[str]]]] = field(default_factory=list)
    passed: int = 0  # requests that Prism has found right

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, headers: Any, raw: bytes) -> tuple[int | None, bytes, float]:
        self.seen.append((method, urlsplit(path).path, parse_qs(raw.decode() or urlsplit(path).query)))
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None and fault.when == BEFORE:
            return fault.status, fault.body, fault.hang_seconds
        status, body = self._asked_of_prism(method, path, headers, raw)
        self.passed += 200 <= status < 300
        if fault is not None:
            return fault.status, fault.body, fault.hang_seconds
        return status, body, 0.0

    def _asked_of_prism(self, method: str, path: str, headers: Any, raw: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        kept = {name: value for name, value in headers.items() if name.lower() != "host"}
        connection.request(method, path, raw or None, kept)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, body


def twilio_error(code: int, status: int = 400) -> Fault:
    body = {"code": code, "message": "made by a proxy", "more_info": "", "status": status}
    return Fault(BEFORE, status, json.dumps(body).encode())


@contextmanager
def running_prism(folder: Path) -> Iterator[FaultProxy]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["node", str(PRISM), "mock", "-h", "127.0.0.1", "-p", str(port), str(DESCRIPTION)]
    with (folder / "prism.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(process, port, folder / "prism.log")
        with _proxy(FaultProxy(port)) as proxy:
            yield proxy
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            if b"stoplight.io" in connection.getresponse().read():  # and not somebody else at this port
                return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Prism did not start:\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.1)


@contextmanager
def _proxy(proxy: FaultProxy) -> Iterator[FaultProxy]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body, hang = proxy.answer(self.command, self.path, self.headers, raw)
            if hang:
                threading.Event().wait(hang)
            if status is None:
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # whoever asked may have gone meanwhile
                self.wfile.write(body)

        do_GET = do_POST = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """A test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
