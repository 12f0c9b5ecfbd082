"""Whether a reminder's own ground still stands: asked when it is queued, and once more just before it goes out.

None: it stands. "cleared:why": it is not needed any more. "held:why": it is not sure at this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, bindparam, select
from sqlalchemy.orm import Session

from counseling.domain.reminder_kinds import (
    APPOINTMENT,
    APPOINTMENT_TODAY,
    CHECK_IN,
    DOSE_TODAY,
    EVENING_BEFORE,
    MISSED_YESTERDAY,
    ORDER_ENDING,
    SECOND_TEXT,
    WEEKEND,
    WEEKLY,
)
from counseling.domain.reminders import A_DAY, SHUT, ends_by, has_missed, why_not_missed, why_not_today
from counseling.domain.unsent import Unsent
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.doses import AdherenceSummary
from counseling.models.orders import DoseOrder
from counseling.models.patients import TreatmentFile
from counseling.queries.reminder_audiences import has_come, is_held, runs_on
from counseling.queries.silence import is_still_silent
from counseling.queries.station_mornings import find_last_entry, find_morning
from counseling.queries.station_tomorrows import find_days_off, find_tomorrow
from counseling.services.support_reminders import was_answered
from counseling.treatment_rows import TREATMENT

HELD = "held:"  # of a reminder that is not queued yet: staff are told why, and it is looked at again
Ground = Callable[[Session, Row[Any], datetime], str | None]


def _missed(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    today = reminder.on_date
    if not has_missed(_covered_through(tx, reminder), today - A_DAY):
        return f"cleared:{Unsent.DOSED}"
    if _has_come(tx, reminder):
        return f"cleared:{Unsent.SEEN}"
    if not _is_true(tx, reminder, ~is_held()):
        return f"cleared:{Unsent.NO_ORDER}"
    return _as_verdict(why_not_missed(find_morning(tx, reminder.site_id, today).facts))


def _not_seen(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    today, covered_through = reminder.on_date, _covered_through(tx, reminder)
    if covered_through is not None and covered_through >= today:
        return f"cleared:{Unsent.DOSED}"
    if _has_come(tx, reminder):
        return f"cleared:{Unsent.SEEN}"
    if not _is_true(tx, reminder, runs_on(today) & ~is_held()):
        return f"cleared:{Unsent.NO_ORDER}"
    facts = find_morning(tx, reminder.site_id, today).facts
    return _as_verdict(why_not_today(facts, find_last_entry(tx, reminder.site_id, today), now))


def _tomorrow(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    find = find_days_off if reminder.kind == WEEKEND else find_tomorrow
    why = _as_verdict(find(tx, reminder.site_id, reminder.on_date).why_not)
    if why is not None:
        return why
    covered_through, tomorrow = _covered_through(tx, reminder), reminder.on_date + A_DAY
    if covered_through is not None and covered_through >= tomorrow:
        return f"cleared:{Unsent.COVERED}"
    return None if _is_true(tx, reminder, runs_on(tomorrow) & ~is_held()) else f"cleared:{Unsent.NO_ORDER}"


def _order_ends(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    """An order that runs beyond what ends soon, or none at all any more: there is nobody to meet for that. The last
    steps of a taper end soon one after the other. On a hold the window speaks, and the phone."""
    last = select(DoseOrder.last_on).where(
        DoseOrder.patient_id == reminder.patient_id,
        DoseOrder.phase != "one_time",
        DoseOrder.last_on >= reminder.on_date,
    )
    days = sorted(tx.execute(last).scalars())
    if not days or not _is_true(tx, reminder, ~is_held()):
        return f"cleared:{Unsent.NO_ORDER}"
    return f"cleared:{Unsent.RENEWED}" if days[-1] > ends_by(reminder.on_date) else None


def _appointment(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    query = select(Appointment.state, Appointment.starts_at, Appointment.changed_at, was_answered())
    row = tx.execute(query.where(Appointment.id == reminder.appointment_id)).first()
    if row is None or row.state != "booked":
        return f"cleared:{Unsent(f'appointment_{row.state}') if row else Unsent.APPOINTMENT_GONE}"
    if row.changed_at is not None and row.changed_at > reminder.planned_at:
        return f"cleared:{Unsent.APPOINTMENT_MOVED}"
    if reminder.kind == APPOINTMENT_TODAY and row[3]:
        return f"cleared:{Unsent.ANSWERED}"
    return f"cleared:{Unsent.APPOINTMENT_PAST}" if row.starts_at <= now else None


def _check_in(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    next_on = _next_check_in(tx, reminder)
    if next_on is None:
        return f"cleared:{Unsent.AFTERCARE_ENDED}"
    return f"cleared:{Unsent.MET}" if next_on > reminder.on_date else None


def _weekly(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    if reminder.side == TREATMENT:
        is_shut = find_morning(tx, reminder.site_id, reminder.on_date).hours == []
        return f"cleared:{Unsent.SHUT}" if is_shut else None
    return f"cleared:{Unsent.AFTERCARE_ENDED}" if _next_check_in(tx, reminder) is None else None


def _second(tx: Session, reminder: Row[Any], now: datetime) -> str | None:
    silent = is_still_silent(tx, reminder.patient_id, reminder.side, reminder.on_date)
    return None if silent else f"cleared:{Unsent.HEARD_OF}"


def _as_verdict(why: str | None) -> str | None:
    return f"cleared:{Unsent.SHUT}" if why == SHUT else None if why is None else f"{HELD}{why}"


def _covered_through(tx: Session, reminder: Row[Any]) -> date | None:
    return tx.connection().execute(_COVERED, {"of_patient": reminder.patient_id}).scalar_one_or_none()


def _next_check_in(tx: Session, reminder: Row[Any]) -> date | None:
    query = select(AftercareFile.next_check_in_on).where(
        AftercareFile.patient_id == reminder.patient_id, AftercareFile.ended_on.is_(None)
    )
    return tx.execute(query).scalar_one_or_none()


def _has_come(tx: Session, reminder: Row[Any]) -> bool:
    asked = {"of_patient": reminder.patient_id, "of_day": reminder.on_date}
    return bool(tx.connection().execute(_COME, asked).scalar_one())


# Built once: asked about each text of a morning.
_COVERED = select(AdherenceSummary.covered_through).where(AdherenceSummary.patient_id == bindparam("of_patient"))
_COME = select(has_come(bindparam("of_day", type_=Date()), bindparam("of_patient")))


def _is_true(tx: Session, reminder: Row[Any], condition: ColumnElement[bool]) -> bool:
    own = select(TreatmentFile.patient_id).where(TreatmentFile.patient_id == reminder.patient_id, condition)
    return tx.execute(own).first() is not None


GROUNDS: Mapping[str, Ground] = {
    MISSED_YESTERDAY: _missed,
    DOSE_TODAY: _not_seen,
    EVENING_BEFORE: _tomorrow,
    WEEKEND: _tomorrow,
    ORDER_ENDING: _order_ends,
    APPOINTMENT: _appointment,
    APPOINTMENT_TODAY: _appointment,
    CHECK_IN: _check_in,
    WEEKLY: _weekly,
    SECOND_TEXT: _second,
}
