"""Taking back reminders whose ground is gone, as far as no gateway has them yet."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from counseling.models.texts import OutboundMessage, Reminder


def cancel_unsent(tx: Session, of: ColumnElement[bool], reason: str, now: datetime) -> None:
    """Cancel what is planned, held, or waiting in the outbox of the reminders `of` (a condition on `Reminder`).

    Texts before reminders, as the sender locks them. One that is being queued at this moment slips through: the sender
    looks again. What has gone out stays as it was.
    """
    waiting = and_(OutboundMessage.state == "queued", OutboundMessage.reminder_id.in_(select(Reminder.id).where(of)))
    stopped = update(OutboundMessage).where(waiting).values(state="cancelled", reason=reason, finished_at=now)
    unsent = [*tx.execute(stopped.returning(OutboundMessage.reminder_id)).scalars()]
    tx.execute(
        update(Reminder)
        .where(of, Reminder.state.in_(("planned", "held")) | Reminder.id.in_(unsent))
        .values(state="cancelled", reason=reason)
    )
