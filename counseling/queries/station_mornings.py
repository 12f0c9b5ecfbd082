"""What a station's book says on the morning after: the two days' states and hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.domain.reminders import A_DAY, StationMorning
from counseling.domain.station_days import DayState, Hours
from counseling.models.doses import DayDose, StationDay, StationVisit
from counseling.queries.opening_hours import hours_on
from counseling.queries.remembering import remembered


@dataclass(frozen=True)
class MorningRow:
    """The facts as the rules take them, and the hours of today; None: nobody has said."""

    facts: StationMorning
    hours: Sequence[Hours] | None

    def closes_after(self, at: time) -> time | None:
        """When the window shuts next for somebody who is told to come at this time of day."""
        return next((span.closes_at for span in self.hours or () if span.closes_at > at), None)


def find_morning(session: AnySession, site_id: int, today: date) -> MorningRow:
    return remembered(session, (find_morning, site_id, today), lambda: _find_morning(session, site_id, today))


def _find_morning(session: AnySession, site_id: int, today: date) -> MorningRow:
    yesterday = today - A_DAY
    query = select(StationDay.day_on, StationDay.state).where(
        StationDay.site_id == site_id, StationDay.day_on.in_((yesterday, today))
    )
    states = {day_on: DayState(state) for day_on, state in session.execute(query)}
    hours = hours_on(session, site_id, (yesterday, today))
    return MorningRow(
        StationMorning(
            yesterday=states.get(yesterday),
            today=states.get(today),
            was_open=_is_open(hours[yesterday]),
            is_open=_is_open(hours[today]),
        ),
        hours[today],
    )


def find_last_entry(session: AnySession, site_id: int, today: date) -> datetime | None:
    """When somebody last wrote into today's book at this window, a dose or a visit without one."""
    dose, visit = DayDose, StationVisit
    doses = select(func.max(dose.recorded_at)).where(
        dose.site_id == site_id, dose.dose_on == today, dose.source == "window"
    )
    visits = select(func.max(visit.recorded_at)).where(visit.site_id == site_id, visit.visit_on == today)
    found = [session.execute(query).scalar() for query in (doses, visits)]
    return max((at for at in found if at is not None), default=None)


def _is_open(hours: Sequence[Hours] | None) -> bool | None:
    return None if hours is None else bool(hours)
