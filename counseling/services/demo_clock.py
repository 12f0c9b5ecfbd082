"""What must follow when a demo's clock is moved by hand: whoever is signed in stays so, as if nothing had passed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from counseling.database import AnySession, writing
from counseling.models.people import StaffSession
from counseling.queries.viewers import IDLE


def keep_signed_in(session: AnySession, before: datetime, after: datetime) -> int:
    """Move the end of every session that lives at `before` along to `after`; gives how many. In demo mode only."""
    alive = (
        StaffSession.ended_at.is_(None),
        StaffSession.ends_at > before,
        StaffSession.last_seen_at > before - IDLE,
    )
    with writing(session) as tx:
        rows = tx.execute(select(StaffSession.id, StaffSession.ends_at).where(*alive)).all()
        for row in rows:
            moved = {"last_seen_at": after, "ends_at": after + (row.ends_at - before)}
            tx.execute(update(StaffSession).where(StaffSession.id == row.id).values(**moved))
    return len(rows)
