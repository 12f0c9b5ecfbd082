"""Why people whom a kind of reminder is for get none on a day: the first reason that is true. Counts are made of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select

from counseling.database import AnySession
from counseling.domain.number_confirmation import is_good
from counseling.domain.reminder_kinds import NOT_ON_SHARED_PHONES
from counseling.domain.text_purposes import PURPOSE_OF
from counseling.models.patients import Patient, PhoneNumber
from counseling.models.text_choices import DeclinedReminder, TextChoice
from counseling.models.texts import PhoneLine, SmsConsent
from counseling.queries.reachable import (
    MOST_PERMANENT_FAILURES,
    agreed_for,
    end_of,
    is_read_by_others,
    is_stopped_elsewhere,
)
from counseling.queries.text_choices import may_be_reminded

# In the order in which they are asked, and told. The last is said where a rule leaves none of somebody's own hours.
WHY_NOT = (
    "not_agreed", "not_this_kind", "calls_only", "no_number", "declined", "stopped", "fails", "overdue", "shared",
    "own_hours",
)  # fmt: skip


def why_not_texted(session: AnySession, ids: Collection[int], side: str, kind: str, on_date: date) -> dict[int, str]:
    """Of those who may not be reminded that day, as planning asks it, the reason; each fact of all is read once."""
    may = may_be_reminded(Patient.id, side, kind, on_date)
    reached = set(session.execute(select(Patient.id).where(Patient.id.in_(ids), may)).scalars())
    left = [patient_id for patient_id in ids if patient_id not in reached]
    if not left:
        return {}

    def of(table: type[SmsConsent] | type[DeclinedReminder] | type[TextChoice], *more: ColumnElement[bool]) -> set[int]:
        own = select(table.patient_id).where(table.patient_id.in_(left), table.side == side, *more)
        return set(session.execute(own).scalars())

    agreed = of(SmsConsent, SmsConsent.withdrawn_at.is_(None))
    to_this = of(SmsConsent, agreed_for(SmsConsent.patient_id, side, PURPOSE_OF.get(kind)))
    calls_only = of(TextChoice, TextChoice.calls_only.is_(True))
    declined = of(DeclinedReminder, DeclinedReminder.kind == kind)
    numbers = _numbers(session, left, side, on_date)
    found = {}
    for patient_id in left:
        own = numbers.get(patient_id, [])
        if patient_id not in to_this:
            found[patient_id] = "not_this_kind" if patient_id in agreed else "not_agreed"
        elif patient_id in calls_only or (own and all(number.calls_only for number in own)):
            found[patient_id] = "calls_only"
        elif not own:
            found[patient_id] = "no_number"
        elif patient_id in declined:
            found[patient_id] = "declined"
        else:
            found[patient_id] = _why_not_numbers(own, kind)
    return found


@dataclass(frozen=True)
class _Number:
    """One that was compared at some time."""

    is_good: bool
    is_shared: bool  # somebody else reads there, as queries/reachable.py knows it
    calls_only: bool
    is_stopped: bool
    fails: bool


def _numbers(session: AnySession, ids: Collection[int], side: str, on_date: date) -> dict[int, list[_Number]]:
    rows = session.execute(
        select(
            PhoneNumber.patient_id,
            PhoneNumber.confirmed_at,
            is_read_by_others(),
            PhoneNumber.calls_only,
            or_(PhoneLine.opted_out_at.is_not(None), is_stopped_elsewhere()),
            PhoneLine.permanent_failures >= MOST_PERMANENT_FAILURES,
        )
        .join(PhoneLine, PhoneLine.id == PhoneNumber.line_id)
        .where(
            PhoneNumber.patient_id.in_(ids),
            PhoneNumber.side == side,
            PhoneNumber.confirmed_at.is_not(None),
            PhoneNumber.removed_at.is_(None),
        )
    )
    found: dict[int, list[_Number]] = {}
    for patient_id, confirmed_at, *facts in rows:
        number = _Number(is_good(confirmed_at, end_of(on_date)), *map(bool, facts))
        found.setdefault(patient_id, []).append(number)
    return found


def _why_not_numbers(own: list[_Number], kind: str) -> str:
    """Of somebody who has numbers and wants texts, and yet none of these numbers takes one."""
    texted = [number for number in own if not number.calls_only]
    alive = [number for number in texted if not number.fails and not number.is_stopped]
    if not alive:
        return "stopped" if any(number.is_stopped for number in texted) else "fails"
    good = [number for number in alive if number.is_good]
    if good and kind in NOT_ON_SHARED_PHONES and all(number.is_shared for number in good):
        return "shared"
    return "overdue"
