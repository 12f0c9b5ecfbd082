"""Whether the clock-driven work is alive."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from counseling.database import AnySession
from counseling.models.texts import WorkerBeat

TICK, PLAN = "tick", "plan"
SILENT_AFTER = timedelta(minutes=3)


def find_beat(session: AnySession, name: str = TICK) -> datetime | None:
    return session.execute(select(WorkerBeat.beat_at).where(WorkerBeat.name == name)).scalar_one_or_none()


def is_silent(session: AnySession, now: datetime) -> bool:
    """Whether nobody has ticked for so long that texts are late."""
    beat_at = find_beat(session)
    return beat_at is None or now - beat_at > SILENT_AFTER
