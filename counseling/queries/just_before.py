"""What the sender asks just before a text goes: of its line, and of its person. Built once, one statement each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from counseling.domain.number_confirmation import good_since
from counseling.domain.text_choices import OwnHours
from counseling.domain.text_purposes import PURPOSE_OF
from counseling.models.duty import CrisisAlert
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.text_choices import TextChoice
from counseling.models.texts import FILE_SIDES, InboundMessage, OutboundMessage, PhoneLine
from counseling.queries.first_texts import FIRST, is_told
from counseling.queries.reachable import agreed_at_all, agreed_for, confirmed_since
from counseling.queries.sending_pauses import are_paused
from counseling.treatment_rows import TREATMENT

CONVERSATION = timedelta(hours=1)
_LINE: Any = bindparam("of_line")
_SINCE: Any = bindparam("since")
_SIDE: Any = bindparam("of_side")
_PATIENT: Any = bindparam("of_patient")


def _is_said_to_be_wrong() -> ColumnElement[bool]:
    """Somebody wrote that this is not their number, and nobody of ours has dealt with it yet: neither with the text nor
    by comparing the number with its owner since."""
    compared = exists().where(
        PhoneNumber.line_id == _LINE,
        PhoneNumber.side == _SIDE,
        PhoneNumber.removed_at.is_(None),
        PhoneNumber.confirmed_at > InboundMessage.received_at,
    )
    return exists().where(
        InboundMessage.line_id == _LINE,
        InboundMessage.meaning == "wrong_number",
        InboundMessage.handled_at.is_(None),
        ~compared,
    )


def _is_in_conversation() -> ColumnElement[bool]:
    """Somebody of ours and this number are writing to each other; a text that nobody has read counts too, and danger
    that nobody has taken on, however long that takes."""
    theirs = exists().where(
        InboundMessage.line_id == _LINE,
        or_(
            InboundMessage.read_at.is_(None),
            InboundMessage.meaning.in_(("other", "crisis")) & (InboundMessage.received_at > _SINCE),
        ),
    )
    ours = exists().where(
        OutboundMessage.line_id == _LINE,
        OutboundMessage.written_by_id.is_not(None),
        OutboundMessage.queued_at > _SINCE,
    )
    in_danger = exists().where(CrisisAlert.line_id == _LINE, CrisisAlert.taken_at.is_(None))
    return or_(theirs, ours, in_danger)


_FIND_LINE = select(
    PhoneLine.denied_at.is_not(None),
    PhoneLine.opted_out_at,
    PhoneLine.permanent_failures,
    _is_said_to_be_wrong(),
    are_paused(bindparam("of_site"), _SIDE),
    _is_in_conversation(),
    is_told(_LINE),
).where(PhoneLine.id == _LINE)


def _find_person(side: str, agreed: ColumnElement[bool]) -> Any:
    file: Any = TreatmentFile if side == TREATMENT else SupportFile
    has_died = exists().where(TreatmentFile.patient_id == _PATIENT, TreatmentFile.status == "died")
    numbers = [
        exists().where(confirmed_since(_PATIENT, _SIDE, bindparam("good_since"), line_id=_LINE, alone=alone))
        for alone in (False, True)
    ]
    own = and_(TextChoice.patient_id == file.patient_id, TextChoice.side == _SIDE)
    return (
        select(
            file.status,
            has_died.correlate(None),
            exists().where(agreed),
            *numbers,
            func.coalesce(TextChoice.calls_only, False),
            TextChoice.hour,
            TextChoice.quiet_from,
            TextChoice.quiet_until,
        )
        .select_from(file)
        .outerjoin(TextChoice, own)
        .where(file.patient_id == _PATIENT)
    )


_FIND_PERSON = {side: _find_person(side, agreed_for(_PATIENT, _SIDE, bindparam("purpose"))) for side in FILE_SIDES}
# How to stop is said to whoever has agreed to any texts at all.
_FIND_PERSON_AT_FIRST = {side: _find_person(side, agreed_at_all(_PATIENT, _SIDE)) for side in FILE_SIDES}


@dataclass(frozen=True)
class LineNow:
    """Of a number, and of the site and side that writes to it. `is_told`: its owner knows how to stop."""

    is_denied: bool
    opted_out_at: datetime | None
    permanent_failures: int
    is_said_to_be_wrong: bool
    is_paused: bool
    is_in_conversation: bool
    is_told: bool


@dataclass(frozen=True)
class PersonNow:
    """Of somebody's file on one side. `is_own_number`: the line is a confirmed number of theirs that takes texts;
    `is_read_alone`: and nobody else reads it.

    `wants_calls_only`: they chose never to be texted, whatever the number takes.
    """

    status: str
    has_died: bool
    has_agreed: bool
    is_own_number: bool
    is_read_alone: bool
    wants_calls_only: bool
    hours: OwnHours


def find_line_now(tx: Session, line_id: int, site_id: int, side: str, now: datetime) -> LineNow:
    asked = {"of_line": line_id, "of_site": site_id, "of_side": side, "since": now - CONVERSATION}
    return LineNow(*tx.connection().execute(_FIND_LINE, asked).one())


def find_person_now(
    tx: Session, patient_id: int, side: str, line_id: int, wording: str, now: datetime
) -> PersonNow | None:
    """None: there is no such file."""
    asked = {"of_patient": patient_id, "of_side": side, "of_line": line_id}
    asked |= {"purpose": PURPOSE_OF.get(wording), "good_since": good_since(now)}
    find = (_FIND_PERSON_AT_FIRST if wording == FIRST else _FIND_PERSON)[side]
    row = tx.connection().execute(find, asked).first()
    if row is None:
        return None
    status, has_died, has_agreed, is_own, is_read_alone, wants_calls_only, *hours = row
    return PersonNow(status, has_died, has_agreed, is_own, is_read_alone, bool(wants_calls_only), OwnHours(*hours))
