"""Signed-in browsers, as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, true

from counseling.database import AnySession
from counseling.models.people import Device, Staff, StaffSession
from counseling.queries.viewers import IDLE


@dataclass(frozen=True)
class OpenSession:
    id: int
    staff_id: int
    username: str
    display_name: str
    device_label: str
    started_at: datetime
    last_seen_at: datetime


def list_open_sessions(session: AnySession, now: datetime, staff_id: int | None = None) -> list[OpenSession]:
    """Sessions that would still be let in, latest seen first; of one person, or of everybody."""
    whose: ColumnElement[bool] = true() if staff_id is None else StaffSession.staff_id == staff_id
    rows = session.execute(
        select(
            StaffSession.id,
            Staff.id,
            Staff.username,
            Staff.display_name,
            Device.label,
            StaffSession.started_at,
            StaffSession.last_seen_at,
        )
        .join(Staff, Staff.id == StaffSession.staff_id)
        .join(Device, Device.id == StaffSession.device_id)
        .where(
            whose,
            StaffSession.ended_at.is_(None),
            StaffSession.ends_at > now,
            StaffSession.last_seen_at > now - IDLE,
        )
        .order_by(StaffSession.last_seen_at.desc(), StaffSession.id.desc())
    )
    return [OpenSession(*row) for row in rows]
