"""Moving one text from state to state, together with what hangs on it: its reminder, its number, the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.orm import Session

from counseling.domain.message_states import FINISHED, NEXT_STATES, FailureReason, MessageState
from counseling.models.texts import OutboundMessage, PhoneLine, Reminder
from counseling.services import audit

ACTOR = "job:sender"
# A text that stays unsent for one of these reasons takes its reminder with it.
ENDS_THE_REMINDER = frozenset(
    {MessageState.CLEARED, MessageState.EXPIRED, MessageState.REFUSED, MessageState.CANCELLED}
)
# As it was before anybody claimed it: the provider provably does not have it, so it counts for nothing.
UNTOUCHED = {"claimed_at": None, "attempt_started_at": None, "counted_on": None, "count_slot": None}


def lock_message(tx: Session, *which: ColumnElement[bool]) -> Row[Any] | None:
    """One text, locked until the transaction ends; None when it is not, or no longer, as `which` says."""
    return tx.execute(select(OutboundMessage.__table__).where(*which).with_for_update()).first()


def move(
    tx: Session, message: Row[Any], to: MessageState, now: datetime, *, reason: str | None = None, **columns: object
) -> None:
    """Move a text that this transaction has locked; the last thing that it does, because it locks the site's chain.

    Raises ValueError for a move that NEXT_STATES does not name.
    """
    _ensure_next(message, to)
    finished = {"finished_at": now} if to in FINISHED else {}
    _update(tx, message, state=to.value, reason=reason, **finished, **columns)
    if to in ENDS_THE_REMINDER:
        _end_reminder(tx, message, to, reason)
    _count_failures(tx, message, to, reason)
    _note(tx, message, to, reason, now)


def back_to_queue(tx: Session, message: Row[Any], send_after: datetime, now: datetime) -> None:
    """Let a locked text be claimed again: it was not attempted, or the provider provably does not have it."""
    _ensure_next(message, MessageState.QUEUED)
    _update(tx, message, state=MessageState.QUEUED.value, send_after=send_after, finished_at=None, **UNTOUCHED)
    if message.attempt_started_at is not None:
        _note(tx, message, MessageState.QUEUED, None, now)


def _ensure_next(message: Row[Any], to: MessageState) -> None:
    if to not in NEXT_STATES[MessageState(message.state)]:
        raise ValueError(f"a text does not go from {message.state} to {to}")


def _update(tx: Session, message: Row[Any], **columns: object) -> None:
    tx.execute(update(OutboundMessage).where(OutboundMessage.id == message.id).values(**columns))


def _end_reminder(tx: Session, message: Row[Any], to: MessageState, reason: str | None) -> None:
    if message.reminder_id is None:
        return
    queued = (Reminder.id == message.reminder_id) & (Reminder.state == "queued")
    tx.execute(update(Reminder).where(queued).values(state=to.value, reason=reason))


def _count_failures(tx: Session, message: Row[Any], to: MessageState, reason: str | None) -> None:
    """A number that does not exist is not texted for ever; one that has just been reached exists."""
    line = update(PhoneLine).where(PhoneLine.id == message.line_id)
    if to is MessageState.FAILED and reason == FailureReason.PERMANENT:
        tx.execute(line.values(permanent_failures=PhoneLine.permanent_failures + 1))
    if to is MessageState.DELIVERED:
        tx.execute(line.where(PhoneLine.permanent_failures > 0).values(permanent_failures=0))


def _note(tx: Session, message: Row[Any], to: MessageState, reason: str | None, now: datetime) -> None:
    details = {"reason": reason} if reason else {}
    chain = audit.site_chain(message.site_id)
    audit.append(tx, chain, ACTOR, f"message.{to.value}", f"message:{message.id}", details, now)
