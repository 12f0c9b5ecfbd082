"""Within a practice: sitting down as one of its invented people. No password: the real application let them in."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, writing
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.queries.viewers import hash_token
from counseling.services.signing_in import LONGEST, TOKEN_BYTES


def sit_down(session: AnySession, username: str, now: datetime) -> str:
    """A new session of an invented account, at its one desk; gives the token of the cookie."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with writing(session) as tx:
        seat = select(Staff.id, StaffRole.id).join(StaffRole, StaffRole.staff_id == Staff.id)
        staff_id, role_id = tx.execute(seat.where(Staff.username == username)).one()
        device_id = tx.execute(select(Device.id).order_by(Device.id).limit(1)).scalar_one()
        row = {"token_hash": hash_token(token), "staff_id": staff_id, "device_id": device_id, "role_id": role_id}
        tx.execute(insert(StaffSession).values(**row, started_at=now, last_seen_at=now, ends_at=now + LONGEST))
    return token
