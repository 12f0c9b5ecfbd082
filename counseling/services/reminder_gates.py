"""Looking again, just before a text goes out: is what we meant to say still true, wanted and allowed?

One answer for every text: None (it may go), or a code. "wait": not now; "expired"; "cleared:why": it is not needed any
more; "refused:rule": it must not go. Final answers come before "wait", so that nothing waits in vain.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from counseling.domain.reminder_kinds import NOT_ON_SHARED_PHONES
from counseling.domain.sending_hours import is_quiet
from counseling.domain.unsent import Unsent
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.texts import Reminder
from counseling.queries.first_texts import FIRST, is_being_told
from counseling.queries.just_before import LineNow, PersonNow, find_line_now, find_person_now
from counseling.queries.reachable import MOST_PERMANENT_FAILURES
from counseling.queries.remembering import remember, remembered
from counseling.queries.text_choices import find_wish, read_wishes
from counseling.services.reminder_grounds import GROUNDS, HELD
from counseling.sms.wording import ANSWERS, CRISIS, DUTY
from counseling.treatment_rows import TREATMENT

WAIT, EXPIRED = "wait", "expired"


_REMINDER = select(Reminder.__table__).where(Reminder.id == bindparam("of_reminder"))  # built once: asked of each text


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
    @property
    def pinned_gateway(self) -> str | None: ...


def why_not_now(tx: Session, message: Waiting, now: datetime, zone: ZoneInfo) -> str | None:
    """Why this text does not go out at this moment; None: it may."""
    if message.expires_at <= now:
        return EXPIRED
    line = find_line_now(tx, message.line_id, message.site_id, message.side, now)
    why = _why_not_this_line(message, line)
    if why is not None or is_exempt(message):
        return why
    person = None
    if message.patient_id is not None:
        person = find_person_now(tx, message.patient_id, message.side, message.line_id, message.wording, now)
        why = _why_not_this_person(person, message.side)
    if why is None and message.reminder_id is not None:
        why = _why_not_this_reminder(tx, message.reminder_id, person, now)
    # Not one whose attempt was lost: it may be on the air, and only its gateway can tell.
    if why is None and message.wording == FIRST and line.is_told and message.pinned_gateway is None:
        why = f"cleared:{Unsent.TOLD}"  # another file's text was faster, or digits were compared
    if why is not None:
        return WAIT if why.startswith(HELD) else why
    goes_first = message.reminder_id is not None and not line.is_told
    is_second = message.wording == FIRST and is_being_told(tx, message.line_id, message.id)
    waits = is_quiet(now, zone) or line.is_paused or line.is_in_conversation or goes_first or is_second
    return WAIT if waits or (person is not None and person.hours.is_quiet(now.astimezone(zone).time())) else None


def read_reminders(tx: Session, messages: Iterable[Waiting]) -> None:
    """Of many texts what hangs on each reminder, in a few statements, before they are looked at one by one."""
    ids = [message.reminder_id for message in messages if message.reminder_id is not None]
    if len(ids) < 2:
        return
    found = tx.execute(select(Reminder.__table__).where(Reminder.id.in_(ids))).all()
    for row in found:
        remember(tx, (Reminder, row.id), row)
    read_wishes(tx, {(row.patient_id, row.side, row.kind) for row in found})


def why_not_remind(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    """Why a reminder's own ground is gone ("cleared:…"), or is not sure any more ("held:…"); None: it stands."""
    if reminder.expires_at <= now:
        return EXPIRED
    return _why_not_chosen(tx, reminder) or GROUNDS[reminder.kind](tx, reminder, now)


def why_not_person(tx: Session, patient_id: int, side: str) -> str | None:
    """Discharged, moved or died: nothing goes out by itself any more, whatever is open."""
    file = TreatmentFile if side == TREATMENT else SupportFile
    status = tx.execute(select(file.status).where(file.patient_id == patient_id)).scalar_one_or_none()
    died = select(TreatmentFile.patient_id).where(
        TreatmentFile.patient_id == patient_id, TreatmentFile.status == "died"
    )
    return _why_not_status(status, side, side != TREATMENT and tx.execute(died).first() is not None)


def _why_not_status(status: str | None, side: str, has_died: bool) -> str | None:
    """What the support side knows of a death is only that the person has left."""
    if status != "active":
        return f"refused:{Unsent(status) if status else Unsent.NO_FILE}"
    return f"refused:{Unsent.LEFT}" if side != TREATMENT and has_died else None


def is_exempt(message: Waiting) -> bool:
    """Answers to somebody who has just written, and what a person of ours types: no cap, no hours, no question why."""
    return not message.is_automatic or message.answer_hour is not None or message.wording in ANSWERS


def _why_not_this_line(message: Waiting, line: LineNow) -> str | None:
    """A number on the administrator's list gets nothing, ever. One that fails gets nothing; one that was opted out gets
    only the short answers to its own texts.

    Whoever wrote words of danger is answered all the same, and whoever is on duty is called. Where somebody says that
    they are not who we mean, what goes out by itself waits for a person to look.
    """
    if line.is_denied:
        return f"refused:{Unsent.DENIED}"
    if message.wording in CRISIS or message.wording == DUTY:
        return None
    if line.permanent_failures >= MOST_PERMANENT_FAILURES:
        return f"refused:{Unsent.NUMBER_FAILS}"
    is_answer = message.answer_hour is not None or message.wording in ANSWERS
    if line.opted_out_at is not None and not is_answer:
        return f"refused:{Unsent.OPTED_OUT}"
    return WAIT if not is_exempt(message) and line.is_said_to_be_wrong else None


def _why_not_this_person(person: PersonNow | None, side: str) -> str | None:
    why = _why_not_status(person.status if person else None, side, person is not None and person.has_died)
    if why is not None or person is None:
        return why
    if not person.has_agreed:
        return f"refused:{Unsent.NO_CONSENT}"
    if person.wants_calls_only:
        return f"refused:{Unsent.CALLS_ONLY}"
    return None if person.is_own_number else f"refused:{Unsent.NOT_THEIR_NUMBER}"


def _why_not_this_reminder(tx: Session, reminder_id: int, person: PersonNow | None, now: datetime) -> str | None:
    asked = {"of_reminder": reminder_id}
    reminder = remembered(tx, (Reminder, reminder_id), lambda: tx.connection().execute(_REMINDER, asked).one())
    if reminder.state == "cancelled":
        return f"cleared:{reminder.reason or Unsent.TAKEN_BACK}"
    if reminder.kind in NOT_ON_SHARED_PHONES and not (person and person.is_read_alone):
        return f"refused:{Unsent.SHARED_PHONE}"
    return why_not_remind(tx, reminder, now)


def _why_not_chosen(tx: Session, reminder: Row[Any]) -> str | None:
    """What the person has said of this kind, since it was planned or long ago."""
    wish = find_wish(tx, reminder.patient_id, reminder.side, reminder.kind)
    if wish.calls_only:
        return f"refused:{Unsent.CALLS_ONLY}"
    return f"refused:{Unsent.OWN_CHOICE}" if wish.declined else None
