"""Who may administer, checked again inside the transaction: an administrator disabled a moment ago changes nothing."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.people import Staff, StaffRole, StaffSession
from counseling.permissions import RoleKind, Viewer

COMMAND = "command:staff"


def actor_of(by: Viewer | None) -> str:
    """How the audit names who did it; None is somebody at the server's command line."""
    return COMMAND if by is None else by.actor


def staff_id_of(by: Viewer | None) -> int | None:
    return None if by is None else by.staff_id


def ensure_administrator(tx: Session, by: Viewer | None) -> None:
    """Refuse with not_administrator unless the session, the account and the role still stand now."""
    if by is None:
        return
    still = (
        select(StaffSession.id)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .join(StaffRole, StaffRole.id == StaffSession.role_id)
        .where(
            StaffSession.id == by.session_id,
            StaffSession.ended_at.is_(None),
            Staff.disabled_at.is_(None),
            StaffRole.ended_at.is_(None),
            StaffRole.kind == RoleKind.ADMINISTRATOR,
        )
        .with_for_update()
    )
    if tx.execute(still).first() is None:
        raise Refusal("not_administrator")
