"""A text that has waited says what is true and wanted by now.

Its words were made and sealed when it was queued. Hours may have passed since: a storm moves tomorrow's hours, a phone
turns out to be read by others, somebody chooses other words, or the province writes some. What a person of ours has
typed, and answers, stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.models.texts import OutboundMessage, Reminder
from counseling.queries.first_texts import FIRST
from counseling.queries.text_choices import Addressee
from counseling.queries.wordings import Wordings, wordings_of
from counseling.services.reminder_gates import WAIT
from counseling.services.reminder_grounds import HELD
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_words import WORDS_OF, Words
from counseling.services.spelling import NoWords, Spelling, spellings_for
from counseling.sms.segments import segments_of

_table = OutboundMessage.__table__
SEAL_ANEW = (
    update(_table)  # type: ignore[arg-type]  # Core table behind the mapped class
    .where(_table.c.id == bindparam("of_text"))
    .values({name: bindparam(f"new_{name}") for name in ("body", "segments")})
)


@dataclass(frozen=True)
class Reworded:
    """`bodies`: of the texts that say something else by now; they are sealed. `against`: why others can say nothing
    that is true at this moment, as the second look says it."""

    bodies: Mapping[int, str]
    against: Mapping[int, str]


def reword(tx: Session, texts: Sequence[tuple[Row[Any], str]], now: datetime, zone: ZoneInfo) -> Reworded:
    """Word anew what goes out by itself, given with its words so far, and seal it where it differs.

    A few statements, however many texts. Also where an attempt was lost: its gateway takes one text of a reference,
    and of two that may reach it the later is true.
    """
    ours = [(message, said) for message, said in texts if message.reminder_id is not None or message.wording == FIRST]
    bodies, against = dict[int, str](), dict[int, str]()
    if not ours:
        return Reworded(bodies, against)
    batch = _Batch(tx, [message for message, _ in ours], Moment(now, zone))
    for message, said in ours:
        try:
            body = batch.body_of(message)
        except NoWords as no:
            against[message.id] = WAIT if no.verdict.startswith(HELD) else no.verdict
            continue
        if body != said:
            bodies[message.id] = body
    _seal(tx, [message for message, _ in ours if message.id in bodies], bodies)
    return Reworded(bodies, against)


class _Kept(NamedTuple):
    """What the values of a reminder's words hang on, besides the moment, which is now for all: what goes is due."""

    kind: str
    site_id: int
    on_date: date
    appointment_id: int | None
    has_marks: bool


class _Batch:
    """What is read once for all texts of a batch."""

    def __init__(self, tx: Session, messages: Sequence[Row[Any]], at: Moment) -> None:
        self._tx, self._at = tx, at
        ids = [message.reminder_id for message in messages if message.reminder_id is not None]
        found = tx.execute(select(Reminder.__table__).where(Reminder.id.in_(ids))) if ids else ()
        self._reminders = {row.id: row for row in found}
        self._wordings: Mapping[int, Wordings] = wordings_of(tx, {message.site_id for message in messages})
        self._spellings: Mapping[Addressee, Spelling] = spellings_for(tx, [_addressee(one) for one in messages])
        self._values: dict[_Kept, Words] = {}

    def body_of(self, message: Row[Any]) -> str:
        """Raises NoWords."""
        spelling, wordings = self._spellings[_addressee(message)], self._wordings[message.site_id]
        if message.reminder_id is None:
            return spelling.text(message.wording, wordings)
        words = self._words(self._reminders[message.reminder_id], spelling.has_marks)
        return spelling.text(message.wording, wordings, **words.values)

    def _words(self, reminder: Row[Any], has_marks: bool) -> Words:
        kept = _Kept(reminder.kind, reminder.site_id, reminder.on_date, reminder.appointment_id, has_marks)
        if kept not in self._values:
            self._values[kept] = WORDS_OF[reminder.kind](self._tx, reminder, self._at, has_marks)
        return self._values[kept]


def _addressee(message: Row[Any]) -> Addressee:
    return Addressee(message.patient_id, message.side, message.line_id)


def _seal(tx: Session, messages: Sequence[Row[Any]], bodies: Mapping[int, str]) -> None:
    vault = vault_of(tx)
    values = [
        {
            "of_text": message.id,
            "new_body": vault.seal("outbound_messages.body", message.ref, bodies[message.id]),
            "new_segments": segments_of(bodies[message.id]),
        }
        for message in messages
    ]
    if values:
        tx.connection().execute(SEAL_ANEW, values)
