"""When a site is open: its week, and the days that differ."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.opening_hours import parse_day
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import Hours
from counseling.models.places import Site, SiteHours, SiteHoursException
from counseling.permissions import Viewer
from counseling.services import audit
from counseling.services.administration import actor_of, ensure_administrator

LONGEST_REASON = 160


def set_weekly_hours(
    session: AnySession, by: Viewer | None, site_id: int, week: Mapping[int, str], now: datetime
) -> None:
    """Replace the week: text as of domain/opening_hours.py by weekday (Monday is 0); empty is shut.

    Refuses with no_such_site or a code of that module, with the weekday in its facts.
    """
    rows = [_row(site_id, weekday, hours) for weekday, text in week.items() for hours in _read(text, weekday)]
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _lock_site(tx, site_id)
        tx.execute(delete(SiteHours).where(SiteHours.site_id == site_id))
        if rows:
            tx.execute(insert(SiteHours), rows)
        facts = {"hours": [[row["weekday"], f"{row['opens_at']:%H:%M}-{row['closes_at']:%H:%M}"] for row in rows]}
        audit.append(tx, audit.site_chain(site_id), actor_of(by), "site.hours_set", f"site:{site_id}", facts, now)


def add_exception(
    session: AnySession,
    by: Viewer | None,
    site_id: int,
    on_date: date,
    hours: str,
    reason: str,
    now: datetime,
) -> int:
    """Say that one day differs: shut (an empty text), or one span of other hours; returns the exception's id.

    Refuses with no_such_site, reason_missing, reason_too_long, exception_exists, one_span_only or a code of
    domain/opening_hours.py.
    """
    why = " ".join(reason.split())
    if not why:
        raise Refusal("reason_missing")
    if len(why) > LONGEST_REASON:
        raise Refusal("reason_too_long", longest=LONGEST_REASON)
    spans = parse_day(hours)
    if len(spans) > 1:
        raise Refusal("one_span_only")
    values = {"site_id": site_id, "on_date": on_date, "is_shut": not spans, "reason": why}
    if spans:
        values |= {"opens_at": spans[0].opens_at, "closes_at": spans[0].closes_at}
    with writing(session) as tx:
        ensure_administrator(tx, by)
        _lock_site(tx, site_id)
        same_day = SiteHoursException.site_id == site_id, SiteHoursException.on_date == on_date
        if tx.execute(select(SiteHoursException.id).where(*same_day)).first():
            raise Refusal("exception_exists")
        made = insert(SiteHoursException).values(**values).returning(SiteHoursException.id)
        exception_id: int = tx.execute(made).scalar_one()
        facts = {"on": on_date.isoformat(), "shut": not spans}
        audit.append(tx, audit.site_chain(site_id), actor_of(by), "site.exception_added", f"site:{site_id}", facts, now)
    return exception_id


def remove_exception(session: AnySession, by: Viewer | None, site_id: int, exception_id: int, now: datetime) -> None:
    """Take an exception back: the day is as the week says. Refuses with no_such_exception."""
    with writing(session) as tx:
        ensure_administrator(tx, by)
        gone = delete(SiteHoursException).where(
            SiteHoursException.id == exception_id, SiteHoursException.site_id == site_id
        )
        row = tx.execute(gone.returning(SiteHoursException.on_date)).first()
        if row is None:
            raise Refusal("no_such_exception")
        facts, chain = {"on": row.on_date.isoformat()}, audit.site_chain(site_id)
        audit.append(tx, chain, actor_of(by), "site.exception_removed", f"site:{site_id}", facts, now)


def _lock_site(tx: Session, site_id: int) -> None:
    if tx.execute(select(Site.id).where(Site.id == site_id).with_for_update()).first() is None:
        raise Refusal("no_such_site")


def _read(text: str, weekday: int) -> list[Hours]:
    try:
        return parse_day(text)
    except Refusal as refusal:
        raise Refusal(refusal.code, weekday=weekday) from None


def _row(site_id: int, weekday: int, hours: Hours) -> dict[str, object]:
    return {"site_id": site_id, "weekday": weekday, "opens_at": hours.opens_at, "closes_at": hours.closes_at}
