"""What somebody's own account holds besides the password: a PIN, a second factor, recovery codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from counseling.database import AnySession, vault_of
from counseling.models.hands import RecoveryCode, StaffPin, StaffTotp


@dataclass(frozen=True)
class SecondFactor:
    """`secret` only while it waits for its first code; afterwards nobody sees it again."""

    confirmed_at: datetime | None
    secret: str | None = field(repr=False)
    codes_left: int


def pin_set_at(session: AnySession, staff_id: int) -> datetime | None:
    return session.execute(select(StaffPin.set_at).where(StaffPin.staff_id == staff_id)).scalar_one_or_none()


def find_second_factor(session: AnySession, staff_id: int) -> SecondFactor | None:
    row = session.execute(
        select(StaffTotp.ref, StaffTotp.secret, StaffTotp.confirmed_at).where(StaffTotp.staff_id == staff_id)
    ).first()
    if row is None:
        return None
    unused = select(func.count()).where(RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None))
    waiting = row.confirmed_at is None
    secret = vault_of(session).open("staff_totp.secret", row.ref, row.secret) if waiting else None
    return SecondFactor(row.confirmed_at, secret, session.execute(unused).scalar_one())
