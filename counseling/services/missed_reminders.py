"""Planning "yesterday was missed": the only reminder that can be wrong about somebody, so it is held when in doubt."""

from __future__ import annotations

from datetime import date, datetime, time
from random import Random

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from counseling.database import AnySession, writing
from counseling.domain.reminders import (
    A_DAY,
    MISSED_YESTERDAY,
    SHUT,
    TOO_MANY,
    are_too_many,
    why_not_missed,
)
from counseling.domain.sending_hours import end_of_sending, instant, minutes_left, moment_of
from counseling.models.doses import AdherenceSummary, StationVisit
from counseling.models.orders import DoseOrder
from counseling.models.patients import TreatmentFile
from counseling.queries.reachable import may_be_texted
from counseling.queries.station_mornings import MorningRow, find_morning
from counseling.services.reminder_rows import BATCH, Moment, add_reminders, is_planned, reminder_row
from counseling.services.reminder_rules import Rule
from counseling.treatment_rows import TREATMENT


def plan_missed(session: AnySession, rule: Rule, at: Moment, dice: Random) -> int:
    """Plan a station's morning, or hold it; gives how many are new. Nothing where the hours of today are over."""
    if not minutes_left(at.today, rule.not_before, rule.not_after, earliest=at.now, zone=at.zone):
        return 0  # most of the day: nothing is read
    morning = find_morning(session, rule.site_id, at.today)
    held = why_not_missed(morning.facts)
    minutes = minutes_left(at.today, rule.not_before, latest(rule, morning), earliest=at.now, zone=at.zone)
    if held == SHUT or not minutes or not _has_new(session, rule.site_id, at.today):
        return 0
    if held is None and is_crowd(session, rule.site_id, at.today):
        held = TOO_MANY
    planned, after = 0, 0
    while True:
        with writing(session) as tx:
            query = _new(rule.site_id, at.today).where(TreatmentFile.patient_id > after)
            # Whoever is being discharged at this moment is left out: their reminders are cancelled by that transaction.
            locked = query.with_for_update(read=True, skip_locked=True, of=TreatmentFile)
            ids = list(tx.execute(locked.order_by(TreatmentFile.patient_id).limit(BATCH)).scalars())
            dues = [moment_of(minutes, at.today, at.zone, dice) for _ in ids]
            planned += add_reminders(
                tx,
                [
                    reminder_row(rule, patient_id, at.today, due, stale_at(morning, due, at), at.now, held=held)
                    for patient_id, due in zip(ids, dues, strict=True)
                ],
            )
        if len(ids) < BATCH:
            return planned
        after = ids[-1]


def latest(rule: Rule, morning: MorningRow) -> time:
    """Until when it makes sense to ask somebody to come today."""
    closes = morning.closes_after(rule.not_before)
    return rule.not_after if closes is None else min(rule.not_after, closes)


def stale_at(morning: MorningRow, due_at: datetime, at: Moment) -> datetime:
    """When the window shuts that the text speaks of; where nobody has said when, the evening."""
    closes = morning.closes_after(due_at.astimezone(at.zone).time())
    evening = end_of_sending(at.today, at.zone)
    return evening if closes is None else min(instant(at.today, closes, at.zone), evening)


def is_crowd(session: AnySession, site_id: int, today: date) -> bool:
    """Whether so many of those expected yesterday would be texted that a person must look first."""
    count = select(func.count()).select_from(TreatmentFile)
    expected = session.execute(count.where(_expected(site_id, today))).scalar_one()
    summary = AdherenceSummary.patient_id == TreatmentFile.patient_id
    texted = session.execute(count.join(AdherenceSummary, summary).where(_texted(site_id, today))).scalar_one()
    return are_too_many(texted, expected)


def _has_new(session: AnySession, site_id: int, today: date) -> bool:
    return session.execute(_new(site_id, today).limit(1)).first() is not None


def _new(site_id: int, today: date) -> Select[int]:
    return (
        select(TreatmentFile.patient_id)
        .join(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
        .where(_texted(site_id, today), ~is_planned(TreatmentFile.patient_id, TREATMENT, MISSED_YESTERDAY, today))
    )


def _texted(site_id: int, today: date) -> ColumnElement[bool]:
    return and_(
        _expected(site_id, today),
        missed(today),
        ~has_come(today, TreatmentFile.patient_id),
        may_be_texted(TreatmentFile.patient_id, TREATMENT, MISSED_YESTERDAY, today),
    )


def _expected(site_id: int, today: date) -> ColumnElement[bool]:
    """Somebody of the station in treatment, who had an order running yesterday."""
    yesterday = today - A_DAY
    ran = exists().where(
        DoseOrder.patient_id == TreatmentFile.patient_id,
        DoseOrder.phase != "one_time",
        DoseOrder.starts_on <= yesterday,
        DoseOrder.last_on >= yesterday,
    )
    return and_(TreatmentFile.station_id == site_id, TreatmentFile.status == "active", ran)


def missed(today: date) -> ColumnElement[bool]:
    """`domain.reminders.has_missed` as a condition on the summary; no dose is read."""
    through = AdherenceSummary.covered_through
    return or_(through.is_(None), through < today - A_DAY)


def has_come(today: date, patient_id: ColumnElement[int] | object) -> ColumnElement[bool]:
    """Somebody who was at a window today without a dose need not be asked to come."""
    return exists().where(StationVisit.patient_id == patient_id, StationVisit.visit_on == today)
