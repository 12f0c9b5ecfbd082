"""Whose PIN works on a station's device: what the page "who is working?" shows, and what services check again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from counseling.database import AnySession, Reader
from counseling.domain.names import fold
from counseling.domain.pins import MOST_WRONG, TRUSTED_FOR
from counseling.models.hands import DevicePin, StaffPin
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.models.places import Site
from counseling.permissions import Side, Viewer
from counseling.queries.viewers import hash_token
from counseling.scopes import support_files_visible_to, treatment_files_visible_to


@dataclass(frozen=True)
class StationDevice:
    """An enrolled device that nobody revoked, and the site that it belongs to."""

    id: int
    site_id: int
    site_name: str


@dataclass(frozen=True)
class Hand:
    """Somebody who can take over here. `is_off`: only by password, after too many wrong PINs."""

    staff_id: int
    display_name: str
    is_off: bool


def find_station_device(session: AnySession, token: str | None) -> StationDevice | None:
    """The device behind a browser's token, when it is a station's."""
    if not token:
        return None
    query = (
        select(Device.id, Device.site_id, Site.name)
        .join(Site, Site.id == Device.site_id)
        .where(Device.token_hash == hash_token(token), Device.revoked_at.is_(None))
    )
    row = session.execute(query).first()
    return StationDevice(row[0], row[1], row[2]) if row and row[1] is not None else None


def whose_pin_counts(device_id: int, now: datetime) -> Select[int, str, str, int, int | None]:
    """The people whose PIN counts on the device: everything but the number of wrong tries.

    Columns: staff_id, display_name, pin_hash, wrong_tries, site_id.
    """
    at_the_site = StaffRole.staff_id == Staff.id, StaffRole.site_id == Device.site_id, StaffRole.ended_at.is_(None)
    return (
        select(Staff.id, Staff.display_name, StaffPin.pin_hash, DevicePin.wrong_tries, Device.site_id)
        .select_from(DevicePin)
        .join(Device, Device.id == DevicePin.device_id)
        .join(Staff, Staff.id == DevicePin.staff_id)
        .join(StaffPin, StaffPin.staff_id == DevicePin.staff_id)
        .where(
            DevicePin.device_id == device_id,
            DevicePin.password_at > now - TRUSTED_FOR,
            Device.site_id.is_not(None),
            Device.revoked_at.is_(None),
            Staff.disabled_at.is_(None),
            Staff.must_change_password.is_(False),
            select(StaffRole.id).where(*at_the_site).exists(),
        )
    )


def list_hands(session: AnySession, device_id: int, now: datetime) -> list[Hand]:
    """Everybody whose PIN counts on this device, by name, so that each keeps their number key."""
    rows = session.execute(whose_pin_counts(device_id, now))
    hands = [Hand(row.id, row.display_name, row.wrong_tries >= MOST_WRONG) for row in rows]
    return sorted(hands, key=lambda hand: (fold(hand.display_name), hand.staff_id))


def find_hand(session: AnySession, device_id: int, staff_id: int, now: datetime) -> Hand | None:
    """One of them."""
    return next((hand for hand in list_hands(session, device_id, now) if hand.staff_id == staff_id), None)


def desk_at(session: Reader, staff_id: int, site_id: int, device_id: int) -> int | None:
    """The role in which somebody sits down there: of several the one they last sat at on this device."""
    roles = select(StaffRole.id).where(
        StaffRole.staff_id == staff_id, StaffRole.site_id == site_id, StaffRole.ended_at.is_(None)
    )
    ids = sorted(session.execute(roles).scalars())
    if len(ids) < 2:
        return ids[0] if ids else None
    latest = (
        select(StaffSession.role_id)
        .where(StaffSession.device_id == device_id, StaffSession.role_id.in_(ids))
        .order_by(StaffSession.id.desc())
        .limit(1)
    )
    return session.execute(latest).scalar() or ids[0]


def is_file_in_sight(session: AnySession, viewer: Viewer, ref: str) -> bool:
    """Whether a person's address shows this viewer anything: their side's file, within their scope."""
    if viewer.side is Side.TREATMENT:
        query = select(TreatmentFile.patient_id).where(TreatmentFile.ref == ref, treatment_files_visible_to(viewer))
    else:
        query = select(SupportFile.patient_id).where(SupportFile.ref == ref, support_files_visible_to(viewer))
    return session.execute(query).first() is not None
