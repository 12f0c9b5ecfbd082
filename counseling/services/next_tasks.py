"""A supervisor gives the next task for somebody of the area: to the station, or to the team or point. Never across.

There is no request key: a task is kept once per person, kind and day, so the same form sent twice gives one task.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.places import OutreachTeam
from counseling.models.tasks import GIVEN_TASKS
from counseling.permissions import Viewer
from counseling.scopes import support_files_visible_to, treatment_files_visible_to
from counseling.services import audit
from counseling.services.tasks import open_task
from counseling.treatment_rows import SUPPORT, TREATMENT

__all__ = ["GIVEN_TASKS", "give_station_task", "give_support_task"]


def give_station_task(
    session: AnySession, viewer: Viewer, patient_id: int, kind: str, *, today: date, now: datetime
) -> bool:
    """Put a task for today on the list of the person's station; False when it was there today already.

    Refuses task_kind_unknown, not_in_the_area and file_not_active.
    """
    if kind not in GIVEN_TASKS:
        raise Refusal("task_kind_unknown")
    file = TreatmentFile
    own = select(file.station_id.label("site_id"), file.status).where(
        treatment_files_visible_to(viewer), file.patient_id == patient_id
    )
    with writing(session) as tx:
        row = _active(tx.execute(own).first())
        return _open(tx, viewer, TREATMENT, kind, patient_id, row.site_id, None, today, now)


def give_support_task(session: AnySession, viewer: Viewer, patient_id: int, *, today: date, now: datetime) -> bool:
    """Ask the person's team to look in today, or the point to call where no team is at work; False when asked already.

    Refuses not_in_the_area and file_not_active.
    """
    file = SupportFile
    own = (
        select(file.site_id, file.status, OutreachTeam.id.label("team_id"))
        .outerjoin(OutreachTeam, (OutreachTeam.id == file.team_id) & OutreachTeam.closed_on.is_(None))
        .where(support_files_visible_to(viewer), file.patient_id == patient_id)
    )
    with writing(session) as tx:
        row = _active(tx.execute(own).first())
        kind = "look_in" if row.team_id else "call_by_phone"
        return _open(tx, viewer, SUPPORT, kind, patient_id, row.site_id, row.team_id, today, now)


def _active(row: Row[*tuple[Any, ...]] | None) -> Row[*tuple[Any, ...]]:
    if row is None:
        raise Refusal("not_in_the_area")
    if row.status != "active":
        raise Refusal("file_not_active")
    return row


def _open(
    tx: Session,
    viewer: Viewer,
    side: str,
    kind: str,
    patient_id: int,
    site_id: int,
    team_id: int | None,
    today: date,
    now: datetime,
) -> bool:
    task_id = open_task(
        tx,
        side=side,
        kind=kind,
        patient_id=patient_id,
        site_id=site_id,
        team_id=team_id,
        due_on=today,
        dedupe_key=f"{kind}:{patient_id}:{today}",
        opened_by_id=viewer.staff_id,
        at=now,
    )
    if task_id is None:
        return False
    chain, subject = audit.site_chain(site_id), f"patient:{patient_id}"
    audit.append(tx, chain, viewer.actor, "task.opened", subject, {"task": task_id, "kind": kind}, now)
    return True
