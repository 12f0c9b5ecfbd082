"""Whose text it is: the open question says so, else the files that have this number, else it has no name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.message_states import MessageState
from counseling.domain.replies import QUESTIONS
from counseling.models.patients import PhoneNumber, SearchKey, SupportFile, TreatmentFile
from counseling.models.texts import OutboundMessage
from counseling.queries.sites import find_reader_of_strangers
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


def questions_of(tx: Session, line_id: int, at: datetime) -> list[Question]:
    """Texts that asked this number something and could be answered at that moment, newest first; answered ones too."""
    asked = OutboundMessage
    return list(
        tx.execute(
            select(asked.id, asked.side, asked.site_id, asked.patient_id, asked.question, asked.answer)
            .where(asked.line_id == line_id, asked.question.is_not(None), asked.state.in_(WENT_OUT))
            .where(asked.queued_at <= at, asked.question_until > at)
            .order_by(asked.id.desc())
        )
    )


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
    """Whose text it is; None only where no site of this installation could read it."""
    if question is not None:
        return Sender(question.side, question.site_id, question.patient_id)
    files = _files_with(tx, line_id, number)
    if len(files) == 1:
        return files[0]
    return _texted_last(tx, line_id) or _common_site(files) or _site_for_strangers(tx)


def _files_with(tx: Session, line_id: int, number: str) -> list[Sender]:
    """The files of both sides that have this number, confirmed or only written down."""
    of_line = select(PhoneNumber.patient_id, PhoneNumber.side).where(
        PhoneNumber.line_id == line_id, PhoneNumber.removed_at.is_(None)
    )
    vault = vault_of(tx)
    value = search_value("phone", number)
    written_down = or_(
        *(
            and_(SearchKey.side == side, SearchKey.token.in_(vault.tokens(token_kind(side, "phone"), value)))
            for side in (TREATMENT, SUPPORT)
        )
    )
    of_key = select(SearchKey.patient_id, SearchKey.side).where(SearchKey.kind == "phone", written_down)
    owners = sorted({(row.side, row.patient_id) for query in (of_line, of_key) for row in tx.execute(query)})
    found = (_file_of(tx, side, patient_id) for side, patient_id in owners)
    return [file for file in found if file is not None]


def _file_of(tx: Session, side: str, patient_id: int) -> Sender | None:
    if side == TREATMENT:
        query = select(TreatmentFile.station_id).where(TreatmentFile.patient_id == patient_id)
    else:
        query = select(SupportFile.site_id).where(SupportFile.patient_id == patient_id)
    site_id = tx.execute(query).scalar()
    return None if site_id is None else Sender(side, site_id, patient_id)


def _texted_last(tx: Session, line_id: int) -> Sender | None:
    """Whoever texted this number last gets what comes back: it may be about a treatment, so no other side reads it."""
    sent = (
        select(OutboundMessage.side, OutboundMessage.site_id)
        .where(OutboundMessage.line_id == line_id, OutboundMessage.state.in_(WENT_OUT))
        .order_by(OutboundMessage.id.desc())
        .limit(1)
    )
    row = tx.execute(sent).first()
    return None if row is None else Sender(row.side, row.site_id, None)


def _common_site(files: Sequence[Sender]) -> Sender | None:
    places = {(file.side, file.site_id) for file in files}
    if len(places) != 1:
        return None
    side, site_id = places.pop()
    return Sender(side, site_id, None)


def _site_for_strangers(tx: Session) -> Sender | None:
    site_id = find_reader_of_strangers(tx)
    return None if site_id is None else Sender(SUPPORT, site_id, None)
