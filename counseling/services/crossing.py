"""What crosses from the treatment side to the support side: a request to look in, never the reason for it.

It crosses with a standing consent only, and appears at a random hour of the next day, so that not even its moment tells
that somebody answered a text. What comes back is the outcome alone (queries/handed_over.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from counseling.models.contacts import VisitConsent
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.models.tasks import Task
from counseling.services import audit
from counseling.services.tasks import key_when_asked, open_task
from counseling.treatment_rows import SUPPORT, TREATMENT

ACTOR = "rule:answered_text"
FIRST_HOUR, LAST_HOUR = 8, 17  # local time within which a request appears
LookIn = aliased(Task)


@dataclass(frozen=True)
class Agreed:
    """Which team may look in, and the counseling point that it works with."""

    team_id: int
    point_id: int


def ask_to_call_back(
    tx: Session,
    patient_id: int,
    side: str,
    site_id: int,
    *,
    today: date,
    now: datetime,
    zone: ZoneInfo,
    dice: random.Random,
) -> None:
    """Somebody asks to be called back: a task for the people of the site that their texts come from, one at a time.

    On the treatment side it stays with the station; only who has agreed to be looked in on is handed on as well. Writes
    the audit entries of what it opens; the caller adds none.
    """
    kind = "call_back" if side == TREATMENT else "call_by_phone"
    key = key_when_asked(tx, f"{kind}:{patient_id}:{today}")
    opened = key and open_task(
        tx,
        side=side,
        kind=kind,
        patient_id=patient_id,
        site_id=site_id,
        due_on=today,
        dedupe_key=key,
        opened_by_id=None,
        at=now,
    )
    if not opened:
        return
    entries = [(site_id, opened)]
    agreed = _agreed_team(tx, patient_id) if side == TREATMENT else None
    if agreed is not None and not _is_handed_on(tx, patient_id):
        handed = _hand_on(tx, patient_id, agreed, opened, appears_at(today, zone, dice))
        entries += [(agreed.point_id, handed)] if handed else []
    _note(tx, patient_id, entries, now)


def appears_at(today: date, zone: ZoneInfo, dice: random.Random) -> datetime:
    """A random minute of tomorrow between 8:00 and 17:00 local time."""
    minutes = dice.randrange((LAST_HOUR - FIRST_HOUR) * 60)
    return datetime.combine(today + timedelta(days=1), time(FIRST_HOUR), zone) + timedelta(minutes=minutes)


def _agreed_team(tx: Session, patient_id: int) -> Agreed | None:
    """The team of the standing consent, as far as it may read the person's name: no other team is asked instead.

    The consent is locked: whoever withdraws it meanwhile finds our task open.
    """
    consent = tx.execute(
        select(VisitConsent.team_id)
        .where(VisitConsent.patient_id == patient_id, VisitConsent.withdrawn_at.is_(None))
        .with_for_update()
    ).first()
    if consent is None:
        return None
    team = tx.execute(
        select(OutreachTeam.id, OutreachTeam.site_id)
        .join(SupportFile, SupportFile.team_id == OutreachTeam.id)
        .where(OutreachTeam.id == consent.team_id, OutreachTeam.closed_on.is_(None))
        .where(SupportFile.patient_id == patient_id, SupportFile.status == "active")
    ).first()
    return None if team is None else Agreed(team.id, team.site_id)


def _is_handed_on(tx: Session, patient_id: int) -> bool:
    """Whether an earlier request is still on the team's list; asked twice, nobody is visited twice."""
    handed = select(Task.id).join(LookIn, LookIn.id == Task.handed_to_id)
    still_open = handed.where(Task.patient_id == patient_id, LookIn.closed_at.is_(None))
    return tx.execute(still_open).first() is not None


def _hand_on(tx: Session, patient_id: int, agreed: Agreed, call_back_id: int, visible_from: datetime) -> int | None:
    look_in_id = open_task(
        tx,
        side=SUPPORT,
        kind="look_in",
        patient_id=patient_id,
        site_id=agreed.point_id,
        team_id=agreed.team_id,
        due_on=visible_from.date(),
        dedupe_key=f"look_in:{patient_id}:for:{call_back_id}",
        opened_by_id=None,
        at=visible_from,  # not the moment of the answer
        visible_from=visible_from,
    )
    tx.execute(update(Task).where(Task.id == call_back_id).values(handed_to_id=look_in_id))
    return look_in_id


def _note(tx: Session, patient_id: int, entries: list[tuple[int, int]], now: datetime) -> None:
    """One entry for each task in its own site's chain; neither names the other's site or task."""
    for site_id, task_id in sorted(entries, key=lambda entry: audit.site_chain(entry[0])):
        audit.append(
            tx, audit.site_chain(site_id), ACTOR, "task.opened", f"patient:{patient_id}", {"task": task_id}, now
        )
