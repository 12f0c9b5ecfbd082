"""Missed days and what a gap asks for. The software classifies the gap; it never computes or proposes a dose.

Sources are those of the table "Missed doses" in the programme's dispensing rules: every band is a row that a clinician
approves, and the shipped ones say that nobody has approved them yet.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class GapResponse(StrEnum):
    """What the window does about a gap, from the mildest to the strictest."""

    DOSE = "dose"
    CHECK = "check"
    SUSPEND = "suspend"
    END = "end"
    CONSIDER_ENDING = "consider_ending"

    @property
    def strictness(self) -> int:
        """Rank among the responses; a higher one is stricter."""
        return _STRICTNESS[self]

    @property
    def stops(self) -> bool:
        """Whether no dose may be given until a doctor has written a new order."""
        return self in _STOPPING


_STRICTNESS = {response: rank for rank, response in enumerate(GapResponse)}
_STOPPING = frozenset({GapResponse.SUSPEND, GapResponse.END, GapResponse.CONSIDER_ENDING})


@dataclass(frozen=True)
class GapBand:
    """One row of the table: gaps of `from_days` to `to_days` (both counted in; None is without end) get a response."""

    from_days: int
    to_days: int | None
    response: GapResponse
    source: str
    approved_on: date | None = None
    id: int = 0

    def holds(self, gap: int) -> bool:
        """Whether this row speaks of a gap of so many days."""
        return self.from_days <= gap and (self.to_days is None or gap <= self.to_days)


SHIPPED_BANDS = (
    GapBand(1, 1, GapResponse.DOSE, "Hướng dẫn 3140/QĐ-BYT (2010), chưa đối chiếu bản gốc"),
    GapBand(
        2,
        3,
        GapResponse.CHECK,
        "Hướng dẫn 3140/QĐ-BYT (2010), chưa đối chiếu bản gốc; Úc: hỏi bác sĩ kê đơn khi bỏ 3 ngày",
    ),
    GapBand(
        4,
        5,
        GapResponse.SUSPEND,
        "Hướng dẫn 3140/QĐ-BYT (2010), chưa đối chiếu bản gốc; Úc: bác sĩ kê đơn phải khám khi bỏ 4 ngày",
    ),
    GapBand(
        6,
        29,
        GapResponse.END,
        "Thực hành của năm cơ sở điều trị tại Hải Phòng (PMC5577787); Úc: khởi liều lại khi bỏ 5 ngày",
    ),
    GapBand(
        30,
        None,
        GapResponse.CONSIDER_ENDING,
        "Nghị định 141/2024/NĐ-CP, điều 36 (theo tài liệu trích dẫn)",
    ),
)


def consecutive_missed_days(expected: Collection[date], covered: Collection[date], today: date) -> int:
    """Count missed days backwards from yesterday; today can still be dosed.

    A day is missed when an order ran (`expected`) and no known dose covered it. Only a covered day ends the run: a day
    without an order is not counted and closes no gap.
    """
    last_covered = max((day for day in covered if day < today), default=date.min)
    return sum(1 for day in set(expected) - set(covered) if last_covered < day < today)


def gap_days(covered_through: date | None, today: date, reviewed_through: date | None = None) -> int | None:
    """Count the whole days without a known dose before today: the safe form, used at the window.

    Days on which no order ran count too, because tolerance falls all the same. `reviewed_through` is the last missed
    day that a doctor had before their eyes when writing a restart order. None: nothing has ever covered this person.
    """
    if covered_through is None:
        return None
    known = covered_through if reviewed_through is None else max(covered_through, reviewed_through)
    return max((today - known).days - 1, 0)


def band_for(gap: int | None, bands: Sequence[GapBand]) -> GapBand | None:
    """Find the row that answers a gap; None for no gap, or for one below the first row.

    Where rows overlap the stricter one wins. A hole in the table is answered by the strictest row below it, and an
    empty table by the shipped rows: nobody is dosed as usual because a row is missing.
    """
    if gap is None or gap <= 0:
        return None
    below = [band for band in bands or SHIPPED_BANDS if band.from_days <= gap]
    candidates = [band for band in below if band.holds(gap)] or below
    return max(candidates, key=lambda band: (band.response.strictness, band.from_days, band.id), default=None)
