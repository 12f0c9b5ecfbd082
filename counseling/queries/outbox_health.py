"""The outbox by state and age, for whoever looks after the installation: counts only, nobody's text or number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.models.texts import MESSAGE_STATES, OutboundMessage, Reminder
from counseling.queries.worker_beats import find_beat

UNFINISHED = ("queued", "claimed", "accepted", "unknown")
LOOKED_BACK = timedelta(days=7)  # of texts that are finished


@dataclass(frozen=True)
class StateLine:
    """Texts in one state; `oldest_at` is when the oldest of them was queued."""

    state: str
    count: int
    oldest_at: datetime


@dataclass(frozen=True)
class HeldLine:
    reason: str
    count: int


@dataclass(frozen=True)
class OutboxHealth:
    """Unfinished texts of all times and finished ones of the last days; what is held; when somebody last ticked."""

    messages: Sequence[StateLine]
    held: Sequence[HeldLine]
    beat_at: datetime | None


def find_outbox_health(session: AnySession, now: datetime) -> OutboxHealth:
    recent = OutboundMessage.state.in_(UNFINISHED) | (OutboundMessage.queued_at > now - LOOKED_BACK)
    texts = session.execute(
        select(OutboundMessage.state, func.count(), func.min(OutboundMessage.queued_at))
        .where(recent)
        .group_by(OutboundMessage.state)
    )
    held = session.execute(
        select(Reminder.reason, func.count()).where(Reminder.state == "held").group_by(Reminder.reason)
    )
    return OutboxHealth(
        messages=sorted((StateLine(*row) for row in texts), key=lambda line: MESSAGE_STATES.index(line.state)),
        held=sorted((HeldLine(reason or "", count) for reason, count in held), key=lambda line: line.reason),
        beat_at=find_beat(session),
    )
