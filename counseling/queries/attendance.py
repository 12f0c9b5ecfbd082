"""What is known of one person on one day at their station: read for the page, locked for recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, select

from counseling.database import Reader, Transaction
from counseling.domain.audit_chain import site_chain
from counseling.domain.station_days import DayState
from counseling.domain.window import Attendance, Cup, GivenDose, RunningOrder
from counseling.models.audit import AuditHead
from counseling.models.doses import AdherenceSummary, DayDose, DoseIncident, DoseVoid, StationDay, StationVisit
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site
from counseling.models.tasks import FOLLOW_UP, Task
from counseling.models.window import AlertReading, DosePour, PatientHold

FIRST_REPLACEMENT_PART = 11

# Core tables, not the classes: the ORM's share of these statements would be half of what they cost.
_files, _summaries, _heads = TreatmentFile.__table__, AdherenceSummary.__table__, AuditHead.__table__
_orders, _parts = DoseOrder.__table__, OrderPart.__table__
_days, _doses, _voids = StationDay.__table__, DayDose.__table__, DoseVoid.__table__
_visits, _sites, _tasks = StationVisit.__table__, Site.__table__, Task.__table__
_incidents = DoseIncident.__table__
_pours, _holds, _readings = DosePour.__table__, PatientHold.__table__, AlertReading.__table__


def _context_of(theirs: ColumnElement[int]) -> Select[Any]:
    """One joined SELECT for what has to be known, a row for each part of the order.

    `theirs` is the person's inner id as the statement is told it. Everything is asked of it and not of the joined row:
    else PostgreSQL reads all visits of the day, all open tasks and all standing holds to look one person up in them.
    """
    standing = and_(_holds.c.patient_id == theirs, _holds.c.lifted_at.is_(None))
    on_hold = and_(standing, _holds.c.kind == "hold")
    read_today = exists().where(_readings.c.hold_id == _holds.c.id, _readings.c.read_on == bindparam("today"))
    unread = and_(standing, _holds.c.kind == "alert", ~read_today)
    followed = and_(_tasks.c.patient_id == theirs, _tasks.c.kind == FOLLOW_UP, _tasks.c.closed_at.is_(None))
    withheld = and_(
        _visits.c.patient_id == theirs, _visits.c.visit_on == bindparam("today"), _visits.c.outcome == "withheld"
    )
    beside = and_(_incidents.c.patient_id == theirs, _incidents.c.dose_on == bindparam("today"))
    running = and_(
        _orders.c.patient_id == theirs,
        _orders.c.phase != "one_time",
        _orders.c.starts_on <= bindparam("today"),
        _orders.c.last_on >= bindparam("today"),
    )
    cup = and_(_pours.c.patient_id == theirs, _pours.c.dose_on == bindparam("today"), _pours.c.ended_at.is_(None))
    return (
        select(
            _files.c.patient_id,
            _files.c.status,
            _days.c.id.label("day_id"),
            _days.c.state.label("day_state"),
            _summaries.c.anchor_on,
            _summaries.c.covered,
            _summaries.c.complete,
            _summaries.c.covered_through,
            _heads.c.sequence,
            _heads.c.hash,
            _orders.c.id.label("order_id"),
            _orders.c.gap_reviewed_through,
            _parts.c.part,
            _parts.c.mg_tenths,
            exists().where(withheld).label("was_withheld"),
            exists().where(on_hold).label("is_on_hold"),
            exists().where(unread).label("has_unread_alerts"),
            exists().where(followed).label("is_followed_up"),
            _pours.c.id.label("pour_id"),
            _pours.c.order_id.label("poured_order_id"),
            _pours.c.part.label("poured_part"),
            _pours.c.mg_tenths.label("poured_mg_tenths"),
            _pours.c.gap_check.label("poured_check"),
            exists().where(beside).label("drank_beside"),
        )
        .join_from(_files, _summaries, _summaries.c.patient_id == _files.c.patient_id)
        .join(_days, and_(_days.c.site_id == _files.c.station_id, _days.c.day_on == bindparam("today")))
        # The chain's head exists because opening the day wrote to it.
        .join(_heads, _heads.c.chain == bindparam("chain"))
        .outerjoin(_orders, running)
        .outerjoin(_parts, _parts.c.order_id == _orders.c.id)
        .outerjoin(_pours, cup)  # at most one stands
        .where(_files.c.patient_id == theirs, _files.c.station_id == bindparam("site_id"))
        .order_by(_parts.c.part)
    )


CONTEXT = _context_of(bindparam("patient_id"))
_asked = _files.alias("asked")
# Told the file's random reference, and so without a statement of its own that looks the inner id up. Only rows that
# always exist are locked (PostgreSQL cannot lock the nullable side of an outer join).
LOCKED_CONTEXT = _context_of(
    select(_asked.c.patient_id)
    .where(_asked.c.ref == bindparam("ref"), _asked.c.station_id == bindparam("site_id"))
    .scalar_subquery()
).with_for_update(of=[_summaries, _heads])
DOSES_OF_THE_DAY = (
    select(
        _doses.c.id,
        _doses.c.part,
        _doses.c.attempt,
        _doses.c.mg_tenths,
        _doses.c.request_key,
        _doses.c.recorded_at,
        _sites.c.name.label("site_name"),
        _voids.c.id.label("void_id"),
    )
    .join_from(_doses, _sites, _sites.c.id == _doses.c.site_id)
    .outerjoin(_voids, _voids.c.day_dose_id == _doses.c.id)
    .where(
        _doses.c.patient_id == bindparam("patient_id"),
        _doses.c.dose_on == bindparam("today"),
        _doses.c.part < FIRST_REPLACEMENT_PART,
    )
    .order_by(_doses.c.recorded_at)
)


@dataclass(frozen=True)
class Loaded:
    """The attendance and the rows behind it."""

    attendance: Attendance
    context: Any
    doses: Sequence[Any]


def find_attendance(reader: Reader, patient_id: int, site_id: int, today: date) -> Loaded | None:
    """What is known of a station's patient today; None when the day was never opened or the patient is not theirs."""
    return _loaded(reader, CONTEXT, {"patient_id": patient_id}, site_id, today)


def lock_attendance(tx: Transaction, ref: str, site_id: int, today: date) -> Loaded | None:
    """The same by the file's reference, with the patient and the end of the site's audit chain locked."""
    return _loaded(tx, LOCKED_CONTEXT, {"ref": ref}, site_id, today)


def _loaded(
    reader: Reader, statement: Select[Any], who: Mapping[str, object], site_id: int, today: date
) -> Loaded | None:
    rows = reader.execute(statement, {**who, "site_id": site_id, "today": today, "chain": site_chain(site_id)}).all()
    if not rows:
        return None
    context = rows[0]
    doses = list_doses_of_the_day(reader, context.patient_id, today)
    order = None
    if context.order_id is not None:
        parts = tuple((row.part, row.mg_tenths) for row in rows)
        order = RunningOrder(context.order_id, parts, context.gap_reviewed_through)
    attendance = Attendance(
        today=today,
        day_state=DayState(context.day_state),
        is_active=context.status == "active",
        order=order,
        given=tuple(given(dose) for dose in doses if dose.void_id is None),
        covered_through=context.covered_through,
        was_withheld=context.was_withheld,
        is_on_hold=context.is_on_hold,
        has_unread_alerts=context.has_unread_alerts,
        poured=_cup(context),
        drank_beside=context.drank_beside,
    )
    return Loaded(attendance, context, doses)


def _cup(context: Any) -> Cup | None:
    if context.pour_id is None:
        return None
    dose = context.poured_order_id, context.poured_part, context.poured_mg_tenths
    return Cup(context.pour_id, *dose, is_checked=context.poured_check is not None)


def list_doses_of_the_day(reader: Reader, patient_id: int, today: date) -> Sequence[Any]:
    """All of one day, voided ones too, over all stations, oldest first."""
    return reader.execute(DOSES_OF_THE_DAY, {"patient_id": patient_id, "today": today}).all()


def given(dose: Any) -> GivenDose:
    return GivenDose(dose.part, dose.mg_tenths, dose.site_name, dose.recorded_at)
