"""Signing in and out. The session's token goes into the browser's cookie; the database keeps only its hash."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, exists, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.people import Device, Staff, StaffRole, StaffSession
from counseling.permissions import Viewer
from counseling.queries.viewers import hash_token
from counseling.services import audit, passwords
from counseling.services.pins import note_password
from counseling.services.sign_in_brakes import Counted, bucket_names, count_try, ensure_may_try, forgive

LONGEST = timedelta(hours=12)
TOKEN_BYTES = 32
LABEL_LENGTH = 80
# Built once: what every try asks, before anything costly is done for it.
FIND_ACCOUNT = select(Staff.id, Staff.password_hash, Staff.disabled_at).where(
    Staff.username == bindparam("of_username")
)
FIND_DEVICE = select(Device.id).where(Device.token_hash == bindparam("of_token"))
WAS_HERE = select(
    exists().where(StaffSession.staff_id == bindparam("of_staff"), StaffSession.device_id == bindparam("of_device"))
)


@dataclass(frozen=True)
class Attempt:
    """What came with the sign-in form. `address` is the network's, used only where the browser is not known."""

    username: str
    password: str = field(repr=False)
    device_token: str | None = field(repr=False)
    device_label: str
    address: str


@dataclass(frozen=True)
class Opened:
    """A new session. Both tokens exist only here and in the browser; `role_id` None: a desk has to be chosen."""

    token: str = field(repr=False)
    device_token: str = field(repr=False)
    staff_id: int
    role_id: int | None


def username_of(text: str) -> str:
    """How a username is kept and compared."""
    return text.strip().casefold()


def sign_in(
    session: AnySession,
    attempt: Attempt,
    now: datetime,
    matches: Callable[[str | None, str], bool] = passwords.matches,
) -> Opened:
    """Open a session for whoever knows the password.

    Refuses with too_many_tries (wait_seconds), or with wrong_credentials: the same for a wrong password, a name that
    nobody has and an account that was disabled, after the same work.
    """
    staff = _account(session, attempt.username)
    buckets = _buckets(session, attempt, staff)
    ensure_may_try(session, buckets, now)  # whoever hammers is turned away without taking the write lock
    with writing(session) as tx:
        counted = count_try(tx, buckets, now)
    if not matches(staff.password_hash if staff else None, attempt.password) or staff is None:
        raise Refusal("wrong_credentials")
    fresh_hash = passwords.hash_password(attempt.password) if passwords.is_outdated(staff.password_hash) else None
    with writing(session) as tx:
        return _open(tx, attempt, staff, counted, fresh_hash, now)


def sign_out(session: AnySession, viewer: Viewer, now: datetime) -> None:
    """End the viewer's own session."""
    with writing(session) as tx:
        tx.execute(
            update(StaffSession)
            .where(StaffSession.id == viewer.session_id, StaffSession.ended_at.is_(None))
            .values(ended_at=now, ended_by_id=viewer.staff_id, end_reason="signed_out")
        )
        audit.append(tx, audit.HOUSE, viewer.actor, "session.ended", f"session:{viewer.session_id}", {}, now)


def open_session(tx: Session, staff_id: int, device_id: int, role_id: int | None, now: datetime) -> tuple[str, int]:
    """A session for somebody who has shown who they are: its token and its id."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = insert(StaffSession).values(
        token_hash=hash_token(token),
        staff_id=staff_id,
        device_id=device_id,
        role_id=role_id,
        started_at=now,
        last_seen_at=now,
        ends_at=now + LONGEST,
    )
    session_id: int = tx.execute(row.returning(StaffSession.id)).scalar_one()
    return token, session_id


def _account(session: AnySession, username: str) -> Row[int, str, datetime | None] | None:
    return session.connection().execute(FIND_ACCOUNT, {"of_username": username_of(username)}).first()


def _device_id(session: AnySession, token: str | None) -> int | None:
    return session.connection().execute(FIND_DEVICE, {"of_token": hash_token(token)}).scalar() if token else None


def _buckets(session: AnySession, attempt: Attempt, staff: Row[int, str, datetime | None] | None) -> list[str]:
    staff_id = staff.id if staff else None
    device_id = _device_id(session, attempt.device_token)
    before = {"of_staff": staff_id, "of_device": device_id}
    is_known = staff_id is not None and device_id is not None and bool(session.connection().scalar(WAS_HERE, before))
    username = username_of(attempt.username)
    return bucket_names(session, username, staff_id, device_id, is_known=is_known, address=attempt.address)


def _open(
    tx: Session,
    attempt: Attempt,
    checked: Row[int, str, datetime | None],
    counted: Counted,
    fresh_hash: str | None,
    now: datetime,
) -> Opened:
    staff = _account(tx, attempt.username)
    # The password was checked outside: an account disabled or a password changed meanwhile is refused.
    if staff is None or staff.disabled_at is not None or staff.password_hash != checked.password_hash:
        raise Refusal("wrong_credentials")
    forgive(tx, counted)
    if fresh_hash:
        tx.execute(update(Staff).where(Staff.id == staff.id).values(password_hash=fresh_hash))
    device_id, device_token = _device(tx, attempt, now)
    role_id = _only_role(tx, staff.id)
    token, session_id = open_session(tx, staff.id, device_id, role_id, now)
    note_password(tx, staff.id, device_id, now)
    actor, facts = f"staff:{staff.id}/session:{session_id}", {"device": device_id, "role": role_id}
    audit.append(tx, audit.HOUSE, actor, "session.started", f"session:{session_id}", facts, now)
    return Opened(token, device_token, staff.id, role_id)


def _device(tx: Session, attempt: Attempt, now: datetime) -> tuple[int, str]:
    """The device of this browser and its token; a new one where the browser brought none that is known."""
    known = _device_id(tx, attempt.device_token)
    if known is not None and attempt.device_token is not None:
        return known, attempt.device_token
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {"token_hash": hash_token(token), "label": attempt.device_label[:LABEL_LENGTH], "first_seen_at": now}
    made: int = tx.execute(insert(Device).values(values).returning(Device.id)).scalar_one()
    return made, token


def _only_role(tx: Session, staff_id: int) -> int | None:
    """The desk of somebody who has one; None for several: they choose."""
    open_roles = select(StaffRole.id).where(StaffRole.staff_id == staff_id, StaffRole.ended_at.is_(None))
    ids = tx.execute(open_roles.limit(2)).scalars().all()
    return ids[0] if len(ids) == 1 else None
