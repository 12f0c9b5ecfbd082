"""Whether a site's automatic texts of one side wait, and who said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from counseling.database import AnySession
from counseling.domain.audit_chain import HOUSE
from counseling.models.audit import AuditEntry
from counseling.models.people import Staff
from counseling.models.text_keeping import SendingPause


@dataclass(frozen=True)
class Pause:
    """`paused_by` None: the sender itself, because far more went out than was planned; or a restore, which knows
    nothing of what has gone out since its backup."""

    id: int
    paused_at: datetime
    paused_by: str | None
    is_after_restore: bool = False


def are_paused(site_id: Any, side: Any) -> ColumnElement[bool]:
    """As a condition of a statement that reads many rows, by their columns."""
    return exists().where(SendingPause.site_id == site_id, SendingPause.side == side, SendingPause.ended_at.is_(None))


def find_pause(session: AnySession, site_id: int, side: str) -> Pause | None:
    row = session.execute(
        select(SendingPause.id, SendingPause.paused_at, Staff.display_name)
        .outerjoin(Staff, Staff.id == SendingPause.paused_by_id)
        .where(SendingPause.site_id == site_id, SendingPause.side == side, SendingPause.ended_at.is_(None))
    ).first()
    if row is None:
        return None
    restored = AuditEntry.chain == HOUSE, AuditEntry.action == "backup.restored", AuditEntry.at == row.paused_at
    by_restore = (
        row.display_name is None and session.execute(select(AuditEntry.id).where(*restored)).first() is not None
    )
    return Pause(*row, is_after_restore=by_restore)
