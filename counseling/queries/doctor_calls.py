"""Calls to the doctor about people who were stopped at the window. The caller has checked the scope."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from counseling.database import AnySession
from counseling.models.doctor_calls import DoctorCall
from counseling.models.people import Staff

RECENT = timedelta(days=3)  # how long a call still says something on a list


@dataclass(frozen=True)
class Call:
    is_reached: bool
    at: datetime
    by: str


def list_calls(session: AnySession, patient_id: int, since: datetime) -> list[Call]:
    """Calls about one person since a moment, the earliest first."""
    return _calls(session, [patient_id], since).get(patient_id, [])


def latest_calls(session: AnySession, patient_ids: Collection[int], since: datetime) -> dict[int, Call]:
    """The last call about each of these people since a moment; nothing for whom nobody has called."""
    return {patient_id: calls[-1] for patient_id, calls in _calls(session, patient_ids, since).items()}


def _calls(session: AnySession, patient_ids: Collection[int], since: datetime) -> dict[int, list[Call]]:
    if not patient_ids:
        return {}
    call = DoctorCall
    query = (
        select(call.patient_id, call.is_reached, call.called_at, Staff.display_name)
        .join(Staff, Staff.id == call.called_by_id)
        .where(call.patient_id.in_(patient_ids), call.called_at >= since)
        .order_by(call.called_at, call.id)
    )
    found: dict[int, list[Call]] = {}
    for patient_id, is_reached, at, by in session.execute(query):
        found.setdefault(patient_id, []).append(Call(is_reached, at, by))
    return found
