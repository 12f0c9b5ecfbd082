"""Counting people's usual hours again, for a whole station in one statement."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, Select, cast, extract, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from counseling.domain.usual_hours import DAYS_COUNTED, DAYS_LOOKED_BACK, MINUTES_OF_A_DAY
from counseling.models.doses import DayDose, DoseVoid
from counseling.models.patients import TreatmentFile
from counseling.models.usual_hours import UsualHour


def count_usual_hours(tx: Session, site_id: int, day: date, now: datetime, zone: ZoneInfo) -> None:
    """Keep the median of each person's last days at the window of their station, as it stands before `day`.

    Whoever has not been dosed there lately keeps what was counted last; whoever never was has no row. A dose that was
    typed in from paper says when somebody typed, so it does not count.
    """
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    offset = zone.utcoffset(now)
    shift = int(offset.total_seconds()) // 60 if offset else 0
    counted = dialect.insert(UsualHour).from_select(
        ["patient_id", "minute_of_day", "counted_on"], _medians(site_id, day, shift)
    )
    kept = {"minute_of_day": counted.excluded.minute_of_day, "counted_on": counted.excluded.counted_on}
    tx.execute(counted.on_conflict_do_update(index_elements=["patient_id"], set_=kept))


def _medians(site_id: int, day: date, shift: int) -> Select[int, int, date]:
    """The lower one of the two in the middle where their number is even: a minute at which somebody really came."""
    last = _last_days(site_id, day, shift).subquery("last_days")
    placed = (
        select(
            last.c.patient_id,
            last.c.minute,
            func.row_number().over(partition_by=last.c.patient_id, order_by=last.c.minute).label("place"),
            func.count().over(partition_by=last.c.patient_id).label("days"),
        )
        .where(last.c.days_back <= DAYS_COUNTED)
        .subquery("placed")
    )
    middle = or_(placed.c.place * 2 == placed.c.days, placed.c.place * 2 == placed.c.days + 1)
    return select(placed.c.patient_id, placed.c.minute, literal(day)).where(middle)


def _last_days(site_id: int, day: date, shift: int) -> Select[int, int, int]:
    """The first part of each day: somebody with a split dose comes twice, and is expected the first time."""
    since = day - timedelta(days=DAYS_LOOKED_BACK)
    latest_first = func.row_number().over(partition_by=DayDose.patient_id, order_by=DayDose.dose_on.desc())
    return (
        select(DayDose.patient_id, _minute(shift).label("minute"), latest_first.label("days_back"))
        .join(TreatmentFile, TreatmentFile.patient_id == DayDose.patient_id)
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(
            DayDose.site_id == site_id,
            DayDose.dose_on >= since,
            DayDose.dose_on < day,
            DayDose.part == 1,
            DayDose.kind == "observed",
            DayDose.source == "window",
            DoseVoid.id.is_(None),
            TreatmentFile.station_id == site_id,
        )
    )


def _minute(shift: int) -> ColumnElement[int]:
    """Minute of the local day, alike on both databases: from seconds since 1970, whatever zone a connection is in."""
    seconds = cast(extract("epoch", DayDose.recorded_at), BigInteger)
    return (seconds // 60 + shift) % MINUTES_OF_A_DAY
