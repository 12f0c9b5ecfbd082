"""A site's automatic texts of one side wait until somebody lets them go again; answers to people go all the same."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from counseling.database import AnySession, writing
from counseling.models.text_keeping import SendingPause
from counseling.services import audit
from counseling.services.message_moves import ACTOR as SENDER
from counseling.services.treatment_files import By


def pause_sending(session: AnySession, site_id: int, side: str, *, by: By, now: datetime) -> None:
    """Whoever pauses what is paused already changes nothing."""
    _pause(session, site_id, side, by.staff_id, by.actor, now)


def stop_sending(session: AnySession, site_id: int, side: str, *, now: datetime) -> None:
    """The sender itself pauses, and waits for a person."""
    _pause(session, site_id, side, None, SENDER, now)


def resume_sending(session: AnySession, site_id: int, side: str, pause_id: int, *, by: By, now: datetime) -> bool:
    """What waited and is still in time goes out, at the gateway's pace; the rest has expired.

    False: another pause stands by now, whose reason this person has not read; it goes on.
    """
    with writing(session) as tx:
        own = SendingPause.site_id == site_id, SendingPause.side == side, SendingPause.ended_at.is_(None)
        standing = tx.execute(select(SendingPause.id).where(*own).with_for_update()).scalar()
        if standing is None:
            return True
        if standing != pause_id:
            return False
        ended = {"ended_at": now, "ended_by_id": by.staff_id}
        tx.execute(update(SendingPause).where(SendingPause.id == standing).values(**ended))
        facts = {"side": side}
        audit.append(tx, audit.site_chain(site_id), by.actor, "sending.resumed", f"pause:{standing}", facts, now)
    return True


def _pause(session: AnySession, site_id: int, side: str, staff_id: int | None, actor: str, now: datetime) -> None:
    with writing(session) as tx:
        dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
        row = {"site_id": site_id, "side": side, "paused_at": now, "paused_by_id": staff_id}
        made = dialect.insert(SendingPause).values(**row).on_conflict_do_nothing().returning(SendingPause.id)
        pause_id = tx.execute(made).scalar()
        if pause_id is not None:
            facts = {"side": side}
            audit.append(tx, audit.site_chain(site_id), actor, "sending.paused", f"pause:{pause_id}", facts, now)
