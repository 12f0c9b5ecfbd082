"""The first text that somebody gets says that nobody reads at once, and how to stop.

Digits to compare say it (services/phone_confirmation.py). Whoever confirms a number by ringing has had none: they get
it as soon as their number may be texted at all, before anything that reminds them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.texts import OutboundMessage
from counseling.queries.reachable import find_line
from counseling.queries.text_choices import find_choices
from counseling.queries.wordings import wordings_of
from counseling.services.either_file import HeldFile
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.reminder_words import spelling_on
from counseling.sms.wording import text_of

WORDING = "first"
SAYS_HOW_TO_STOP = (WORDING, "number", "help")
NEVER_WENT = ("failed", "refused", "expired", "cancelled", "cleared")
GOOD_FOR = timedelta(hours=24)  # who agrees in the evening gets it in the morning


def say_how_to_stop(tx: Session, file: HeldFile, now: datetime) -> None:
    """Queue the first text for the number of this file that takes texts, if it has not had one; else do nothing."""
    line_id = find_line(tx, file.patient_id, file.side, None, now)
    choices = find_choices(tx, file.patient_id, file.side)
    if line_id is None or choices.calls_only or _was_told(tx, line_id):
        return
    words, spelling = wordings_of(tx, [file.site_id])[file.site_id], spelling_on(tx, file, line_id, choices)
    message = NewMessage(
        line_id=line_id,
        side=file.side,
        site_id=file.site_id,
        wording=WORDING,
        body=text_of(WORDING, words, has_marks=choices.has_marks, **spelling),
        is_automatic=True,
        expires_at=now + GOOD_FOR,
        patient_id=file.patient_id,
    )
    enqueue(tx, message, now)


def _was_told(tx: Session, line_id: int) -> bool:
    told = select(OutboundMessage.id).where(
        OutboundMessage.line_id == line_id,
        OutboundMessage.wording.in_(SAYS_HOW_TO_STOP),
        OutboundMessage.state.not_in(NEVER_WENT),
    )
    return tx.execute(told.limit(1)).first() is not None
