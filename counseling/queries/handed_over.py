"""What the treatment side learns of what it has handed on: one word and the day. No name, no place, no note."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.models.contacts import OutreachContact
from counseling.models.tasks import Task

OUTCOMES = ("met_well", "met_needs_help", "not_met")
WAITING = "waiting"
LookIn = aliased(Task)


@dataclass(frozen=True)
class HandedOver:
    """`state`: waiting, met_well, met_needs_help or not_met; `day`: since when it waits, or on which the team went."""

    state: str
    day: date


def list_handed_over(session: AnySession, patient_ids: Collection[int], zone: ZoneInfo) -> dict[int, list[HandedOver]]:
    """For each of these people (of the treatment side; the caller has checked the scope), the latest first.

    What was closed without a word, because the agreement was taken back, is not listed.
    """
    query = (
        select(Task.patient_id, Task.due_on, LookIn.id, LookIn.closed_at, LookIn.outcome)
        .join(LookIn, LookIn.id == Task.handed_to_id)
        .where(Task.patient_id.in_(patient_ids), Task.side == "treatment")
        .order_by(Task.id.desc())
    )
    rows = session.execute(query).all()
    went = _days_of_visits(session, [row.id for row in rows if row.outcome in OUTCOMES])
    found: dict[int, list[HandedOver]] = {}
    for patient_id, asked_on, look_in_id, closed_at, outcome in rows:
        if closed_at is None:
            found.setdefault(patient_id, []).append(HandedOver(WAITING, asked_on))
        elif outcome in OUTCOMES:
            day = went.get(look_in_id) or closed_at.astimezone(zone).date()
            found.setdefault(patient_id, []).append(HandedOver(outcome, day))
    return found


def _days_of_visits(session: AnySession, look_ins: Collection[int]) -> dict[int, date]:
    """On which day the team went, by task: a phone without a signal closes it days later.

    A contact closes at the instant at which it is recorded; corrected, it stays on its day.
    """
    if not look_ins:
        return {}
    contact = OutreachContact
    own = (contact.patient_id == LookIn.patient_id) & (contact.recorded_by_id == LookIn.closed_by_id)
    query = select(LookIn.id, contact.contact_on).join(contact, own & (contact.recorded_at == LookIn.closed_at))
    return dict(session.execute(query.where(LookIn.id.in_(look_ins))).all())
