"""How the channels of texts are, for whoever looks after the installation: nobody's text and nobody's number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.domain.channels import FAILS_AFTER, TextKind, carrier_of, fault_of_silence, is_resting
from counseling.models.channels import SmsChannel, SmsRoute, SmsTest
from counseling.models.texts import PhoneLine

WORKS, FAILING, AWAY, STOPPED = "works", "failing", "away", "stopped"
MOST_TESTS = 5


@dataclass(frozen=True)
class ChannelHealth:
    """`state`: WORKS, FAILING (it takes texts, and none leaves it, `failing_since`), AWAY (it has not taken several
    texts in a row and is left alone) or STOPPED, for `why`. `unreported_since`: texts may wait on the phone only."""

    gateway: str
    state: str
    why: str | None = None
    streak: int = 0
    taken_at: datetime | None = None
    heard_at: datetime | None = None
    failed_at: datetime | None = None
    per_minute: int | None = None
    attach_asked_at: datetime | None = None
    attached_at: datetime | None = None
    is_one_way: bool = False
    is_without_receipts: bool = False
    failing_since: datetime | None = None
    unreported_since: datetime | None = None


@dataclass(frozen=True)
class RouteRow:
    kind: TextKind
    gateway: str
    fallback: str | None


@dataclass(frozen=True)
class TestText:
    """Each step of its way as the instant at which it was taken, or None. `fault`: also what a long silence means."""

    __test__ = False  # pytest takes what is called Test… for tests

    ref: str
    gateway: str
    asked_at: datetime
    attempt_started_at: datetime | None
    taken_at: datetime | None
    fault: str | None
    reported: str | None
    reported_at: datetime | None
    replied_at: datetime | None


def list_channels(session: AnySession, names: Sequence[str], now: datetime) -> list[ChannelHealth]:
    """The channels of these gateways, in this order."""
    rows = {row.gateway: row for row in session.execute(select(SmsChannel.__table__))}
    return [_health(name, rows.get(name), now) for name in names]


def count_denied(session: AnySession) -> int:
    """How many numbers never get a text."""
    return session.execute(select(func.count(PhoneLine.id)).where(PhoneLine.denied_at.is_not(None))).scalar_one()


def list_routes(session: AnySession, first: str) -> list[RouteRow]:
    """Who carries each kind of texts; `first` what nobody has routed."""
    rows = {row.kind: row for row in session.execute(select(SmsRoute.__table__))}
    return [
        RouteRow(kind, rows[kind].gateway, rows[kind].fallback) if kind in rows else RouteRow(kind, first, None)
        for kind in TextKind
    ]


def list_stuck_kinds(session: AnySession, names: Sequence[str], now: datetime) -> set[TextKind]:
    """The kinds of texts that go out by no way until somebody starts a channel again."""
    able = {one.gateway for one in list_channels(session, names, now) if one.state != STOPPED}
    routes = list_routes(session, names[0]) if names else []
    return {route.kind for route in routes if carrier_of((route.gateway, route.fallback), able) is None}


def list_one_way_kinds(session: AnySession, names: Sequence[str]) -> set[TextKind]:
    """The kinds of texts that may go where nobody can answer, be it only while their first channel takes none."""
    one_way = select(SmsChannel.gateway).where(SmsChannel.is_one_way, SmsChannel.gateway.in_(names))
    found = set(session.execute(one_way).scalars())
    routes = list_routes(session, names[0]) if found else []
    return {route.kind for route in routes if found & {route.gateway, route.fallback}}


def list_tests(session: AnySession, now: datetime) -> list[TestText]:
    """The last test texts, the newest first, without the number."""
    columns = [getattr(SmsTest, name) for name in TestText.__dataclass_fields__]
    found = select(*columns).order_by(SmsTest.id.desc()).limit(MOST_TESTS)
    return [_with_silence(TestText(*row), now) for row in session.execute(found)]


def _with_silence(test: TestText, now: datetime) -> TestText:
    if test.fault is not None or test.taken_at is not None:
        return test
    return replace(test, fault=fault_of_silence(test.asked_at, test.attempt_started_at, now))


def _health(name: str, row: Any, now: datetime) -> ChannelHealth:
    if row is None:
        return ChannelHealth(name, WORKS)
    return ChannelHealth(
        gateway=name,
        state=_state(row, now),
        why=row.stopped_why,
        streak=row.error_streak,
        taken_at=row.taken_at,
        heard_at=row.heard_at,
        failed_at=row.failed_at,
        per_minute=row.segments_per_minute,
        attach_asked_at=row.attach_asked_at,
        attached_at=row.attached_at,
        is_one_way=row.is_one_way,
        is_without_receipts=row.is_without_receipts,
        failing_since=row.failing_since,
        unreported_since=row.unreported_since,
    )


def _state(row: Any, now: datetime) -> str:
    if row.stopped_at is not None:
        return STOPPED
    if is_resting(row.rests_until, now):
        return AWAY
    return FAILING if row.failing_numbers >= FAILS_AFTER else WORKS
