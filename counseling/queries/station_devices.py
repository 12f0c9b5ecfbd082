"""A site's enrolled devices, and what the browser somebody sits at is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.models.people import Device, Staff, StaffSession


@dataclass(frozen=True)
class EnrolledDevice:
    id: int
    label: str
    enrolled_at: datetime | None
    enrolled_by: str
    last_seen_at: datetime | None


def list_station_devices(session: AnySession, site_id: int) -> list[EnrolledDevice]:
    """The devices of a site that nobody revoked, oldest first."""
    seen = select(func.max(StaffSession.last_seen_at)).where(StaffSession.device_id == Device.id).scalar_subquery()
    rows = session.execute(
        select(Device.id, Device.label, Device.enrolled_at, Staff.display_name, seen)
        .join(Staff, Staff.id == Device.enrolled_by_id)
        .where(Device.site_id == site_id, Device.revoked_at.is_(None))
        .order_by(Device.enrolled_at, Device.id)
    )
    return [EnrolledDevice(*row) for row in rows]


def enrolled_site_of(session: AnySession, device_id: int) -> int | None:
    """The site that a device belongs to now."""
    query = select(Device.site_id).where(Device.id == device_id, Device.revoked_at.is_(None))
    return session.execute(query).scalar_one_or_none()
