"""What is answered by itself to a text that came in: at most one text an hour, spelled as the person chose."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from counseling.domain.text_choices import AS_SHIPPED, Choices
from counseling.queries.reachable import has_agreed, is_own_number
from counseling.queries.text_choices import find_wish
from counseling.queries.wordings import wordings_of
from counseling.services.crises import nobody_before
from counseling.services.inbound_senders import Question, Sender, choices_of
from counseling.services.outbox import NewMessage, enqueue
from counseling.sms.wording import CRISIS, PRONOUN, QUESTION_OF, text_of

ANSWER_DIES_AFTER = timedelta(hours=6)  # an answer that comes half a day late answers nothing any more
HELP_IS_OPEN_FOR = timedelta(hours=24)
# Always, and at each change: a question about what was meant must not take the place of the confirmation.
SHUT = "call_back_shut"
HAVE_NO_HOUR = CRISIS | {"stopped"}
E164 = re.compile(r"\+[1-9][0-9]{7,14}")


@dataclass(frozen=True)
class Text:
    """One incoming text while it is worked on."""

    id: int
    kind: str
    line_id: int
    number: str
    is_opted_out: bool
    body: str
    question: Question | None
    sender: Sender | None
    written_at: datetime
    now: datetime


def is_phone(number: str) -> bool:
    """Short codes and senders with a name are machines: answering them makes loops."""
    return E164.fullmatch(number) is not None


def answer(tx: Session, text: Text, wording: str, **values: str) -> bool:
    """Queue one automatic answer; False where none goes out: to a machine, too late, or a second within the hour."""
    if text.sender is None or not is_phone(text.number):
        return False
    if wording not in HAVE_NO_HOUR and text.written_at <= text.now - ANSWER_DIES_AFTER:
        return False
    question, words = QUESTION_OF.get(wording), wordings_of(tx, [text.sender.site_id])[text.sender.site_id]
    chosen = spelling_for(tx, text)
    spelling = {"pronoun": chosen.pronoun or PRONOUN, **values}
    message = NewMessage(
        line_id=text.line_id,
        side=text.sender.side,
        site_id=text.sender.site_id,
        patient_id=text.sender.patient_id,
        wording=wording,
        body=text_of(wording, words, has_marks=chosen.has_marks, **spelling),
        is_automatic=True,
        expires_at=text.now + ANSWER_DIES_AFTER,
        question=question,
        question_until=text.now + HELP_IS_OPEN_FOR if question else None,
        answer_hour=_hour_of(wording, text.now),
    )
    return enqueue(tx, message, text.now) is not None


def _hour_of(wording: str, now: datetime) -> str | None:
    """For which there is one answer: "2" is what the text of help asks for, so the two do not share theirs."""
    if wording in HAVE_NO_HOUR:
        return None
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H") + ("+" if wording == SHUT else "")


def spelling_for(tx: Session, text: Text) -> Choices:
    sender = text.sender
    return AS_SHIPPED if sender is None else choices_of(tx, sender, text.line_id, text.number, text.now)


def say_when(tx: Session, text: Text, zone: ZoneInfo) -> bool:
    """Whether nobody of the roster is there to call back: then an answer says from when on, and the inbox keeps it.

    Who only rings may want no texts at all, or have stopped them: the inbox keeps it all the same.
    """
    if text.sender is None:
        return False
    marks, where = spelling_for(tx, text).has_marks, (text.sender.side, text.sender.site_id)
    since = nobody_before(tx, *where, text.now, zone, has_marks=marks)
    if since is None:
        return False
    if text.kind == "text" or _takes_texts(tx, text, text.sender):
        answer(tx, text, SHUT, since=since)
    return True


def _takes_texts(tx: Session, text: Text, sender: Sender) -> bool:
    who = sender.patient_id, sender.side
    if who[0] is None or text.is_opted_out or find_wish(tx, who[0], who[1], SHUT).calls_only:
        return False
    return has_agreed(tx, who[0], who[1], None) and is_own_number(tx, who[0], who[1], text.line_id, text.now)
