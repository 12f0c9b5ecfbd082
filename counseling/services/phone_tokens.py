"""Tokens of phones: with one a phone may hand in entries of its owner, and nothing else. Only its hash is kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, Select, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.phone_entries import TOKEN_LASTS
from counseling.domain.refusal import Refusal
from counseling.models.people import Staff, StaffSession
from counseling.models.phone_entries import PhoneToken
from counseling.permissions import Permission, Viewer
from counseling.queries.viewers import hash_token
from counseling.services import audit
from counseling.services.administration import ensure_administrator

TOKEN_BYTES = 32
# A lost answer must not end the token that the phone still has: the last few of one phone and desk go on working.
MOST_OF_ONE_PHONE = 3


@dataclass(frozen=True)
class NewToken:
    """The token itself exists only here and on the phone."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class Held:
    """A token that a request has shown. `is_good` False: revoked or too old, as `is_revoked` says."""

    id: int
    staff_id: int
    role_id: int
    is_good: bool
    is_revoked: bool


def issue_token(session: AnySession, viewer: Viewer, now: datetime) -> NewToken:
    """A token for the desk that somebody sits at, on this phone. Refuses may_not_log."""
    if viewer.role_id is None or not viewer.may(Permission.LOG_CONTACT):
        raise Refusal("may_not_log")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = insert(PhoneToken).values(
        token_hash=hash_token(token),
        staff_id=viewer.staff_id,
        role_id=viewer.role_id,
        device_id=viewer.device_id,
        issued_at=now,
        expires_at=now + TOKEN_LASTS,
    )
    with writing(session) as tx:
        _ensure_still_signed_in(tx, viewer)
        _let_old_ones_end(tx, viewer, now)
        token_id = tx.execute(row.returning(PhoneToken.id)).scalar_one()
        audit.append(tx, audit.HOUSE, viewer.actor, "phone.token_issued", f"phone:{token_id}", {}, now)
    return NewToken(token, now + TOKEN_LASTS)


def find_token(session: AnySession, token: str, now: datetime) -> Held | None:
    """What a request has shown; None for what was never a token."""
    query = select(
        PhoneToken.id, PhoneToken.staff_id, PhoneToken.role_id, PhoneToken.revoked_at, PhoneToken.expires_at
    ).where(PhoneToken.token_hash == hash_token(token))
    row = session.execute(query).first()
    if row is None:
        return None
    is_revoked = row.revoked_at is not None
    return Held(row.id, row.staff_id, row.role_id, not is_revoked and row.expires_at > now, is_revoked)


def lock_token(tx: Session, token_id: int, now: datetime) -> Row[*tuple[object, ...]]:
    """The token's row until the transaction ends. Refuses token_ended: whoever revoked it was first."""
    query = select(PhoneToken.counted_from, PhoneToken.counted).where(
        PhoneToken.id == token_id, PhoneToken.revoked_at.is_(None), PhoneToken.expires_at > now
    )
    row = tx.execute(query.with_for_update()).first()
    if row is None:
        raise Refusal("token_ended")
    return row


def revoke_own(session: AnySession, viewer: Viewer, token_id: int, now: datetime) -> None:
    """Sign a phone of one's own out: its tokens and its sessions end. Refuses no_such_token."""
    with writing(session) as tx:
        _revoke_one(tx, viewer, token_id, viewer.staff_id, now)


def revoke_of(session: AnySession, by: Viewer, staff_id: int, token_id: int, now: datetime) -> None:
    """The same of somebody's phone, by an administrator."""
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _revoke_one(tx, by, token_id, staff_id, now)


def _revoke_one(tx: Session, by: Viewer, token_id: int, staff_id: int, now: datetime) -> None:
    """All of one person on that phone: it may hold an earlier token, and an open session would fetch a new one."""
    shown = select(PhoneToken.device_id).where(PhoneToken.id == token_id, PhoneToken.staff_id == staff_id)
    device_id = tx.execute(shown).scalar_one_or_none()
    if device_id is None:
        raise Refusal("no_such_token")
    tx.execute(_at_work(staff_id))  # a token being issued at this moment is there before, or refused
    facts = {"sessions": _end_sessions(tx, staff_id, device_id, by, now)}
    own = (PhoneToken.staff_id == staff_id) & (PhoneToken.device_id == device_id)
    for revoked in _revoke(tx, own, by.staff_id, now):
        audit.append(tx, audit.HOUSE, by.actor, "phone.token_revoked", f"phone:{revoked}", facts, now)


def _end_sessions(tx: Session, staff_id: int, device_id: int, by: Viewer, now: datetime) -> list[int]:
    ended = (
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.device_id == device_id, StaffSession.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=by.staff_id, end_reason="device_revoked")
    )
    return sorted(tx.execute(ended.returning(StaffSession.id)).scalars())


def _at_work(staff_id: int) -> Select[int]:
    return select(Staff.id).where(Staff.id == staff_id, Staff.disabled_at.is_(None)).with_for_update()


def _ensure_still_signed_in(tx: Session, viewer: Viewer) -> None:
    """Whoever is being disabled, or whose phone is being signed out, at this moment gets no token afterwards."""
    is_at_work = tx.execute(_at_work(viewer.staff_id)).first() is not None
    open_now = select(StaffSession.id).where(StaffSession.id == viewer.session_id, StaffSession.ended_at.is_(None))
    if not is_at_work or tx.execute(open_now).first() is None:
        raise Refusal("may_not_log")


def revoke_tokens_of(tx: Session, staff_id: int, by_id: int | None, now: datetime) -> list[int]:
    """All of one person, inside a transaction that has checked who asks and that writes the audit; gives their ids."""
    return _revoke(tx, PhoneToken.staff_id == staff_id, by_id, now)


def _revoke(tx: Session, which: ColumnElement[bool], by_id: int | None, now: datetime) -> list[int]:
    standing = update(PhoneToken).where(which, PhoneToken.revoked_at.is_(None))
    return sorted(tx.execute(standing.values(revoked_at=now, revoked_by_id=by_id).returning(PhoneToken.id)).scalars())


def _let_old_ones_end(tx: Session, viewer: Viewer, now: datetime) -> None:
    """Ended, not revoked: a phone that still has one keeps its list and asks for a new one."""
    same = (
        select(PhoneToken.id)
        .where(PhoneToken.role_id == viewer.role_id, PhoneToken.device_id == viewer.device_id)
        .where(PhoneToken.revoked_at.is_(None), PhoneToken.expires_at > now)
        .order_by(PhoneToken.issued_at.desc(), PhoneToken.id.desc())
    )
    too_many = tx.execute(same).scalars().all()[MOST_OF_ONE_PHONE - 1 :]
    if too_many:
        tx.execute(update(PhoneToken).where(PhoneToken.id.in_(too_many)).values(expires_at=now + timedelta(seconds=1)))
