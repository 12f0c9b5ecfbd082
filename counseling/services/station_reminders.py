"""What a station's reminders may say on a day, and planning them. Whatever could be wrong is held.

One `Ground` per kind: in which minutes of today, until when the words are true, and why they wait. Planning and letting
go what was held ask the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from random import Random

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.domain.reminder_kinds import (
    DOSE_TODAY,
    EVENING_BEFORE,
    LOOKED_AT_IN_BULK,
    MISSED_YESTERDAY,
    ORDER_ENDING,
    WEEKEND,
    WEEKLY,
)
from counseling.domain.reminders import (
    SHUT,
    TOO_MANY,
    are_too_many,
    last_call,
    why_not_missed,
    why_not_today,
)
from counseling.domain.sending_hours import end_of_sending, instant, minutes_left
from counseling.models.patients import TreatmentFile
from counseling.models.texts import Reminder
from counseling.queries.opening_hours import hours_on
from counseling.queries.reminder_audiences import AUDIENCES, EXPECTED
from counseling.queries.station_mornings import find_last_entry, find_morning
from counseling.queries.station_tomorrows import find_days_off, find_tomorrow, is_eve_spoken_of
from counseling.queries.text_choices import may_be_reminded
from counseling.services.people_planning import DayPlan, has_new, plan_people
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_rules import Rule
from counseling.treatment_rows import TREATMENT


@dataclass(frozen=True)
class Ground:
    """`why` "shut": there is nothing to say today; None: it may go; else why it is held. `closes`: of the window that
    the words speak of."""

    minutes: range
    why: str | None
    closes: Callable[[time], time | None] = lambda _: None


NOTHING = Ground(range(0), SHUT)


def plan_for_station(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan a kind's texts of today, or hold them; gives how many are new. Nothing where the hours of today are over."""
    if not _hours_of(rule, at):
        return 0  # most of the day: nothing is read
    ground = GROUNDS[rule.kind](session, rule, at)
    who = AUDIENCES[rule.kind](rule.site_id, at.today)
    if ground.why == SHUT or not ground.minutes or not has_new(session, rule, at.today, who):
        return 0
    held = ground.why
    if held is None and is_crowd(session, rule.site_id, rule.kind, at):
        held = TOO_MANY
    plan = DayPlan(rule, at, dice, ground.minutes, lambda due: stale_at(ground, due, at), held)
    return plan_people(session, plan, who)


def ground_of(session: AnySession, rule: Rule, at: Moment) -> Ground:
    """Of a kind that has no ground of its own: it may go on any day on which somebody is there to answer."""
    return GROUNDS.get(rule.kind, _when_open)(session, rule, at)


def stale_at(ground: Ground, due_at: datetime, at: Moment) -> datetime:
    """When the window shuts that the text speaks of; where it speaks of none, the evening."""
    closes = ground.closes(due_at.astimezone(at.zone).time())
    evening = end_of_sending(at.today, at.zone)
    return evening if closes is None else min(instant(at.today, closes, at.zone), evening)


def is_crowd(session: AnySession, site_id: int, kind: str, at: Moment) -> bool:
    """Whether so many of those expected would be texted that a person must look first, and nobody has yet today."""
    if kind not in LOOKED_AT_IN_BULK or _is_released(session, site_id, kind, at):
        return False
    count = select(func.count()).select_from(TreatmentFile)
    expected = session.execute(count.where(EXPECTED[kind](site_id, at.today))).scalar_one()
    reached = may_be_reminded(TreatmentFile.patient_id, TREATMENT, kind, at.today)
    texted = session.execute(count.where(AUDIENCES[kind](site_id, at.today), reached)).scalar_one()
    return are_too_many(texted, expected)


def _is_released(session: AnySession, site_id: int, kind: str, at: Moment) -> bool:
    own = Reminder.site_id == site_id, Reminder.side == TREATMENT, Reminder.kind == kind, Reminder.on_date == at.today
    released = select(Reminder.id).where(*own, Reminder.released_at.is_not(None))
    return session.execute(released.limit(1)).first() is not None


def _hours_of(rule: Rule, at: Moment, not_before: time = time.min, not_after: time = time.max) -> range:
    """What is left of today's minutes of a rule, between two other times as well."""
    begins, ends = max(rule.not_before, not_before), min(rule.not_after, not_after)
    return minutes_left(at.today, begins, ends, earliest=at.now, zone=at.zone)


def _missed(session: AnySession, rule: Rule, at: Moment) -> Ground:
    """Until when it makes sense to ask somebody to come today: the next shutting of the window."""
    morning = find_morning(session, rule.site_id, at.today)
    closes = morning.closes_after(rule.not_before) or time.max
    return Ground(_hours_of(rule, at, not_after=closes), why_not_missed(morning.facts), morning.closes_after)


def _not_seen(session: AnySession, rule: Rule, at: Moment) -> Ground:
    """The last hour of the window; before that the morning is not over, after it there is no time to come."""
    morning = find_morning(session, rule.site_id, at.today)
    call = last_call(list(morning.hours or ()))
    if call is None or not call[0] <= at.now.astimezone(at.zone).time() < call[1]:
        return NOTHING
    why = why_not_today(morning.facts, find_last_entry(session, rule.site_id, at.today), at.now)
    closes = morning.hours[-1].closes_at if morning.hours else None
    return Ground(_hours_of(rule, at, *call), why, lambda _: closes)


def _tomorrow(session: AnySession, rule: Rule, at: Moment) -> Ground:
    if is_eve_spoken_of(session, rule.site_id, rule.side, at.today):
        return NOTHING
    return Ground(_hours_of(rule, at), find_tomorrow(session, rule.site_id, at.today).why_not)


def _days_off(session: AnySession, rule: Rule, at: Moment) -> Ground:
    return Ground(_hours_of(rule, at), find_days_off(session, rule.site_id, at.today).why_not)


def _when_open(session: AnySession, rule: Rule, at: Moment) -> Ground:
    """Somebody of the station answers today; where nobody has said the hours, it is taken as open."""
    is_shut = hours_on(session, rule.site_id, [at.today])[at.today] == []
    return NOTHING if is_shut else Ground(_hours_of(rule, at), None)


GroundOf = Callable[[AnySession, Rule, Moment], Ground]
GROUNDS: Mapping[str, GroundOf] = {
    MISSED_YESTERDAY: _missed,
    DOSE_TODAY: _not_seen,
    EVENING_BEFORE: _tomorrow,
    WEEKEND: _days_off,
    ORDER_ENDING: _when_open,
    WEEKLY: _when_open,
}
