"""Whether a site's automatic texts of one side wait, and who said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from counseling.database import AnySession
from counseling.models.people import Staff
from counseling.models.text_keeping import SendingPause


@dataclass(frozen=True)
class Pause:
    """`paused_by` None: the sender itself, because far more went out than was planned."""

    paused_at: datetime
    paused_by: str | None


def are_paused(site_id: Any, side: Any) -> ColumnElement[bool]:
    """As a condition of a statement that reads many rows, by their columns."""
    return exists().where(SendingPause.site_id == site_id, SendingPause.side == side, SendingPause.ended_at.is_(None))


def find_pause(session: AnySession, site_id: int, side: str) -> Pause | None:
    row = session.execute(
        select(SendingPause.paused_at, Staff.display_name)
        .outerjoin(Staff, Staff.id == SendingPause.paused_by_id)
        .where(SendingPause.site_id == site_id, SendingPause.side == side, SendingPause.ended_at.is_(None))
    ).first()
    return None if row is None else Pause(*row)
