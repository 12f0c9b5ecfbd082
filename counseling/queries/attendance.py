"""What is known of one person on one day at their station: read for the page, locked for recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, bindparam, exists, select

from counseling.database import AnySession
from counseling.domain.audit_chain import site_chain
from counseling.domain.station_days import DayState
from counseling.domain.window import Attendance, GivenDose, RunningOrder
from counseling.models.audit import AuditHead
from counseling.models.doses import AdherenceSummary, DayDose, DoseVoid, StationDay, StationVisit
from counseling.models.orders import DoseOrder, OrderPart
from counseling.models.patients import TreatmentFile
from counseling.models.places import Site

FIRST_REPLACEMENT_PART = 11

# One joined SELECT for what has to be locked and known; only rows that always exist are locked (PostgreSQL cannot
# lock the nullable side of an outer join). The chain's head exists because opening the day wrote to it.
CONTEXT = (
    select(
        TreatmentFile.status,
        StationDay.id.label("day_id"),
        StationDay.state.label("day_state"),
        AdherenceSummary.anchor_on,
        AdherenceSummary.covered,
        AdherenceSummary.complete,
        AdherenceSummary.covered_through,
        AuditHead.sequence,
        AuditHead.hash,
        DoseOrder.id.label("order_id"),
        DoseOrder.gap_reviewed_through,
        exists()
        .where(
            StationVisit.patient_id == TreatmentFile.patient_id,
            StationVisit.visit_on == bindparam("today"),
            StationVisit.outcome == "withheld",
        )
        .label("was_withheld"),
    )
    .join(AdherenceSummary, AdherenceSummary.patient_id == TreatmentFile.patient_id)
    .join(StationDay, and_(StationDay.site_id == TreatmentFile.station_id, StationDay.day_on == bindparam("today")))
    .join(AuditHead, AuditHead.chain == bindparam("chain"))
    .outerjoin(
        DoseOrder,
        and_(
            DoseOrder.patient_id == TreatmentFile.patient_id,
            DoseOrder.phase != "one_time",
            DoseOrder.starts_on <= bindparam("today"),
            DoseOrder.last_on >= bindparam("today"),
        ),
    )
    .where(TreatmentFile.patient_id == bindparam("patient_id"), TreatmentFile.station_id == bindparam("site_id"))
)
LOCKED_CONTEXT = CONTEXT.with_for_update(of=[AdherenceSummary, AuditHead])
PARTS = select(OrderPart.part, OrderPart.mg_tenths).where(OrderPart.order_id == bindparam("order_id"))
PARTS = PARTS.order_by(OrderPart.part)
DOSES_OF_THE_DAY = (
    select(
        DayDose.id,
        DayDose.part,
        DayDose.attempt,
        DayDose.mg_tenths,
        DayDose.request_key,
        DayDose.recorded_at,
        Site.name.label("site_name"),
        DoseVoid.id.label("void_id"),
    )
    .join(Site, Site.id == DayDose.site_id)
    .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
    .where(
        DayDose.patient_id == bindparam("patient_id"),
        DayDose.dose_on == bindparam("today"),
        DayDose.part < FIRST_REPLACEMENT_PART,
    )
    .order_by(DayDose.recorded_at)
)


@dataclass(frozen=True)
class Loaded:
    """The attendance and the rows behind it."""

    attendance: Attendance
    context: Any
    doses: Sequence[Any]


def find_attendance(
    session: AnySession, patient_id: int, site_id: int, today: date, *, lock: bool = False
) -> Loaded | None:
    """What is known of a station's patient today; None when the day was never opened or the patient is not theirs.

    `lock` locks the patient and the end of the site's audit chain until the transaction ends.
    """
    values = {"patient_id": patient_id, "site_id": site_id, "today": today, "chain": site_chain(site_id)}
    context = session.execute(LOCKED_CONTEXT if lock else CONTEXT, values).first()
    if context is None:
        return None
    doses = list_doses_of_the_day(session, patient_id, today)
    order = None
    if context.order_id is not None:
        parts = tuple((part, mg) for part, mg in session.execute(PARTS, {"order_id": context.order_id}))
        order = RunningOrder(context.order_id, parts, context.gap_reviewed_through)
    attendance = Attendance(
        today=today,
        day_state=DayState(context.day_state),
        is_active=context.status == "active",
        order=order,
        given=tuple(given(dose) for dose in doses if dose.void_id is None),
        covered_through=context.covered_through,
        was_withheld=context.was_withheld,
    )
    return Loaded(attendance, context, doses)


def list_doses_of_the_day(session: AnySession, patient_id: int, today: date) -> Sequence[Any]:
    """All of one day, voided ones too, over all stations, oldest first."""
    return session.execute(DOSES_OF_THE_DAY, {"patient_id": patient_id, "today": today}).all()


def given(dose: Any) -> GivenDose:
    return GivenDose(dose.part, dose.mg_tenths, dose.site_name, dose.recorded_at)
