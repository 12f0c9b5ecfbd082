"""Somebody wrote that they are not who we mean: a task for whoever meets the person next. A text changes no number."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.models.tasks import ASK_NUMBER, CHECK_NUMBER
from counseling.services import audit
from counseling.services.tasks import open_task
from counseling.treatment_rows import TREATMENT

ACTOR = "rule:read_text"


def ask_for_number(tx: Session, patient_id: int, side: str, site_id: int, zone: ZoneInfo, now: datetime) -> None:
    """Put "ask for the number again" on the site's list, once a day, inside the caller's transaction."""
    today, kind = station_day(now, zone), CHECK_NUMBER if side == TREATMENT else ASK_NUMBER
    task_id = open_task(
        tx, side=side, kind=kind, patient_id=patient_id, site_id=site_id, due_on=today,
        dedupe_key=f"{kind}:{patient_id}:{today}", opened_by_id=None, at=now,
    )  # fmt: skip
    if task_id is not None:
        chain, details = audit.site_chain(site_id), {"task": task_id}
        audit.append(tx, chain, ACTOR, "task.opened", f"patient:{patient_id}", details, now)
