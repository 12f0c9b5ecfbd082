"""What the treatment side learns of what it has handed on: one word and the day. No name, no place, no note."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.models.tasks import Task

OUTCOMES = ("met_well", "met_needs_help", "not_met")
WAITING = "waiting"
LookIn = aliased(Task)


@dataclass(frozen=True)
class HandedOver:
    """`state`: waiting, met_well, met_needs_help or not_met; `day`: since when it waits, or when it was answered."""

    state: str
    day: date


def list_handed_over(session: AnySession, patient_ids: Collection[int], zone: ZoneInfo) -> dict[int, list[HandedOver]]:
    """For each of these people (of the treatment side; the caller has checked the scope), the latest first.

    What was closed without a word, because the agreement was taken back, is not listed.
    """
    rows = session.execute(
        select(Task.patient_id, Task.due_on, LookIn.closed_at, LookIn.outcome)
        .join(LookIn, LookIn.id == Task.handed_to_id)
        .where(Task.patient_id.in_(patient_ids), Task.side == "treatment")
        .order_by(Task.id.desc())
    )
    found: dict[int, list[HandedOver]] = {}
    for patient_id, asked_on, closed_at, outcome in rows:
        if closed_at is None:
            found.setdefault(patient_id, []).append(HandedOver(WAITING, asked_on))
        elif outcome in OUTCOMES:
            found.setdefault(patient_id, []).append(HandedOver(outcome, closed_at.astimezone(zone).date()))
    return found
