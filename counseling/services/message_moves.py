"""Moving one text from state to state, together with what hangs on it: its reminder, its number, the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.orm import Session

from counseling.domain.message_states import FINISHED, NEXT_STATES, FailureReason, MessageState
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine, Reminder
from counseling.services import audit

ACTOR = "job:sender"
# A text that stays unsent for one of these reasons takes its reminder with it.
ENDS_THE_REMINDER = frozenset(
    {MessageState.CLEARED, MessageState.EXPIRED, MessageState.REFUSED, MessageState.CANCELLED}
)
# Words that somebody of ours has typed and that never arrived have answered nobody.
ANSWERS_NOBODY = frozenset({MessageState.EXPIRED, MessageState.REFUSED, MessageState.FAILED})
# As it was before anybody claimed it: the provider provably does not have it, so it counts for nothing.
UNTOUCHED = {"claimed_at": None, "attempt_started_at": None, "counted_on": None, "count_slot": None}


class Moved(NamedTuple):
    """What the audit says of one text."""

    site_id: int
    message_id: int
    to: MessageState
    reason: str | None


def lock_message(tx: Session, *which: ColumnElement[bool]) -> Row[Any] | None:
    """One text, locked until the transaction ends; None when it is not, or no longer, as `which` says."""
    return tx.execute(select(OutboundMessage.__table__).where(*which).with_for_update()).first()


def move(
    tx: Session, message: Row[Any], to: MessageState, now: datetime, *, reason: str | None = None, **columns: object
) -> None:
    """Move a text that this transaction has locked; the last thing that it does, because it locks the site's chain.

    Raises ValueError for a move that NEXT_STATES does not name.
    """
    note_moves(tx, [change(tx, message, to, now, reason=reason, **columns)], now)


def change(
    tx: Session, message: Row[Any], to: MessageState, now: datetime, *, reason: str | None = None, **columns: object
) -> Moved:
    """The same but for the audit, which `note_moves` adds for all that one transaction has moved."""
    _ensure_next(message, to)
    finished = {"finished_at": now} if to in FINISHED else {}
    _update(tx, message, state=to.value, reason=reason, **finished, **columns)
    if to in ENDS_THE_REMINDER:
        _end_reminder(tx, message, to, reason)
    if to in ANSWERS_NOBODY and not message.is_automatic:
        _wait_again(tx, message)
    _count_failures(tx, message, to, reason)
    return Moved(message.site_id, message.id, to, reason)


def change_to_accepted(tx: Session, messages: Sequence[Row[Any]]) -> list[Moved]:
    """`change` for many at once: a text that its gateway has taken changes nothing but its state."""
    for message in messages:
        _ensure_next(message, MessageState.ACCEPTED)
    all_of_them = update(OutboundMessage).where(OutboundMessage.id.in_([message.id for message in messages]))
    if messages:
        tx.execute(all_of_them.values(state=MessageState.ACCEPTED.value, reason=None))
    return [Moved(message.site_id, message.id, MessageState.ACCEPTED, None) for message in messages]


def back_to_queue(
    tx: Session, message: Row[Any], send_after: datetime, now: datetime, *, pinned_to: str | None = None
) -> None:
    """Let a locked text be claimed again: it was not attempted, or the provider provably does not have it.

    `pinned_to`: an attempt through this gateway was lost, and whoever began it may only sleep: no other may have it.
    """
    moved = change_back(tx, message, send_after, pinned_to=pinned_to)
    note_moves(tx, [moved] if moved else [], now)


def change_back(tx: Session, message: Row[Any], send_after: datetime, *, pinned_to: str | None = None) -> Moved | None:
    """The same but for the audit; None where there is nothing to note, because nothing was attempted."""
    _ensure_next(message, MessageState.QUEUED)
    pin = {"pinned_gateway": pinned_to} if pinned_to else {}
    _update(tx, message, state=MessageState.QUEUED.value, send_after=send_after, finished_at=None, **UNTOUCHED, **pin)
    if message.attempt_started_at is None:
        return None
    return Moved(message.site_id, message.id, MessageState.QUEUED, None)


def note_moves(tx: Session, moves: Sequence[Moved], now: datetime) -> None:
    """Append what was moved to the sites' chains, chain by chain in the order of all who lock several of them."""
    in_order = sorted(moves, key=lambda moved: (audit.site_chain(moved.site_id), moved))
    for chain, of_site in groupby(in_order, key=lambda moved: audit.site_chain(moved.site_id)):
        audit.append_all(tx, chain, ACTOR, [_entry(moved) for moved in of_site], now)


def _entry(moved: Moved) -> audit.Entry:
    details = {"reason": moved.reason} if moved.reason else {}
    return audit.Entry(f"message.{moved.to.value}", f"message:{moved.message_id}", details)


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


def _wait_again(tx: Session, message: Row[Any]) -> None:
    """The last text that a person took as handled waits for one again; the chain still says who it was."""
    text = InboundMessage
    of_conversation = (
        (text.line_id == message.line_id) & (text.side == message.side) & (text.site_id == message.site_id)
    )
    last = select(func.max(text.id)).where(
        of_conversation, text.patient_id.is_not_distinct_from(message.patient_id), text.handled_by_id.is_not(None)
    )
    again = update(text).where(text.id == last.scalar_subquery())
    tx.execute(again.values(handled_at=None, handled_by_id=None))


def _count_failures(tx: Session, message: Row[Any], to: MessageState, reason: str | None) -> None:
    """A number that does not exist is not texted for ever; one that has just been reached exists."""
    line = update(PhoneLine).where(PhoneLine.id == message.line_id)
    if to is MessageState.FAILED and reason == FailureReason.PERMANENT:
        tx.execute(line.values(permanent_failures=PhoneLine.permanent_failures + 1))
    if to is MessageState.DELIVERED:
        failed = or_(PhoneLine.permanent_failures > 0, PhoneLine.temporary_failures > 0)
        tx.execute(line.where(failed).values(permanent_failures=0, temporary_failures=0))
