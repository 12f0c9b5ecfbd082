"""Devices of a station: enrolled by somebody who works there, revoked by any of them or by an administrator."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.hands import DevicePin
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.permissions import Permission, RoleKind, Viewer
from counseling.services import audit
from counseling.services.administration import ensure_administrator
from counseling.services.pins import lock_device, note_password
from counseling.services.second_factor import ensure_second_factor
from counseling.services.second_signature import ensure_own_signature


def enrol_device(
    session: AnySession, viewer: Viewer, password: str, code: str, now: datetime, *, asks_second_factor: bool
) -> None:
    """Make the browser that the viewer sits at a device of their station. Enrolled there already: nothing changes.

    Refuses with not_at_a_station, device_of_another_site, the refusals of the own signature and of
    `ensure_second_factor`; the latter is left out in demo mode only.
    """
    site_id = _station_of(viewer)
    ensure_own_signature(session, viewer.staff_id, password, viewer.device_id, now)
    if asks_second_factor:
        ensure_second_factor(session, viewer, code, now)
    with writing(session) as tx:
        lock_device(tx, viewer.device_id)
        _ensure_still_there(tx, viewer)
        query = select(Device.site_id).where(Device.id == viewer.device_id, Device.revoked_at.is_(None))
        enrolled_at_site = tx.execute(query).scalar_one_or_none()
        if enrolled_at_site not in (None, site_id):
            raise Refusal("device_of_another_site")
        note_password(tx, viewer.staff_id, viewer.device_id, now)
        if enrolled_at_site is not None:
            return
        enrolled = {"site_id": site_id, "enrolled_at": now, "enrolled_by_id": viewer.staff_id}
        anew = {**enrolled, "revoked_at": None, "revoked_by_id": None}
        tx.execute(update(Device).where(Device.id == viewer.device_id).values(**anew))
        subject = f"device:{viewer.device_id}"
        audit.append(tx, audit.site_chain(site_id), viewer.actor, "device.enrolled", subject, {}, now)


def revoke_device(session: AnySession, by: Viewer, device_id: int, now: datetime) -> None:
    """Take a device from its station and end every session on it. No PIN counts there any more: enrolled again,
    each begins with the password.

    Refuses with no_such_device what is not a device of the viewer's station; an administrator revokes any.
    """
    with writing(session) as tx:
        lock_device(tx, device_id)
        if by.may(Permission.ADMINISTER):
            ensure_administrator(tx, by)
        else:
            _ensure_still_there(tx, by)
        query = select(Device.site_id).where(Device.id == device_id, Device.revoked_at.is_(None))
        site_id = tx.execute(query).scalar_one_or_none()
        if site_id is None or (not by.may(Permission.ADMINISTER) and site_id != _station_of(by)):
            raise Refusal("no_such_device")
        tx.execute(update(Device).where(Device.id == device_id).values(revoked_at=now, revoked_by_id=by.staff_id))
        tx.execute(delete(DevicePin).where(DevicePin.device_id == device_id))
        facts = {"sessions": _end_sessions(tx, device_id, by, now)}
        chain = audit.site_chain(site_id)
        audit.append(tx, chain, by.actor, "device.revoked", f"device:{device_id}", facts, now)


def _station_of(viewer: Viewer) -> int:
    if viewer.site_id is None or not viewer.may(Permission.KEEP_DEVICES):
        raise Refusal("not_at_a_station")
    return viewer.site_id


def _ensure_still_there(tx: Session, viewer: Viewer) -> None:
    """The session, the account and the desk still stand now: a colleague may have ended them a moment ago."""
    still = (
        select(StaffSession.id)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .join(StaffRole, StaffRole.id == StaffSession.role_id)
        .where(
            StaffSession.id == viewer.session_id,
            StaffSession.ended_at.is_(None),
            Staff.disabled_at.is_(None),
            StaffRole.ended_at.is_(None),
            StaffRole.kind.in_((RoleKind.DISPENSER, RoleKind.DOCTOR)),
        )
    )
    if tx.execute(still).first() is None:
        raise Refusal("not_at_a_station")


def _end_sessions(tx: Session, device_id: int, by: Viewer, now: datetime) -> list[int]:
    ended = (
        update(StaffSession)
        .where(StaffSession.device_id == device_id, StaffSession.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=by.staff_id, end_reason="device_revoked")
    )
    return sorted(tx.execute(ended.returning(StaffSession.id)).scalars())
