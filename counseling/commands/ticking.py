"""`tick`, `worker` and `queue`: what runs by the clock, run by hand, by a process of its own, or looked at."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from counseling import clock, logs
from counseling.clock import utc_now
from counseling.commands.ready import ensure_ready
from counseling.config import Config
from counseling.database import db
from counseling.jobs import PLAN_AGAIN_AFTER, Ticked, read_and_answer, tick
from counseling.one_ticker import Turn
from counseling.queries.channels import ChannelHealth, list_channels
from counseling.queries.outbox_health import OutboxHealth, find_outbox_health
from counseling.services.breaker import Breaker
from counseling.services.simulated_phones import SimulatedPhones
from counseling.services.work_time import WorkTime
from counseling.services.worker_beats import beat
from counseling.sms.gateway import SmsGateway
from counseling.sms.gateways import Gateways
from counseling.sms.simulator import Simulator
from counseling.sms.smsgate import SmsGate
from counseling.sms.twilio import Twilio

Done = TypeVar("Done")
EVERY_SECONDS = 30
LOOKS_EVERY_SECONDS = 2  # whether a text has come in: somebody waits for its answer
SENDS_BY_HAND_FOR = 45.0  # seconds of `tick`: cron's next one comes after a minute


def init_app(app: Flask) -> None:
    for command in (tick_once, worker, queue):
        app.cli.add_command(command)


@click.command("tick")
@click.option("--now", "moment", help="As if it were this moment (2026-11-23T07:30+07:00); in demo mode only.")
@with_appcontext
def tick_once(moment: str | None) -> None:
    """Run everything that is due at this moment once, then end; for cron, and for trying things out."""
    config: Config = current_app.extensions["diem_tua_config"]
    if moment is not None:
        _set_clock(config, moment)
    gateways = gateways_of(config, db.engine)
    if gateways is None:
        click.echo("SMS_GATEWAY is not set: no text is planned or sent.")
    ticked = tick(db.session, gateways, utc_now(), config.timezone, clock=utc_now, sends_for=SENDS_BY_HAND_FOR)
    click.echo(f"Planned: {ticked.planned}, queued: {ticked.queued}, sent: {ticked.sent}, read: {ticked.read}.")
    if ticked.failed:
        raise click.ClickException(f"These parts failed; the log says how: {', '.join(ticked.failed)}.")


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Tick until Ctrl-C or SIGTERM: the scheduler's process on PostgreSQL. A second one stands by."""
    config: Config = current_app.extensions["diem_tua_config"]
    if config.is_embedded:
        click.echo("On the embedded database `serve` does this itself: there is nothing to do.")
        return
    ensure_ready()
    told = _told_to_end()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the thread outlives this context
    with ticking(app, config):
        click.echo("Ticking, or standing by while another process does. Ctrl-C stops it.")
        os.read(told, 1)
    click.echo("Stopped.")


def _told_to_end() -> int:
    """A pipe that holds a byte from the first Ctrl-C or SIGTERM on.

    Not an Event, nor anything else that Python's handlers set: they run between two steps of whoever waits. One that
    came while the Event's lock was taken to wait waited for that same lock, for ever, and the process with it.
    """
    told, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return told


@click.command("queue")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_appcontext
def queue(as_json: bool) -> None:
    """Show the outbox by state and age, and whether texts go out at all. No text and no number."""
    config: Config = current_app.extensions["diem_tua_config"]
    now = utc_now()
    health = find_outbox_health(db.session, now)
    channels = list_channels(db.session, config.gateway_names, now)
    shown = _as_json(config, health, channels, now) if as_json else None
    click.echo(json.dumps(shown) if shown else _as_text(config, health, channels, now))


def gateways_of(config: Config, engine: Engine) -> Gateways | None:
    """The gateways that have settings, the named one first; None: texts are off."""
    if config.sms_gateway is None:
        return None
    found: dict[str, SmsGateway] = {}
    if config.sms_gateway == "simulator":
        found["simulator"] = Simulator(SimulatedPhones(lambda: Session(engine, expire_on_commit=False), utc_now))
    if config.smsgate is not None:
        found[SmsGate.name] = SmsGate(config.smsgate, f"{config.public_url}/sms/smsgate", utc_now)
    if config.twilio is not None:
        found[Twilio.name] = Twilio(config.twilio, utc_now)
    return Gateways(found, config.sms_gateway)


@contextmanager
def ticking(app: Flask, config: Config) -> Iterator[None]:
    """Tick in a thread of this process while the block runs; a tick that has begun is waited for at the end.

    It sends nothing further then: what a gateway has been called for is written down, the rest stays queued. The first
    beat comes before anything else, so that a process that is being started is not called silent.
    """
    # Imported here: every other command does without it.
    from apscheduler.schedulers.background import BackgroundScheduler

    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        beat(session, utc_now())
    ticker = Ticker(config, engine, gateways_of(config, engine))
    scheduler = BackgroundScheduler(timezone=UTC)
    # Due at once. One job that never ends: APScheduler trips over a job that ends while it is being shut down.
    scheduler.add_job(
        ticker.tick,
        "interval",
        seconds=EVERY_SECONDS,
        next_run_time=clock.machine_now(),
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    scheduler.add_job(
        ticker.look, "interval", seconds=LOOKS_EVERY_SECONDS, coalesce=True, max_instances=1, misfire_grace_time=None
    )
    scheduler.start()
    try:
        yield
    finally:
        ticker.end()
        scheduler.shutdown(wait=True)
        ticker.give_back()


class Ticker:
    """One process's ticks, one at a time."""

    def __init__(self, config: Config, engine: Engine, gateways: Gateways | None) -> None:
        self._config, self._engine, self._gateways = config, engine, gateways
        self._turn = None if config.is_embedded else Turn(engine)
        self._busy = threading.Lock()
        self._told = threading.Event()
        self._same: dict[str, Any] = {
            "breaker": Breaker(), "clock": utc_now, "work_time": WorkTime(is_ending=self._told.is_set)
        }  # fmt: skip

    def tick(self) -> None:
        """Tick, and at once again while more is due than one tick has time for."""
        while True:
            ticked = self._do(self._tick_once, waits_for=EVERY_SECONDS)  # a look at a burst of texts takes ten
            if ticked is None or not ticked.is_more_due or self._told.is_set():
                return

    def look(self) -> None:
        try:
            self._do(self._look)
        except Exception as error:  # the next tick does it again; messages of errors carry what was worked on
            logs.logger().error("part of a tick failed", job="look", error_type=type(error).__name__)

    def _tick_once(self, session: Session) -> Ticked:
        zone = self._config.timezone
        return tick(session, self._gateways, utc_now(), zone, plan_every=PLAN_AGAIN_AFTER, **self._same)

    def _look(self, session: Session) -> int:
        return read_and_answer(session, self._gateways, utc_now(), self._config.timezone, **self._same)

    def _do(self, work: Callable[[Session], Done], waits_for: float = 0) -> Done | None:
        """None: another thread is at it for longer than so many seconds, or another process."""
        if not self._busy.acquire(timeout=waits_for):
            return None
        try:
            if self._turn is None or self._turn.is_ours():
                with Session(self._engine, expire_on_commit=False) as session:
                    return work(session)
        finally:
            self._busy.release()
        return None

    def end(self) -> None:
        """Long work ends with the step that it is at."""
        self._told.set()

    def give_back(self) -> None:
        if self._turn is not None:
            self._turn.give_back()


def _set_clock(config: Config, moment: str) -> None:
    if not config.demo:
        raise click.ClickException("--now is for demo mode only: people's texts go out at the time that it is.")
    try:
        instant = datetime.fromisoformat(moment)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise click.ClickException("--now needs a moment with an offset, as in 2026-11-23T07:30+07:00.")
    clock.start_at(instant)


def _as_json(
    config: Config, health: OutboxHealth, channels: Sequence[ChannelHealth], now: datetime
) -> dict[str, object]:
    return {
        "gateway": config.sms_gateway,
        "channels": [
            {
                "gateway": channel.gateway,
                "state": channel.state,
                "why": channel.why,
                "errors_in_a_row": channel.streak,
                "seconds_since_taken": _seconds_since(channel.taken_at, now),
                "seconds_since_heard": _seconds_since(channel.heard_at, now),
            }
            for channel in channels
        ],
        "seconds_since_tick": _seconds_since(health.beat_at, now),
        "messages": [
            {
                "state": line.state,
                "count": line.count,
                "oldest_seconds": round((now - line.oldest_at).total_seconds()),
            }
            for line in health.messages
        ],
        "held": [{"reason": line.reason, "count": line.count} for line in health.held],
    }


def _seconds_since(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else round((now - at).total_seconds())


def _as_text(config: Config, health: OutboxHealth, channels: Sequence[ChannelHealth], now: datetime) -> str:
    ticked = "never" if health.beat_at is None else f"{_age(now, health.beat_at)} ago"
    lines = [f"Gateway: {config.sms_gateway or 'none, no text goes out'}; last tick: {ticked}"]
    of_channels = [_of_channel(channel, now) for channel in channels]
    lines += [f"{line.state:<10}{line.count:>7}  oldest {_age(now, line.oldest_at)}" for line in health.messages]
    lines += [f"held      {line.count:>7}  {line.reason}" for line in health.held]
    return "\n".join([*(lines if len(lines) > 1 else [*lines, "The queue is empty."]), *of_channels])


def _of_channel(channel: ChannelHealth, now: datetime) -> str:
    why = f" ({channel.why})" if channel.why else ""
    taken = "never" if channel.taken_at is None else f"{_age(now, channel.taken_at)} ago"
    heard = "never" if channel.heard_at is None else f"{_age(now, channel.heard_at)} ago"
    words = f"channel {channel.gateway}: {channel.state}{why}, last text taken {taken}, last heard of {heard}"
    return f"{words}, errors in a row: {channel.streak}"


def _age(now: datetime, at: datetime) -> str:
    minutes = max(round((now - at).total_seconds()) // 60, 0)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
