"""Looking again, just before a text goes out: is what we meant to say still true, wanted and allowed?

One answer for every text: None (it may go), or a code. "wait": not now; "expired"; "cleared:why": it is not needed any
more; "refused:rule": it must not go. Final answers come before "wait", so that nothing waits in vain.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.orm import Session

from counseling.domain.reminder_kinds import NOT_ON_SHARED_PHONES
from counseling.domain.sending_hours import is_quiet
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine, Reminder
from counseling.queries.reachable import MOST_PERMANENT_FAILURES, has_agreed, is_own_number
from counseling.queries.sending_pauses import is_paused
from counseling.queries.text_choices import find_wish
from counseling.services.reminder_grounds import GROUNDS, HELD
from counseling.sms.wording import ANSWERS, CRISIS
from counseling.treatment_rows import TREATMENT

CONVERSATION = timedelta(hours=1)
WAIT, EXPIRED = "wait", "expired"


class Waiting(Protocol):
    """What is read of a row of `outbound_messages`."""

    @property
    def id(self) -> int: ...
    @property
    def line_id(self) -> int: ...
    @property
    def patient_id(self) -> int | None: ...
    @property
    def reminder_id(self) -> int | None: ...
    @property
    def side(self) -> str: ...
    @property
    def site_id(self) -> int: ...
    @property
    def wording(self) -> str: ...
    @property
    def is_automatic(self) -> bool: ...
    @property
    def answer_hour(self) -> str | None: ...
    @property
    def expires_at(self) -> datetime: ...


def why_not_now(tx: Session, message_row: Waiting, now: datetime, zone: ZoneInfo) -> str | None:
    """Why this text does not go out at this moment; None: it may."""
    if message_row.expires_at <= now:
        return EXPIRED
    why = _why_not_this_line(tx, message_row)
    if why is not None or is_exempt(message_row):
        return why
    if message_row.patient_id is not None:
        why = _why_not_this_person(tx, message_row, message_row.patient_id, now)
    if why is None and message_row.reminder_id is not None:
        why = _why_not_this_reminder(tx, message_row.reminder_id, message_row.line_id, now)
    if why is not None:
        return WAIT if why.startswith(HELD) else why
    if is_quiet(now, zone) or is_paused(tx, message_row.site_id, message_row.side):
        return WAIT
    if _is_in_conversation(tx, message_row.line_id, now):
        return WAIT
    return WAIT if _is_quiet_for(tx, message_row, now, zone) else None


def why_not_remind(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    """Why a reminder's own ground is gone ("cleared:…"), or is not sure any more ("held:…"); None: it stands."""
    if reminder.expires_at <= now:
        return EXPIRED
    return _why_not_chosen(tx, reminder) or GROUNDS[reminder.kind](tx, reminder, now)


def why_not_person(tx: Session, patient_id: int, side: str) -> str | None:
    """Discharged, moved or died: nothing goes out by itself any more, whatever is open."""
    file = TreatmentFile if side == TREATMENT else SupportFile
    status = tx.execute(select(file.status).where(file.patient_id == patient_id)).scalar_one_or_none()
    if status != "active":
        return f"refused:{status or 'no_file'}"
    died = select(TreatmentFile.patient_id).where(
        TreatmentFile.patient_id == patient_id, TreatmentFile.status == "died"
    )
    return "refused:left" if side != TREATMENT and tx.execute(died).first() is not None else None


def is_exempt(message: Waiting) -> bool:
    """Answers to somebody who has just written, and what a person of ours types: no cap, no hours, no question why."""
    return not message.is_automatic or message.answer_hour is not None or message.wording in ANSWERS


def _why_not_this_line(tx: Session, message: Waiting) -> str | None:
    """A number that fails gets nothing; one that was opted out gets only the short answers to its own texts.

    Whoever wrote words of danger is answered all the same. Where somebody says that they are not who we mean, what goes
    out by itself waits for a person to look.
    """
    if message.wording in CRISIS:
        return None
    query = select(PhoneLine.opted_out_at, PhoneLine.permanent_failures).where(PhoneLine.id == message.line_id)
    opted_out_at, failures = tx.execute(query).one()
    if failures >= MOST_PERMANENT_FAILURES:
        return "refused:number_fails"
    is_answer = message.answer_hour is not None or message.wording in ANSWERS
    if opted_out_at is not None and not is_answer:
        return "refused:opted_out"
    return WAIT if not is_exempt(message) and _is_said_to_be_wrong(tx, message.line_id) else None


def _is_said_to_be_wrong(tx: Session, line_id: int) -> bool:
    """Somebody wrote that this is not their number, and nobody of ours has dealt with it yet."""
    said = select(InboundMessage.id).where(
        InboundMessage.line_id == line_id,
        InboundMessage.meaning == "wrong_number",
        InboundMessage.handled_at.is_(None),
    )
    return tx.execute(said.limit(1)).first() is not None


def _why_not_this_person(tx: Session, message: Waiting, patient_id: int, now: datetime) -> str | None:
    why = why_not_person(tx, patient_id, message.side)
    if why is not None:
        return why
    if not has_agreed(tx, patient_id, message.side, message.wording):
        return "refused:no_consent"
    is_theirs = is_own_number(tx, patient_id, message.side, message.line_id, now)
    return None if is_theirs else "refused:not_their_number"


def _why_not_this_reminder(tx: Session, reminder_id: int, line_id: int, now: datetime) -> str | None:
    reminder = tx.execute(select(Reminder.__table__).where(Reminder.id == reminder_id)).one()
    if reminder.state == "cancelled":
        return f"cleared:{reminder.reason or 'cancelled'}"
    alone = reminder.kind in NOT_ON_SHARED_PHONES
    if alone and not is_own_number(tx, reminder.patient_id, reminder.side, line_id, now, alone=True):
        return "refused:shared_phone"
    return why_not_remind(tx, reminder, now)


def _why_not_chosen(tx: Session, reminder: Row[Any]) -> str | None:
    """What the person has said of this kind, since it was planned or long ago."""
    wish = find_wish(tx, reminder.patient_id, reminder.side, reminder.kind)
    if wish.calls_only:
        return "refused:calls_only"
    return "refused:own_choice" if wish.declined else None


def _is_quiet_for(tx: Session, message: Waiting, now: datetime, zone: ZoneInfo) -> bool:
    """Whether it is one of the hours in which this person wants no text."""
    if message.patient_id is None:
        return False
    return find_wish(tx, message.patient_id, message.side).hours.is_quiet(now.astimezone(zone).time())


def _is_in_conversation(tx: Session, line_id: int, now: datetime) -> bool:
    """Whether somebody of ours and this number are writing to each other; a text that nobody has read counts too."""
    since = now - CONVERSATION
    theirs = exists().where(
        InboundMessage.line_id == line_id,
        or_(
            InboundMessage.read_at.is_(None),
            InboundMessage.meaning.in_(("other", "crisis")) & (InboundMessage.received_at > since),
        ),
    )
    ours = exists().where(
        OutboundMessage.line_id == line_id,
        OutboundMessage.written_by_id.is_not(None),
        OutboundMessage.queued_at > since,
    )
    return bool(tx.execute(select(or_(theirs, ours))).scalar_one())
