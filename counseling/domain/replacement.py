"""A dose that was vomited is replaced only by a doctor's one-time order; what it is to be, nobody here computes."""

from dataclasses import dataclass
from datetime import datetime

from counseling.domain.refusal import Refusal

FIRST_REPLACEMENT_PART = 11  # a replacement of part n is part 10 + n


@dataclass(frozen=True)
class VomitedDose:
    """A dose of the day that did not stay down, and what has been done about it."""

    dose_id: int
    part: int
    mg_tenths: int
    given_at: datetime
    vomited_at: datetime
    order_id: int | None = None  # the one-time order
    ordered_tenths: int | None = None
    replaced_at: datetime | None = None
    minutes_after: int | None = None  # as the window said

    @property
    def replacing_part(self) -> int:
        return FIRST_REPLACEMENT_PART - 1 + self.part

    @property
    def minutes(self) -> int:
        """Whole minutes between the dose and the vomiting: as they were said, else between the two entries."""
        if self.minutes_after is not None:
            return self.minutes_after
        return max(int((self.vomited_at - self.given_at).total_seconds() // 60), 0)


def ensure_may_order(vomited: VomitedDose | None, mg_tenths: int) -> VomitedDose:
    """Refuse a one-time order that nothing asks for. Codes: no_vomited_dose, replacement_ordered_already,
    replacement_above_dose.
    """
    if vomited is None:
        raise Refusal("no_vomited_dose")
    if vomited.order_id is not None:
        raise Refusal("replacement_ordered_already", mg_tenths=vomited.ordered_tenths)
    if mg_tenths > vomited.mg_tenths:
        raise Refusal("replacement_above_dose", mg_tenths=mg_tenths, limit_tenths=vomited.mg_tenths)
    return vomited


def ensure_may_give(vomited: VomitedDose | None, order_id: int, mg_tenths: int) -> VomitedDose:
    """Refuse a replacement that no order stands for. Codes: no_replacement_order, order_changed, replaced_already."""
    if vomited is None or vomited.order_id is None:
        raise Refusal("no_replacement_order")
    if vomited.replaced_at is not None:
        raise Refusal("replaced_already", at=vomited.replaced_at)
    if (vomited.order_id, vomited.ordered_tenths) != (order_id, mg_tenths):
        raise Refusal("order_changed")
    return vomited
