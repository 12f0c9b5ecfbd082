"""The whole of it by the clock: plan, queue, send, sweep, read, beat; and what stopping and jumping does to it."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.base import STATE_STOPPED
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from counseling import clock, create_app, jobs
from counseling.commands import ticking
from counseling.config import Config
from counseling.database import db, vault_of, writing
from counseling.domain.station_days import DayState
from counseling.jobs import Ticked
from counseling.models.texts import InboundMessage, PhoneLine, SimulatedText, WorkerBeat
from counseling.one_ticker import Turn
from counseling.queries.worker_beats import PLAN, find_beat
from counseling.services.inbound import store_inbound
from counseling.services.patients import change_status
from counseling.services.phone_lines import open_line_number
from counseling.services.simulated_phones import SimulatedPhones
from counseling.services.work_time import WorkTime
from counseling.services.worker_beats import beat, claim_turn
from counseling.sms.simulator import Simulator
from tests.support.cast import Cast
from tests.support.reminding import (
    A_DAY,
    TODAY,
    TOMORROW,
    YESTERDAY,
    ZONE,
    at,
    booked,
    expected,
    in_aftercare,
    leave_day,
    open_hours,
    outcomes,
    plan,
    queue,
    reach,
    reminders,
    texts,
    yesterday,
)
from tests.support.settings import MORNING, config_for
from tests.support.treatment import by, dose, opened

MINUTE = timedelta(minutes=1)


class Hands:
    """A hand on the clock: ticks at the moments it is told, with the simulator as the provider."""

    def __init__(self, session: Session) -> None:
        self.session, self.now = session, MORNING
        engine = session.get_bind()
        self.gateway = Simulator(SimulatedPhones(lambda: Session(engine, expire_on_commit=False), lambda: self.now))

    def tick(self, now: datetime, **options: Any) -> Ticked:
        self.now = now
        self.session.rollback()
        return jobs.tick(self.session, self.gateway, now, ZONE, dice=random.Random(1), **options)

    def run(self, first: datetime, last: datetime, every: timedelta = 5 * MINUTE) -> int:
        """Tick from one moment to another; gives how many texts went out."""
        sent = 0
        while first <= last:
            ticked = self.tick(first)
            assert ticked.failed == ()
            sent, first = sent + ticked.sent, first + every
        return sent

    def shown(self) -> list[datetime]:
        """When each text reached a phone."""
        self.session.rollback()
        return list(self.session.scalars(select(SimulatedText.taken_at).order_by(SimulatedText.id)))


@pytest.fixture
def hands(session: Session) -> Hands:
    return Hands(session)


def test_a_morning_from_plan_to_phone_and_a_second_tick_adds_nothing(
    session: Session, cast: Cast, hands: Hands
) -> None:
    open_hours(session)
    yesterday(session, cast)
    assert hands.tick(at(6)) == Ticked(planned=1, queued=0, sent=0, read=0, failed=())
    assert hands.run(at(7), at(9)) == 1
    assert [row.state for row in texts(session)] == ["delivered"]
    assert outcomes(session) == [("queued", None)]
    assert hands.run(at(9), at(10)) == 0
    assert find_beat(session) == at(10)


def test_a_worker_that_stopped_for_three_days_sends_nothing_stale(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    yesterday(session, cast)
    booked(session, cast, at(8, day=TOMORROW))
    in_aftercare(session, cast, TODAY)
    assert hands.tick(at(6)).planned == 3
    assert queue(session, at(17)) == 2, "appointment and check-in wait in the outbox, unsent"
    hands.run(at(6, day=TODAY + 3 * A_DAY), at(21, day=TODAY + 3 * A_DAY), every=30 * MINUTE)
    assert hands.shown() == []
    assert {state for state, _ in outcomes(session)} <= {"expired", "held"}
    assert {row.state for row in texts(session)} == {"expired"}


def test_a_paper_morning_sends_nothing(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    yesterday(session, cast, missed=2, came=6, state=DayState.ON_PAPER)
    assert hands.run(at(6), at(20), every=30 * MINUTE) == 0
    assert texts(session) == []
    assert outcomes(session) == [("expired", "on_paper")] * 2


def test_the_clock_jumps_a_day_and_yesterdays_texts_stay_unsaid(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    yesterday(session, cast)
    hands.tick(at(6), plan_every=5 * MINUTE)
    hands.tick(at(8, day=TOMORROW), plan_every=5 * MINUTE)
    assert hands.shown() == []
    assert outcomes(session) == [("expired", None), ("held", "day_not_closed")], "today is nobody's closed day"
    hands.tick(at(7, day=TODAY), plan_every=5 * MINUTE)  # and back again
    assert hands.run(at(7), at(10)) == 0


def test_discharged_between_planning_and_sending(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    planned, queued = yesterday(session, cast, missed=2, came=7)
    plan(session, at(6))
    for person in (planned, queued):
        if person is queued:
            queue(session, at(9))
        change_status(
            session, person.id, status="discharged", since_on=TODAY, reason=None, by=by(cast, "dispenser"),
            today=TODAY, now=at(6),
        )  # fmt: skip
    assert hands.run(at(9), at(20), every=30 * MINUTE) == 0
    assert outcomes(session) == [("cancelled", "discharged")] * 2
    assert [row.state for row in texts(session)] == ["cancelled"]


def test_dosed_between_planning_and_sending_is_cleared(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    people = [expected(session, cast) for _ in range(9)]
    for person, _ in people[:2]:
        reach(session, cast, person.id)
    opened(session, cast, YESTERDAY, now=MORNING - A_DAY)
    for person, order in people[2:]:
        dose(session, cast, person, order, day=YESTERDAY, now=MORNING - A_DAY)
    leave_day(session, cast, DayState.CLOSED)
    opened(session, cast, TODAY, now=at(6))
    hands.tick(at(6))
    dose(session, cast, people[0][0], people[0][1], day=TODAY, now=at(6, 40))  # planned
    hands.tick(at(6, 41))
    assert queue(session, at(9)) == 1
    dose(session, cast, people[1][0], people[1][1], day=TODAY, now=at(9))  # in the outbox already
    assert hands.run(at(9), at(20), every=30 * MINUTE) == 0
    assert outcomes(session) == [("cleared", "dosed")] * 2
    assert [(row.state, row.reason) for row in texts(session)] == [("cleared", "dosed")]


def test_two_that_tick_at_once_send_everything_once(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    yesterday(session, cast, missed=4, came=13)
    session.rollback()
    engine = session.get_bind()
    gate, done = threading.Barrier(2), list[Ticked]()

    def one() -> None:
        with Session(engine, expire_on_commit=False) as own:
            gate.wait(timeout=30)
            for moment in (at(6), at(8), at(9), at(9, 1)):
                done.append(jobs.tick(own, hands.gateway, moment, ZONE, dice=random.Random()))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert [ticked.failed for ticked in done] == [()] * 8
    assert sum(ticked.planned for ticked in done) == sum(ticked.queued for ticked in done) == 4
    assert len(hands.shown()) == 4


def test_no_text_is_planned_or_sent_where_texts_are_off(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    assert jobs.tick(session, None, at(8), ZONE) == Ticked(planned=0, queued=0, sent=0, read=0, failed=())
    assert reminders(session) == []
    assert find_beat(session) == at(8)


@pytest.mark.parametrize("part", ["plan_reminders", "queue_due", "send_due", "sweep", "read_inbound"])
def test_every_part_survives_the_failure_of_another(
    session: Session, cast: Cast, hands: Hands, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_hours(session)
    yesterday(session, cast)
    hands.tick(at(6))

    def broken(given: Session, *_: object) -> int:
        with writing(given) as tx:
            tx.execute(select(WorkerBeat))
            raise RuntimeError("broken")

    monkeypatch.setattr(jobs, part, broken)
    ticked = hands.tick(at(9))
    assert len(ticked.failed) == 1
    assert find_beat(session) == at(9)
    assert ticked.sent == (0 if part in ("queue_due", "send_due") else 1)


def test_a_text_that_comes_in_is_read_and_answered_by_the_same_tick(session: Session, cast: Cast, hands: Hands) -> None:
    open_hours(session)
    yesterday(session, cast)
    hands.run(at(6), at(9))
    line = session.get_one(PhoneLine, texts(session)[0].line_id)
    number = open_line_number(vault_of(session), line.ref, line.number)
    store_inbound(session, gateway="simulator", event_key="1", number=number, body="Ngừng", received_at=at(9, 1))
    ticked = hands.tick(at(9, 2))
    assert (ticked.read, ticked.sent, ticked.failed) == (1, 1, ())
    assert [row.wording for row in texts(session)] == ["missed_yesterday", "stopped"]
    assert session.scalars(select(InboundMessage.read_at)).one() == at(9, 2)


def test_whose_turn_it_is_comes_round_and_a_clock_that_was_set_back_stops_nobody(session: Session) -> None:
    asked = [at(6), at(6, 4), at(6, 5), at(6, 6), at(5)]
    assert [claim_turn(session, PLAN, now, 5 * MINUTE) for now in asked] == [True, False, True, False, True]


def test_readiness_ends_three_minutes_after_the_last_tick(
    demo_client: FlaskClient, demo_session: Session, start_clock_at: Callable[[datetime], None]
) -> None:
    def problems() -> list[str]:
        answer = demo_client.get("/readyz", base_url="https://localhost")
        assert answer.get_json()["gateway"] == "simulator"
        found: list[str] = answer.get_json()["problems"]
        assert answer.status_code == (503 if found else 200)
        return found

    start_clock_at(at(8))
    assert problems() == ["worker_silent"]
    beat(demo_session, at(8))
    assert problems() == []
    start_clock_at(at(8, 2))
    assert problems() == []
    start_clock_at(at(8, 4))
    assert problems() == ["worker_silent"]


def test_an_installation_whose_texts_are_off_needs_no_worker(client: FlaskClient) -> None:
    answer = client.get("/readyz", base_url="https://localhost")
    assert answer.get_json() == {"ready": True, "problems": [], "gateway": None}


def test_of_two_processes_on_postgresql_one_ticks_and_the_other_takes_over(postgresql_url: str, tmp_path: Path) -> None:
    app = create_app(config_for(postgresql_url, tmp_path / "instance"))
    with app.app_context():
        engine = db.engine
    with Turn(engine) as other:
        with Turn(engine) as first:
            assert [first.is_ours(), other.is_ours(), first.is_ours(), other.is_ours()] == [True, False, True, False]
        assert other.is_ours()
        cut_off(engine, other)
        with Turn(engine) as third:
            assert third.is_ours(), "the lock went with the connection"
            assert not other.is_ours()
        assert other.is_ours()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of every pool that we use
    engine.dispose()


def cut_off(engine: Engine, turn: Turn) -> None:
    """As when the database server is restarted."""
    held = turn._connection
    assert held is not None
    pid = held.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    return result.exit_code, result.output


def test_tick_by_hand_runs_a_moment_of_the_demo(
    demo_app: Flask, demo_session: Session, demo_cast: Cast, start_clock_at: Callable[[datetime], None]
) -> None:
    open_hours(demo_session)
    yesterday(demo_session, demo_cast)
    demo_session.rollback()
    assert run(demo_app, "tick", "--now", at(6).isoformat()) == (0, "Planned: 1, queued: 0, sent: 0, read: 0.\n")
    assert run(demo_app, "tick", "--now", at(9).isoformat()) == (0, "Planned: 0, queued: 1, sent: 1, read: 0.\n")
    assert clock.utc_now() - at(9) < timedelta(minutes=1)
    shown = json.loads(run(demo_app, "queue", "--json")[1])
    assert shown["gateway"] == "simulator"
    assert [(line["state"], line["count"]) for line in shown["messages"]] == [("delivered", 1)]
    assert 0 <= shown["seconds_since_tick"] < 60
    assert "delivered" in run(demo_app, "queue")[1]


@pytest.mark.parametrize("moment", ["tomorrow", "2026-11-23T07:30", "2026-13-01T00:00+07:00"])
def test_a_moment_that_cannot_be_understood_is_refused_in_one_sentence(demo_app: Flask, moment: str) -> None:
    code, said = run(demo_app, "tick", "--now", moment)
    assert code == 1
    assert said.count("\n") == 1
    assert "offset" in said


def test_outside_the_demo_nobody_sets_the_clock_and_a_tick_says_that_texts_are_off(app: Flask) -> None:
    code, said = run(app, "tick", "--now", at(6).isoformat())
    assert (code, "demo mode only" in said) == (1, True)
    code, said = run(app, "tick")
    assert code == 0
    assert "SMS_GATEWAY is not set" in said
    assert "no text goes out" in run(app, "queue")[1]


def test_a_tick_that_fails_says_which_part(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("with words that nobody may read")

    monkeypatch.setattr(jobs, "queue_due", broken)
    code, said = run(demo_app, "tick")
    assert code == 1
    assert "queue" in said
    assert "words" not in said


def test_a_worker_on_the_embedded_database_has_nothing_to_do(sqlite_url: str, tmp_path: Path) -> None:
    code, said = run(create_app(config_for(sqlite_url, tmp_path / "instance")), "worker")
    assert code == 0
    assert "`serve` does this itself" in said


def test_the_thread_beats_first_and_ticks_at_once(demo_app: Flask, demo_session: Session, demo_config: Config) -> None:
    ticked = threading.Event()
    real = jobs.tick

    def noticed(*arguments: Any, **options: Any) -> Ticked:
        done = real(*arguments, **options)
        ticked.set()
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ticking, "tick", noticed)
        with ticking.ticking(demo_app, demo_config):
            assert find_beat(demo_session) is not None
            assert ticked.wait(timeout=20)
    assert not [thread for thread in threading.enumerate() if "APScheduler" in thread.name]
    demo_session.rollback()
    assert find_beat(demo_session, PLAN) is not None


def test_a_tick_waits_for_a_look_instead_of_giving_up(
    demo_app: Flask, demo_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst of texts is looked at again and again: whoever is on duty is called all the same."""
    looking, goes_on, done = threading.Event(), threading.Event(), list[str]()

    def look(*_: object, **__: object) -> int:
        looking.set()
        assert goes_on.wait(20)
        done.append("look")
        return 0

    def tick_once(*_: object, **__: object) -> Ticked:
        done.append("tick")
        return Ticked(0, 0, 0, 0, ())

    monkeypatch.setattr(ticking, "read_and_answer", look)
    monkeypatch.setattr(ticking, "tick", tick_once)
    with demo_app.app_context():
        ticker = ticking.Ticker(demo_config, db.engine, None)
    threads = [threading.Thread(target=work) for work in (ticker.look, ticker.tick)]
    threads[0].start()
    assert looking.wait(20)
    threads[1].start()
    threads[1].join(0.3)  # where it gave up it would be over by now
    goes_on.set()
    for thread in threads:
        thread.join(20)
    assert done == ["look", "tick"]


def test_a_stop_that_meets_the_first_tick_ends_without_a_complaint(demo_app: Flask, demo_config: Config) -> None:
    due, complaints = threading.Event(), list[object]()
    real = MemoryJobStore.get_due_jobs

    def told_to_stop_meanwhile(store: Any, now: datetime) -> Any:
        jobs_due = real(store, now)
        due.set()
        while store._scheduler.state != STATE_STOPPED:
            time.sleep(0.001)
        return jobs_due

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryJobStore, "get_due_jobs", told_to_stop_meanwhile)
        patch.setattr(threading, "excepthook", lambda raised: complaints.append(raised.exc_type))
        with ticking.ticking(demo_app, demo_config):
            assert due.wait(timeout=20)
    assert complaints == []


def test_while_more_is_due_one_tick_follows_the_other_at_once(
    demo_app: Flask, demo_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, seen = iter([True, True, False]), list[WorkTime]()

    def sends_a_part(*_: Any, work_time: WorkTime, **__: Any) -> Ticked:
        seen.append(work_time)
        return Ticked(planned=0, queued=0, sent=1, read=0, failed=(), is_more_due=next(left))

    monkeypatch.setattr(ticking, "tick", sends_a_part)
    with demo_app.app_context():
        ticking.Ticker(demo_config, db.engine, None).tick()
    assert len(seen) == 3


def test_a_stop_reaches_a_tick_that_has_much_to_send(demo_app: Flask, demo_config: Config) -> None:
    begun, ended = threading.Event(), threading.Event()

    def sends_and_sends(*_: Any, work_time: WorkTime, **__: Any) -> Ticked:
        begun.set()
        deadline = time.monotonic() + 60
        while not work_time.is_ending() and time.monotonic() < deadline:
            time.sleep(0.01)
        if work_time.is_ending():
            ended.set()
        return Ticked(planned=0, queued=0, sent=1, read=0, failed=(), is_more_due=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ticking, "tick", sends_and_sends)
        with ticking.ticking(demo_app, demo_config):
            assert begun.wait(timeout=20)
    assert ended.is_set()


@pytest.fixture
def demo_config(database_url: str, tmp_path: Path) -> Config:
    return config_for(database_url, tmp_path / "instance", DEMO="1")


@pytest.fixture
def demo_app(demo_config: Config, start_clock_at: Callable[[datetime], None]) -> Any:
    app = create_app(demo_config)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def demo_client(demo_app: Flask) -> FlaskClient:
    return demo_app.test_client()


@pytest.fixture
def demo_session(demo_app: Flask) -> Any:
    with demo_app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        yield session


@pytest.fixture
def demo_cast(demo_session: Session) -> Cast:
    from tests.support.cast import fill

    return fill(demo_session)
