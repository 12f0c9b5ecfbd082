"""Sessions ended by an administrator; the browser finds out at its next request."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.people import StaffSession
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import ensure_administrator, staff_id_of


def end_session(session: AnySession, by: Viewer, session_id: int, now: datetime) -> None:
    """End one session. Refuses with no_such_session; an ended one stays as it ended."""
    with writing(session) as tx:
        ensure_administrator(tx, by)
        if tx.execute(select(StaffSession.id).where(StaffSession.id == session_id)).first() is None:
            raise Refusal("no_such_session")
        _end(tx, StaffSession.id == session_id, by, now)
        audit.append(tx, audit.HOUSE, by.actor, "session.ended", f"session:{session_id}", {}, now)


def end_all_sessions(session: AnySession, by: Viewer, staff_id: int, now: datetime) -> None:
    """End every session of one person, wherever they are signed in."""
    with writing(session) as tx:
        ensure_administrator(tx, by)
        ids = end_sessions_of(tx, staff_id, by, now)
        audit.append(tx, audit.HOUSE, by.actor, "sessions.ended", f"staff:{staff_id}", {"sessions": ids}, now)


def end_sessions_of(tx: Session, staff_id: int, by: Viewer | None, now: datetime) -> list[int]:
    """The same inside a transaction that has checked who asks and that writes the audit: returns their ids."""
    return _end(tx, StaffSession.staff_id == staff_id, by, now)


def _end(tx: Session, which: ColumnElement[bool], by: Viewer | None, now: datetime) -> list[int]:
    ended = (
        update(StaffSession)
        .where(which, StaffSession.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=staff_id_of(by), end_reason="ended_by_administrator")
    )
    return sorted(tx.execute(ended.returning(StaffSession.id)).scalars())
