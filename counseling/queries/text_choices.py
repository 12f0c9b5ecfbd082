"""What people have chosen about texts: of one person for their page, of many for planning."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from counseling.database import AnySession
from counseling.domain.reminder_kinds import NOT_ON_SHARED_PHONES
from counseling.domain.text_choices import AS_SHIPPED, Choices, OwnHours
from counseling.models.patients import Patient, PhoneNumber
from counseling.models.text_choices import DeclinedReminder, TextChoice
from counseling.models.texts import SmsConsent
from counseling.queries.reachable import is_read_by_others, may_be_texted
from counseling.queries.remembering import remember, remembered


def may_be_reminded(patient_id: InstrumentedAttribute[int], side: str, kind: str, today: date) -> ColumnElement[bool]:
    """Whether somebody can be texted, and wants this kind, as a condition of a statement that reads many people."""
    declined = exists().where(
        DeclinedReminder.patient_id == patient_id, DeclinedReminder.side == side, DeclinedReminder.kind == kind
    )
    texted = may_be_texted(patient_id, side, kind, today, alone=kind in NOT_ON_SHARED_PHONES)
    return and_(texted, ~wants_calls_only(patient_id, side), ~declined)


def wants_calls_only(patient_id: InstrumentedAttribute[int], side: str) -> ColumnElement[bool]:
    """Whether somebody chose to be called and never texted about a file, whatever their number takes."""
    return exists().where(TextChoice.patient_id == patient_id, TextChoice.side == side, TextChoice.calls_only.is_(True))


def find_choices(session: AnySession, patient_id: int, side: str) -> Choices:
    """Of one person; what nobody has chosen is as it ships."""
    declined = session.execute(
        select(DeclinedReminder.kind).where(DeclinedReminder.patient_id == patient_id, DeclinedReminder.side == side)
    ).scalars()
    kinds = frozenset(declined)
    own = TextChoice.patient_id == patient_id, TextChoice.side == side
    row = session.execute(select(TextChoice.__table__).where(*own)).first()
    if row is None:
        return Choices(declined=kinds) if kinds else AS_SHIPPED
    return Choices(
        hours=OwnHours(row.hour, row.quiet_from, row.quiet_until),
        pronoun=row.pronoun,
        pretext=row.pretext,
        has_marks=row.has_marks,
        calls_only=row.calls_only,
        declined=kinds,
    )


def find_pronoun(session: AnySession, patient_id: int, side: str) -> str | None:
    """What was said when somebody last agreed to texts, also where they have stopped since; None: they never did."""
    agreed = select(SmsConsent.pronoun).where(SmsConsent.patient_id == patient_id, SmsConsent.side == side)
    return session.execute(agreed.order_by(SmsConsent.id.desc()).limit(1)).scalar_one_or_none()


class Addressee(NamedTuple):
    """A file on one of its numbers."""

    patient_id: int
    side: str
    line_id: int


@dataclass(frozen=True)
class Wanted:
    """How texts to an addressee are wanted. `pronoun`: chosen since, or said when they agreed; None: neither."""

    has_marks: bool
    pretext: str
    pronoun: str | None
    is_read_by_others: bool


_OWN = and_(TextChoice.patient_id == PhoneNumber.patient_id, TextChoice.side == PhoneNumber.side)
_SAID = (
    select(SmsConsent.pronoun)
    .where(SmsConsent.patient_id == PhoneNumber.patient_id, SmsConsent.side == PhoneNumber.side)
    .order_by(SmsConsent.id.desc())
    .limit(1)
    .correlate(PhoneNumber)
    .scalar_subquery()
)
_PEOPLE: Any = bindparam("people", expanding=True)
_LINES: Any = bindparam("lines", expanding=True)
# Built once: the sender asks it of every batch.
_WANTED: Select[*tuple[Any, ...]] = (
    select(
        PhoneNumber.patient_id,
        PhoneNumber.side,
        PhoneNumber.line_id,
        func.coalesce(TextChoice.has_marks, AS_SHIPPED.has_marks),
        func.coalesce(TextChoice.pretext, AS_SHIPPED.pretext),
        func.coalesce(TextChoice.pronoun, _SAID),
        is_read_by_others(),
    )
    .outerjoin(TextChoice, _OWN)
    .where(PhoneNumber.patient_id.in_(_PEOPLE), PhoneNumber.line_id.in_(_LINES), PhoneNumber.removed_at.is_(None))
)


def wanted_by(session: AnySession, whose: Collection[Addressee]) -> dict[Addressee, Wanted]:
    """In one statement, however many; without those whose number it is not any more."""
    asked = {"people": sorted({one.patient_id for one in whose}), "lines": sorted({one.line_id for one in whose})}
    found: dict[Addressee, Wanted] = {}
    for row in session.connection().execute(_WANTED, asked):
        one, wanted = Addressee(*row[:3]), Wanted(*row[3:])
        if one not in found or wanted.is_read_by_others:  # a number may stand twice in a file
            found[one] = wanted
    return found


@dataclass(frozen=True)
class Wish:
    """Whether one person wants texts of one kind."""

    calls_only: bool
    declined: bool


def find_wish(session: AnySession, patient_id: int, side: str, kind: str) -> Wish:
    """One statement, because it is asked for every reminder."""
    asked = {"of_patient": patient_id, "of_side": side, "of_kind": kind}

    def read() -> Wish:
        calls_only, declined = session.connection().execute(_WISH, asked).one()
        return Wish(bool(calls_only), bool(declined))

    return remembered(session, (find_wish, patient_id, side, kind), read)


def read_wishes(session: AnySession, asked: Collection[tuple[int, str, str]]) -> None:
    """Two statements for many, each with side and kind, of whom `find_wish` is asked next."""
    people = {patient_id for patient_id, _, _ in asked}
    choice, no = TextChoice, DeclinedReminder
    called = select(choice.patient_id, choice.side).where(choice.patient_id.in_(people), choice.calls_only.is_(True))
    calls_only = {(row.patient_id, row.side) for row in session.execute(called)}
    refused = select(no.patient_id, no.side, no.kind).where(no.patient_id.in_(people))
    declined = {(row.patient_id, row.side, row.kind) for row in session.execute(refused)}
    for one in asked:
        remember(session, (find_wish, *one), Wish((one[0], one[1]) in calls_only, one in declined))


_SIDE: Any = bindparam("of_side")
_WISH: Select[*tuple[Any, ...]] = (
    select(
        TextChoice.calls_only,
        exists().where(
            DeclinedReminder.patient_id == Patient.id,
            DeclinedReminder.side == _SIDE,
            DeclinedReminder.kind == bindparam("of_kind"),
        ),
    )
    .select_from(Patient)
    .outerjoin(TextChoice, and_(TextChoice.patient_id == Patient.id, TextChoice.side == _SIDE))
    .where(Patient.id == bindparam("of_patient"))
)


def own_hours_of(session: AnySession, side: str, patient_ids: Collection[int]) -> dict[int, OwnHours]:
    """Of those among many who have chosen an hour, or hours in which they want no text."""
    if not patient_ids:
        return {}
    rows = session.execute(
        select(TextChoice.patient_id, TextChoice.hour, TextChoice.quiet_from, TextChoice.quiet_until).where(
            TextChoice.side == side,
            TextChoice.patient_id.in_(patient_ids),
            or_(TextChoice.hour.is_not(None), TextChoice.quiet_from.is_not(None)),
        )
    )
    return {patient_id: OwnHours(hour, since, until) for patient_id, hour, since, until in rows}
