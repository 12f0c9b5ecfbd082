"""One device, one person after the other: taking over by PIN, locking, and coming back to what one had begun."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.people import StaffSession
from counseling.permissions import Viewer
from counseling.queries.hands import desk_at
from counseling.queries.viewers import IDLE
from counseling.services import audit, passwords, pins
from counseling.services.second_signature import ensure_own_signature
from counseling.services.signing_in import open_session


@dataclass(frozen=True)
class TakenOver:
    """A new session of whoever took over. `wrong_before`: wrong tries here since they last got in."""

    token: str = field(repr=False)
    staff_id: int
    wrong_before: int


def take_over(
    session: AnySession,
    device_id: int,
    staff_id: int,
    pin: str,
    before: Viewer | None,
    now: datetime,
    matches: pins.Matches = passwords.matches,
) -> TakenOver:
    """Somebody takes over a station's device: the session of the one before ends, theirs begins at their desk.

    Refuses with pin_not_here, pin_wrong (tries_left) or pin_off; then everything stays as it was.
    """
    right = pins.ensure_right_pin(session, device_id, staff_id, pin, now, matches)
    with writing(session) as tx:
        site_id = pins.take(tx, right, now)
        role_id = desk_at(tx, staff_id, site_id, device_id)
        ended = _end(tx, before, device_id, staff_id, now)
        token, session_id = open_session(tx, staff_id, device_id, role_id, now)
        actor, subject = f"staff:{staff_id}/session:{session_id}", f"session:{session_id}"
        facts = {"device": device_id, "role": role_id, "ended": ended}
        audit.append(tx, audit.site_chain(site_id), actor, "session.handed_over", subject, facts, now)
    return TakenOver(token, staff_id, right.wrong_before)


def lock(session: AnySession, viewer: Viewer, now: datetime) -> None:
    """Lock the viewer's session. Refuses with no_station_device where nobody could take over; locked stays locked."""
    if viewer.device_site_id is None:
        raise Refusal("no_station_device")
    with writing(session) as tx:
        if _set_lock(tx, viewer, now, StaffSession.locked_at.is_(None), locked_at=now):
            _note(tx, viewer, "session.locked", now)


def unlock_by_pin(
    session: AnySession, viewer: Viewer, pin: str, now: datetime, matches: pins.Matches = passwords.matches
) -> int:
    """Uncover one's own locked session; what was typed on the page is still there. Gives the wrong tries before it.

    Refuses as `take_over` does, and with session_over when it has ended meanwhile.
    """
    right = pins.ensure_right_pin(session, viewer.device_id, viewer.staff_id, pin, now, matches)
    with writing(session) as tx:
        pins.take(tx, right, now)
        _uncover(tx, viewer, now)
    return right.wrong_before


def unlock_by_password(session: AnySession, viewer: Viewer, password: str, now: datetime) -> None:
    """The same for whoever has no PIN here, or whose PIN is off: it counts again from now on.

    Refuses with session_over or as the own signature does.
    """
    ensure_own_signature(session, viewer.staff_id, password, viewer.device_id, now)
    with writing(session) as tx:
        pins.lock_device(tx, viewer.device_id)
        pins.note_password(tx, viewer.staff_id, viewer.device_id, now)
        _uncover(tx, viewer, now)


def _uncover(tx: Session, viewer: Viewer, now: datetime) -> None:
    if not _set_lock(tx, viewer, now, StaffSession.locked_at.is_not(None), locked_at=None, last_seen_at=now):
        raise Refusal("session_over")
    _note(tx, viewer, "session.unlocked", now)


def _set_lock(tx: Session, viewer: Viewer, now: datetime, was: ColumnElement[bool], **values: datetime | None) -> bool:
    """Whether the session was as it should be, and is changed. One that idled away stays what it is."""
    alive = StaffSession.ended_at.is_(None), StaffSession.ends_at > now, StaffSession.last_seen_at > now - IDLE
    changed = update(StaffSession).where(StaffSession.id == viewer.session_id, was, *alive).values(**values)
    return tx.execute(changed.returning(StaffSession.id)).first() is not None


def _note(tx: Session, viewer: Viewer, action: str, now: datetime) -> None:
    chain = audit.HOUSE if viewer.device_site_id is None else audit.site_chain(viewer.device_site_id)
    audit.append(tx, chain, viewer.actor, action, f"session:{viewer.session_id}", {"device": viewer.device_id}, now)


def _end(tx: Session, before: Viewer | None, device_id: int, by: int, now: datetime) -> int | None:
    if before is None or before.device_id != device_id:
        return None
    ended = (
        update(StaffSession)
        .where(StaffSession.id == before.session_id, StaffSession.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=by, end_reason="handed_over")
    )
    return tx.execute(ended.returning(StaffSession.id)).scalar()
