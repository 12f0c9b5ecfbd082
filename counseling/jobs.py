"""What runs by the clock: plan → queue → send → sweep → tests → care for channels → read → call → blank → beat.

Each part claims what it does in the database, so that two tickers do no harm; and each survives another's failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random, SystemRandom
from zoneinfo import ZoneInfo

from counseling import logs
from counseling.database import AnySession
from counseling.queries.worker_beats import PLAN
from counseling.services.breaker import Breaker
from counseling.services.channel_care import care_for_channels
from counseling.services.escalation import call_on_duty
from counseling.services.held_reminders import reconsider_held
from counseling.services.inbound import is_waiting, read_inbound
from counseling.services.message_attempts import LookAgain
from counseling.services.reminder_planning import plan_reminders
from counseling.services.reminder_queueing import queue_due
from counseling.services.sending import send_due
from counseling.services.sweeping import sweep
from counseling.services.test_texts import send_tests
from counseling.services.text_blanking import blank_old_bodies
from counseling.services.work_time import MayGoOn, WorkTime, as_long_as_it_takes
from counseling.services.worker_beats import beat, claim_turn
from counseling.sms.gateway import SmsGateway
from counseling.sms.gateways import Gateways

# Of a process that ticks all day. Nothing is lost in between: a day that is closed meanwhile is seen at every tick.
PLAN_AGAIN_AFTER = timedelta(minutes=5)
# Seconds. However much is due, after so long the rest of a tick has its turn; while texts are sent, somebody looks as
# often whether one has come in. A step that has begun is brought to its end: a gateway's call, ten seconds at the most.
SENDS_FOR, LOOKS_WHILE_SENDING, READS_FOR, SWEEPS_FOR = 10.0, 2.0, 10.0, 10.0


@dataclass(frozen=True)
class Ticked:
    """How much each part has done, and which parts failed. `is_more_due`: sending ended because its time was over."""

    planned: int
    queued: int
    sent: int
    read: int
    failed: tuple[str, ...]
    is_more_due: bool = False


def tick(
    session: AnySession,
    gateway: SmsGateway | Gateways | None,
    now: datetime,
    zone: ZoneInfo,
    *,
    dice: Random | None = None,
    plan_every: timedelta | None = None,
    breaker: Breaker | None = None,
    clock: Callable[[], datetime] | None = None,
    work_time: WorkTime | None = None,
    sends_for: float = SENDS_FOR,
) -> Ticked:
    """Do everything that is due at this moment, once. Without a gateway nothing is planned or sent.

    `clock`: sending may take minutes, so what goes out and all that follows asks again what time it is; None: `now`.

    `plan_every`: plan only when nobody has for so long; None: plan now. `breaker`: what a process that ticks all day
    remembers of what it sent. `sends_for`: seconds; what is still due then is left to the next tick.
    """
    dice, breaker, work = dice or SystemRandom(), breaker or Breaker(), work_time or WorkTime()
    time = clock or (lambda: now)
    parts = _Parts(session)
    texts = _Texts(session, zone, dice, breaker.look_again, time, work)

    def plan() -> int:
        is_turn = plan_every is None or claim_turn(session, PLAN, now, plan_every)
        return plan_reminders(session, now, zone, dice) if is_turn else 0

    def read_what_waits() -> int:
        return parts.run("read", texts.read) if is_waiting(session) else 0

    planned = queued = 0
    if gateway is not None:
        planned = parts.run("plan", plan)
        parts.run("reconsider", lambda: reconsider_held(session, now, zone, dice))
        queued = parts.run("queue", lambda: queue_due(session, now, zone))
        parts.run("send", lambda: texts.send(gateway, work.within(sends_for), read_what_waits))
        parts.run("break", lambda: breaker.stop_what_broke(session, time()))
        parts.run("sweep", lambda: sweep(session, gateway, time(), zone, work.within(SWEEPS_FOR)))
        parts.run("tests", lambda: send_tests(session, Gateways.of(gateway), time()))
        parts.run("care", lambda: care_for_channels(session, Gateways.of(gateway), time()))
    came = parts.run("read", texts.read)
    called = parts.run("call", lambda: call_on_duty(session, time(), zone))
    if (came or called) and gateway is not None:
        parts.run("answer", lambda: texts.send_once(gateway))
    parts.run("blank", lambda: blank_old_bodies(session, time()))
    parts.run("beat", lambda: beat(session, time()))
    return Ticked(planned, queued, texts.sent, texts.was_read, tuple(parts.failed), texts.is_more_due)


def read_and_answer(
    session: AnySession,
    gateway: SmsGateway | Gateways | None,
    now: datetime,
    zone: ZoneInfo,
    *,
    breaker: Breaker | None = None,
    dice: Random | None = None,
    clock: Callable[[], datetime] | None = None,
    work_time: WorkTime | None = None,
) -> int:
    """Between two ticks: work on what has come in, and answer. Gives how many were read; nearly always none."""
    work, look_again = work_time or WorkTime(), (breaker or Breaker()).look_again
    texts = _Texts(session, zone, dice or SystemRandom(), look_again, clock or (lambda: now), work)
    may_go_on = work.within(READS_FOR)
    while may_go_on() and is_waiting(session):
        some = 1
        try:
            some = texts.read_some()
        finally:  # one text that cannot be read keeps nobody else from their answer
            if gateway is not None and some:
                texts.send_once(gateway)
        if not some:
            break
    return texts.was_read


class _Parts:
    """The parts of one tick: each survives the failure of another."""

    def __init__(self, session: AnySession) -> None:
        self._session = session
        self.failed: list[str] = []

    def run(self, part: str, work: Callable[[], int | None]) -> int:
        try:
            return work() or 0
        except Exception as error:  # the other parts go on; only the kind of error is logged, texts stay out of it
            self._session.rollback()
            logs.logger().error("part of a tick failed", job=part, error_type=type(error).__name__)
            self.failed.append(part)
            return 0


@dataclass
class _Texts:
    """Texts out and in during one tick, and how many there were."""

    session: AnySession
    zone: ZoneInfo
    dice: Random
    look_again: LookAgain
    time: Callable[[], datetime]
    work: WorkTime
    sent: int = 0
    was_read: int = 0
    is_more_due: bool = False

    def send(self, gateway: SmsGateway | Gateways, may_go_on: MayGoOn, meanwhile: Callable[[], int]) -> None:
        """Send until nothing is due, no gateway takes more, or its time is over; reads what comes in `meanwhile`."""
        while self.send_once(gateway, may_go_on):
            if not may_go_on():
                self.is_more_due = True
                return
            meanwhile()

    def send_once(self, gateway: SmsGateway | Gateways, also: MayGoOn = as_long_as_it_takes) -> bool:
        """Send for a moment, answers first; gives whether more may be due."""
        run = send_due(
            self.session,
            gateway,
            self.time(),
            self.zone,
            most=sys.maxsize,  # its time ends it
            look_again=self.look_again,
            clock=self.time,
            may_go_on=self.work.within(LOOKS_WHILE_SENDING, also),
        )
        self.sent += run.accepted
        return run.is_cut_short

    def read(self) -> int:
        """Read until nothing waits or the time for it is over."""
        before, may_go_on = self.was_read, self.work.within(READS_FOR)
        while may_go_on() and self.read_some():
            continue
        return self.was_read - before

    def read_some(self) -> int:
        """Read what waits, of so many numbers as one call takes."""
        read = read_inbound(self.session, self.time(), self.zone, self.dice, clock=self.time)
        self.was_read += read
        return read
