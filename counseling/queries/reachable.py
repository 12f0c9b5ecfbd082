"""Who may be texted about one of their files, and on which line: agreed to it, and has a number that was confirmed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from counseling.database import AnySession
from counseling.models.patients import PhoneNumber
from counseling.models.texts import PhoneLine, SmsConsent

# After so many permanent failures a number gets nothing more, until somebody at the desk has looked at it.
MOST_PERMANENT_FAILURES = 2


def may_be_texted(patient_id: InstrumentedAttribute[int], side: str, *, alone: bool = False) -> ColumnElement[bool]:
    """As a condition of a statement that reads many people. `alone`: on a phone that nobody else reads."""
    line = select(PhoneLine.id).join(PhoneNumber, PhoneNumber.line_id == PhoneLine.id)
    return and_(
        exists().where(_agreed(patient_id, side)),
        line.where(_confirmed(patient_id, side, alone), _alive()).correlate(patient_id.class_).exists(),
    )


def has_agreed_to_texts(patient_id: InstrumentedAttribute[int], side: str) -> ColumnElement[bool]:
    """The agreement alone, as a condition of a statement that reads many people."""
    return exists().where(_agreed(patient_id, side))


def find_line(session: AnySession, patient_id: int, side: str, *, alone: bool = False) -> int | None:
    """The line of the number that was confirmed last; None: nothing may be sent."""
    if not has_agreed(session, patient_id, side):
        return None
    query = select(PhoneLine.id).join(PhoneNumber, PhoneNumber.line_id == PhoneLine.id)
    latest = query.where(_confirmed(patient_id, side, alone), _alive())
    return session.execute(
        latest.order_by(PhoneNumber.confirmed_at.desc(), PhoneNumber.id.desc()).limit(1)
    ).scalar_one_or_none()


def has_agreed(session: AnySession, patient_id: int, side: str) -> bool:
    """Whether somebody agreed to be texted about this file, and has not taken it back."""
    return session.execute(select(SmsConsent.id).where(_agreed(patient_id, side))).first() is not None


def is_own_number(session: AnySession, patient_id: int, side: str, line_id: int, *, alone: bool = False) -> bool:
    """Whether the line still is a confirmed number of this file that takes texts."""
    query = select(PhoneNumber.id).where(_confirmed(patient_id, side, alone), PhoneNumber.line_id == line_id)
    return session.execute(query.limit(1)).first() is not None


def _agreed(patient_id: Any, side: str) -> ColumnElement[bool]:
    return and_(SmsConsent.patient_id == patient_id, SmsConsent.side == side, SmsConsent.withdrawn_at.is_(None))


def _confirmed(patient_id: Any, side: str, alone: bool = False) -> ColumnElement[bool]:
    return and_(
        PhoneNumber.patient_id == patient_id,
        PhoneNumber.side == side,
        PhoneNumber.confirmed_at.is_not(None),
        PhoneNumber.removed_at.is_(None),
        PhoneNumber.calls_only.is_(False),
        *([PhoneNumber.is_shared.is_(False)] if alone else []),
    )


def _alive() -> ColumnElement[bool]:
    return and_(PhoneLine.opted_out_at.is_(None), PhoneLine.permanent_failures < MOST_PERMANENT_FAILURES)
