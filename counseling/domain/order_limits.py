"""The figures that bound an order: longest days per phase, the first day's dose, and when two doctors decide.

They are rows that a doctor of the facility approves or changes; these shipped ones hold until then.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from counseling.domain.refusal import Refusal


class LimitName(StrEnum):
    """What a limit is about: days and hours are whole, doses tenths of a mg a day."""

    INDUCTION_DAYS = "induction_days"
    ADJUSTMENT_DAYS = "adjustment_days"
    MAINTENANCE_DAYS = "maintenance_days"
    TAPER_DAYS = "taper_days"
    FIRST_DAY_USUAL = "first_day_usual"
    FIRST_DAY_NEVER = "first_day_never"
    TWO_DOCTORS = "two_doctors"
    OBSERVATION_HOURS = "observation_hours"

    @property
    def is_days(self) -> bool:
        return self.value.endswith("_days")

    @property
    def is_hours(self) -> bool:
        return self is LimitName.OBSERVATION_HOURS

    @property
    def is_dose(self) -> bool:
        return not self.is_days and not self.is_hours


@dataclass(frozen=True)
class OrderLimit:
    """One row. `value` None: not limited here (days only)."""

    name: LimitName
    value: int | None
    source: str
    approved_on: date | None = None
    id: int = 0


_UNREAD = "chưa đối chiếu bản gốc; bác sĩ phụ trách duyệt trước khi dùng"
SHIPPED_LIMITS = (
    OrderLimit(LimitName.INDUCTION_DAYS, None, _UNREAD),
    OrderLimit(LimitName.ADJUSTMENT_DAYS, None, _UNREAD),
    OrderLimit(LimitName.MAINTENANCE_DAYS, 30, "Thông tư 26/2023/TT-BYT, điều 5"),
    OrderLimit(LimitName.TAPER_DAYS, None, _UNREAD),
    OrderLimit(LimitName.FIRST_DAY_USUAL, 200, "Hướng dẫn của WHO (2009), phụ lục 12"),
    OrderLimit(LimitName.FIRST_DAY_NEVER, 300, "Hướng dẫn của WHO (2009), phụ lục 12"),
    OrderLimit(LimitName.TWO_DOCTORS, 3000, "Cách kiểm tra của một hệ thống bệnh viện khác (theo tài liệu trích dẫn)"),
    OrderLimit(LimitName.OBSERVATION_HOURS, 3, "Theo dõi 3–4 giờ sau liều đầu (theo tài liệu trích dẫn)"),
)
SHIPPED_VALUES: Mapping[LimitName, int | None] = {limit.name: limit.value for limit in SHIPPED_LIMITS}
# Read in the source itself and without exception there: no signature goes above it.
FIRST_DAY_NEVER_ABOVE = 300
# Not clinical figures: what is longer or more than this is taken for a slip of the pen.
LONGEST_DAYS_TYPED = 366
MOST_TENTHS_TYPED = 5000
MOST_HOURS_TYPED = 12


def values_of(limits: Sequence[OrderLimit]) -> dict[LimitName, int | None]:
    """The value of every limit; one without a row keeps the shipped value: a missing row limits all the same."""
    return {**SHIPPED_VALUES, **{limit.name: limit.value for limit in limits}}


def ensure_limits(values: Mapping[LimitName, int | None]) -> None:
    """Refuse limits that may not stand. `name` in the facts is the row that the refusal is about.

    Codes: limit_missing (a dose without a bound), limit_out_of_range, first_day_above_30,
    first_day_usual_above_never.
    """
    for name in LimitName:
        _ensure_in_range(name, values.get(name))
    never, usual = values[LimitName.FIRST_DAY_NEVER] or 0, values[LimitName.FIRST_DAY_USUAL] or 0
    if never > FIRST_DAY_NEVER_ABOVE:
        raise Refusal("first_day_above_30", name=LimitName.FIRST_DAY_NEVER, limit_tenths=FIRST_DAY_NEVER_ABOVE)
    if usual > never:
        raise Refusal("first_day_usual_above_never", name=LimitName.FIRST_DAY_USUAL, limit_tenths=never)


def _ensure_in_range(name: LimitName, value: int | None) -> None:
    most = LONGEST_DAYS_TYPED if name.is_days else MOST_HOURS_TYPED if name.is_hours else MOST_TENTHS_TYPED
    if value is None and not name.is_days:
        raise Refusal("limit_missing", name=name)
    if value is not None and not 1 <= value <= most:
        raise Refusal("limit_out_of_range", name=name, most=most)


def looser_than(
    values: Mapping[LimitName, int | None], other: Mapping[LimitName, int | None] = SHIPPED_VALUES
) -> Collection[LimitName]:
    """Which limits allow more than `other`; without a bound is more than any bound."""
    return tuple(name for name in LimitName if _allows(name, values[name]) > _allows(name, other[name]))


def _allows(name: LimitName, value: int | None) -> float:
    """How much a limit lets through: a shorter observation more than a longer one."""
    if name.is_hours:
        return -(value or 0)
    return float("inf") if value is None else value
