"""Texts that must not go out any more: those still waiting, and the reminders behind them, in the caller's transaction.

What a sender has taken already is looked at once more by the sender itself, just before it goes out.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, tuple_, update
from sqlalchemy.orm import Session

from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, Reminder
from counseling.sms.wording import ANSWERS


def cancel_texts_of_file(tx: Session, patient_id: int, side: str, reason: str, now: datetime) -> None:
    """Nothing more is sent by itself about this file: waiting texts and planned reminders are cancelled."""
    own = (OutboundMessage.patient_id == patient_id) & (OutboundMessage.side == side)
    _cancel_messages(tx, own, reason, now)
    _cancel_reminders(tx, (Reminder.patient_id == patient_id) & (Reminder.side == side), reason)


def cancel_texts_of_line(tx: Session, line_id: int, reason: str, now: datetime) -> None:
    """Nothing more is sent by itself to this number, on either side, nor planned for those who are reached by it."""
    _cancel_messages(tx, OutboundMessage.line_id == line_id, reason, now)
    reached = select(PhoneNumber.patient_id, PhoneNumber.side).where(
        PhoneNumber.line_id == line_id, PhoneNumber.confirmed_at.is_not(None), PhoneNumber.removed_at.is_(None)
    )
    _cancel_reminders(tx, tuple_(Reminder.patient_id, Reminder.side).in_(reached), reason)


def cancel_texts_to_number(tx: Session, patient_id: int, side: str, line_id: int, reason: str, now: datetime) -> None:
    """A number is taken off a file: what waits to go to it about this file is cancelled."""
    own = (OutboundMessage.patient_id == patient_id) & (OutboundMessage.side == side)
    _cancel_messages(tx, own & (OutboundMessage.line_id == line_id), reason, now, also_answers=True)


def _cancel_messages(
    tx: Session, which: ColumnElement[bool], reason: str, now: datetime, *, also_answers: bool = False
) -> None:
    unsent = update(OutboundMessage).where(OutboundMessage.state == "queued", which)
    if not also_answers:
        unsent = unsent.where(OutboundMessage.is_automatic, OutboundMessage.wording.not_in(ANSWERS))
    cancelled = unsent.values(state="cancelled", reason=reason, finished_at=now).returning(OutboundMessage.reminder_id)
    reminders = [reminder_id for reminder_id in tx.execute(cancelled).scalars() if reminder_id is not None]
    if reminders:
        ended = update(Reminder).where(Reminder.id.in_(reminders))
        tx.execute(ended.values(state="cancelled", reason=reason))


def _cancel_reminders(tx: Session, which: ColumnElement[bool], reason: str) -> None:
    unsent = update(Reminder).where(Reminder.state.in_(("planned", "held")), which)
    tx.execute(unsent.values(state="cancelled", reason=reason))
