"""Texts out and in: how many a second leave through a gateway that answers in 50 ms, and how many come in."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from benchmarks.client import Client
from benchmarks.figures import Figure
from benchmarks.workshop import KINDS, Installation, Workshop, open_session
from counseling import clock
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.text_purposes import CHECK_IN
from counseling.models.patients import PhoneNumber, TreatmentFile
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import InboundMessage, OutboundMessage, SmsConsent
from counseling.refs import new_ref, new_request_key
from counseling.services.sending import send_due
from counseling.sms.gateway import Abilities, AttemptedText, TextToSend
from tests.support.fake_phone import signed
from tests.support.gateways import PUBLIC_URL, SMSGATE_SETTINGS
from tests.support.outbox import a_line, queued
from tests.support.server import LiveServer
from tests.support.settings import MORNING, environment

# `TEXTS=40 python -m benchmarks outbound` looks whether the measurement itself works.
TEXTS = int(os.environ.get("TEXTS", "600"))
ANSWERS_AFTER_SECONDS = 0.05
# A phone is handed one text at a time, a provider with a data centre many.
CALLS_AT_ONCE = {"sqlite": 8, "postgresql": 64}
GOAL_OUT = {"sqlite": 30.0, "postgresql": 300.0}
GOAL_IN, GOAL_READ_SECONDS = 330.0, 5.0
SENDERS, EIGHT = 8, MORNING + timedelta(minutes=90)
LONGEST_SECONDS = 60.0


class Answering:
    """A gateway that takes everything, 50 ms later."""

    name = "answering"

    def __init__(self, calls_at_once: int) -> None:
        self.abilities = Abilities(
            two_way=False, receipts=False, repeat_safe=False, unicode=True, segments_per_minute=1_000_000,
            calls_at_once=calls_at_once,
        )  # fmt: skip
        self.taken: list[str] = []

    def send(self, message: TextToSend) -> None:
        time.sleep(ANSWERS_AFTER_SECONDS)
        self.taken.append(message.ref)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return None


def measure_outbound(workshop: Workshop) -> Iterator[Figure]:
    """Reminders of people who agreed, with the whole second look; each text once, and no faster by being careless."""
    for kind in KINDS:
        installation = workshop.installation(kind)
        with open_session(installation.url, installation.folder) as session:
            _queue_all(session)
            gateway = Answering(CALLS_AT_ONCE[kind])
            send_due(session, gateway, EIGHT, VIETNAM, most=max(TEXTS // 10, 1))  # statements are built and prepared
            warm = len(gateway.taken)
            start = time.perf_counter()
            send_due(session, gateway, EIGHT, VIETNAM, most=TEXTS)
            value = (len(gateway.taken) - warm) / (time.perf_counter() - start)
            if len(set(gateway.taken)) != TEXTS or len(gateway.taken) != TEXTS:
                raise RuntimeError(f"{len(gateway.taken)} texts were taken, and not {TEXTS}")
            floor = _bare_commits(session)
        goal = GOAL_OUT[kind]
        yield Figure(f"outbound {kind}", value, "/s", floor, f"> {goal:.0f} /s", value > goal)


def _queue_all(session: Session) -> None:
    found = select(TreatmentFile.patient_id).where(TreatmentFile.status == "active").limit(TEXTS)
    people = list(session.execute(found).scalars())
    if len(people) < TEXTS:
        raise RuntimeError(f"there are only {len(people)} people for {TEXTS} texts")
    at = MORNING - timedelta(days=1)
    for patient_id in people:
        line_id = a_line(session)
        own = {"patient_id": patient_id, "side": "treatment"}
        with writing(session) as tx:
            tx.execute(
                insert(PhoneNumber).values(
                    **own, ref=new_ref(), number=b"", added_at=at, line_id=line_id, compared_at=at, confirmed_at=at,
                    confirmed_by_id=1,
                    is_shared=False, calls_only=False,
                )
            )  # fmt: skip
            agreed = {"version": "v1", "language": "vi", "given_at": at, "asked_by_id": 1}
            consent = insert(SmsConsent).values(**own, **agreed, request_key=new_request_key())
            consent_id = tx.execute(consent.returning(SmsConsent.id)).scalar_one()
            tx.execute(insert(SmsConsentPurpose).values(consent_id=consent_id, purpose=CHECK_IN))
        queued(session, line_id, patient_id=patient_id, wording="check_in", now=EIGHT - timedelta(hours=1))


def _bare_commits(session: Session) -> float:
    """Rows of the same table, one UPDATE and one COMMIT each, by the database alone."""
    ids = list(session.execute(select(OutboundMessage.id).limit(TEXTS)).scalars())
    statement = update(OutboundMessage).values(segments=1)
    start = time.perf_counter()
    for message_id in ids:
        with writing(session) as tx:
            tx.execute(statement.where(OutboundMessage.id == message_id))
    return len(ids) / (time.perf_counter() - start)


def measure_inbound(workshop: Workshop) -> Iterator[Figure]:
    """Signed reports from eight connections, beside a bare insert over HTTP; then how long they wait to be read.

    First all of that burst; then as many as the goal lets come in a second, and a text that comes by itself.
    """
    for kind in KINDS:
        installation = workshop.installation(kind)
        with _reported_to(installation) as server, workshop.bare(kind) as bare:
            value = _per_second(server.port, [_report(number) for number in range(3 * TEXTS)], 200)
            floor_form = Client(bare.port).form("/row", {"code": "R-0001"})
            floor = _per_second(bare.port, [floor_form] * TEXTS, 303)
            burst = _read_within(installation)
            second = range(3 * TEXTS, 3 * TEXTS + round(GOAL_IN))
            _per_second(server.port, [_report(number) for number in second], 200)
            of_a_second = _read_within(installation, newest=len(second))
            _per_second(server.port, [_report(second.stop)], 200)
            alone = _read_within(installation, newest=1)
        yield Figure(f"inbound {kind}", value, "/s", floor, f"> {GOAL_IN:.0f} /s", value > GOAL_IN)
        goal = f"< {GOAL_READ_SECONDS:.0f} s"
        yield Figure(f"inbound {kind} {3 * TEXTS} at once read", burst, "s", None, "", None)
        for name, seconds in ((f"{len(second)} at once", of_a_second), ("alone", alone)):
            yield Figure(f"inbound {kind} {name} read", seconds, "s", None, goal, seconds < GOAL_READ_SECONDS)


class _reported_to:  # noqa: N801 - used as a function
    """`flask serve` on an installation that a phone reports to."""

    def __init__(self, installation: Installation) -> None:
        real = {"DEMO": "0", "DEMO_NOW": "", "SMS_GATEWAY": "smsgate", "PUBLIC_URL": PUBLIC_URL}
        settings = {**real, **SMSGATE_SETTINGS}
        self.server = LiveServer(installation.folder, **environment(installation.url, installation.folder), **settings)

    def __enter__(self) -> LiveServer:
        self.server.start()
        return self.server

    def __exit__(self, *_: object) -> None:
        self.server.stop()


def _report(number: int) -> bytes:
    now = clock.machine_now()
    payload = {"sender": f"+8491{number:07d}", "message": "1", "receivedAt": now.isoformat()}
    body = json.dumps({"id": f"event-{number}", "event": "sms:received", "payload": payload}).encode()
    head = [f"{name}: {value}" for name, value in signed(body, now).items()]
    lines = ["POST /sms/smsgate HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *head, "", ""]
    return "\r\n".join(lines).encode() + body


def _per_second(port: int, requests: list[bytes], expected: int) -> float:
    waiting, wrong = iter(requests), list[int]()
    lock = threading.Lock()

    def send_all() -> None:
        client = Client(port)
        while True:
            with lock:
                mine = list(islice(waiting, 4))
            if not mine:
                return
            wrong.extend(status for status in (client.send(request).status for request in mine) if status != expected)

    threads = [threading.Thread(target=send_all) for _ in range(SENDERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"{len(wrong)} reports were answered with {wrong[0]}")
    return len(requests) / (time.perf_counter() - start)


def _read_within(installation: Installation, newest: int | None = None) -> float:
    """Seconds that the one of the texts waited that waited longest; of all, or of the newest."""
    deadline = time.monotonic() + LONGEST_SECONDS
    with open_session(installation.url, installation.folder) as session:
        while True:
            found = select(InboundMessage.received_at, InboundMessage.read_at).order_by(InboundMessage.id.desc())
            rows = session.execute(found.limit(newest)).all()
            session.rollback()
            if all(row.read_at is not None for row in rows) or time.monotonic() > deadline:
                return max(((row.read_at or clock.machine_now()) - row.received_at).total_seconds() for row in rows)
            time.sleep(0.2)
