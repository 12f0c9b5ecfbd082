"""What somebody has texted becomes somebody else's task, without its words.

On the support side a team is asked to look in or to ask how things are. On the treatment side the task stays at the
station; what crosses, with consent only, is decided by services/crossing.py.
"""

from __future__ import annotations

import random
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from counseling.clock import station_day
from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.permissions import Viewer
from counseling.scopes import support_files_visible_to
from counseling.services import audit
from counseling.services.crossing import ask_to_call_back
from counseling.services.tasks import key_when_asked, open_task
from counseling.treatment_rows import SUPPORT, TREATMENT

FOR_A_TEAM = ("look_in", "check_in")  # a team has no numbers to ring


def ask_team(session: AnySession, viewer: Viewer, patient_id: int, kind: str, *, now: datetime, zone: ZoneInfo) -> bool:
    """Ask the person's own team, today; False while it is asked already. Once it has gone it can be asked again.

    Raises Refusal: task_kind_unknown, no_team (nobody's team, a closed one, or a person outside the reader's scope).
    """
    if kind not in FOR_A_TEAM:
        raise Refusal("task_kind_unknown")
    file, today = SupportFile, station_day(now, zone)
    own = (
        select(file.site_id, file.team_id)
        .join(OutreachTeam, (OutreachTeam.id == file.team_id) & OutreachTeam.closed_on.is_(None))
        .where(support_files_visible_to(viewer), file.patient_id == patient_id, file.status == "active")
    )
    with writing(session) as tx:
        row = tx.execute(own).first()
        if row is None:
            raise Refusal("no_team")
        key = key_when_asked(tx, f"{kind}:{patient_id}:{today}")
        task_id = key and open_task(
            tx, side=SUPPORT, kind=kind, patient_id=patient_id, site_id=row.site_id, team_id=row.team_id, due_on=today,
            dedupe_key=key, opened_by_id=viewer.staff_id, at=now,
        )  # fmt: skip
        if not task_id:
            return False
        chain, subject = audit.site_chain(row.site_id), f"patient:{patient_id}"
        audit.append(tx, chain, viewer.actor, "task.opened", subject, {"task": task_id}, now)
        return True


def ask_station(
    session: AnySession, patient_id: int, site_id: int, *, now: datetime, zone: ZoneInfo, dice: random.Random
) -> None:
    """Put "call back" on the station's list of today, as an answered text would; asked already, it stays the one."""
    with writing(session) as tx:
        today = station_day(now, zone)
        ask_to_call_back(tx, patient_id, TREATMENT, site_id, today=today, now=now, zone=zone, dice=dice)
