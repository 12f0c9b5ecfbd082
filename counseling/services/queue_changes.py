"""One text that has not gone out yet: taken back by a person, or given another hour of its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.message_states import MessageState
from counseling.domain.refusal import Refusal
from counseling.domain.sending_hours import instant, is_quiet
from counseling.domain.unsent import Unsent
from counseling.models.texts import OutboundMessage, Reminder
from counseling.queries.text_choices import own_hours_of
from counseling.services import audit
from counseling.services.message_moves import lock_message, move
from counseling.services.treatment_files import By
from counseling.sms.wording import ANSWERS

REMINDER = "reminder"


@dataclass(frozen=True)
class Waiting:
    """A row of the queue as its page names it: `source` is "reminder" or "text"; of the reader's own site and side."""

    source: str
    id: int
    site_id: int
    side: str


def take_back(session: AnySession, which: Waiting, *, by: By, now: datetime) -> None:
    """It does not go out. Refuses with not_waiting when a sender has it already, or it ended some other way."""
    with writing(session) as tx:
        if which.source == REMINDER:
            row = _lock_reminder(tx, which, "planned", "held")
            tx.execute(update(Reminder).where(Reminder.id == row.id).values(state="cancelled", reason=Unsent.BY_STAFF))
        else:
            row = _lock_text(tx, which)
            move(tx, row, MessageState.CANCELLED, now, reason=Unsent.BY_STAFF)
        _note(tx, which, by, "taken_back", {}, now)


def change_hour(session: AnySession, which: Waiting, to: time, *, by: By, now: datetime, zone: ZoneInfo) -> datetime:
    """It goes out at another hour of the same day; gives the moment.

    Refusals: not_waiting, goes_at_once (an answer, or what a person typed), quiet_hour, hour_past, hour_too_late
    (what it says is no longer true then), own_quiet_hour (this person wants no text then: it would wait and expire).
    """
    with writing(session) as tx:
        if which.source == REMINDER:
            row = _lock_reminder(tx, which, "planned")
            at = _moment(instant(row.on_date, to, zone), row.expires_at, now, zone)
            _ensure_wanted(tx, row, which.side, to)
            tx.execute(update(Reminder).where(Reminder.id == row.id).values(due_at=at))
        else:
            row = _lock_text(tx, which)
            if not row.is_automatic or row.wording in ANSWERS or row.answer_hour is not None:
                raise Refusal("goes_at_once")
            day = max(row.send_after, now).astimezone(zone).date()
            at = _moment(instant(day, to, zone), row.expires_at, now, zone)
            _ensure_wanted(tx, row, which.side, to)
            tx.execute(update(OutboundMessage).where(OutboundMessage.id == row.id).values(send_after=at))
        _note(tx, which, by, "hour_changed", {"at": audit.stamp(at)}, now)
    return at


def _moment(at: datetime, expires_at: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    if is_quiet(at, zone):
        raise Refusal("quiet_hour")
    if at <= now:
        raise Refusal("hour_past")
    if at >= expires_at:
        raise Refusal("hour_too_late", until=expires_at)
    return at


def _ensure_wanted(tx: Session, row: Row[Any], side: str, at: time) -> None:
    own = own_hours_of(tx, side, [row.patient_id] if row.patient_id is not None else []).get(row.patient_id)
    if own is not None and own.is_quiet(at):
        raise Refusal("own_quiet_hour", since=own.quiet_from, until=own.quiet_until)


def _lock_reminder(tx: Session, which: Waiting, *states: str) -> Row[Any]:
    own = Reminder.id == which.id, Reminder.site_id == which.site_id, Reminder.side == which.side
    row = tx.execute(select(Reminder.__table__).where(*own, Reminder.state.in_(states)).with_for_update()).first()
    if row is None:
        raise Refusal("not_waiting")
    return row


def _lock_text(tx: Session, which: Waiting) -> Row[Any]:
    text = OutboundMessage
    own = text.id == which.id, text.site_id == which.site_id, text.side == which.side
    row = lock_message(tx, *own, text.state == MessageState.QUEUED.value)
    if row is None:
        raise Refusal("not_waiting")
    return row


def _note(tx: Session, which: Waiting, by: By, verb: str, details: dict[str, object], now: datetime) -> None:
    noun = "reminder" if which.source == REMINDER else "message"
    chain = audit.site_chain(which.site_id)
    audit.append(tx, chain, by.actor, f"{noun}.{verb}", f"{noun}:{which.id}", details, now)
