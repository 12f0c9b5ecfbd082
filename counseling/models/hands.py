"""What re-enters at the window, and what else than a password shows who somebody is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from counseling.domain.pins import MOST_WRONG
from counseling.models.base import Base


class StaffPin(Base):
    """Somebody's six digits, as argon2id keeps them. They go with the password under which they were set."""

    __tablename__ = "staff_pins"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    pin_hash: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime]


class DevicePin(Base):
    """Somebody on one device: when they last gave their password there, and PIN tries since then that were wrong."""

    __tablename__ = "device_pins"
    # The last lock behind the count: no race and no slip lets anybody try a sixth time.
    __table_args__ = (CheckConstraint(f"wrong_tries BETWEEN 0 AND {MOST_WRONG}", name="wrong_tries"),)

    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"), primary_key=True, autoincrement=False)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False, index=True)
    password_at: Mapped[datetime]
    wrong_tries: Mapped[int]


class StaffTotp(Base):
    """The secret that somebody's phone makes codes from; without `confirmed_at` no code was ever shown to be right."""

    __tablename__ = "staff_totp"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    ref: Mapped[str] = mapped_column(String(16), unique=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int | None]  # of the last code that was taken: none is taken twice, nor an older one


class RecoveryCode(Base):
    """One of ten codes on paper, for whoever has lost the phone; good once."""

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
