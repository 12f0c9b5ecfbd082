"""Numbers that never get a text, whoever has them in a file: an administrator's list, shown nowhere."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from counseling.database import AnySession, vault_of, writing
from counseling.models.texts import PhoneLine
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import ensure_administrator
from counseling.services.phone_lines import ensure_line


def deny_number(session: AnySession, by: Viewer, number: str, now: datetime) -> None:
    """From now on no text goes to this number (E.164), not even an answer. What waits for it is refused when due."""
    _set_denied(session, by, number, now, is_denied=True)


def allow_number(session: AnySession, by: Viewer, number: str, now: datetime) -> None:
    """Take a number (E.164) off the list. What was refused meanwhile stays refused."""
    _set_denied(session, by, number, now, is_denied=False)


def _set_denied(session: AnySession, by: Viewer, number: str, now: datetime, *, is_denied: bool) -> None:
    with writing(session) as tx:
        ensure_administrator(tx, by)
        line_id = ensure_line(tx, vault_of(tx), number)
        other = PhoneLine.denied_at.is_(None) if is_denied else PhoneLine.denied_at.is_not(None)
        marked = update(PhoneLine).where(PhoneLine.id == line_id, other).values(denied_at=now if is_denied else None)
        if tx.execute(marked.returning(PhoneLine.id)).first() is not None:
            verb = "denied" if is_denied else "allowed"
            audit.append(tx, audit.HOUSE, by.actor, f"line.{verb}", f"line:{line_id}", {}, now)
