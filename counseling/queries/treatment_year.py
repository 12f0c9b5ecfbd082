"""The last twelve months of one person's treatment: marks of days, doses by day, orders.

The caller has checked the scope. However long the history, the number of statements is the same, and each reads the
twelve months only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.domain.treatment_year import (
    Mark,
    YearFacts,
    complete_share,
    days_off,
    expected_days,
    first_day,
    mark_of,
    months_since,
    weeks_of,
)
from counseling.models.doses import DayDose, DosedElsewhere, DoseVoid, StationDay, StationVisit
from counseling.models.orders import DoseOrder, Drug, OrderPart
from counseling.models.people import Staff
from counseling.queries.opening_hours import hours_on
from counseling.queries.orders import find_summary
from counseling.queries.public_holidays import holidays_between


@dataclass(frozen=True)
class Square:
    day: date
    mark: Mark


@dataclass(frozen=True)
class Month:
    """`weeks` from Monday; None stands where a week reaches out of the month, or beyond today."""

    first_on: date
    weeks: tuple[tuple[Square | None, ...], ...]


@dataclass(frozen=True)
class YearOrder:
    """An order that ran, runs or is to run. Amounts in tenths of a mg, one for each part of the day."""

    phase: str
    drug: str
    strength: int
    parts: tuple[int, ...]
    starts_on: date
    ends_on: date
    last_on: date
    origin: str
    written_by: str
    second_doctor: str | None
    written_at: datetime
    stopped_by: str | None
    stopped_at: datetime | None

    @property
    def mg_tenths(self) -> int:
        """The whole day's amount."""
        return sum(self.parts)

    @property
    def never_ran(self) -> bool:
        return self.last_on < self.starts_on


@dataclass(frozen=True)
class TreatmentYear:
    """`months` latest first, without those that lie wholly before the file was made; `counts` of their marks.

    Shares are (fully given, expected) days of the last 30.
    """

    first_on: date  # of the oldest month that is drawn
    months: tuple[Month, ...]
    counts: Mapping[Mark, int]
    complete: tuple[int, int]
    weekend: tuple[int, int]
    orders: tuple[YearOrder, ...]  # the regular ones are those that the curve is drawn from
    given: Mapping[date, int]  # tenths of a mg drunk or carried home, by day


def load_year(session: AnySession, patient_id: int, station_id: int, registered_on: date, today: date) -> TreatmentYear:
    """Excused for a shut station are days at `station_id`, the one that the person belongs to now."""
    first = first_day(today)
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    orders, given = _orders(session, patient_id, first), _given(session, patient_id, first, today)
    facts = YearFacts(
        today=today,
        registered_on=registered_on,
        summary=find_summary(session, patient_id),
        ordered={day for order in orders if order.phase != "one_time" for day in _days_of(order, first, today)},
        given=given.keys(),
        elsewhere=_elsewhere(session, patient_id, first, today),
        shut=_shut(session, station_id, days),
        outcomes=_outcomes(session, patient_id, first, today),
    )
    marks = {day: mark_of(day, facts) for day in days}
    drawn = [_month(month, today, marks) for month in months_since(first, today)]
    months = tuple(month for month in drawn if _counts([month]).keys() != {Mark.BEFORE})
    expected = expected_days(facts)
    off = days_off(expected, holidays_between(first, today))
    return TreatmentYear(
        first_on=months[-1].first_on if months else first,
        months=months,
        counts=_counts(months),
        complete=complete_share(facts.summary, expected),
        weekend=complete_share(facts.summary, off),
        orders=tuple(orders),
        given=given,
    )


def _counts(months: Iterable[Month]) -> dict[Mark, int]:
    """How many days bear each mark, in the order of the key."""
    found = Counter(square.mark for month in months for week in month.weeks for square in week if square)
    return {mark: found[mark] for mark in Mark if found[mark]}


def _month(month: date, today: date, marks: Mapping[date, Mark]) -> Month:
    weeks = weeks_of(month, today)
    return Month(month, tuple(tuple(Square(day, marks[day]) if day else None for day in week) for week in weeks))


def _days_of(order: YearOrder, first: date, today: date) -> Collection[date]:
    start, end = max(order.starts_on, first), min(order.last_on, today)
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


_SECOND, _STOPPER = aliased(Staff), aliased(Staff)


def _orders(session: AnySession, patient_id: int, first: date) -> list[YearOrder]:
    """Orders whose days, as they were written, reach into the months shown; the newest first."""
    rows = session.execute(
        select(
            DoseOrder,
            Drug.name,
            Drug.strength,
            Staff.display_name,
            _SECOND.display_name,
            _STOPPER.display_name,
            OrderPart.mg_tenths,
        )
        .join(OrderPart, OrderPart.order_id == DoseOrder.id)
        .join(Drug, Drug.id == DoseOrder.drug_id)
        .join(Staff, Staff.id == DoseOrder.written_by_id)
        .outerjoin(_SECOND, _SECOND.id == DoseOrder.second_doctor_id)
        .outerjoin(_STOPPER, _STOPPER.id == DoseOrder.stopped_by_id)
        .where(DoseOrder.patient_id == patient_id, DoseOrder.ends_on >= first)
        .order_by(DoseOrder.starts_on.desc(), DoseOrder.id.desc(), OrderPart.part)
    )
    by_id: dict[int, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in rows:
        by_id[row[0].id].append(row)
    return [_order(found) for found in by_id.values()]


def _order(rows: list[Row[*tuple[Any, ...]]]) -> YearOrder:
    order, drug, strength, written_by, second, stopper, _ = rows[0]
    return YearOrder(
        phase=order.phase,
        drug=drug,
        strength=strength,
        parts=tuple(row[-1] for row in rows),
        starts_on=order.starts_on,
        ends_on=order.ends_on,
        last_on=order.last_on,
        origin=order.origin,
        written_by=written_by,
        second_doctor=second,
        written_at=order.written_at,
        stopped_by=stopper,
        stopped_at=order.stopped_at,
    )


def _given(session: AnySession, patient_id: int, first: date, today: date) -> dict[date, int]:
    """Without the replacement of a vomited dose: it is no second dose of its day."""
    given: dict[date, int] = {}
    doses = (
        select(DayDose.dose_on, DayDose.mg_tenths)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(DayDose.patient_id == patient_id, DayDose.dose_on.between(first, today))
        .where(DayDose.kind != "replacement", DoseVoid.id.is_(None))
    )
    for day, mg_tenths in session.execute(doses):
        given[day] = given.get(day, 0) + mg_tenths
    return given


def _outcomes(session: AnySession, patient_id: int, first: date, today: date) -> dict[date, set[str]]:
    outcomes: dict[date, set[str]] = defaultdict(set)
    visits = select(StationVisit.visit_on, StationVisit.outcome).where(
        StationVisit.patient_id == patient_id, StationVisit.visit_on.between(first, today)
    )
    for day, outcome in session.execute(visits):
        outcomes[day].add(outcome)
    return outcomes


def _elsewhere(session: AnySession, patient_id: int, first: date, today: date) -> set[date]:
    spans = select(DosedElsewhere.first_on, DosedElsewhere.last_on).where(
        DosedElsewhere.patient_id == patient_id, DosedElsewhere.last_on >= first, DosedElsewhere.first_on <= today
    )
    return {
        date.fromordinal(number)
        for since, until in session.execute(spans)
        for number in range(max(since, first).toordinal(), min(until, today).toordinal() + 1)
    }


def _shut(session: AnySession, station_id: int, days: list[date]) -> set[date]:
    """Days on which the hours say shut and nobody opened the station all the same."""
    hours = hours_on(session, station_id, days)
    opened = set(
        session.execute(
            select(StationDay.day_on).where(
                StationDay.site_id == station_id, StationDay.day_on.between(days[0], days[-1])
            )
        ).scalars()
    )
    return {day for day in days if hours[day] is not None and not hours[day]} - opened
