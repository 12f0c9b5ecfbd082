"""What is known of a station's coming days: its hours, the country's holidays, and what it has said of them itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from counseling.database import AnySession
from counseling.domain.days_off import LOOKED_AHEAD, Calendar, days_off_ahead, why_not_tomorrow
from counseling.domain.reminder_kinds import WEEKEND
from counseling.domain.reminders import A_DAY
from counseling.domain.station_days import Hours
from counseling.models.places import SiteHoursException
from counseling.models.texts import ReminderRule
from counseling.queries.opening_hours import hours_on
from counseling.queries.public_holidays import calendar_of
from counseling.queries.remembering import remembered

Chooser = Callable[[Mapping[date, list[Hours] | None], Calendar], list[date]]


@dataclass(frozen=True)
class EveRow:
    """An evening's view. `days`: of which it speaks, beginning with tomorrow; `why_not`: as domain/days_off says."""

    days: Sequence[date]
    hours: Mapping[date, list[Hours] | None]
    why_not: str | None


def find_tomorrow(session: AnySession, site_id: int, today: date) -> EveRow:
    """Tomorrow alone, as any evening speaks of it."""
    what = find_tomorrow, site_id, today
    return remembered(session, what, lambda: _row(session, site_id, today, lambda hours, calendar: [today + A_DAY]))


def find_days_off(session: AnySession, site_id: int, today: date) -> EveRow:
    """The days off that begin tomorrow, as the eve of a weekend or holiday speaks of them."""

    def ahead(hours: Mapping[date, list[Hours] | None], calendar: Calendar) -> list[date]:
        return days_off_ahead(today, hours, calendar)

    return remembered(session, (find_days_off, site_id, today), lambda: _row(session, site_id, today, ahead))


def is_eve_spoken_of(session: AnySession, site_id: int, side: str, today: date) -> bool:
    """Whether this evening belongs to the text before days off: nobody gets two that say the same."""
    on = ReminderRule.site_id == site_id, ReminderRule.side == side, ReminderRule.kind == WEEKEND
    if session.execute(select(ReminderRule.id).where(*on, ReminderRule.is_on)).first() is None:
        return False
    return bool(find_days_off(session, site_id, today).days)


def _row(session: AnySession, site_id: int, today: date, choose: Chooser) -> EveRow:
    days = [today + A_DAY * ahead for ahead in range(LOOKED_AHEAD + 2)]
    hours, calendar = hours_on(session, site_id, days), calendar_of(today.year)
    chosen = choose(hours, calendar)
    differs = SiteHoursException
    said = session.execute(select(differs.on_date).where(differs.site_id == site_id, differs.on_date.in_(chosen)))
    return EveRow(chosen, hours, why_not_tomorrow(chosen, hours, calendar, set(said.scalars())))
