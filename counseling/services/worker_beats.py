"""When the clock-driven work last ran, and whose turn it is now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.models.texts import WorkerBeat
from counseling.queries.worker_beats import TICK


def beat(session: AnySession, now: datetime, name: str = TICK) -> None:
    """Say that the work ran."""
    with writing(session) as tx:
        tx.execute(_upsert(tx, name, now))


def claim_turn(session: AnySession, name: str, now: datetime, every: timedelta) -> bool:
    """Whether this work is to be done now, `every` so often: of several that ask, one is told so.

    A turn that lies ahead does not count: the clock was set back.
    """
    with writing(session) as tx:
        statement = _upsert(tx, name, now, or_(WorkerBeat.beat_at <= now - every, WorkerBeat.beat_at > now))
        return tx.execute(statement.returning(WorkerBeat.name)).first() is not None


def _upsert(tx: Session, name: str, now: datetime, where: Any = None) -> Any:
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    first = dialect.insert(WorkerBeat).values(name=name, beat_at=now)
    return first.on_conflict_do_update(index_elements=["name"], set_={"beat_at": now}, where=where)
