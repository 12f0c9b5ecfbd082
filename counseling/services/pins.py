"""Six digits of somebody's own: set with the password, forgotten with it, tried at most five times on one device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Update, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.pins import MOST_WRONG, ensure_pin
from counseling.domain.refusal import Refusal
from counseling.models.hands import DevicePin, StaffPin
from counseling.models.people import Device, Staff
from counseling.permissions import Viewer
from counseling.queries.hands import whose_pin_counts
from counseling.services import audit, passwords
from counseling.services.second_signature import ensure_own_signature

Matches = Callable[[str | None, str], bool]


@dataclass(frozen=True)
class RightPin:
    """A PIN that was right a moment ago. Whoever acts on it looks again, inside the transaction (`take`)."""

    device_id: int
    staff_id: int
    pin_hash: str = field(repr=False)
    wrong_before: int


def set_pin(session: AnySession, viewer: Viewer, password: str, pin: str, now: datetime) -> None:
    """Set one's own PIN, or another one. On this device it counts from now on, for the password was given here.

    Refuses with a code of domain/pins.py, own_signature_missing, own_signature_wrong or too_many_tries.
    """
    ensure_pin(pin)
    known = session.execute(select(Staff.password_hash).where(Staff.id == viewer.staff_id)).scalar_one()
    ensure_own_signature(session, viewer.staff_id, password, viewer.device_id, now)
    pin_hash = passwords.hash_password(pin)
    with writing(session) as tx:
        same = Staff.id == viewer.staff_id, Staff.password_hash == known, Staff.disabled_at.is_(None)
        if tx.execute(select(Staff.id).where(*same).with_for_update()).first() is None:
            raise Refusal("own_signature_wrong")  # it was changed while this was on its way
        forget_pin(tx, viewer.staff_id)
        tx.execute(insert(StaffPin).values(staff_id=viewer.staff_id, pin_hash=pin_hash, set_at=now))
        note_password(tx, viewer.staff_id, viewer.device_id, now)
        audit.append(tx, audit.HOUSE, viewer.actor, "pin.set", f"staff:{viewer.staff_id}", {}, now)


def forget_pin(tx: Session, staff_id: int) -> None:
    """Whoever might have set it under a password that no longer counts cannot come in by it."""
    tx.execute(delete(StaffPin).where(StaffPin.staff_id == staff_id))


def note_password(tx: Session, staff_id: int, device_id: int, now: datetime) -> None:
    """The password was right on this device: the week of the PIN begins anew, and so do its tries."""
    counted = {"password_at": now, "wrong_tries": 0}
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(DevicePin).values(device_id=device_id, staff_id=staff_id, **counted)
    tx.execute(row.on_conflict_do_update(index_elements=["device_id", "staff_id"], set_=counted))


def ensure_right_pin(
    session: AnySession, device_id: int, staff_id: int, pin: str, now: datetime, matches: Matches = passwords.matches
) -> RightPin:
    """Look at a PIN. The try is counted before it is looked at, so that no race gives a free one.

    Refuses with pin_not_here (no device of a station, or nobody whose PIN counts on it), pin_wrong (tries_left) or
    pin_off (until the password was given on this device).
    """
    with writing(session) as tx:
        lock_device(tx, device_id)
        row = tx.execute(whose_pin_counts(device_id, now).where(Staff.id == staff_id)).first()
        if row is None:
            raise Refusal("pin_not_here")
        if row.wrong_tries >= MOST_WRONG:
            raise Refusal("pin_off")
        tx.execute(_tries(device_id, staff_id).values(wrong_tries=DevicePin.wrong_tries + 1))
    if matches(row.pin_hash, pin):
        return RightPin(device_id, staff_id, row.pin_hash, row.wrong_tries)
    if row.wrong_tries + 1 < MOST_WRONG:
        raise Refusal("pin_wrong", tries_left=MOST_WRONG - row.wrong_tries - 1)
    with writing(session) as tx:
        chain, whose = audit.site_chain(row.site_id), f"staff:{staff_id}"
        audit.append(tx, chain, f"device:{device_id}", "pin.locked", whose, {"device": device_id}, now)
    raise Refusal("pin_off")


def take(tx: Session, right: RightPin, now: datetime) -> int:
    """The PIN still counts inside this transaction: its tries begin anew. Gives the device's site.

    Refuses with pin_not_here when PIN, account, role or device ended while the PIN was being looked at.
    """
    lock_device(tx, right.device_id)
    held = select(Staff.id).where(Staff.id == right.staff_id).with_for_update(read=True)
    tx.execute(held)  # disabling and a new password wait until this is done
    counts = whose_pin_counts(right.device_id, now).where(Staff.id == right.staff_id)
    row = tx.execute(counts.where(StaffPin.pin_hash == right.pin_hash)).first()
    if row is None:
        raise Refusal("pin_not_here")
    tx.execute(_tries(right.device_id, right.staff_id).values(wrong_tries=0))
    site_id: int = row.site_id
    return site_id


def lock_device(tx: Session, device_id: int) -> None:
    """The first lock of everything that happens on a device."""
    tx.execute(select(Device.id).where(Device.id == device_id).with_for_update())


def _tries(device_id: int, staff_id: int) -> Update:
    return update(DevicePin).where(DevicePin.device_id == device_id, DevicePin.staff_id == staff_id)
