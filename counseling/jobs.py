"""What runs by the clock: plan → queue → send → sweep → tests → care for channels → read → call → blank → beat.

Each part claims what it does in the database, so that two tickers do no harm; and each survives another's failure.
"""

from __future__ import annotations

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
from counseling.services.reminder_planning import plan_reminders
from counseling.services.reminder_queueing import queue_due
from counseling.services.sending import send_due
from counseling.services.sweeping import sweep
from counseling.services.test_texts import send_tests
from counseling.services.text_blanking import blank_old_bodies
from counseling.services.worker_beats import beat, claim_turn
from counseling.sms.gateway import SmsGateway
from counseling.sms.gateways import Gateways

# Of a process that ticks all day. Nothing is lost in between: a day that is closed meanwhile is seen at every tick.
PLAN_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Ticked:
    """How much each part has done, and which parts failed."""

    planned: int
    queued: int
    sent: int
    read: int
    failed: tuple[str, ...]


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
) -> Ticked:
    """Do everything that is due at this moment, once. Without a gateway nothing is planned or sent.

    `clock`: sending may take minutes, so what goes out and all that follows asks again what time it is; None: `now`.

    `plan_every`: plan only when nobody has for so long; None: plan now. `breaker`: what a process that ticks all day
    remembers of what it sent.
    """
    dice, breaker = dice or SystemRandom(), breaker or Breaker()
    time = clock or (lambda: now)
    failed: list[str] = []

    def run(part: str, work: Callable[[], int]) -> int:
        try:
            return work()
        except Exception as error:  # the other parts go on; only the kind of error is logged, texts stay out of it
            session.rollback()
            logs.logger().error("part of a tick failed", job=part, error_type=type(error).__name__)
            failed.append(part)
            return 0

    def plan() -> int:
        is_turn = plan_every is None or claim_turn(session, PLAN, now, plan_every)
        return plan_reminders(session, now, zone, dice) if is_turn else 0

    def send(gateway: SmsGateway | Gateways) -> int:
        return send_due(session, gateway, time(), zone, look_again=breaker.look_again, clock=time).accepted

    planned = queued = sent = 0
    if gateway is not None:
        planned = run("plan", plan)
        run("reconsider", lambda: reconsider_held(session, now, zone, dice))
        queued = run("queue", lambda: queue_due(session, now, zone))
        sent = run("send", lambda: send(gateway))
        run("break", lambda: breaker.stop_what_broke(session, time()))
        run("sweep", lambda: _swept(session, gateway, time(), zone))
        run("tests", lambda: send_tests(session, Gateways.of(gateway), time()))
        run("care", lambda: care_for_channels(session, Gateways.of(gateway), time()))
    read = run("read", lambda: read_inbound(session, time(), zone, dice))
    called = run("call", lambda: call_on_duty(session, time(), zone))
    if (read or called) and gateway is not None:
        sent += run("answer", lambda: send(gateway))
    run("blank", lambda: blank_old_bodies(session, time()))
    run("beat", lambda: _beaten(session, time()))
    return Ticked(planned, queued, sent, read, tuple(failed))


def read_and_answer(
    session: AnySession,
    gateway: SmsGateway | Gateways | None,
    now: datetime,
    zone: ZoneInfo,
    *,
    breaker: Breaker | None = None,
    dice: Random | None = None,
    clock: Callable[[], datetime] | None = None,
) -> int:
    """Between two ticks: work on what has come in, and answer. Gives how many were read; nearly always none."""
    if not is_waiting(session):
        return 0
    read = read_inbound(session, now, zone, dice or SystemRandom())
    if gateway is not None:
        send_due(session, gateway, now, zone, look_again=(breaker or Breaker()).look_again, clock=clock)
    return read


def _swept(session: AnySession, gateway: SmsGateway | Gateways, now: datetime, zone: ZoneInfo) -> int:
    sweep(session, gateway, now, zone)
    return 0


def _beaten(session: AnySession, now: datetime) -> int:
    beat(session, now)
    return 0
