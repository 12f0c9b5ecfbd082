"""Planning one day's reminders of one kind for many people: in batches, each person within their own hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, writing
from counseling.domain.sending_hours import moment_of
from counseling.domain.text_choices import OwnHours, minutes_for
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.queries.text_choices import may_be_reminded, own_hours_of
from counseling.services.reminder_rows import BATCH, Moment, add_reminders, is_planned, reminder_row
from counseling.services.reminder_rules import Rule, is_current
from counseling.treatment_rows import TREATMENT

NO_CHOICE = OwnHours()


@dataclass(frozen=True)
class DayPlan:
    """What goes out today under a rule: in which minutes, until when it is true, and why it is held, if it is."""

    rule: Rule
    at: Moment
    dice: Random
    minutes: range
    stale_at: Callable[[datetime], datetime]
    held: str | None = None

    @property
    def on_date(self) -> date:
        return self.at.today


def plan_people(session: AnySession, plan: DayPlan, who: ColumnElement[bool]) -> int:
    """Plan everybody of a file's condition who may be reminded and is not yet; gives how many are new.

    Most of the time nobody is: ask `has_new` first, which opens no transaction.
    """
    new = and_(who, _is_new(plan.rule, plan.on_date))
    file = _file(plan.rule.side)
    planned, after = 0, 0
    while True:
        with writing(session) as tx:
            if not is_current(tx, plan.rule):
                return planned
            # Whoever is being discharged at this moment is left out: that transaction cancels their reminders.
            query = select(file.patient_id).where(new, file.patient_id > after).order_by(file.patient_id).limit(BATCH)
            ids = list(tx.execute(query.with_for_update(read=True, skip_locked=True, of=file)).scalars())
            planned += _add(tx, plan, ids)
        if len(ids) < BATCH:
            return planned
        after = ids[-1]


def has_new(session: AnySession, rule: Rule, on_date: date, who: ColumnElement[bool]) -> bool:
    """Whether there is anybody to plan."""
    query = select(_file(rule.side).patient_id).where(who, _is_new(rule, on_date)).limit(1)
    return session.execute(query).first() is not None


def moment_for(minutes: range, own: OwnHours | None, on_date: date, at: Moment, dice: Random) -> datetime | None:
    """One moment of these minutes that suits the person; None: their quiet hours leave none."""
    fitting = minutes if own is None else minutes_for(minutes, own)
    return moment_of(fitting, on_date, at.zone, dice) if fitting else None


def _add(tx: Session, plan: DayPlan, ids: Sequence[int]) -> int:
    own, rows = own_hours_of(tx, plan.rule.side, ids), []
    for patient_id in ids:
        due = moment_for(plan.minutes, own.get(patient_id), plan.on_date, plan.at, plan.dice)
        if due is not None:
            stale = plan.stale_at(due)
            rows.append(reminder_row(plan.rule, patient_id, plan.on_date, due, stale, plan.at.now, held=plan.held))
    return add_reminders(tx, rows)


def _is_new(rule: Rule, on_date: date) -> ColumnElement[bool]:
    file = _file(rule.side)
    return and_(
        may_be_reminded(file.patient_id, rule.side, rule.kind, on_date),
        ~is_planned(file.patient_id, rule.side, rule.kind, on_date),
    )


def _file(side: str) -> type[TreatmentFile] | type[SupportFile]:
    return TreatmentFile if side == TREATMENT else SupportFile
