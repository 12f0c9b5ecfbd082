"""Planning: what is to be said to whom, as rows, before anything is sent. Repeating it adds nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from counseling.database import AnySession
from counseling.domain.reminder_kinds import (
    APPOINTMENT,
    APPOINTMENT_TODAY,
    CHECK_IN,
    DOSE_TODAY,
    EVENING_BEFORE,
    MISSED_YESTERDAY,
    ORDER_ENDING,
    SECOND_TEXT,
    WEEKEND,
    WEEKLY,
)
from counseling.services.asking_reminders import plan_second_texts, plan_weekly
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_rules import Rule, list_rules, ship_rules
from counseling.services.station_reminders import plan_for_station
from counseling.services.support_reminders import plan_appointments, plan_appointments_today, plan_check_ins

Planner = Callable[[AnySession, Rule, Moment, Random], int]
PLANNERS: Mapping[str, Planner] = {
    MISSED_YESTERDAY: plan_for_station,
    DOSE_TODAY: plan_for_station,
    EVENING_BEFORE: plan_for_station,
    WEEKEND: plan_for_station,
    ORDER_ENDING: plan_for_station,
    APPOINTMENT: plan_appointments,
    APPOINTMENT_TODAY: plan_appointments_today,
    CHECK_IN: plan_check_ins,
    WEEKLY: plan_weekly,
    SECOND_TEXT: plan_second_texts,
}


def plan_reminders(session: AnySession, now: datetime, zone: ZoneInfo, dice: Random) -> int:
    """Plan what is due today and in the next days, site by site; gives how many reminders are new.

    Each batch is a transaction of its own, and the unique key makes every occurrence once: planners may cross, end
    midway and be repeated.
    """
    ship_rules(session, now)
    at = Moment(now, zone)
    return sum(PLANNERS[rule.kind](session, rule, at, dice) for rule in list_rules(session, at.today))
