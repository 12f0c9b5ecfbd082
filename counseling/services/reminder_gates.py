"""Looking again, just before a text goes out: is what we meant to say still true, wanted and allowed?

One answer for every text: None (it may go), or a code. "wait": not now; "expired"; "cleared:why": it is not needed any
more; "refused:rule": it must not go. Final answers come before "wait", so that nothing waits in vain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.orm import Session

from counseling.domain.reminders import (
    A_DAY,
    APPOINTMENT,
    CHECK_IN,
    MISSED_YESTERDAY,
    SHUT,
    has_missed,
    why_not_missed,
)
from counseling.domain.sending_hours import is_quiet
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.doses import AdherenceSummary, StationVisit
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.texts import InboundMessage, OutboundMessage, PhoneLine, Reminder
from counseling.queries.reachable import MOST_PERMANENT_FAILURES, has_agreed, is_own_number
from counseling.queries.station_mornings import find_morning
from counseling.sms.wording import ANSWERS, CRISIS
from counseling.treatment_rows import TREATMENT

CONVERSATION = timedelta(hours=1)
WAIT, EXPIRED = "wait", "expired"
HELD = "held:"  # of a reminder that is not queued yet: staff are told why, and it is looked at again


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
        why = _why_not_this_person(tx, message_row, message_row.patient_id)
    if why is None and message_row.reminder_id is not None:
        why = _why_not_this_reminder(tx, message_row.reminder_id, now)
    if why is not None:
        return WAIT if why.startswith(HELD) else why
    return WAIT if is_quiet(now, zone) or _is_in_conversation(tx, message_row.line_id, now) else None


def why_not_remind(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    """Why a reminder's own ground is gone ("cleared:…"), or is not sure any more ("held:…"); None: it stands."""
    if reminder.expires_at <= now:
        return EXPIRED
    return GROUNDS[reminder.kind](tx, reminder, now)


def why_not_person(tx: Session, patient_id: int, side: str) -> str | None:
    """Discharged, moved or died: nothing goes out by itself any more, whatever is open."""
    file = TreatmentFile if side == TREATMENT else SupportFile
    status = tx.execute(select(file.status).where(file.patient_id == patient_id)).scalar_one_or_none()
    return None if status == "active" else f"refused:{status or 'no_file'}"


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


def _why_not_this_person(tx: Session, message: Waiting, patient_id: int) -> str | None:
    why = why_not_person(tx, patient_id, message.side)
    if why is not None:
        return why
    if not has_agreed(tx, patient_id, message.side):
        return "refused:no_consent"
    return None if is_own_number(tx, patient_id, message.side, message.line_id) else "refused:not_their_number"


def _why_not_this_reminder(tx: Session, reminder_id: int, now: datetime) -> str | None:
    reminder = tx.execute(select(Reminder.__table__).where(Reminder.id == reminder_id)).one()
    if reminder.state == "cancelled":
        return f"cleared:{reminder.reason or 'cancelled'}"
    return why_not_remind(tx, reminder, now)


def _why_not_missed(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    today = reminder.on_date
    through = select(AdherenceSummary.covered_through).where(AdherenceSummary.patient_id == reminder.patient_id)
    if not has_missed(tx.execute(through).scalar_one_or_none(), today - A_DAY):
        return "cleared:dosed"
    came = select(StationVisit.id).where(StationVisit.patient_id == reminder.patient_id, StationVisit.visit_on == today)
    if tx.execute(came.limit(1)).first() is not None:
        return "cleared:seen"
    why = why_not_missed(find_morning(tx, reminder.site_id, today).facts)
    return "cleared:shut" if why == SHUT else None if why is None else f"{HELD}{why}"


def _why_not_appointment(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    query = select(Appointment.state, Appointment.starts_at, Appointment.changed_at)
    row = tx.execute(query.where(Appointment.id == reminder.appointment_id)).first()
    if row is None or row.state != "booked":
        return f"cleared:appointment_{row.state if row else 'gone'}"
    if row.changed_at is not None and row.changed_at > reminder.planned_at:
        return "cleared:appointment_moved"
    return "cleared:appointment_past" if row.starts_at <= now else None


def _why_not_check_in(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    query = select(AftercareFile.next_check_in_on).where(
        AftercareFile.patient_id == reminder.patient_id, AftercareFile.ended_on.is_(None)
    )
    next_on = tx.execute(query).scalar_one_or_none()
    if next_on is None:
        return "cleared:aftercare_ended"
    return "cleared:met" if next_on > reminder.on_date else None


Ground = Callable[[Session, Row[Any], datetime], str | None]
GROUNDS: Mapping[str, Ground] = {
    MISSED_YESTERDAY: _why_not_missed,
    APPOINTMENT: _why_not_appointment,
    CHECK_IN: _why_not_check_in,
}


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
