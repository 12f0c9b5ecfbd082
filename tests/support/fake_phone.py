"""A phone with SMS Gate that keeps to the protocol and to nothing else: a server of its own, driven over HTTP.

It answers 409 for a reference that it has, sends the last text first unless told otherwise, reports each part of a
long text for itself and to encrypted addresses only, repeats a report until somebody answers 2xx, and gives incoming
texts ids that are not unique.
`faults` are what goes wrong with the next requests, in their order.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from counseling.sms.accounts import SmsGateAccount
from counseling.sms.segments import segments_of

USER, PASSWORD, SIGNING_KEY = "phone", "phone-password", "invented-signing-key"
DEVICE_ID = "yVULogr4Y1ksRfnos1Dsw"
# Why a text for another phone is not taken: a server of SMS Gate, and the app itself.
NO_SUCH_PHONE = {True: "failed to select device: record not found", False: "Invalid device ID"}
MOST_TRIES = 14  # of one report, over about two days
SHORTEST_LIFE = 5
CALLED = ("https://", "http://127.0.0.1")  # what the app lets itself be told to report to
# What may happen to a request: an error before or after the text was kept, or no answer.
BEFORE, AFTER = "before", "after"
_events = itertools.count(1)


@dataclass
class Kept:
    """A text that the phone has."""

    ref: str
    number: str
    body: str
    ttl: int
    kept_at: datetime
    sim: int | None = None
    device: str | None = None  # as it was asked for
    state: str = "Pending"
    times_sent: int = 0
    sent_at: datetime | None = None


@dataclass(frozen=True)
class Fault:
    """`when` the answer goes wrong, and what comes instead: a status, or None for a connection that is cut."""

    when: str
    status: int | None
    body: bytes = b'{"message":"broken on purpose"}'
    hang_seconds: float = 0.0


@dataclass
class Report:
    """One event on its way to the webhook, with how often it was tried."""

    body: bytes
    url: str
    tries: int = 0
    delivered: bool = False


@dataclass
class FakePhone:
    """`now` is the phone's clock; `deliver()` sends what waits and reports it."""

    now: Callable[[], datetime]
    kept: dict[str, Kept] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)
    webhooks: dict[str, str] = field(default_factory=dict)  # event → address
    order: str = "LIFO"
    password: str = PASSWORD
    is_server: bool = False  # a server stands between, and asks which of its phones is meant
    inbox: list[dict[str, Any]] = field(default_factory=list)
    exported: list[dict[str, Any]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    port: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def account(self) -> SmsGateAccount:
        return SmsGateAccount(f"http://127.0.0.1:{self.port}", USER, PASSWORD, SIGNING_KEY)

    # What the program asks of it.

    def answer(self, method: str, path: str, headers: Any, raw: bytes) -> tuple[int | None, bytes, float]:
        with self.lock:
            self.requests.append((method, path))
            fault = self.faults.pop(0) if self.faults else None
            if fault is not None and fault.when == BEFORE:
                return fault.status, fault.body, fault.hang_seconds
            status, fields = self._do(method, path, headers, raw)
            if fault is not None:
                return fault.status, fault.body, fault.hang_seconds
            return status, json.dumps(fields).encode(), 0.0

    def _do(self, method: str, path: str, headers: Any, raw: bytes) -> tuple[int, dict[str, Any]]:
        expected = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        if headers.get("Authorization") != f"Basic {expected}":
            return 401, {"message": "Unauthorized"}
        if method == "POST" and path == "/messages":
            return self._keep(json.loads(raw))
        if method == "GET" and path.startswith("/messages/"):
            found = self.kept.get(path.removeprefix("/messages/"))
            return (200, {"id": found.ref, "state": found.state}) if found else (404, {"message": "Not found"})
        if method == "POST" and path == "/webhooks":
            hook = json.loads(raw)
            if not hook["url"].startswith(CALLED):
                return 400, {"message": "Invalid URL"}
            self.webhooks[hook["event"]] = hook["url"]
            return 201, hook
        if method == "PATCH" and path == "/settings":
            self.order = json.loads(raw)["messages"]["processing_order"]
            return 200, {}
        if method == "POST" and path == "/messages/inbox/export":
            return self._export(json.loads(raw))
        return 404, {"message": "Not found"}

    def _keep(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        text, numbers, ttl = asked.get("textMessage", {}).get("text"), asked.get("phoneNumbers"), asked.get("ttl")
        sound = isinstance(text, str) and text and isinstance(numbers, list) and len(numbers) == 1
        if not sound or not isinstance(ttl, int) or ttl < SHORTEST_LIFE or not asked.get("withDeliveryReport"):
            return 400, {"message": "Invalid request"}
        if not numbers[0].startswith("+"):
            return 400, {"message": "Invalid phone number"}
        if asked.get("deviceId") not in (None, DEVICE_ID):
            return 400, {"message": NO_SUCH_PHONE[self.is_server]}
        if asked["id"] in self.kept:
            return 409, {"message": "Message with this ID already exists"}
        of_phone = asked.get("simNumber"), asked.get("deviceId")
        self.kept[asked["id"]] = Kept(asked["id"], numbers[0], text, ttl, self.now(), *of_phone)
        return 202, {"id": asked["id"], "state": "Pending"}

    def _export(self, span: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.is_server and not span.get("deviceId"):
            return 400, {"message": "Key: 'deviceId' Error: Field validation failed on the 'required' tag"}
        since, until = (datetime.fromisoformat(span[name]) for name in ("since", "until"))
        self.exported.append(span)
        for payload in self.inbox:
            if since <= datetime.fromisoformat(payload["receivedAt"]) <= until:
                self._report("sms:received", payload)
        return 202, {}

    # What happens on it.

    def deliver(self, *, failing: str | None = None, leaves: bool = True) -> list[str]:
        """Send what waits, in the phone's own order, and report each part; gives the references in that order.

        `leaves` False: what fails has not even left the phone, as without money on its SIM.
        """
        waiting = [kept for kept in self.kept.values() if kept.state == "Pending"]
        ordered = waiting[::-1] if self.order == "LIFO" else waiting
        for kept in ordered:
            common = {"messageId": kept.ref, "phoneNumber": kept.number, "recipient": kept.number, "simNumber": 1}
            if self.now() > kept.kept_at + timedelta(seconds=kept.ttl):
                kept.state = "Failed"
                self._report("sms:failed", {**common, "reason": "TTL expired"})
                continue
            kept.times_sent, kept.sent_at = kept.times_sent + 1, self.now()
            kept.state = "Failed" if failing else "Delivered"
            for _ in range(segments_of(kept.body)):
                if leaves or not failing:
                    self._report("sms:sent", {**common, "sentAt": self.now().isoformat()})
                if failing:
                    self._report("sms:failed", {**common, "reason": failing})
                else:
                    self._report("sms:delivered", {**common, "deliveredAt": self.now().isoformat()})
        return [kept.ref for kept in ordered]

    def receive(self, number: str, body: str, *, old_version: bool = False) -> None:
        """Somebody texts to this phone. The id is made of the words, so that two equal texts share it."""
        who = {"phoneNumber": number} if old_version else {"sender": number, "recipient": "+84900000000"}
        payload = {
            "messageId": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()[:8],
            "message": body,
            **who,
            "simNumber": 1,
            "receivedAt": self.now().isoformat(timespec="milliseconds"),
        }
        self.inbox.append(payload)
        self._report("sms:received", payload)

    def _report(self, event: str, payload: dict[str, Any]) -> None:
        url = self.webhooks.get(event)
        if url is None:
            return
        fields = {"id": f"event-{next(_events)}", "webhookId": event, "deviceId": "phone", "event": event}
        self.reports.append(Report(json.dumps({**fields, "payload": payload}, ensure_ascii=False).encode(), url))

    def report(self, post: Callable[[Report, dict[str, str]], int]) -> int:
        """Try every report that nobody has taken yet once; gives how many still wait. `post` gives the status."""
        for report in self.reports:
            if not report.delivered and report.tries < MOST_TRIES:
                report.tries += 1
                report.delivered = 200 <= post(report, signed(report.body, self.now())) < 300
        return sum(not report.delivered for report in self.reports)


def signed(body: bytes, now: datetime, key: str = SIGNING_KEY) -> dict[str, str]:
    """The headers of a report."""
    timestamp = str(int(now.timestamp()))
    digest = hmac.new(key.encode(), body + timestamp.encode(), hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Timestamp": timestamp, "X-Signature": digest}


@contextmanager
def running_phone(now: Callable[[], datetime]) -> Iterator[FakePhone]:
    """A phone that answers on a port of its own while the block runs."""
    phone = FakePhone(now)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body, hang = phone.answer(self.command, self.path, self.headers, raw)
            if hang:
                threading.Event().wait(hang)
            self.close_connection = True
            if status is None:
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):  # whoever asked may have gone meanwhile
                self.wfile.write(body)

        do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: Any) -> None:
            """A test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    phone.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield phone
    finally:
        server.shutdown()
        server.server_close()
