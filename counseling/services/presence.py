"""When somebody was last here: what the idle end of a session is counted from."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from counseling.database import AnySession, writing
from counseling.models.people import StaffSession


def note_seen(session: AnySession, session_id: int, now: datetime) -> None:
    """Move the session's last-seen instant forward. Called at most once a minute per session."""
    with writing(session) as tx:
        tx.execute(
            update(StaffSession)
            .where(StaffSession.id == session_id, StaffSession.last_seen_at < now, StaffSession.ended_at.is_(None))
            .values(last_seen_at=now)
        )
