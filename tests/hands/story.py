"""The station Đông Kinh has a device of its own, and people whose PIN counts there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pyotp
from argon2 import PasswordHasher
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.hands import DevicePin, StaffPin
from counseling.models.people import Device, StaffRole, StaffSession
from counseling.permissions import Viewer
from counseling.queries.own_security import find_second_factor
from counseling.queries.viewers import find_viewer
from counseling.services import hand_over, second_factor
from counseling.services.pins import note_password
from tests.support.cast import DONG_KINH, PASSWORD, Cast
from tests.support.settings import MORNING

PIN, OTHER_PIN = "240613", "908172"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def after(**span: float) -> datetime:
    return MORNING + timedelta(**span)


def enrolled(session: Session, cast: Cast, site: int = DONG_KINH, now: datetime = MORNING) -> None:
    """The device on which the whole cast is signed in belongs to a site."""
    values = {"site_id": site, "enrolled_at": now, "enrolled_by_id": cast.staff["dispenser"]}
    with writing(session) as tx:
        tx.execute(update(Device).where(Device.id == cast.device).values(**values))


def with_pin(session: Session, cast: Cast, username: str, pin: str = PIN, now: datetime = MORNING) -> int:
    """Somebody has a PIN and gave their password on the device; gives who."""
    staff_id = cast.staff[username]
    with writing(session) as tx:
        tx.execute(insert(StaffPin).values(staff_id=staff_id, pin_hash=CHEAP.hash(pin), set_at=now))
        note_password(tx, staff_id, cast.device, now)
    return staff_id


def colleague(session: Session, cast: Cast, username: str = "dispenser2", kind: str = "dispenser") -> int:
    """Somebody gets a second desk, at Đông Kinh."""
    side = "support" if kind == "counselor" else "treatment"
    role = {"staff_id": cast.staff[username], "kind": kind, "side": side, "site_id": DONG_KINH, "given_at": MORNING}
    with writing(session) as tx:
        return tx.execute(insert(StaffRole).values(**role).returning(StaffRole.id)).scalar_one()


def at_the_station(cast: Cast, username: str = "dispenser") -> Viewer:
    return replace(cast.viewer_of(username), device_site_id=DONG_KINH)


def take(
    session: Session, cast: Cast, username: str, pin: str = PIN, before: Viewer | None = None, now: datetime = MORNING
) -> Viewer:
    """Somebody takes over; gives them as the next request finds them."""
    taken = hand_over.take_over(session, cast.device, cast.staff[username], pin, before, now)
    session.rollback()
    found = find_viewer(session, taken.token, now)
    assert found
    return found[0]


def tries(session: Session, cast: Cast, username: str) -> int:
    session.rollback()
    query = select(DevicePin.wrong_tries).where(DevicePin.staff_id == cast.staff[username])
    return session.execute(query.where(DevicePin.device_id == cast.device)).scalar_one()


def session_row(session: Session, session_id: int) -> StaffSession:
    session.rollback()
    return session.get_one(StaffSession, session_id, populate_existing=True)


def actions(session: Session) -> list[tuple[str, str, str, str]]:
    """What the audit says since the beginning: chain, actor, action, subject."""
    session.rollback()
    query = select(AuditEntry.chain, AuditEntry.actor, AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)
    return [tuple(row) for row in session.execute(query)]


def phone_of(session: Session, viewer: Viewer, now: datetime = MORNING) -> tuple[pyotp.TOTP, list[str]]:
    """The viewer has turned the second factor on: what their phone makes codes with, and the recovery codes."""
    second_factor.begin(session, viewer, PASSWORD, now)
    found = find_second_factor(session, viewer.staff_id)
    assert found and found.secret
    phone = pyotp.TOTP(found.secret)
    return phone, second_factor.confirm(session, viewer, phone.at(now), now)
