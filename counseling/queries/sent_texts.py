"""What a site has sent on one side: delivered and answered by day, parts of texts by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, select

from counseling.database import AnySession
from counseling.models.texts import OutboundMessage
from counseling.permissions import Viewer
from counseling.scopes import texts_visible_to

DAYS = 14
MONTHS = 6
A_DAY = timedelta(days=1)
# What a gateway has taken. Of a text that failed nobody knows here whether it is paid for.
HANDED_OVER = ("accepted", "delivered", "unknown")


@dataclass(frozen=True)
class DayOfTexts:
    """`sent`: taken by the gateway; of these `delivered` as far as it told, and `answered` of those that ask."""

    on: date
    sent: int
    delivered: int
    answered: int


@dataclass(frozen=True)
class MonthOfTexts:
    """`first_on`: its first day; `segments`: parts, which is what is paid."""

    first_on: date
    texts: int
    segments: int


def list_days(session: AnySession, viewer: Viewer, today: date, zone: ZoneInfo) -> list[DayOfTexts]:
    """The last two weeks with today, the oldest first; days without a text too."""
    days = [today - A_DAY * back for back in reversed(range(DAYS))]
    text = OutboundMessage
    counts = (
        func.count(),
        func.sum(case((text.state == "delivered", 1), else_=0)),
        func.sum(case((text.answered_at.is_not(None), 1), else_=0)),
    )
    found = _by_span(session, viewer, [*days, today + A_DAY], zone, counts)
    return [DayOfTexts(day, *found.get(number, (0, 0, 0))) for number, day in enumerate(days)]


def list_months(session: AnySession, viewer: Viewer, today: date, zone: ZoneInfo) -> list[MonthOfTexts]:
    """The last months with this one, the latest first."""
    firsts = [_months_before(today, back) for back in range(MONTHS - 1, -2, -1)]
    counts = (func.count(), func.sum(OutboundMessage.segments))
    found = _by_span(session, viewer, firsts, zone, counts)
    months = [MonthOfTexts(first, *found.get(number, (0, 0))) for number, first in enumerate(firsts[:-1])]
    return months[::-1]


def _by_span(
    session: AnySession, viewer: Viewer, bounds: Sequence[date], zone: ZoneInfo, counts: Sequence[ColumnElement[int]]
) -> dict[int, tuple[int, ...]]:
    """Sums by the number of the span between two of the station's midnights, one pass over the index of the site."""
    at = [datetime.combine(day, time(), zone) for day in bounds]
    text = OutboundMessage
    span = case(*((text.queued_at < end, number) for number, end in enumerate(at[1:])))
    within = and_(text.queued_at >= at[0], text.queued_at < at[-1], text.state.in_(HANDED_OVER))
    query = select(span, *counts).where(texts_visible_to(viewer, text), within).group_by(span)
    return {row[0]: tuple(int(number) for number in row[1:]) for row in session.execute(query)}


def _months_before(today: date, back: int) -> date:
    number = today.year * 12 + today.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)
