"""The first text that somebody gets says that nobody reads at once, and how to stop.

Digits to compare say it (services/phone_confirmation.py). Whoever confirms a number by ringing has had none: they get
it as soon as their number may be texted at all. Where it did not arrive, it is made again before the next reminder,
and the sender lets none pass it (services/reminder_gates.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.queries.first_texts import FIRST, is_told_soon
from counseling.queries.reachable import find_line
from counseling.queries.text_choices import Addressee, find_choices
from counseling.queries.wordings import wordings_of
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.spelling import spellings_for

GOOD_FOR = timedelta(hours=24)  # who agrees in the evening gets it in the morning


class OfSomebody(Protocol):
    """A file, or a reminder that belongs to one."""

    @property
    def patient_id(self) -> int: ...
    @property
    def side(self) -> str: ...
    @property
    def site_id(self) -> int: ...


def say_how_to_stop(tx: Session, whose: OfSomebody, now: datetime) -> None:
    """Queue the first text for the number of this file that takes texts, if it has not had one; else do nothing."""
    line_id = find_line(tx, whose.patient_id, whose.side, None, now)
    if line_id is not None:
        say_it_first(tx, whose, line_id, now)


def say_it_first(tx: Session, whose: OfSomebody, line_id: int, now: datetime) -> None:
    """The same for a number of which it is known that it takes texts.

    Raises NoWords where it would not be one plain segment, or more segments with marks than are paid for.
    """
    choices = find_choices(tx, whose.patient_id, whose.side)
    if choices.calls_only or tx.execute(select(is_told_soon(line_id, whose.patient_id, whose.side))).scalar_one():
        return
    addressee = Addressee(whose.patient_id, whose.side, line_id)
    spelling, words = spellings_for(tx, [addressee])[addressee], wordings_of(tx, [whose.site_id])[whose.site_id]
    message = NewMessage(
        line_id=line_id,
        side=whose.side,
        site_id=whose.site_id,
        wording=FIRST,
        body=spelling.text(FIRST, words),
        is_automatic=True,
        expires_at=now + GOOD_FOR,
        patient_id=whose.patient_id,
    )
    enqueue(tx, message, now)
