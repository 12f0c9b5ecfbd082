"""What a restored database needs before anybody works on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from counseling.migrating import upgrade_within
from counseling.models.people import StaffSession
from counseling.models.phone_entries import PhoneToken


def make_current(connection: Connection, now: datetime) -> None:
    """Pending migrations, guards, and nobody signed in: an old backup holds sessions that were ended since."""
    upgrade_within(connection)
    connection.execute(
        update(StaffSession)
        .where(StaffSession.ended_at.is_(None))
        .values(ended_at=now, end_reason="ended_by_administrator")
    )
    # Tokens of phones too: some were revoked since. The phones keep what waits and get new ones at the next sign-in.
    connection.execute(
        update(PhoneToken).where(PhoneToken.revoked_at.is_(None), PhoneToken.expires_at > now).values(expires_at=now)
    )
