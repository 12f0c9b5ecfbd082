"""Asking how somebody is: once a week, a second time after silence, and then a task for a person, with a ceiling."""

from __future__ import annotations

from random import Random
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.reminder_kinds import SILENCE_DAYS, UNSEEN_DAYS
from counseling.domain.sending_hours import end_of_sending, minutes_left
from counseling.models.texts import ReminderRule
from counseling.queries.opening_hours import hours_on
from counseling.queries.reminder_audiences import in_aftercare
from counseling.queries.silence import Asking, is_anybody_asked, list_unseen, room_for_tasks, wants_second_text
from counseling.services import audit
from counseling.services.people_planning import DayPlan, has_new, plan_people
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_rules import Rule
from counseling.services.station_reminders import plan_for_station
from counseling.services.tasks import open_task
from counseling.treatment_rows import TREATMENT

ACTOR = "rule:silence"


def plan_weekly(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan "how are you this week": people with doses at home on one side, people in aftercare on the other."""
    if rule.side == TREATMENT:
        return plan_for_station(session, rule, at, dice)
    plan = _today(session, rule, at, dice)
    who = in_aftercare(rule.site_id, at.today)
    return plan_people(session, plan, who) if plan.minutes and has_new(session, rule, at.today, who) else 0


def plan_second_texts(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan a second text for those who are silent, and open tasks for those whom nothing has shown for long enough;
    gives how many texts are new. Neither on a day on which the site is shut, nor outside the rule's hours."""
    plan = _today(session, rule, at, dice)
    asking = asking_of(rule)
    if not plan.minutes or not is_anybody_asked(session, asking, at.today):
        return 0
    who = wants_second_text(asking, at.today)
    planned = plan_people(session, plan, who) if has_new(session, rule, at.today, who) else 0
    open_silence_tasks(session, asking, rule.most_open_tasks or 0, at)
    return planned


def asking_of(rule: Rule) -> Asking:
    return Asking(rule.site_id, rule.side, rule.silence_days or SILENCE_DAYS, rule.unseen_days or UNSEEN_DAYS)


def open_silence_tasks(session: AnySession, asking: Asking, most: int, at: Moment) -> int:
    """Open tasks as far as there are hands for them, longest silent first; gives how many. The rest wait unopened."""
    if not list_unseen(session, asking, at.today, at.zone):
        return 0
    with writing(session) as tx:
        own = ReminderRule.site_id == asking.site_id, ReminderRule.side == asking.side
        # Two planners would both see the last free hand: the second waits here, and reads anew.
        tx.execute(select(ReminderRule.id).where(*own).order_by(ReminderRule.id).with_for_update()).all()
        opened = _open_where_room(tx, asking, most, at)
        for task_id, kind, patient_id in opened:
            details, subject = {"task": task_id, "kind": kind}, f"patient:{patient_id}"
            audit.append(tx, audit.site_chain(asking.site_id), ACTOR, "task.opened", subject, details, at.now)
    return len(opened)


def _open_where_room(tx: Session, asking: Asking, most: int, at: Moment) -> list[tuple[int, str, int]]:
    room: dict[int | None, int] = {None: room_for_tasks(tx, asking, None, most)}
    opened = []
    for row in list_unseen(tx, asking, at.today, at.zone):
        team_id = row.team_id
        if team_id not in room:
            room[team_id] = room_for_tasks(tx, asking, team_id, most)
        if not room[team_id]:
            team_id = None  # the volunteers have enough to do: the site's own people, as far as they can
        if not room[team_id]:
            continue
        kind = _kind_of(asking.side, team_id)
        task_id = _open(tx, asking, row, kind, team_id, at)
        if task_id is not None:
            room[team_id] -= 1
            opened.append((task_id, kind, row.patient_id))
    return opened


def _open(tx: Session, asking: Asking, row: Row[Any], kind: str, team_id: int | None, at: Moment) -> int | None:
    return open_task(
        tx,
        side=asking.side,
        kind=kind,
        patient_id=row.patient_id,
        site_id=asking.site_id,
        team_id=team_id,
        due_on=at.today,
        dedupe_key=f"silence:{asking.side}:{row.patient_id}:{row.asked_on}",
        opened_by_id=None,
        at=at.now,
    )


def _kind_of(side: str, team_id: int | None) -> str:
    if side == TREATMENT:
        return "call_back"
    return "check_in" if team_id is not None else "call_by_phone"


def _today(session: AnySession, rule: Rule, at: Moment, dice: Random) -> DayPlan:
    minutes = minutes_left(at.today, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone)
    if minutes and hours_on(session, rule.site_id, [at.today])[at.today] == []:
        minutes = range(0)
    return DayPlan(rule, at, dice, minutes, lambda due: end_of_sending(at.today, at.zone))
