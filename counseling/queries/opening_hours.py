"""When a site receives people on given days: its week, and the days that differ."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.station_days import Hours
from counseling.models.places import SiteHoursException
from counseling.queries.sites import get_week


def hours_on(session: AnySession, site_id: int, days: Collection[date]) -> dict[date, list[Hours] | None]:
    """The opening hours of each day, earliest first; an empty list is a day that is shut, None: nobody has said."""
    week, differs = get_week(session, site_id), SiteHoursException
    rows = session.execute(
        select(differs.on_date, differs.is_shut, differs.opens_at, differs.closes_at).where(
            differs.site_id == site_id, differs.on_date.in_(days)
        )
    )
    found: dict[date, list[Hours] | None] = {day: week.get(day.weekday(), []) if week else None for day in days}
    for on_date, is_shut, opens_at, closes_at in rows:
        if is_shut or opens_at is None or closes_at is None:
            found[on_date] = []
        else:
            found[on_date] = [Hours(opens_at, closes_at)]
    return found
