"""Whether a station asks for a witness per dose: spans of time, each begun and ended once."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.clock import station_day
from counseling.config import VIETNAM
from counseling.models.witnesses import WitnessDuty


def set_duty(tx: Session, site_id: int, is_asked: bool, now: datetime, zone: ZoneInfo = VIETNAM) -> bool:
    """Begin or end the duty inside the caller's transaction, which has locked the site; False when nothing changes.

    What was given while the duty stood goes on waiting for its signature, whatever is switched afterwards.
    """
    open_ones = WitnessDuty.site_id == site_id, WitnessDuty.until_at.is_(None)
    stands = tx.execute(select(WitnessDuty.id).where(*open_ones)).scalar_one_or_none()
    if (stands is not None) == is_asked:
        return False
    if stands is None:
        row = {"site_id": site_id, "since_on": station_day(now, zone), "since_at": now}
        tx.execute(insert(WitnessDuty).values(**row))
    else:
        tx.execute(update(WitnessDuty).where(WitnessDuty.id == stands).values(until_at=now))
    return True
