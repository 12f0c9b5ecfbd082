"""Far more goes out than any plan holds: the sender stops a site by itself, and a person lets it go again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.clock import running_seconds
from counseling.config import VIETNAM
from counseling.database import writing
from counseling.jobs import tick
from counseling.models.audit import AuditEntry
from counseling.models.texts import Reminder
from counseling.queries.planned_texts import find_days_plan
from counseling.queries.sending_pauses import find_pause
from counseling.services import breaker as breaking
from counseling.services import message_attempts
from counseling.services.breaker import ALWAYS_FINE, TIMES_THE_PLAN, Breaker
from counseling.services.rewording import Reworded
from counseling.services.sending_pauses import resume_sending
from counseling.services.work_time import WorkTime
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import by
from tests.support.outbox import EIGHT, FakeProvider, a_line, a_person, a_reminder, message, queued, states
from tests.support.outbox import send as send_with


class Hours:
    """Running time that a story moves by itself."""

    def __init__(self) -> None:
        self.seconds = 1_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def nothing_else_against(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every other hold on texts has failed: this one stands alone. They go in the words that they have."""
    monkeypatch.setattr(breaking, "why_not_now", lambda *_: None)
    monkeypatch.setattr(message_attempts, "reword", lambda *_: Reworded({}, {}))
    yield


def reminder_of(session: Session, person: int, on_date: date, version: int = 1) -> int:
    """A reminder that is due at eight of its day."""
    due = datetime.combine(on_date, EIGHT.timetz())
    row = {
        "patient_id": person, "side": "treatment", "site_id": DONG_KINH, "kind": "missed_yesterday",
        "rule_version": version, "on_date": on_date, "due_at": due, "expires_at": due + timedelta(hours=12),
        "state": "queued", "planned_at": due,
    }  # fmt: skip
    with writing(session) as tx:
        return tx.execute(insert(Reminder).values(**row).returning(Reminder.id)).scalar_one()


def texts(session: Session, people: list[int], now: datetime = EIGHT, version: int = 1, site: int = DONG_KINH) -> None:
    """One reminder of the day for each, in the outbox."""
    for person in people:
        reminder = reminder_of(session, person, now.date(), version)
        queued(session, a_line(session), now=now, reminder_id=reminder, site_id=site)


def send(session: Session, provider: FakeProvider, breaker: Breaker, now: datetime = EIGHT) -> int:
    """One run of the sender and what follows it; gives how many sites were stopped."""
    send_with(session, provider, now, look_again=breaker.look_again)
    return breaker.stop_what_broke(session, now)


@pytest.mark.usefixtures("nothing_else_against")
def test_a_clock_that_jumps_from_day_to_day_sends_three_days_worth_and_then_stops(session: Session, cast: Cast) -> None:
    people, provider, breaker = [a_person(session) for _ in range(10)], FakeProvider(), Breaker(Hours())
    stopped = []
    for day in range(6):
        texts(session, people, EIGHT + timedelta(days=day))
        stopped.append(send(session, provider, breaker, EIGHT + timedelta(days=day)))
    assert stopped == [0, 0, 0, 1, 0, 0]
    # What the pause itself holds back is shown in test_pausing.py: here the second look was taken out.
    assert len(provider.sent) >= TIMES_THE_PLAN * len(people)
    pause = find_pause(session, DONG_KINH, "treatment")
    assert pause is not None and pause.paused_by is None
    assert find_pause(session, DONG_KINH, "support") is None and find_pause(session, CAO_LOC, "treatment") is None


@pytest.mark.usefixtures("nothing_else_against")
def test_the_very_text_that_is_one_too_many_waits(session: Session, cast: Cast) -> None:
    people, provider, breaker = [a_person(session) for _ in range(10)], FakeProvider(), Breaker(Hours())
    for version in range(1, 5):  # the same plan, made four times by a fault
        texts(session, people, version=version)
    assert send(session, provider, breaker) == 1
    assert len(provider.sent) == TIMES_THE_PLAN * 10
    assert states(session).count("queued") == 10


@pytest.mark.usefixtures("nothing_else_against")
def test_a_few_people_are_no_burst(session: Session, cast: Cast) -> None:
    people, provider, breaker = [a_person(session) for _ in range(2)], FakeProvider(), Breaker(Hours())
    for version in range(1, ALWAYS_FINE // 2 + 1):
        texts(session, people, version=version)
    assert send(session, provider, breaker) == 0
    assert len(provider.sent) == ALWAYS_FINE
    texts(session, people, version=99)
    assert send(session, provider, breaker) == 1
    assert len(provider.sent) == ALWAYS_FINE


@pytest.mark.usefixtures("nothing_else_against")
def test_days_that_really_pass_never_stop_anything(session: Session, cast: Cast) -> None:
    people, provider, hours = [a_person(session) for _ in range(10)], FakeProvider(), Hours()
    breaker = Breaker(hours)
    for day in range(8):
        texts(session, people, EIGHT + timedelta(days=day))
        assert send(session, provider, breaker, EIGHT + timedelta(days=day)) == 0
        hours.seconds += 24 * 3600
    assert len(provider.sent) == 80


@pytest.mark.usefixtures("nothing_else_against")
def test_a_text_that_is_tried_again_and_again_is_one(session: Session, cast: Cast) -> None:
    breaker, text = (
        Breaker(Hours()),
        queued(session, a_line(session), reminder_id=a_reminder(session, a_person(session))),
    )
    looked = [breaker.look_again(session, message(session, text), EIGHT, VIETNAM) for _ in range(5 * ALWAYS_FINE)]
    assert looked == [None] * (5 * ALWAYS_FINE)


@pytest.mark.usefixtures("nothing_else_against")
def test_answers_and_what_people_type_are_not_counted(session: Session, cast: Cast) -> None:
    provider, breaker = FakeProvider(), Breaker(Hours())
    for _ in range(ALWAYS_FINE + 5):
        queued(session, a_line(session), wording="typed", is_automatic=False)
    assert send(session, provider, breaker) == 0
    assert len(provider.sent) == ALWAYS_FINE + 5


@pytest.mark.usefixtures("nothing_else_against")
def test_whoever_lets_them_go_again_is_not_stopped_at_once(session: Session, cast: Cast) -> None:
    people, provider, breaker = [a_person(session) for _ in range(10)], FakeProvider(), Breaker(Hours())
    for version in range(1, 5):
        texts(session, people, version=version)
    assert send(session, provider, breaker) == 1
    stop = find_pause(session, DONG_KINH, "treatment")
    assert stop
    nine_past = EIGHT + timedelta(minutes=9)
    assert resume_sending(session, DONG_KINH, "treatment", stop.id, by=by(cast, "dispenser"), now=nine_past)
    assert send(session, provider, breaker, EIGHT + timedelta(minutes=10)) == 0
    assert len(provider.sent) == 40
    entries = session.execute(
        select(AuditEntry.action, AuditEntry.actor)
        .where(AuditEntry.action.like("sending.%"), AuditEntry.chain == f"site:{DONG_KINH}")
        .order_by(AuditEntry.id)
    ).all()
    assert [tuple(entry) for entry in entries] == [
        ("sending.paused", "job:sender"),
        ("sending.resumed", by(cast, "dispenser").actor),
    ]


def test_a_plan_is_of_one_day_and_the_same_reminder_twice_is_one(session: Session, cast: Cast) -> None:
    today = EIGHT.date()
    people = [a_person(session) for _ in range(3)]
    for person in people:
        for version in (1, 2):
            reminder_of(session, person, today, version)
    reminder_of(session, people[0], today - timedelta(days=1))
    reminder_of(session, people[0], today + timedelta(days=1))
    assert find_days_plan(session, DONG_KINH, "treatment", today, VIETNAM) == 3
    assert find_days_plan(session, DONG_KINH, "treatment", today + timedelta(days=1), VIETNAM) == 3
    assert find_days_plan(session, DONG_KINH, "treatment", today + timedelta(days=2), VIETNAM) == 1
    assert find_days_plan(session, DONG_KINH, "support", today, VIETNAM) == 0
    assert find_days_plan(session, CAO_LOC, "treatment", today, VIETNAM) == 0


@pytest.mark.usefixtures("nothing_else_against")
def test_a_tick_keeps_count_from_one_to_the_next(session: Session, cast: Cast) -> None:
    people, provider, breaker = [a_person(session) for _ in range(10)], FakeProvider(), Breaker(Hours())
    for day in range(4):
        now = EIGHT + timedelta(days=day)
        texts(session, people, now)
        assert tick(session, provider, now, VIETNAM, dice=random.Random(1), breaker=breaker).failed == ()
    assert find_pause(session, DONG_KINH, "treatment") is not None


@pytest.mark.usefixtures("nothing_else_against")
def test_all_runs_of_one_tick_are_counted_together(session: Session, cast: Cast) -> None:
    """Sending stops and looks around every two seconds: the next run knows what those before it have sent."""
    people, provider, runs = [a_person(session) for _ in range(10)], FakeProvider(), list[float]()
    for version in range(1, 6):  # the same plan, made by a fault again and again
        texts(session, people, version=version)

    def seconds() -> float:
        runs.append(len(provider.sent) / 10)
        return runs[-1]

    options = {"dice": random.Random(1), "breaker": Breaker(Hours()), "work_time": WorkTime(seconds)}
    assert tick(session, provider, EIGHT, VIETNAM, **options).failed == ()  # type: ignore[arg-type]  # of three kinds
    assert len(provider.sent) == TIMES_THE_PLAN * 10
    assert find_pause(session, DONG_KINH, "treatment") is not None


def test_running_time_counts_seconds_whatever_the_clock_says() -> None:
    before = running_seconds()
    assert 0 <= running_seconds() - before < 60


@pytest.mark.usefixtures("nothing_else_against")
def test_a_large_day_of_last_week_does_not_let_more_go_out_today(session: Session, cast: Cast) -> None:
    people, provider, hours = [a_person(session) for _ in range(40)], FakeProvider(), Hours()
    breaker, then = Breaker(hours), EIGHT + timedelta(days=10)
    texts(session, people)
    assert send(session, provider, breaker) == 0
    hours.seconds += 10 * 24 * 3600
    for version in range(1, 11):
        texts(session, people[:10], then, version=version)
    before = len(provider.sent)
    assert send(session, provider, breaker, then) == 1
    assert len(provider.sent) - before == TIMES_THE_PLAN * 10
