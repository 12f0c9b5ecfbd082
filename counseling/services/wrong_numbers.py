"""Somebody wrote that they are not who we mean: a task for whoever meets the person next. A text changes no number."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.models.tasks import ASK_NUMBER, CHECK_NUMBER
from counseling.services import audit
from counseling.services.tasks import key_when_asked, open_task
from counseling.treatment_rows import TREATMENT

ACTOR = "rule:read_text"


def ask_for_number(tx: Session, patient_id: int, side: str, site_id: int, zone: ZoneInfo, now: datetime) -> None:
    """Put "ask for the number again" on the site's list, one of a day at a time, inside the caller's transaction.

    The number that was given instead may be wrong as well: settled once today, the next is a new task.
    """
    today, kind = station_day(now, zone), CHECK_NUMBER if side == TREATMENT else ASK_NUMBER
    key = key_when_asked(tx, f"{kind}:{patient_id}:{today}")
    task_id = key and open_task(
        tx, side=side, kind=kind, patient_id=patient_id, site_id=site_id, due_on=today,
        dedupe_key=key, opened_by_id=None, at=now,
    )  # fmt: skip
    if task_id:
        chain, details = audit.site_chain(site_id), {"task": task_id}
        audit.append(tx, chain, ACTOR, "task.opened", f"patient:{patient_id}", details, now)
