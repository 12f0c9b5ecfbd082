"""What a rule will send on a day: to how many, and who is left without a text, and why. Counts; nobody is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select

from counseling.database import AnySession
from counseling.domain.reminder_kinds import (
    APPOINTMENT,
    APPOINTMENT_TODAY,
    CHECK_IN,
    DOSE_TODAY,
    EVENING_BEFORE,
    LOOKED_AT_IN_BULK,
    MISSED_YESTERDAY,
    NOT_ON_SHARED_PHONES,
    WEEKEND,
    WEEKLY,
)
from counseling.domain.reminders import A_DAY, FARTHEST_BACK, SHUT, day_before
from counseling.domain.sending_hours import instant
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.text_choices import DeclinedReminder, TextChoice
from counseling.models.texts import PhoneLine, SmsConsent
from counseling.queries.opening_hours import hours_on
from counseling.queries.reachable import MOST_PERMANENT_FAILURES
from counseling.queries.reminder_audiences import AUDIENCES, in_aftercare, is_expected, is_supported
from counseling.queries.silence import Asking, list_unseen, wants_second_text
from counseling.queries.station_tomorrows import find_days_off, find_tomorrow
from counseling.treatment_rows import TREATMENT

# Why somebody whom a reminder is for gets none; the first that is true is told.
WHY_NOT = ("not_agreed", "no_number", "calls_only", "declined", "stopped", "fails", "shared")


@dataclass(frozen=True)
class Preview:
    """`texted`: how many would get it. `at_most`: those whom it may be for; who comes in time gets none.

    `why_not`: None, or why nobody is told anything that day ("shut") or before somebody has said more. `waiting`: of
    the second text, how many wait for somebody to look after them.
    """

    on_date: date
    texted: int = 0
    without: Mapping[str, int] = field(default_factory=dict)
    at_most: bool = False
    why_not: str | None = None
    waiting: int = 0


def preview(session: AnySession, asking: Asking, kind: str, on_date: date, zone: ZoneInfo) -> Preview:
    """As the day looks from here; `asking` says the site, the side, and how long a second text waits."""
    site_id, side = asking.site_id, asking.side
    why_not = None
    if kind in (WEEKEND, EVENING_BEFORE):
        find = find_days_off if kind == WEEKEND else find_tomorrow
        why_not = find(session, site_id, on_date).why_not
    elif hours_on(session, site_id, [on_date])[on_date] == []:
        why_not = SHUT
    if why_not == SHUT:
        return Preview(on_date, why_not=SHUT)
    ids = _for_whom(session, asking, kind, on_date, zone)
    reasons = _why_not_texted(session, ids, side, kind)
    return Preview(
        on_date,
        texted=len(ids) - len(reasons),
        without={why: count for why in WHY_NOT if (count := Counter(reasons.values())[why])},
        at_most=kind in LOOKED_AT_IN_BULK,
        why_not=why_not,
        waiting=len(list_unseen(session, asking, on_date, zone)) if kind not in _WHO else 0,
    )


def _for_whom(session: AnySession, asking: Asking, kind: str, on_date: date, zone: ZoneInfo) -> list[int]:
    if kind in (APPOINTMENT, APPOINTMENT_TODAY):
        return _booked(session, asking.site_id, kind, on_date, zone)
    file = TreatmentFile if asking.side == TREATMENT else SupportFile
    if kind == WEEKLY and asking.side != TREATMENT:
        who = in_aftercare(asking.site_id, on_date)
    elif kind in _WHO:
        who = _WHO[kind](asking.site_id, on_date)
    else:
        who = wants_second_text(asking, on_date)
    return list(session.execute(select(file.patient_id).where(who)).scalars())


def _asked_about(site_id: int, on_date: date) -> ColumnElement[bool]:
    own = select(AftercareFile.id).where(
        AftercareFile.patient_id == SupportFile.patient_id,
        AftercareFile.site_id == site_id,
        AftercareFile.ended_on.is_(None),
        AftercareFile.next_check_in_on <= on_date,
    )
    return is_supported() & own.exists()


# Who will not come nobody knows the day before: of these kinds it is told whom they may be for.
_WHO = {**AUDIENCES, MISSED_YESTERDAY: is_expected, DOSE_TODAY: is_expected, CHECK_IN: _asked_about}


def _booked(session: AnySession, site_id: int, kind: str, on_date: date, zone: ZoneInfo) -> list[int]:
    days = [on_date + A_DAY * ahead for ahead in range(FARTHEST_BACK + 2)]
    first = on_date if kind == APPOINTMENT_TODAY else on_date + A_DAY
    last = on_date if kind == APPOINTMENT_TODAY else days[-1]
    rows = session.execute(
        select(Appointment.patient_id, Appointment.starts_at)
        .join(SupportFile, SupportFile.patient_id == Appointment.patient_id)
        .where(
            Appointment.site_id == site_id,
            Appointment.state == "booked",
            Appointment.starts_at >= instant(first, time.min, zone),
            Appointment.starts_at < instant(last, time.min, zone) + timedelta(days=1),
            is_supported(),
        )
    ).all()
    if kind == APPOINTMENT_TODAY:
        return [row.patient_id for row in rows]
    hours = hours_on(session, site_id, days)
    return [
        row.patient_id
        for row in rows
        if day_before(row.starts_at.astimezone(zone).date(), lambda day: hours.get(day) != []) == on_date
    ]


def _why_not_texted(session: AnySession, ids: Collection[int], side: str, kind: str) -> dict[int, str]:
    """Of those who get no text, the first reason; each fact of all of them is read once."""
    if not ids:
        return {}

    def of(table: type[SmsConsent] | type[DeclinedReminder] | type[TextChoice], *more: ColumnElement[bool]) -> set[int]:
        own = select(table.patient_id).where(table.patient_id.in_(ids), table.side == side, *more)
        return set(session.execute(own).scalars())

    agreed = of(SmsConsent, SmsConsent.withdrawn_at.is_(None))
    calls_only, declined = (
        of(TextChoice, TextChoice.calls_only.is_(True)),
        of(DeclinedReminder, DeclinedReminder.kind == kind),
    )
    numbers = _numbers(session, ids, side)
    found = {}
    for patient_id in ids:
        own = numbers.get(patient_id, [])
        if patient_id not in agreed:
            found[patient_id] = "not_agreed"
        elif patient_id in calls_only or (own and all(number.calls_only for number in own)):
            found[patient_id] = "calls_only"
        elif not own:
            found[patient_id] = "no_number"
        elif patient_id in declined:
            found[patient_id] = "declined"
        elif (why := _why_not_numbers(own, kind)) is not None:
            found[patient_id] = why
    return found


@dataclass(frozen=True)
class _Number:
    is_shared: bool
    calls_only: bool
    is_stopped: bool
    fails: bool


def _numbers(session: AnySession, ids: Collection[int], side: str) -> dict[int, list[_Number]]:
    rows = session.execute(
        select(
            PhoneNumber.patient_id,
            PhoneNumber.is_shared,
            PhoneNumber.calls_only,
            PhoneLine.opted_out_at.is_not(None),
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
    for patient_id, *facts in rows:
        found.setdefault(patient_id, []).append(_Number(*map(bool, facts)))
    return found


def _why_not_numbers(own: list[_Number], kind: str) -> str | None:
    texted = [number for number in own if not number.calls_only]
    alive = [number for number in texted if not number.fails and not number.is_stopped]
    if not alive:
        return "stopped" if any(number.is_stopped for number in texted) else "fails"
    if kind in NOT_ON_SHARED_PHONES and all(number.is_shared for number in alive):
        return "shared"
    return None
