"""The last dose of a day that a person vomited, with its one-time order and its replacement."""

from __future__ import annotations

from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from counseling.database import Reader
from counseling.domain.replacement import FIRST_REPLACEMENT_PART, VomitedDose
from counseling.models.doses import DayDose, DoseVoid, StationVisit
from counseling.models.orders import DoseOrder, OrderPart

_REPLACING = aliased(DayDose)
# One-time orders that were not taken back, with the part that they replace.
_one_time = (
    select(DoseOrder.id, DoseOrder.patient_id, DoseOrder.starts_on, OrderPart.part, OrderPart.mg_tenths)
    .join(OrderPart, OrderPart.order_id == DoseOrder.id)
    .where(DoseOrder.phase == "one_time", DoseOrder.last_on >= DoseOrder.starts_on)
    .subquery()
)


def find_vomited(reader: Reader, patient_id: int, day: date) -> VomitedDose | None:
    """None where no dose of the day was vomited; a dose that was recorded by mistake was never drunk."""
    query = (
        select(
            DayDose.id,
            DayDose.part,
            DayDose.mg_tenths,
            DayDose.recorded_at,
            StationVisit.recorded_at.label("vomited_at"),
            _one_time.c.id.label("order_id"),
            _one_time.c.mg_tenths.label("ordered_tenths"),
            _REPLACING.recorded_at.label("replaced_at"),
            StationVisit.minutes_after,
        )
        .select_from(DayDose)
        .join(StationVisit, and_(StationVisit.day_dose_id == DayDose.id, StationVisit.outcome == "vomited"))
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .outerjoin(
            _one_time,
            and_(
                _one_time.c.patient_id == DayDose.patient_id,
                _one_time.c.starts_on == DayDose.dose_on,
                _one_time.c.part == DayDose.part + FIRST_REPLACEMENT_PART - 1,
            ),
        )
        .outerjoin(_REPLACING, _REPLACING.replaces_id == DayDose.id)
        .where(
            DayDose.patient_id == patient_id,
            DayDose.dose_on == day,
            DayDose.part < FIRST_REPLACEMENT_PART,
            DoseVoid.id.is_(None),
        )
        .order_by(StationVisit.recorded_at.desc(), StationVisit.id.desc())
    )
    row = reader.execute(query).first()
    return None if row is None else VomitedDose(*row)
