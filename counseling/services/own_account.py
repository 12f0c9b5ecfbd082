"""What people do with their own account: the desk they sit at, password, language, other sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.passwords import ensure_good_password
from counseling.domain.refusal import Refusal
from counseling.models.people import Staff, StaffRole, StaffSession
from counseling.permissions import Viewer
from counseling.services import audit, passwords
from counseling.services.pins import forget_pin
from counseling.services.sign_in_brakes import bucket_names, count_try, forgive

NO_ADDRESS = ""  # the device is known


def choose_desk(session: AnySession, viewer: Viewer, role_id: int, now: datetime) -> None:
    """Sit at another of one's own desks. Refuses with no_such_desk what is somebody else's or has ended."""
    with writing(session) as tx:
        own = select(StaffRole.id).where(
            StaffRole.id == role_id, StaffRole.staff_id == viewer.staff_id, StaffRole.ended_at.is_(None)
        )
        if tx.execute(own.with_for_update()).first() is None:
            raise Refusal("no_such_desk")
        tx.execute(update(StaffSession).where(StaffSession.id == viewer.session_id).values(role_id=role_id))
        facts = {"from": viewer.role_id, "to": role_id}
        audit.append(tx, audit.HOUSE, viewer.actor, "desk.chosen", f"session:{viewer.session_id}", facts, now)


def choose_language(session: AnySession, viewer: Viewer, locale: str) -> None:
    """Keep one of `languages.LOCALES` in the account; it is no matter of the audit."""
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.id == viewer.staff_id).values(locale=locale))


def change_password(session: AnySession, viewer: Viewer, old: str, new: str, now: datetime) -> None:
    """Set a new password, forget the PIN and end every other session of this person.

    Refuses with wrong_password, password_unchanged, too_many_tries or a code of domain/passwords.py. Tries are counted
    like those at the sign-in page: an unlocked phone must not become a place to guess at.
    """
    with writing(session) as tx:
        row = tx.execute(select(Staff.username, Staff.password_hash).where(Staff.id == viewer.staff_id)).one()
        ensure_good_password(new, row.username)
        buckets = bucket_names(tx, row.username, viewer.staff_id, viewer.device_id, is_known=True, address=NO_ADDRESS)
        counted = count_try(tx, buckets, now)
    if not passwords.matches(row.password_hash, old):
        raise Refusal("wrong_password")
    new_hash = None if old == new else passwords.hash_password(new)
    with writing(session) as tx:
        forgive(tx, counted)
        if new_hash is not None:
            _set_password(tx, viewer, row.password_hash, new_hash, now)
    if new_hash is None:
        raise Refusal("password_unchanged")


def _set_password(tx: Session, viewer: Viewer, old_hash: str, new_hash: str, now: datetime) -> None:
    changed = (
        update(Staff)
        .where(Staff.id == viewer.staff_id, Staff.password_hash == old_hash, Staff.disabled_at.is_(None))
        .values(password_hash=new_hash, must_change_password=False)
    )
    if tx.execute(changed.returning(Staff.id)).first() is None:
        raise Refusal("wrong_password")  # an administrator reset it while this was on its way
    forget_pin(tx, viewer.staff_id)
    _end_others(tx, viewer, now)
    audit.append(tx, audit.HOUSE, viewer.actor, "password.changed", f"staff:{viewer.staff_id}", {}, now)


def _end_others(tx: Session, viewer: Viewer, now: datetime) -> None:
    others = (
        StaffSession.staff_id == viewer.staff_id,
        StaffSession.id != viewer.session_id,
        StaffSession.ended_at.is_(None),
    )
    ended = {"ended_at": now, "ended_by_id": viewer.staff_id, "end_reason": "password_changed"}
    tx.execute(update(StaffSession).where(*others).values(**ended))


def end_own_session(session: AnySession, viewer: Viewer, session_id: int, now: datetime) -> None:
    """End one of one's own sessions. Refuses with no_such_session what is somebody else's; an ended one stays so."""
    with writing(session) as tx:
        own = StaffSession.id == session_id, StaffSession.staff_id == viewer.staff_id
        if tx.execute(select(StaffSession.id).where(*own)).first() is None:
            raise Refusal("no_such_session")
        tx.execute(
            update(StaffSession)
            .where(*own, StaffSession.ended_at.is_(None))
            .values(ended_at=now, ended_by_id=viewer.staff_id, end_reason="signed_out")
        )
        audit.append(tx, audit.HOUSE, viewer.actor, "session.ended", f"session:{session_id}", {}, now)
