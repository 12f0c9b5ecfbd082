"""Texts that must not go out any more: those still waiting, and the reminders behind them, in the caller's transaction.

What a sender has taken already is looked at once more by the sender itself, just before it goes out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update
from sqlalchemy.orm import Session

from counseling.domain.unsent import Unsent
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, Reminder
from counseling.sms.wording import ANSWERS


def cancel_texts_of_file(tx: Session, patient_id: int, side: str, reason: Unsent, now: datetime) -> None:
    """Nothing more is sent by itself about this file."""
    _cancel_unasked(tx, (OutboundMessage.patient_id == patient_id) & (OutboundMessage.side == side), reason, now)
    cancel_unsent(tx, (Reminder.patient_id == patient_id) & (Reminder.side == side), reason, now)


def cancel_texts_of_kinds(
    tx: Session, patient_id: int, side: str, kinds: Collection[str], reason: Unsent, now: datetime
) -> None:
    """Nothing more of these kinds is sent by itself about this file."""
    own = (Reminder.patient_id == patient_id) & (Reminder.side == side)
    cancel_unsent(tx, own & Reminder.kind.in_(kinds), reason, now)


def cancel_texts_of_line(tx: Session, line_id: int, reason: Unsent, now: datetime) -> None:
    """Nothing more is sent by itself to this number, on either side, nor to those who are reached by it."""
    reached = select(PhoneNumber.patient_id, PhoneNumber.side).where(
        PhoneNumber.line_id == line_id, PhoneNumber.confirmed_at.is_not(None), PhoneNumber.removed_at.is_(None)
    )
    on_their_way = select(OutboundMessage.reminder_id).where(
        OutboundMessage.line_id == line_id, OutboundMessage.reminder_id.is_not(None)
    )
    text = OutboundMessage
    _cancel_unasked(tx, or_(text.line_id == line_id, tuple_(text.patient_id, text.side).in_(reached)), reason, now)
    theirs = or_(tuple_(Reminder.patient_id, Reminder.side).in_(reached), Reminder.id.in_(on_their_way))
    cancel_unsent(tx, theirs, reason, now)


def cancel_texts_to_number(
    tx: Session, patient_id: int, side: str, line_id: int, now: datetime, reason: Unsent = Unsent.NUMBER_REMOVED
) -> None:
    """A number is taken off a file, or is another's: all that waits to go to it about this file, typed texts too."""
    own = (OutboundMessage.patient_id == patient_id) & (OutboundMessage.side == side)
    waiting = own & (OutboundMessage.line_id == line_id) & (OutboundMessage.state == "queued")
    stopped = update(OutboundMessage).where(waiting)
    gone = stopped.values(state="cancelled", reason=reason, finished_at=now).returning(OutboundMessage.reminder_id)
    reminders = [reminder_id for reminder_id in tx.execute(gone).scalars() if reminder_id is not None]
    tx.execute(update(Reminder).where(Reminder.id.in_(reminders)).values(state="cancelled", reason=reason))


def cancel_unsent(tx: Session, of: ColumnElement[bool], reason: Unsent, now: datetime) -> None:
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


def _cancel_unasked(tx: Session, of: ColumnElement[bool], reason: Unsent, now: datetime) -> None:
    """The same for what goes out by itself and has no reminder: the first text. Answers to what somebody wrote stay."""
    text = OutboundMessage
    by_itself = text.is_automatic, text.answer_hour.is_(None), text.wording.not_in(ANSWERS)
    waiting = update(text).where(of, text.state == "queued", text.reminder_id.is_(None), *by_itself)
    tx.execute(waiting.values(state="cancelled", reason=reason, finished_at=now))
