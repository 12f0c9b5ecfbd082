"""How many reminders a site's plan holds for a day."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from counseling.database import AnySession
from counseling.models.texts import Reminder

A_DAY = timedelta(days=1)


def find_days_plan(session: AnySession, site_id: int, side: str, today: date, zone: ZoneInfo) -> int:
    """The larger of today's and yesterday's number of reminders to go out; the same one planned twice is one."""
    occurrence = (Reminder.patient_id, Reminder.kind, Reminder.on_date, Reminder.slot)
    rows = session.execute(
        select(Reminder.due_at, *occurrence)
        .where(Reminder.site_id == site_id, Reminder.side == side, Reminder.on_date >= today - A_DAY)
        .order_by(Reminder.id)
    )
    due = {tuple(same): due_at.astimezone(zone).date() for due_at, *same in rows}
    counted = Counter(due.values())
    return max(counted[today], counted[today - A_DAY])
