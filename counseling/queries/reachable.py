"""Who may be texted about one of their files, and on which line: agreed to it, and has a number that was confirmed.

Agreed to this kind of text, that is; and confirmed not longer ago than domain/number_confirmation.py says.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from counseling.database import AnySession
from counseling.domain.number_confirmation import good_since
from counseling.domain.text_purposes import PURPOSE_OF
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.text_keeping import SmsConsentPurpose
from counseling.models.texts import PhoneLine, SmsConsent
from counseling.treatment_rows import SUPPORT, TREATMENT

# After so many permanent failures a number gets nothing more, until somebody at the desk has looked at it.
MOST_PERMANENT_FAILURES = 2
# After so many reports in a row that a text did not arrive the desk compares the number; texts go on meanwhile.
UNREACHED_AFTER = 3


def may_be_texted(
    patient_id: InstrumentedAttribute[int], side: str, kind: str | None, today: date, *, alone: bool = False
) -> ColumnElement[bool]:
    """As a condition of a statement that reads many people: on a number that is good for all of this day.

    `kind` None: for whichever purpose they have agreed to. `alone`: on a phone that nobody else reads.
    """
    now = end_of(today)
    line = select(PhoneLine.id).join(PhoneNumber, PhoneNumber.line_id == PhoneLine.id)
    return and_(
        exists().where(_agreed(patient_id, side, kind)),
        line.where(_confirmed(patient_id, side, now, alone), is_alive()).correlate(patient_id.class_).exists(),
    )


def end_of(day: date) -> datetime:
    """The moment until which a number has to be good to be written to on a day."""
    return datetime.combine(day, time.max, UTC)


def has_agreed_to_texts(patient_id: InstrumentedAttribute[int], side: str) -> ColumnElement[bool]:
    """The agreement alone, as a condition of a statement that reads many people."""
    return exists().where(_agreed(patient_id, side, None))


def find_line(
    session: AnySession, patient_id: int, side: str, kind: str | None, now: datetime, *, alone: bool = False
) -> int | None:
    """The line of the number that was confirmed last; None: nothing of this kind (None: of any) may be sent."""
    if not has_agreed(session, patient_id, side, kind):
        return None
    query = select(PhoneLine.id).join(PhoneNumber, PhoneNumber.line_id == PhoneLine.id)
    latest = query.where(_confirmed(patient_id, side, now, alone), is_alive())
    return session.execute(
        latest.order_by(PhoneNumber.confirmed_at.desc(), PhoneNumber.id.desc()).limit(1)
    ).scalar_one_or_none()


def has_agreed(session: AnySession, patient_id: int, side: str, kind: str | None) -> bool:
    """Whether somebody agreed to texts of this kind about this file (None: to any), and has not taken it back."""
    return session.execute(select(SmsConsent.id).where(_agreed(patient_id, side, kind))).first() is not None


def is_own_number(
    session: AnySession, patient_id: int, side: str, line_id: int, now: datetime, *, alone: bool = False
) -> bool:
    """Whether the line still is a confirmed number of this file that takes texts."""
    asked = {"of_patient": patient_id, "of_side": side, "of_line": line_id, "since": good_since(now)}
    return session.connection().execute(_FIND_OWN[alone], asked).first() is not None


def agreed_at_all(patient_id: Any, side: Any) -> ColumnElement[bool]:
    """An agreement to texts that stands, whatever for."""
    return and_(SmsConsent.patient_id == patient_id, SmsConsent.side == side, SmsConsent.withdrawn_at.is_(None))


def agreed_for(patient_id: Any, side: Any, purpose: Any) -> ColumnElement[bool]:
    """An agreement to texts for this purpose that stands; for None, of a kind that has no purpose, there is none."""
    covers = SmsConsentPurpose.purpose == purpose
    return and_(agreed_at_all(patient_id, side), exists().where(SmsConsentPurpose.consent_id == SmsConsent.id, covers))


def confirmed_since(
    patient_id: Any, side: Any, since: Any, *, line_id: Any = None, alone: bool = False
) -> ColumnElement[bool]:
    """A number of this file that was confirmed after `since` and takes texts. `alone`: on which nobody else reads."""
    return and_(
        PhoneNumber.patient_id == patient_id,
        PhoneNumber.side == side,
        PhoneNumber.confirmed_at > since,
        PhoneNumber.removed_at.is_(None),
        PhoneNumber.calls_only.is_(False),
        ~is_stopped_elsewhere(),
        *([~is_read_by_others()] if alone else []),
        *([PhoneNumber.line_id == line_id] if line_id is not None else []),
    )


@cache  # the aliases in it are dear to make, and planning asks it for every kind of every site
def is_stopped_elsewhere() -> ColumnElement[bool]:
    """Of a row of phone_numbers: NGUNG has come from another number of the same file since this one was compared.

    Whoever wants no more on one phone has asked for none on their other. It is over when this number is compared anew,
    or the other is taken off the file or noted as one that is only called.
    """
    other, line = aliased(PhoneNumber), aliased(PhoneLine)
    stopped = exists().where(
        other.patient_id == PhoneNumber.patient_id,
        other.side == PhoneNumber.side,
        other.id != PhoneNumber.id,
        other.confirmed_at.is_not(None),
        other.removed_at.is_(None),
        other.calls_only.is_(False),
        line.id == other.line_id,
        line.opted_out_at >= PhoneNumber.confirmed_at,
    )
    return stopped.correlate(PhoneNumber)


@cache
def is_read_by_others() -> ColumnElement[bool]:
    """Of a row of phone_numbers: somebody said so, or a second open file of the same side has this line, confirmed or
    with digits on their way: couples share a phone, and numbers are sold on.

    Files of the other side are not asked: what is missing on one would tell that there is another. Nor is a file of
    which the desk has learnt that somebody else answers: it has neither.
    """
    other = aliased(PhoneNumber)
    files: dict[str, Any] = {TREATMENT: aliased(TreatmentFile), SUPPORT: aliased(SupportFile)}
    is_open = (
        and_(other.side == side, exists().where(file.patient_id == other.patient_id, file.status == "active"))
        for side, file in files.items()
    )
    second = exists().where(
        other.line_id == PhoneNumber.line_id,
        other.side == PhoneNumber.side,
        other.patient_id != PhoneNumber.patient_id,
        other.removed_at.is_(None),
        or_(other.confirmed_at.is_not(None), other.check_digits.is_not(None)),
        or_(*is_open),
    )
    return or_(PhoneNumber.is_shared, second.correlate(PhoneNumber))


def _agreed(patient_id: Any, side: str, kind: str | None) -> ColumnElement[bool]:
    return agreed_at_all(patient_id, side) if kind is None else agreed_for(patient_id, side, PURPOSE_OF.get(kind))


def _confirmed(patient_id: Any, side: str, now: datetime, alone: bool = False) -> ColumnElement[bool]:
    return confirmed_since(patient_id, side, good_since(now), alone=alone)


# Built once: the sender asks it about each reminder.
_FIND_OWN = {
    alone: select(PhoneNumber.id)
    .where(
        confirmed_since(
            bindparam("of_patient"), bindparam("of_side"), bindparam("since", type_=PhoneNumber.confirmed_at.type),
            line_id=bindparam("of_line"), alone=alone,
        )
    )
    .limit(1)
    for alone in (False, True)
}  # fmt: skip


def is_alive() -> ColumnElement[bool]:
    """A number that was neither stopped by a text nor fails."""
    return and_(PhoneLine.opted_out_at.is_(None), PhoneLine.permanent_failures < MOST_PERMANENT_FAILURES)
