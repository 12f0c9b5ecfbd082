"""Calling along the duty roster: the first at once, the next after their minutes, in turns, until somebody takes it on.

Run by the clock. An alert that is raised while nobody is on duty waits for whoever comes first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.duty import next_start, on_duty, whom_next
from counseling.models.duty import CrisisAlert, DutyCall, DutyPhone
from counseling.queries.duty import list_shifts
from counseling.queries.wordings import wordings_of
from counseling.services import audit
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.phone_lines import ensure_line
from counseling.sms.wording import DUTY, text_of

ACTOR = "rule:duty"
LOOK_AGAIN = timedelta(minutes=5)  # where nobody is on duty: the roster may be written meanwhile
DIES_AFTER = timedelta(hours=1)
MOST_AT_ONCE = 200


def call_on_duty(session: AnySession, now: datetime, zone: ZoneInfo) -> int:
    """Call whoever is next for each alert that nobody has taken on; gives how many were called. A commit for each."""
    due = select(CrisisAlert.id).where(CrisisAlert.taken_at.is_(None), CrisisAlert.next_call_at <= now)
    waiting = session.execute(due.order_by(CrisisAlert.next_call_at, CrisisAlert.id).limit(MOST_AT_ONCE)).scalars()
    called = 0
    for alert_id in list(waiting):
        with writing(session) as tx:
            called += _call_next(tx, alert_id, now, zone)
    return called


def _call_next(tx: Session, alert_id: int, now: datetime, zone: ZoneInfo) -> bool:
    alert = _lock(tx, alert_id, now)
    if alert is None:  # taken on, or called by another worker, since we looked
        return False
    local, shifts = now.astimezone(zone), list_shifts(tx, alert.side, alert.site_id)
    there, start = on_duty(shifts, local), next_start(shifts, local)
    if not there:
        _set_next(tx, alert_id, alert.calls, _at_latest(now + LOOK_AGAIN, start))
        return False
    called = set(tx.execute(select(DutyCall.staff_id).where(DutyCall.alert_id == alert_id)).scalars())
    fresh = [shift for shift in there if shift.staff_id not in called]
    shift, wait = whom_next(fresh, 0) if fresh else whom_next(there, alert.calls)
    number = alert.calls + 1
    message_id = _text(tx, alert, shift.staff_id, now)
    call = {"alert_id": alert_id, "number": number, "staff_id": shift.staff_id, "message_id": message_id}
    tx.execute(insert(DutyCall).values(**call, called_at=now))
    _set_next(tx, alert_id, number, _at_latest(now + wait, start))
    details = {"staff": shift.staff_id, "number": number}
    audit.append(tx, audit.site_chain(alert.site_id), ACTOR, "crisis.called", f"alert:{alert_id}", details, now)
    return True


def _lock(tx: Session, alert_id: int, now: datetime) -> Row[*tuple[Any, ...]] | None:
    alert = CrisisAlert.__table__.c
    query = select(alert.side, alert.site_id, alert.calls).where(
        alert.id == alert_id, alert.taken_at.is_(None), alert.next_call_at <= now
    )
    return tx.execute(query.with_for_update()).first()


def _set_next(tx: Session, alert_id: int, calls: int, at: datetime) -> None:
    tx.execute(update(CrisisAlert).where(CrisisAlert.id == alert_id).values(calls=calls, next_call_at=at))


def _at_latest(at: datetime, start: datetime | None) -> datetime:
    """Not after the next shift begins: whoever comes has not been called yet."""
    return at if start is None else min(at, start)


def _text(tx: Session, alert: Row[*tuple[Any, ...]], staff_id: int, now: datetime) -> int | None:
    """A text to the phone of somebody on duty, which says nothing; None where they have given no number."""
    vault = vault_of(tx)
    phone = tx.execute(select(DutyPhone.ref, DutyPhone.number).where(DutyPhone.staff_id == staff_id)).first()
    if phone is None:
        return None
    number = vault.open("duty_phones.number", phone.ref, phone.number) or ""
    message = NewMessage(
        line_id=ensure_line(tx, vault, number),
        side=alert.side,
        site_id=alert.site_id,
        wording=DUTY,
        body=text_of(DUTY, wordings_of(tx, [alert.site_id])[alert.site_id]),
        is_automatic=True,
        expires_at=now + DIES_AFTER,
    )
    return enqueue(tx, message, now)
