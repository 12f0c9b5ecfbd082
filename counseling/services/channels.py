"""Channels while texts are sent: who carries what now, how much it still takes, and what its silence means.

Everything stands in the database: several senders share a gateway's pace, its failures and its rests.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling import logs
from counseling.database import AnySession, writing
from counseling.domain.channels import TextKind, carrier_of, is_resting, rest_after
from counseling.models.channels import SmsChannel, SmsRoute
from counseling.models.texts import OutboundMessage
from counseling.services import audit
from counseling.sms.gateway import Fault, SmsGateway
from counseling.sms.gateways import Gateways

PACE = timedelta(minutes=1)
SLOW = 120  # segments a minute, of a phone: before each text it is asked what others have sent
ATTEMPTED = ("claimed", "accepted", "delivered", "failed", "unknown")
NOTED_AGAIN_AFTER = timedelta(minutes=1)  # "last took a text": not a write for each
# A gateway that was away for so long may have lost what came in meanwhile.
MISSES_AFTER = timedelta(minutes=10)
ACTOR = "job:sender"


@dataclass
class Lane:
    """One gateway, the kinds of texts that it carries now, and how many segments it takes in this minute still.

    Texts that are pinned to a gateway go through its lane, whatever their kind.
    """

    gateway: SmsGateway
    kinds: frozenset[str]
    room: int
    pace: int


@dataclass(frozen=True)
class Outcomes:
    """What some texts in a row showed of a gateway: did it take the last one, and how many did it not take since."""

    taken: bool
    failures: int
    fault: Fault | None = None


def open_lanes(session: AnySession, gateways: Gateways, now: datetime) -> list[Lane]:
    """The gateways that take texts now, those of the answers first."""
    channels = {row.gateway: row for row in session.execute(select(SmsChannel.__table__))}
    routes = {row.kind: (row.gateway, row.fallback) for row in session.execute(select(SmsRoute.__table__))}
    able = {name for name in gateways.by_name if _is_open(channels.get(name), now)}
    carriers = {kind: carrier_of(routes.get(kind, (gateways.first, None)), able) for kind in TextKind}
    ordered = [*dict.fromkeys(name for name in carriers.values() if name), *sorted(able)]
    lanes = []
    for name in dict.fromkeys(ordered):
        kinds = frozenset(kind.value for kind, carrier in carriers.items() if carrier == name)
        gateway = gateways.by_name[name]
        pace = _pace(gateway, channels.get(name))
        lanes.append(Lane(gateway, kinds, _room(session, gateway, pace, now), pace))
    session.rollback()
    return lanes


def look_for_room(session: AnySession, lane: Lane, now: datetime) -> None:
    """What another sender has sent through a slow gateway meanwhile is taken off what this one may send."""
    if lane.pace <= SLOW:
        lane.room = min(lane.room, _room(session, lane.gateway, lane.pace, now))
        session.rollback()


def _is_open(channel: Any, now: datetime) -> bool:
    return channel is None or (channel.stopped_at is None and not is_resting(channel.rests_until, now))


def _pace(gateway: SmsGateway, channel: Any) -> int:
    own = gateway.abilities.segments_per_minute
    return own if channel is None else channel.segments_per_minute or own


def _room(session: AnySession, gateway: SmsGateway, pace: int, now: datetime) -> int:
    """Segments that the gateway takes in this minute still, counted in the database: several senders share a pace."""
    query = select(func.coalesce(func.sum(OutboundMessage.segments), 0)).where(
        OutboundMessage.attempt_started_at > now - PACE,
        OutboundMessage.attempt_started_at <= now,
        OutboundMessage.gateway == gateway.name,
        # For the index: what was attempted in the last minute had become due within the last days.
        OutboundMessage.state.in_(ATTEMPTED),
        OutboundMessage.send_after > now - timedelta(days=2),
    )
    return pace - int(session.execute(query).scalar_one())


def note_outcomes(tx: Session, gateway: str, outcomes: Outcomes, now: datetime) -> bool:
    """Count what a gateway took and did not take; gives whether it rests or stands now. Locks its row, no chain."""
    channel = lock_channel(tx, gateway)
    if outcomes.taken:
        _note_taken(tx, channel, now)
    if outcomes.taken and not outcomes.failures:
        return False
    streak = outcomes.failures + (0 if outcomes.taken else channel.error_streak)
    rest = rest_after(streak)
    values: dict[str, Any] = {"error_streak": streak, "failed_at": now, "rests_until": now + rest if rest else None}
    if outcomes.fault is not None and channel.stopped_at is None:
        values |= {"stopped_at": now, "stopped_why": outcomes.fault.value}
    _change(tx, gateway, **values)
    return rest is not None or outcomes.fault is not None


def _note_taken(tx: Session, channel: Any, now: datetime) -> None:
    noted = channel.taken_at is not None and channel.taken_at <= now < channel.taken_at + NOTED_AGAIN_AFTER
    if channel.error_streak == 0 and noted:
        return
    back: dict[str, Any] = {"error_streak": 0, "rests_until": None, "missed_since": missed_since(channel, now)}
    _change(tx, channel.gateway, taken_at=now, **back)


def missed_since(channel: Any, now: datetime) -> datetime | None:
    """Since when a channel that failed and is to be used again may have lost what came in; None: it has not."""
    seen: datetime | None = channel.taken_at
    if channel.missed_since is None and channel.error_streak and seen is not None and now - seen > MISSES_AFTER:
        return seen
    since: datetime | None = channel.missed_since
    return since


def note_stopped(session: AnySession, gateway: str, fault: Fault, now: datetime) -> None:
    """Say in the log and in the audit that a channel stands; it was stopped with the text that showed it."""
    logs.logger().error("a channel was stopped", job="send", code=fault.value)
    with writing(session) as tx:
        audit.append(tx, audit.HOUSE, ACTOR, "channel.stopped", f"channel:{gateway}", {"why": fault.value}, now)


def stop_channel(session: AnySession, gateway: str, fault: Fault, now: datetime) -> None:
    """Stop a channel for what a receipt has told about it; one that stands already is left as it is."""
    with writing(session) as tx:
        if lock_channel(tx, gateway).stopped_at is not None:
            return
        _change(tx, gateway, stopped_at=now, stopped_why=fault.value)
    note_stopped(session, gateway, fault, now)


# When this process wrote it down last, by database and gateway: in a burst nobody has to be asked for each report.
_heard: WeakKeyDictionary[object, dict[str, datetime]] = WeakKeyDictionary()


def note_heard(session: AnySession, gateway: str, now: datetime) -> None:
    """A gateway has reported something: it is there. Written once a minute."""
    noted = _heard.setdefault(session.get_bind(), {})
    last = noted.get(gateway)
    if last is not None and last <= now < last + NOTED_AGAIN_AFTER:
        return
    with writing(session) as tx:
        lock_channel(tx, gateway)
        _change(tx, gateway, heard_at=now)
    noted[gateway] = now


def lock_channel(tx: Session, gateway: str) -> Any:
    """The channel's row, locked until the transaction ends; made when it is new."""
    found = select(SmsChannel.__table__).where(SmsChannel.gateway == gateway).with_for_update()
    row = tx.execute(found).first()
    if row is None:
        dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
        made = dialect.insert(SmsChannel).values(gateway=gateway, error_streak=0)
        tx.execute(made.on_conflict_do_nothing())
        row = tx.execute(found).one()
    return row


def _change(tx: Session, gateway: str, **values: Any) -> None:
    tx.execute(update(SmsChannel).where(SmsChannel.gateway == gateway).values(**values))


def outcomes_of(results: Iterable[tuple[bool, Fault | None]]) -> Outcomes:
    """Sum up texts in the order in which they were handed over: (was it taken or refused by name, a fault)."""
    taken, failures, fault = False, 0, None
    for came_through, what in results:
        if came_through:
            taken, failures = True, 0
        else:
            failures += 1
        fault = fault or what
    return Outcomes(taken, failures, fault)
