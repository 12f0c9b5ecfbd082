"""When a doctor's order may be written. Doses in tenths of mg a day; the software never proposes one."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from itertools import pairwise

from counseling.domain.order_limits import LONGEST_DAYS_TYPED, SHIPPED_VALUES, LimitName
from counseling.domain.refusal import Refusal


class Phase(StrEnum):
    """Phase of treatment an order belongs to."""

    INDUCTION = "induction"
    ADJUSTMENT = "adjustment"
    MAINTENANCE = "maintenance"
    TAPER = "taper"
    ONE_TIME = "one_time"


# Above so many tenths a day two doctors decide, until a facility has said otherwise.
SECOND_DOCTOR_TENTHS = SHIPPED_VALUES[LimitName.TWO_DOCTORS] or 0
# Not a clinical figure: a day of more than 500 mg is taken for a typing error (605 for 60,5) and never stored.
ABSOLUTE = 5000
# A split dose is at most so many parts of one day.
MOST_PARTS = 4


# A taper is one order written as so many steps at most.
MOST_STEPS = 10
LIMIT_OF_PHASE = {
    Phase.INDUCTION: LimitName.INDUCTION_DAYS,
    Phase.ADJUSTMENT: LimitName.ADJUSTMENT_DAYS,
    Phase.MAINTENANCE: LimitName.MAINTENANCE_DAYS,
    Phase.TAPER: LimitName.TAPER_DAYS,
}


def longest_days_of(phase: Phase, limits: Mapping[LimitName, int | None]) -> int | None:
    """The longest order of a phase in days; None: not limited. A one-time order is one dose of one day."""
    return 1 if phase is Phase.ONE_TIME else limits[LIMIT_OF_PHASE[phase]]


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
    above_usual_considered: bool = False,
    limits: Mapping[LimitName, int | None] = SHIPPED_VALUES,
) -> None:
    """Refuse an order that may not be written.

    `longest_days` is the row of this phase, both ends counted (None: no limit set); `is_first_ever`: nothing has
    covered this person before, here or elsewhere; `second_doctor`: another doctor has agreed to this very order;
    `above_usual_considered`: the doctor says that this first day is above the usual one on purpose.
    Codes: order_no_dose, order_too_many_parts, order_ends_before_start, order_starts_in_past, order_too_long,
    order_dose_above_ceiling, first_dose_above_30, first_dose_above_usual, dose_above_300_needs_second_doctor.
    """
    _ensure_dates(phase, starts_on, ends_on, today, longest_days)
    _ensure_parts(parts_tenths)
    day_tenths = sum(parts_tenths)
    if day_tenths > ABSOLUTE:
        raise Refusal("order_dose_above_ceiling", mg_tenths=day_tenths, limit_tenths=ABSOLUTE)
    # The whole first day counts, not its first part: two parts of 30 mg are a first day of 60 mg.
    if is_first_ever:
        _ensure_first_day(day_tenths, limits, above_usual_considered)
    two_doctors = limits[LimitName.TWO_DOCTORS] or 0
    if day_tenths > two_doctors and not second_doctor:
        raise Refusal("dose_above_300_needs_second_doctor", mg_tenths=day_tenths, limit_tenths=two_doctors)


def _ensure_dates(phase: Phase, starts_on: date, ends_on: date, today: date, longest_days: int | None) -> None:
    if ends_on < starts_on:
        raise Refusal("order_ends_before_start", starts_on=starts_on, ends_on=ends_on)
    if starts_on < today:
        raise Refusal("order_starts_in_past", starts_on=starts_on, today=today)
    days = (ends_on - starts_on).days + 1
    most = LONGEST_DAYS_TYPED if longest_days is None else longest_days
    if days > most:
        raise Refusal("order_too_long", phase=phase, days=days, longest_days=most)


def _ensure_parts(parts_tenths: Sequence[int]) -> None:
    if not parts_tenths or min(parts_tenths) <= 0:
        raise Refusal("order_no_dose")
    if len(parts_tenths) > MOST_PARTS:
        raise Refusal("order_too_many_parts", parts=len(parts_tenths), most=MOST_PARTS)


def _ensure_first_day(day_tenths: int, limits: Mapping[LimitName, int | None], considered: bool) -> None:
    never, usual = limits[LimitName.FIRST_DAY_NEVER] or 0, limits[LimitName.FIRST_DAY_USUAL] or 0
    if day_tenths > never:
        raise Refusal("first_dose_above_30", mg_tenths=day_tenths, limit_tenths=never)
    if day_tenths > usual and not considered:
        raise Refusal("first_dose_above_usual", mg_tenths=day_tenths, limit_tenths=usual)


def ensure_steps(steps: Sequence[tuple[date, int]], ends_on: date) -> None:
    """Refuse a taper whose steps do not go forward in time and down in dose. `step` in the facts counts from 1.

    Each step is (first day, tenths of a mg a day) and reaches to the day before the next; the last one to `ends_on`.
    Codes: taper_needs_steps, taper_too_many_steps, taper_days_not_forward, taper_not_down, order_ends_before_start.
    """
    if len(steps) < 2:
        raise Refusal("taper_needs_steps")
    if len(steps) > MOST_STEPS:
        raise Refusal("taper_too_many_steps", most=MOST_STEPS)
    for number, ((earlier_on, earlier_mg), (later_on, later_mg)) in enumerate(pairwise(steps), start=2):
        if later_on <= earlier_on:
            raise Refusal("taper_days_not_forward", step=number, after=earlier_on)
        # A step up in a table of steps down is a slip of the pen: 605 for 60,5 would be one.
        if later_mg >= earlier_mg:
            raise Refusal("taper_not_down", step=number, mg_tenths=later_mg, previous_tenths=earlier_mg)
    if ends_on < steps[-1][0]:
        raise Refusal("order_ends_before_start", starts_on=steps[-1][0], ends_on=ends_on)
