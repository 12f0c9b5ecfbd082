"""When a doctor's order may be written. Doses in tenths of mg a day; the software never proposes one."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from counseling.domain.refusal import Refusal


class Phase(StrEnum):
    """Phase of treatment an order belongs to."""

    INDUCTION = "induction"
    ADJUSTMENT = "adjustment"
    MAINTENANCE = "maintenance"
    TAPER = "taper"
    ONE_TIME = "one_time"


# WHO 2009, annex 12: the first dose is usually at most 20 mg and never above 30 mg.
FIRST_DOSE_TENTHS = 300
# Above 300 mg a day two doctors decide: another hospital system's check, quoted at second hand.
SECOND_DOCTOR_TENTHS = 3000
# Not a clinical figure: a day of more than 500 mg is taken for a typing error (605 for 60,5) and never stored.
ABSOLUTE = 5000
# A split dose is at most so many parts of one day.
MOST_PARTS = 4


def ensure_writable(
    *,
    phase: Phase,
    parts_tenths: Sequence[int],
    starts_on: date,
    ends_on: date,
    today: date,
    longest_days: int | None,
    is_first_ever: bool,
    second_doctor: bool,
) -> None:
    """Refuse an order that may not be written.

    `longest_days` is the row of this phase, both ends counted (None: no limit set); `is_first_ever`: nothing has
    covered this person before, here or elsewhere; `second_doctor`: another doctor has agreed to this very order.
    Codes: order_no_dose, order_too_many_parts, order_ends_before_start, order_starts_in_past, order_too_long,
    order_dose_above_ceiling, first_dose_above_30, dose_above_300_needs_second_doctor.
    """
    _ensure_dates(phase, starts_on, ends_on, today, longest_days)
    _ensure_parts(parts_tenths)
    _ensure_amount(sum(parts_tenths), is_first_ever=is_first_ever, second_doctor=second_doctor)


def _ensure_dates(phase: Phase, starts_on: date, ends_on: date, today: date, longest_days: int | None) -> None:
    if ends_on < starts_on:
        raise Refusal("order_ends_before_start", starts_on=starts_on, ends_on=ends_on)
    if starts_on < today:
        raise Refusal("order_starts_in_past", starts_on=starts_on, today=today)
    days = (ends_on - starts_on).days + 1
    if longest_days is not None and days > longest_days:
        raise Refusal("order_too_long", phase=phase, days=days, longest_days=longest_days)


def _ensure_parts(parts_tenths: Sequence[int]) -> None:
    if not parts_tenths or min(parts_tenths) <= 0:
        raise Refusal("order_no_dose")
    if len(parts_tenths) > MOST_PARTS:
        raise Refusal("order_too_many_parts", parts=len(parts_tenths), most=MOST_PARTS)


def _ensure_amount(day_tenths: int, *, is_first_ever: bool, second_doctor: bool) -> None:
    if day_tenths > ABSOLUTE:
        raise Refusal("order_dose_above_ceiling", mg_tenths=day_tenths, limit_tenths=ABSOLUTE)
    # The whole first day counts, not its first part: two parts of 30 mg are a first day of 60 mg.
    if is_first_ever and day_tenths > FIRST_DOSE_TENTHS:
        raise Refusal("first_dose_above_30", mg_tenths=day_tenths, limit_tenths=FIRST_DOSE_TENTHS)
    if day_tenths > SECOND_DOCTOR_TENTHS and not second_doctor:
        raise Refusal("dose_above_300_needs_second_doctor", mg_tenths=day_tenths, limit_tenths=SECOND_DOCTOR_TENTHS)
