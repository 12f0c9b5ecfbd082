"""Whose text it is: the open question says so, else the files that have this number, else it has no name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Row, Select, bindparam, select, union
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of
from counseling.domain.message_states import MessageState
from counseling.domain.replies import QUESTIONS
from counseling.domain.text_choices import AS_SHIPPED, Choices
from counseling.models.patients import PhoneNumber, SearchKey, SupportFile, TreatmentFile
from counseling.models.texts import OutboundMessage
from counseling.queries.duty import find_reader
from counseling.queries.reachable import is_own_number
from counseling.queries.sites import find_reader_of_strangers
from counseling.queries.text_choices import find_choices, find_pronoun
from counseling.treatment_rows import SUPPORT, TREATMENT, search_value, token_kind

# What the phone may have: only such a text can be answered, and only such a site has texted.
WENT_OUT = tuple(
    state.value for state in (MessageState.CLAIMED, MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.UNKNOWN)
)
Question = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Sender:
    """The side and the site that read a text; `patient_id` None: nobody's number, or that of several."""

    side: str
    site_id: int
    patient_id: int | None


# Built once: a gateway that was away hands over hundreds of texts a second, and each asks all of these.
_LINE: Any = bindparam("of_line")
_asked = OutboundMessage.__table__.c
_QUESTIONS = (
    select(_asked.id, _asked.side, _asked.site_id, _asked.patient_id, _asked.question, _asked.answer)
    .where(_asked.line_id == _LINE, _asked.question.is_not(None), _asked.state.in_(WENT_OUT))
    .where(_asked.queued_at <= bindparam("at"), _asked.question_until > bindparam("at"))
    .order_by(_asked.id.desc())
)
_TEXTED_LAST = (
    select(_asked.side, _asked.site_id)
    .where(_asked.line_id == _LINE, _asked.state.in_(WENT_OUT))
    .order_by(_asked.id.desc())
    .limit(1)
)


def _written_down(side: str) -> Select[str, int]:
    tokens: Any = bindparam(f"{side}_tokens", expanding=True)
    of_key = select(SearchKey.side, SearchKey.patient_id).where(SearchKey.kind == "phone", SearchKey.side == side)
    return of_key.where(SearchKey.token.in_(tokens))


_OWNERS: CompoundSelect[Any] = union(
    select(PhoneNumber.side, PhoneNumber.patient_id).where(
        PhoneNumber.line_id == _LINE, PhoneNumber.removed_at.is_(None)
    ),
    *(_written_down(side) for side in (TREATMENT, SUPPORT)),
)
_SITE_OF = {
    TREATMENT: select(TreatmentFile.station_id).where(TreatmentFile.patient_id == bindparam("of_patient")),
    SUPPORT: select(SupportFile.site_id).where(SupportFile.patient_id == bindparam("of_patient")),
}


def questions_of(tx: Session, line_id: int, at: datetime) -> list[Question]:
    """Texts that asked this number something and could be answered at that moment, newest first; answered ones too."""
    return list(tx.connection().execute(_QUESTIONS, {"of_line": line_id, "at": at}))


def question_meant(questions: Sequence[Question], digit: str | None) -> Question | None:
    """The question that a text is about.

    A digit is about the newest question that offers it; where two people share a phone, of each of them the newest, and
    of these the one that still waits. Anything else is about the newest that waits. An answered question is meant only
    where a digit repeats itself.
    """
    if digit is not None:
        of_each: dict[int | None, Question] = {}
        for question in questions:
            if digit in QUESTIONS.get(question.question, {}):
                of_each.setdefault(question.patient_id, question)
        offered = list(of_each.values())
        if offered:
            return next((question for question in offered if question.answer is None), offered[0])
    return next((question for question in questions if question.answer is None), None)


def sender_of(tx: Session, line_id: int, number: str, question: Question | None) -> Sender | None:
    """Whose text it is; None only where this installation has no site at all."""
    if question is not None:
        return Sender(question.side, question.site_id, question.patient_id)
    files = files_with(tx, line_id, number)
    if len(files) == 1:
        return files[0]
    return _texted_last(tx, line_id) or _common_site(files) or _site_for_strangers(tx)


def reader_in_danger(tx: Session, sender: Sender | None) -> Sender | None:
    """Who has to see words of danger: as `sender_of` says, unless nobody is left there to read them."""
    if sender is None:
        return None
    reader = find_reader(tx, sender.side, sender.site_id)
    return sender if reader == (sender.side, sender.site_id) else Sender(*reader, None)


def choices_of(tx: Session, sender: Sender, line_id: int, number: str, now: datetime) -> Choices:
    """How an answer to this number is spelled: as the person chose where it is surely theirs and nobody else's.

    On any other, how it addresses somebody would tell whoever reads it who is meant.
    """
    owner = sender.patient_id
    if owner is None or not is_own_number(tx, owner, sender.side, line_id, now, alone=True):
        return AS_SHIPPED
    if any(file.patient_id != owner for file in files_with(tx, line_id, number)):
        return AS_SHIPPED
    choices = find_choices(tx, owner, sender.side)
    return replace(choices, pronoun=choices.pronoun or find_pronoun(tx, owner, sender.side))


def files_with(session: AnySession, line_id: int, number: str) -> list[Sender]:
    """The files of both sides that have this number, confirmed or only written down."""
    vault, value = vault_of(session), search_value("phone", number)
    tokens = {f"{side}_tokens": vault.tokens(token_kind(side, "phone"), value) for side in (TREATMENT, SUPPORT)}
    owners = sorted(tuple(row) for row in session.connection().execute(_OWNERS, {"of_line": line_id, **tokens}))
    found = (_file_of(session, side, patient_id) for side, patient_id in owners)
    return [file for file in found if file is not None]


def _file_of(session: AnySession, side: str, patient_id: int) -> Sender | None:
    site_id = session.connection().execute(_SITE_OF[side], {"of_patient": patient_id}).scalar()
    return None if site_id is None else Sender(side, site_id, patient_id)


def _texted_last(tx: Session, line_id: int) -> Sender | None:
    """Whoever texted this number last gets what comes back: it may be about a treatment, so no other side reads it."""
    row = tx.connection().execute(_TEXTED_LAST, {"of_line": line_id}).first()
    return None if row is None else Sender(row.side, row.site_id, None)


def _common_site(files: Sequence[Sender]) -> Sender | None:
    places = {(file.side, file.site_id) for file in files}
    if len(places) != 1:
        return None
    side, site_id = places.pop()
    return Sender(side, site_id, None)


def _site_for_strangers(tx: Session) -> Sender | None:
    reader = find_reader_of_strangers(tx)
    return None if reader is None else Sender(*reader, None)
