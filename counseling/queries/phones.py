"""Phones that hand in entries: one's own, somebody's, and those of teams on which something has waited for long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.phone_entries import SKEW_SHOWN
from counseling.models.people import Device, Staff, StaffRole
from counseling.models.phone_entries import PhoneToken
from counseling.models.places import OutreachTeam
from counseling.permissions import Viewer
from counseling.scopes import teams_visible_to

LONG = timedelta(days=3)


@dataclass(frozen=True)
class Phone:
    """A phone that may hand in entries, by its newest token."""

    id: int
    label: str
    issued_at: datetime
    heard_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True)
class TeamPhone:
    """`waiting_since`: how long something has lain on it, None where nothing has for long; `skew_minutes` likewise."""

    who: str
    team: str
    label: str
    waiting: int
    waiting_since: datetime | None
    heard_at: datetime | None
    skew_minutes: int | None


@dataclass(frozen=True)
class Volunteer:
    """Somebody whose month can be printed."""

    role_id: int
    name: str
    team: str


def list_phones(session: AnySession, staff_id: int, now: datetime) -> list[Phone]:
    """Tokens of one person that are good, the newest first."""
    query = (
        select(PhoneToken.id, Device.label, PhoneToken.issued_at, PhoneToken.heard_at, PhoneToken.expires_at)
        .join(Device, Device.id == PhoneToken.device_id)
        .where(PhoneToken.staff_id == staff_id, PhoneToken.revoked_at.is_(None), PhoneToken.expires_at > now)
    )
    return [Phone(*row) for row in session.execute(query.order_by(PhoneToken.issued_at.desc(), PhoneToken.id.desc()))]


def list_quiet_phones(session: AnySession, viewer: Viewer, now: datetime) -> list[TeamPhone]:
    """Phones of the reader's teams that need a place with a signal, or their clock set; the longest waiting first."""
    newest: dict[tuple[int, int], Any] = {}
    for row in session.execute(_of_teams(viewer, now)):
        newest.setdefault((row.role_id, row.device_id), row)  # a phone's last word counts
    phones = [_phone(row, now) for row in newest.values()]
    shown = [phone for phone in phones if phone.waiting_since or phone.skew_minutes is not None]
    return sorted(shown, key=lambda phone: phone.waiting_since or now)


def list_volunteers(session: AnySession, viewer: Viewer) -> list[Volunteer]:
    """The volunteers of the reader's teams, by team and name."""
    query = (
        select(StaffRole.id, Staff.display_name, OutreachTeam.name)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .join(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
        .where(teams_visible_to(viewer), StaffRole.ended_at.is_(None), Staff.disabled_at.is_(None))
    )
    return [Volunteer(*row) for row in session.execute(query.order_by(OutreachTeam.name, Staff.display_name))]


def _of_teams(viewer: Viewer, now: datetime) -> Any:
    return (
        select(
            PhoneToken.role_id,
            PhoneToken.device_id,
            PhoneToken.waiting,
            PhoneToken.waiting_since,
            PhoneToken.heard_at,
            PhoneToken.skew_seconds,
            Staff.display_name,
            Device.label,
            OutreachTeam.name.label("team_name"),
        )
        .join(StaffRole, StaffRole.id == PhoneToken.role_id)
        .join(Staff, Staff.id == PhoneToken.staff_id)
        .join(Device, Device.id == PhoneToken.device_id)
        .join(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
        .where(teams_visible_to(viewer), PhoneToken.heard_at.is_not(None), PhoneToken.revoked_at.is_(None))
        .where(PhoneToken.expires_at > now, StaffRole.ended_at.is_(None))
        .order_by(PhoneToken.heard_at.desc(), PhoneToken.id.desc())
    )


def _phone(row: Any, now: datetime) -> TeamPhone:
    since = (row.waiting_since or row.heard_at) if row.waiting else None
    skew = timedelta(seconds=row.skew_seconds or 0)
    return TeamPhone(
        who=row.display_name,
        team=row.team_name,
        label=row.label,
        waiting=row.waiting,
        waiting_since=since if since is not None and now - since > LONG else None,
        heard_at=row.heard_at,
        skew_minutes=int(skew.total_seconds() // 60) if abs(skew) > SKEW_SHOWN else None,
    )
