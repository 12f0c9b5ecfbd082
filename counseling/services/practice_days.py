"""The practice day as the real rows know it: that somebody has begun and ended one, and what was tried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.people import StaffSession
from counseling.models.practice import PracticeDay
from counseling.permissions import Viewer
from counseling.services import audit


def note_practice_begun(session: AnySession, by: Viewer, ref: str, now: datetime) -> None:
    """Audit only: what is practised is kept nowhere."""
    with writing(session) as tx:
        audit.append(tx, audit.site_chain(by.site_id), by.actor, "practice.begun", f"practice:{ref}", {}, now)


def end_practice(
    session: AnySession, by: Viewer, ref: str, started_at: datetime, tried: Mapping[str, int], now: datetime
) -> None:
    """Write the row that stays. A practice that has one already keeps it: the button was tapped twice.

    Refuses session_ended where the person was signed out in this very moment.
    """
    with writing(session) as tx:
        if tx.execute(select(PracticeDay.id).where(PracticeDay.ref == ref)).first() is not None:
            return
        still_in = select(StaffSession.id).where(StaffSession.id == by.session_id, StaffSession.ended_at.is_(None))
        if tx.execute(still_in).first() is None:
            raise Refusal("session_ended")
        who = {"ref": ref, "staff_id": by.staff_id, "site_id": by.site_id}
        ended_at = max(now, started_at)  # a clock that was set back meanwhile does not keep anybody in
        tx.execute(insert(PracticeDay).values(**who, started_at=started_at, ended_at=ended_at, **tried))
        audit.append(tx, audit.site_chain(by.site_id), by.actor, "practice.ended", f"practice:{ref}", tried, now)
