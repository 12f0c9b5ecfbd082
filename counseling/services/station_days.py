"""Opening, recording, paper, closing: the states of a station's day."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState, ensure_may_move
from counseling.models.doses import StationDay
from counseling.models.window import DosePour
from counseling.services import audit
from counseling.services.usual_hours import count_usual_hours


def open_station_day(
    session: AnySession, site_id: int, day: date, *, by: int, actor: str, now: datetime, zone: ZoneInfo = VIETNAM
) -> None:
    """Open the day, and count anew when people usually come.

    A day that stands open already, opened perhaps at the other window, stays as it is.
    """
    try:
        with writing(session) as tx:
            if _find(tx, site_id, day) is not None:
                return
            values = {"site_id": site_id, "day_on": day, "state": DayState.OPENED.value}
            tx.execute(insert(StationDay).values(**values, opened_at=now, opened_by_id=by))
            count_usual_hours(tx, site_id, day, now, zone)
            _audit(tx, site_id, day, actor, "day.opened", now)
    except IntegrityError:
        return  # the other window was faster


def move_station_day(
    session: AnySession, site_id: int, day: date, to: DayState, *, by: int, actor: str, now: datetime
) -> None:
    """Change the day's state. Refuses day_not_open, what domain.station_days.NEXT_STATES does not name, and cups_stand:
    a day does not end while somebody may have drunk what nobody wrote down.
    """
    with writing(session) as tx:
        row = _find(tx, site_id, day)
        if row is None:
            raise Refusal("day_not_open", state=None)
        if row.state == to:
            return
        ensure_may_move(DayState(row.state), to)
        standing = _standing_cups(tx, site_id, day) if to is DayState.CLOSED else 0
        if standing:
            raise Refusal("cups_stand", count=standing)
        closing = {"closed_at": now, "closed_by_id": by} if to is DayState.CLOSED else {}
        tx.execute(update(StationDay).where(StationDay.id == row.id).values(state=to.value, **closing))
        _audit(tx, site_id, day, actor, f"day.{to.value}", now)


def _find(tx: Session, site_id: int, day: date) -> StationDay | None:
    query = select(StationDay).where(StationDay.site_id == site_id, StationDay.day_on == day)
    return tx.execute(query.with_for_update()).scalar_one_or_none()


def _standing_cups(tx: Session, site_id: int, day: date) -> int:
    poured = DosePour.site_id == site_id, DosePour.dose_on == day, DosePour.ended_at.is_(None)
    return tx.execute(select(func.count(DosePour.id)).where(*poured)).scalar_one()


def _audit(tx: Session, site_id: int, day: date, actor: str, action: str, now: datetime) -> None:
    audit.append(tx, audit.site_chain(site_id), actor, action, f"day:{day.isoformat()}", {}, now)
