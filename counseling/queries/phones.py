"""Phones that hand in entries: one's own, somebody's, and those of teams on which something has waited for long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from counseling.database import AnySession
from counseling.domain.phone_entries import OLDEST_VISIT, SKEW_SHOWN, TOKEN_LASTS, happened_at
from counseling.models.people import Device, Staff, StaffRole, StaffSession
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
    """`waiting_since`: how long something has lain on it, None where nothing has for long; `skew_minutes` likewise.

    `quiet_since`: nothing at all was heard of it since then, None where that is not long ago. What lies on it nobody
    knows: perhaps nothing. `helps`: what it takes beyond a signal, None where that is enough; see `_helps`.
    """

    who: str
    team: str
    label: str
    waiting: int
    waiting_since: datetime | None
    quiet_since: datetime | None
    skew_minutes: int | None
    helps: str | None

    @property
    def since(self) -> datetime | None:
        """Since when it has been long without a word: of what waits, or of anything."""
        return self.waiting_since or self.quiet_since


def list_phones(session: AnySession, staff_id: int, now: datetime) -> list[Phone]:
    """Tokens of one person that are good, the newest first."""
    query = (
        select(PhoneToken.id, Device.label, PhoneToken.issued_at, PhoneToken.heard_at, PhoneToken.expires_at)
        .join(Device, Device.id == PhoneToken.device_id)
        .where(PhoneToken.staff_id == staff_id, PhoneToken.revoked_at.is_(None), PhoneToken.expires_at > now)
    )
    return [Phone(*row) for row in session.execute(query.order_by(PhoneToken.issued_at.desc(), PhoneToken.id.desc()))]


def list_quiet_phones(session: AnySession, viewer: Viewer, now: datetime) -> list[TeamPhone]:
    """Phones of the reader's teams that need a place with a signal, or their clock set; the longest waiting first.

    What lies on one is shown whatever has ended meanwhile: its token, its owner's place in the team or the account.
    """
    tokens: dict[tuple[int, int], list[Any]] = {}
    for row in session.execute(_of_teams(viewer, now)):
        tokens.setdefault((row.role_id, row.device_id), []).append(row)
    phones = [_phone(rows, now) for rows in tokens.values()]
    shown = [phone for phone in phones if phone.since or phone.skew_minutes is not None]
    return sorted(shown, key=lambda phone: phone.since or now)


def _of_teams(viewer: Viewer, now: datetime) -> Any:
    """Tokens of phones, of each phone first the one of which something was heard last: that is the phone's last word.

    Of what was said longer ago than `OLDEST_VISIT` nobody finds out any more on which day it was.
    """
    used = StaffSession.staff_id == PhoneToken.staff_id, StaffSession.device_id == PhoneToken.device_id
    seen = select(func.max(StaffSession.last_seen_at)).where(*used).scalar_subquery()
    is_recent = or_(PhoneToken.issued_at > now - TOKEN_LASTS, PhoneToken.heard_at >= now - OLDEST_VISIT)
    return (
        select(
            PhoneToken.role_id,
            PhoneToken.device_id,
            PhoneToken.waiting,
            PhoneToken.waiting_since,
            PhoneToken.heard_at,
            PhoneToken.issued_at,
            PhoneToken.expires_at,
            PhoneToken.revoked_at,
            seen.label("seen_at"),
            PhoneToken.skew_seconds,
            StaffRole.ended_at,
            Staff.disabled_at,
            Staff.display_name,
            Device.label,
            OutreachTeam.name.label("team_name"),
        )
        .join(StaffRole, StaffRole.id == PhoneToken.role_id)
        .join(Staff, Staff.id == PhoneToken.staff_id)
        .join(Device, Device.id == PhoneToken.device_id)
        .join(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
        .where(teams_visible_to(viewer), is_recent)
        .order_by(PhoneToken.heard_at.desc().nulls_last(), PhoneToken.id.desc())
    )


def _phone(rows: list[Any], now: datetime) -> TeamPhone:
    """`rows`: tokens of one phone and desk. That it was made ready anew, or asked for its list, is a word too."""
    row, standing = rows[0], [token for token in rows if token.revoked_at is None]
    # By its age: a restore ends every token early (services/restored.py), and the phone is in use as before.
    is_young = any(token.issued_at > now - TOKEN_LASTS for token in standing)
    is_in_use = is_young and row.ended_at is None and row.disabled_at is None
    heard_at = max(at for token in rows for at in (token.heard_at, token.issued_at, token.seen_at) if at)
    since, skew = _waiting_since(row), timedelta(seconds=row.skew_seconds or 0)
    return TeamPhone(
        who=row.display_name,
        team=row.team_name,
        label=row.label,
        waiting=row.waiting,
        waiting_since=since if since is not None and now - since > LONG else None,
        quiet_since=heard_at if is_in_use and now - heard_at > LONG else None,
        skew_minutes=int(skew.total_seconds() // 60) if is_in_use and abs(skew) > SKEW_SHOWN else None,
        helps=_helps(row, is_good=any(token.expires_at > now for token in standing)),
    )


def _waiting_since(row: Any) -> datetime | None:
    """By the server's clock, as for the visits themselves: the phone says it by its own."""
    heard_at: datetime | None = row.heard_at
    if not row.waiting or heard_at is None or row.waiting_since is None:
        return heard_at if row.waiting else None
    return happened_at(row.waiting_since, timedelta(seconds=row.skew_seconds or 0), heard_at)


def _helps(row: Any, *, is_good: bool) -> str | None:
    """What makes a phone send again.

    "sign_in": its owner, once, on this phone. "open_account": an administrator first. "bring": anybody who opens the
    app where there is a signal. "by_hand": nothing does, since nobody can sign in at a desk that has ended.
    """
    if row.ended_at is not None:
        return "bring" if is_good else "by_hand"
    if row.disabled_at is not None:
        return "open_account"
    return None if is_good else "sign_in"
