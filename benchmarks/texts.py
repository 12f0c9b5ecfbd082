"""Texts out and in: how many a second leave through a gateway that answers in 50 ms, and how many come in."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from benchmarks.client import Client
from benchmarks.figures import Figure
from benchmarks.workshop import KINDS, Installation, Workshop, open_session
from counseling import clock
from counseling.clock import station_day
from counseling.commands.ticking import Ticker
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.channels import FASTEST
from counseling.domain.reminder_kinds import WEEKLY
from counseling.domain.sending_hours import end_of_sending
from counseling.domain.text_purposes import CHECK_IN
from counseling.models.patients import PhoneNumber, TreatmentFile
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder, SmsConsent
from counseling.refs import new_ref, new_request_key
from counseling.services.reminder_queueing import queue_due
from counseling.sms.gateway import Abilities, AttemptedText, TextToSend
from counseling.sms.gateways import Gateways
from counseling.treatment_rows import TREATMENT
from tests.support.fake_phone import signed
from tests.support.gateways import PUBLIC_URL, SMSGATE_SETTINGS
from tests.support.outbox import a_line
from tests.support.server import LiveServer
from tests.support.settings import MORNING, config_for, environment

# `TEXTS=40 python -m benchmarks outbound` looks whether the measurement itself works.
TEXTS = int(os.environ.get("TEXTS", "600"))
ANSWERS_AFTER_SECONDS = 0.05
# A phone is handed one text at a time, a provider with a data centre many.
CALLS_AT_ONCE = {"sqlite": 8, "postgresql": 64}
GOAL_OUT = {"sqlite": 30.0, "postgresql": 300.0}
GOAL_IN, GOAL_READ_SECONDS = 330.0, 5.0
# What a gateway of this program declares (`calls_at_once`), at the same 50 ms a call.
GATEWAYS_THERE_ARE = {"one call at a time": 1, "four calls at once": 4}
SENDERS, EIGHT = 8, MORNING + timedelta(minutes=90)
LONGEST_SECONDS = 60.0


class Answering:
    """A gateway that takes everything, 50 ms later; as fast as an administrator may set a channel."""

    name = "answering"

    def __init__(self, calls_at_once: int) -> None:
        self.abilities = Abilities(
            two_way=False, receipts=False, repeat_safe=False, unicode=True, segments_per_minute=FASTEST,
            calls_at_once=calls_at_once,
        )  # fmt: skip
        self.taken: list[str] = []

    def send(self, message: TextToSend) -> None:
        time.sleep(ANSWERS_AFTER_SECONDS)
        self.taken.append(message.ref)

    def resolve_unknown(self, message: AttemptedText) -> bool | None:
        return None


def measure_outbound(workshop: Workshop) -> Iterator[Figure]:
    """Reminders of people who agreed, with the whole second look, by the ticks of `worker` and `serve`; each text once.

    Beside it the same through gateways as there are: that rate is what their calls take, whatever the program adds.
    """
    for kind in KINDS:
        installation = workshop.installation(kind)
        with open_session(installation.url, installation.folder) as session, _from_eight_on():
            people = _agreed(session)
            value = _sent_per_second(installation, session, people[: 3 * TEXTS], CALLS_AT_ONCE[kind])
            floor = _bare_commits(session)
            alike = {}
            for name, calls in GATEWAYS_THERE_ARE.items():
                some, people = people[-TEXTS // 5 :], people[: -TEXTS // 5]
                alike[name] = _sent_per_second(installation, session, some, calls)
        goal = GOAL_OUT[kind]
        yield Figure(f"outbound {kind}", value, "/s", floor, f"> {goal:.0f} /s", value > goal)
        for name, rate in alike.items():
            yield Figure(f"outbound {kind}, {name}", rate, "/s", None, "", None)


@contextmanager
def _from_eight_on() -> Iterator[None]:
    clock.start_at(EIGHT)
    try:
        yield
    finally:
        clock.start_at(None)


def _sent_per_second(
    installation: Installation, session: Session, people: Sequence[tuple[int, int]], calls_at_once: int
) -> float:
    """Of a whole tick, or of several that follow each other at once where one has not time enough for all."""
    gateway = Answering(calls_at_once)
    config = config_for(installation.url, installation.folder)
    ticker = Ticker(config, session.get_bind().engine, Gateways.of(gateway))
    warm = len(people) // 10
    _queue(session, people[:warm])
    ticker.tick()  # statements are built and prepared, and the day is planned
    _queue(session, people[warm:])
    start = time.perf_counter()
    ticker.tick()
    value = (len(gateway.taken) - warm) / (time.perf_counter() - start)
    ticker.give_back()
    if len(set(gateway.taken)) != len(people) or len(gateway.taken) != len(people):
        raise RuntimeError(f"{len(gateway.taken)} texts were taken, and not {len(people)}")
    return value


def _agreed(session: Session) -> list[tuple[int, int]]:
    """People of whom each may be texted, with their stations."""
    wanted = 3 * TEXTS + len(GATEWAYS_THERE_ARE) * (TEXTS // 5)
    file = TreatmentFile
    found = select(file.patient_id, file.station_id).where(file.status == "active").order_by(file.patient_id)
    people = [(row.patient_id, row.station_id) for row in session.execute(found.limit(wanted))]
    if len(people) < 3 * TEXTS:
        raise RuntimeError(f"there are only {len(people)} people for {3 * TEXTS} texts")
    at = MORNING - timedelta(days=1)
    for patient_id, _ in people:
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
    return people


def _queue(session: Session, people: Sequence[tuple[int, int]]) -> None:
    """The weekly question to each, planned here and worded as all reminders are."""
    due_at = EIGHT - timedelta(minutes=30)
    day = station_day(EIGHT, VIETNAM)
    same = {
        "side": TREATMENT, "kind": WEEKLY, "rule_version": 1, "on_date": day, "due_at": due_at, "planned_at": due_at,
        "expires_at": end_of_sending(day, VIETNAM), "state": "planned",
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(Reminder), [{"patient_id": one, "site_id": site_id, **same} for one, site_id in people])
    if queue_due(session, EIGHT, VIETNAM) != len(people):
        raise RuntimeError("not everybody may be texted")


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

    First all of that burst, and how fast they are read when the last one is in (before, reports are confirmed first);
    then as many as the goal lets come in a second, and a text that comes by itself.
    """
    for kind in KINDS:
        installation = workshop.installation(kind)
        with _reported_to(installation) as server, workshop.bare(kind) as bare:
            value = _per_second(server.port, [_report(number) for number in range(3 * TEXTS)], 200)
            floor_form = Client(bare.port).form("/row", {"code": "R-0001"})
            floor = _per_second(bare.port, [floor_form] * TEXTS, 303)
            burst = _read_within(installation)
            reading = _read_per_second(installation)
            second = range(3 * TEXTS, 3 * TEXTS + round(GOAL_IN))
            _per_second(server.port, [_report(number) for number in second], 200)
            of_a_second = _read_within(installation, newest=len(second))
            _per_second(server.port, [_report(second.stop)], 200)
            alone = _read_within(installation, newest=1)
        yield Figure(f"inbound {kind}", value, "/s", floor, f"> {GOAL_IN:.0f} /s", value > GOAL_IN)
        goal = f"< {GOAL_READ_SECONDS:.0f} s"
        yield Figure(f"inbound {kind} reading", reading, "/s", None, f"> {GOAL_IN:.0f} /s", reading > GOAL_IN)
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


def _read_per_second(installation: Installation) -> float:
    """Of those that still waited when the last one had come in."""
    with open_session(installation.url, installation.folder) as session:
        rows = session.execute(select(InboundMessage.received_at, InboundMessage.read_at)).all()
    last_came = max(row.received_at for row in rows)
    later = [row.read_at for row in rows if row.read_at is not None and row.read_at > last_came]
    return len(later) / (max(later) - last_came).total_seconds()
