"""What is known of one person on one day at their station: read for the page, locked for recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, select

from counseling.database import Reader
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
# Asked of the parameter and not of the joined row: else PostgreSQL reads all visits of the day, all open tasks and all
# standing holds to look one person up in them.
_theirs: ColumnElement[int] = bindparam("patient_id")
_standing = and_(_holds.c.patient_id == _theirs, _holds.c.lifted_at.is_(None))
_on_hold = and_(_standing, _holds.c.kind == "hold")
_read_today = exists().where(_readings.c.hold_id == _holds.c.id, _readings.c.read_on == bindparam("today"))
_unread = and_(_standing, _holds.c.kind == "alert", ~_read_today)
_followed = and_(_tasks.c.patient_id == _theirs, _tasks.c.kind == FOLLOW_UP, _tasks.c.closed_at.is_(None))

# One joined SELECT for what has to be locked and known, a row for each part of the order. Only rows that always exist
# are locked (PostgreSQL cannot lock the nullable side of an outer join). The chain's head exists because opening the
# day wrote to it.
CONTEXT = (
    select(
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
        exists()
        .where(
            _visits.c.patient_id == _theirs,
            _visits.c.visit_on == bindparam("today"),
            _visits.c.outcome == "withheld",
        )
        .label("was_withheld"),
        exists().where(_on_hold).label("is_on_hold"),
        exists().where(_unread).label("has_unread_alerts"),
        exists().where(_followed).label("is_followed_up"),
        _pours.c.id.label("pour_id"),
        _pours.c.order_id.label("poured_order_id"),
        _pours.c.part.label("poured_part"),
        _pours.c.mg_tenths.label("poured_mg_tenths"),
        _pours.c.gap_check.label("poured_check"),
        exists()
        .where(_incidents.c.patient_id == _theirs, _incidents.c.dose_on == bindparam("today"))
        .label("drank_beside"),
    )
    .join_from(_files, _summaries, _summaries.c.patient_id == _files.c.patient_id)
    .join(_days, and_(_days.c.site_id == _files.c.station_id, _days.c.day_on == bindparam("today")))
    .join(_heads, _heads.c.chain == bindparam("chain"))
    .outerjoin(
        _orders,
        and_(
            _orders.c.patient_id == _theirs,
            _orders.c.phase != "one_time",
            _orders.c.starts_on <= bindparam("today"),
            _orders.c.last_on >= bindparam("today"),
        ),
    )
    .outerjoin(_parts, _parts.c.order_id == _orders.c.id)
    .outerjoin(  # at most one stands
        _pours,
        and_(
            _pours.c.patient_id == _theirs,
            _pours.c.dose_on == bindparam("today"),
            _pours.c.ended_at.is_(None),
        ),
    )
    .where(_files.c.patient_id == _theirs, _files.c.station_id == bindparam("site_id"))
    .order_by(_parts.c.part)
)
LOCKED_CONTEXT = CONTEXT.with_for_update(of=[_summaries, _heads])
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


def find_attendance(reader: Reader, patient_id: int, site_id: int, today: date, *, lock: bool = False) -> Loaded | None:
    """What is known of a station's patient today; None when the day was never opened or the patient is not theirs.

    `lock` locks the patient and the end of the site's audit chain until the transaction ends.
    """
    values = {"patient_id": patient_id, "site_id": site_id, "today": today, "chain": site_chain(site_id)}
    rows = reader.execute(LOCKED_CONTEXT if lock else CONTEXT, values).all()
    if not rows:
        return None
    context = rows[0]
    doses = list_doses_of_the_day(reader, patient_id, today)
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
