"""Who a kind of reminder is for on a day, apart from whether they can be texted: conditions on a file.

Planning, looking again and the page that shows what tomorrow brings read the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy.orm import aliased

from counseling.domain.reminder_kinds import (
    CHECK_IN,
    DOSE_TODAY,
    EVENING_BEFORE,
    MISSED_YESTERDAY,
    ORDER_ENDING,
    WEEKEND,
    WEEKLY,
)
from counseling.domain.reminders import A_DAY, ASKED_ON_DAYS, ends_by
from counseling.domain.unsent import Unsent
from counseling.models.counseling import AftercareFile
from counseling.models.doses import AdherenceSummary, DayDose, StationVisit
from counseling.models.orders import DoseOrder
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.texts import Reminder
from counseling.models.window import DosePour, PatientHold

# From the sixth missed day on no order is left to come for: a doctor's list has them, and no text each day.
LONGEST_AWAY = A_DAY * 6
TAKEN_HOME_WITHIN = ASKED_WITHIN = A_DAY * 7
Audience = Callable[[int, date], ColumnElement[bool]]


def is_said_or_taken_back() -> ColumnElement[bool]:
    """Of a row of `reminders`: it stands, or a person of the site has taken it out. Neither is planned once more; what
    a rule or a move has cancelled is.
    """
    return or_(Reminder.state != "cancelled", Reminder.reason == Unsent.BY_STAFF)


def runs_on(day: date) -> ColumnElement[bool]:
    """Somebody of whom an order runs on a day."""
    return exists().where(
        DoseOrder.patient_id == TreatmentFile.patient_id,
        DoseOrder.phase != "one_time",
        DoseOrder.starts_on <= day,
        DoseOrder.last_on >= day,
    )


def of_station(site_id: int) -> ColumnElement[bool]:
    return and_(TreatmentFile.station_id == site_id, TreatmentFile.status == "active")


def was_expected(site_id: int, today: date) -> ColumnElement[bool]:
    """Of the station in treatment, with an order running yesterday; not away for long, and nobody holds their dose."""
    return and_(of_station(site_id), runs_on(today - A_DAY), is_around(today), ~is_held())


def is_expected(site_id: int, day: date) -> ColumnElement[bool]:
    """The same with an order running that day."""
    return and_(of_station(site_id), runs_on(day), is_around(day), ~is_held())


def is_around(day: date) -> ColumnElement[bool]:
    """Not away since before a doctor last began an order."""
    since = day - LONGEST_AWAY
    begun = exists().where(
        DoseOrder.patient_id == TreatmentFile.patient_id, DoseOrder.starts_on >= since, DoseOrder.starts_on <= day
    )
    dosed = exists().where(
        AdherenceSummary.patient_id == TreatmentFile.patient_id, AdherenceSummary.covered_through >= since
    )
    return or_(dosed, begun)


def has_come(today: date | object, patient_id: ColumnElement[int] | object) -> ColumnElement[bool]:
    """Somebody who was at a window today, with or without a dose, or stands there, need not be asked to come."""
    visited = exists().where(StationVisit.patient_id == patient_id, StationVisit.visit_on == today)
    stands = exists().where(DosePour.patient_id == patient_id, DosePour.dose_on == today, DosePour.ended_at.is_(None))
    return or_(visited, stands, has_drunk(today, patient_id))


def has_drunk(today: date | object, patient_id: ColumnElement[int] | object) -> ColumnElement[bool]:
    """A dose here today, the first part of two as well: the person was seen."""
    return exists().where(DayDose.patient_id == patient_id, DayDose.dose_on == today, DayDose.kind != "take_home")


def is_held() -> ColumnElement[bool]:
    """A hold is spoken of at the window and by phone, never by a text that says "come"."""
    return exists().where(
        PatientHold.patient_id == TreatmentFile.patient_id,
        PatientHold.kind == "hold",
        PatientHold.lifted_at.is_(None),
    )


def covered_before(day: date) -> ColumnElement[bool]:
    """No dose covers this day, nor a later one: `domain.reminders.has_missed` as a condition on the summary."""
    through = AdherenceSummary.covered_through
    return exists().where(
        AdherenceSummary.patient_id == TreatmentFile.patient_id, or_(through.is_(None), through < day)
    )


def missed_yesterday(site_id: int, today: date) -> ColumnElement[bool]:
    return and_(was_expected(site_id, today), covered_before(today - A_DAY), ~has_come(today, TreatmentFile.patient_id))


def not_seen_today(site_id: int, today: date) -> ColumnElement[bool]:
    return and_(is_expected(site_id, today), covered_before(today), ~has_come(today, TreatmentFile.patient_id))


def comes_tomorrow(site_id: int, today: date) -> ColumnElement[bool]:
    """Tomorrow's dose is neither at home nor elsewhere."""
    tomorrow = today + A_DAY
    return and_(is_expected(site_id, tomorrow), covered_before(tomorrow))


def order_ends(site_id: int, today: date) -> ColumnElement[bool]:
    """An order runs out on a day that `domain.reminders.ends_by` names today, and no later one is written.

    Said once: not again within a week.
    """
    latest = ends_by(today)
    running, later = aliased(DoseOrder), aliased(DoseOrder)
    own, one_time = running.patient_id == TreatmentFile.patient_id, "one_time"
    ends = exists().where(
        own, running.phase != one_time, running.starts_on <= today, running.last_on >= today, running.last_on <= latest
    )
    renewed = exists().where(
        later.patient_id == TreatmentFile.patient_id, later.phase != one_time, later.last_on > latest
    )
    said = exists().where(
        Reminder.patient_id == TreatmentFile.patient_id,
        Reminder.side == "treatment",
        Reminder.kind == ORDER_ENDING,
        is_said_or_taken_back(),
        Reminder.on_date > today - ASKED_WITHIN,
        Reminder.on_date < today,
    )
    return and_(of_station(site_id), ends, ~renewed, ~said, ~is_held())


def takes_home(site_id: int, today: date) -> ColumnElement[bool]:
    """Somebody with doses at home: nobody sees them at the window on those days."""
    carried = exists().where(
        DayDose.patient_id == TreatmentFile.patient_id,
        DayDose.kind == "take_home",
        DayDose.dose_on > today - TAKEN_HOME_WITHIN,
        DayDose.dose_on < today + TAKEN_HOME_WITHIN,
    )
    own_day = TreatmentFile.patient_id % ASKED_ON_DAYS == today.weekday()
    return and_(of_station(site_id), own_day, carried)


def is_supported(site_id: int | None = None) -> ColumnElement[bool]:
    """Supported, and alive: a death that the other side knows of silences this one, and is told to nobody here."""
    died = exists().where(TreatmentFile.patient_id == SupportFile.patient_id, TreatmentFile.status == "died")
    here = [] if site_id is None else [SupportFile.site_id == site_id]
    return and_(SupportFile.status == "active", ~died, *here)


def in_aftercare(site_id: int, today: date) -> ColumnElement[bool]:
    """In aftercare here, on their own day of the week; not where their check-in has asked, or asks, in these days."""
    file = exists().where(
        AftercareFile.patient_id == SupportFile.patient_id,
        AftercareFile.site_id == site_id,
        AftercareFile.ended_on.is_(None),
    )
    asked = exists().where(
        Reminder.patient_id == SupportFile.patient_id,
        Reminder.side == "support",
        Reminder.kind == CHECK_IN,
        is_said_or_taken_back(),
        Reminder.on_date > today - ASKED_WITHIN,
    )
    return and_(is_supported(), SupportFile.patient_id % ASKED_ON_DAYS == today.weekday(), file, ~asked)


AUDIENCES: Mapping[str, Audience] = {
    MISSED_YESTERDAY: missed_yesterday,
    DOSE_TODAY: not_seen_today,
    EVENING_BEFORE: comes_tomorrow,
    WEEKEND: comes_tomorrow,
    ORDER_ENDING: order_ends,
    WEEKLY: takes_home,
}
# Of how many the figure of a kind is a share, where a crowd is looked at first.
EXPECTED: Mapping[str, Audience] = {MISSED_YESTERDAY: was_expected, DOSE_TODAY: is_expected}
