"""The kept summary of one person's covered days: two bitmaps and the day they start on.

A stored gap would be wrong at midnight, so what is kept is the days; the gap is computed from today.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class Adherence:
    """Bit k of `covered` and `complete` stands for the day `anchor_on` + k.

    Kept in one normal form, so that equal values mean equal facts: the anchor is the first covered day, complete days
    are covered days, and nothing covered is EMPTY. Anything else is a damaged row and raises ValueError.
    """

    anchor_on: date | None
    covered: int
    complete: int

    def __post_init__(self) -> None:
        if self.anchor_on is None:
            normal = self.covered == 0 and self.complete == 0
        else:
            normal = self.covered > 0 and self.covered & 1 == 1 and self.complete & ~self.covered == 0
        if not normal:
            raise ValueError("adherence is not in its normal form")

    @property
    def covered_through(self) -> date | None:
        """The last covered day; None when no day is covered."""
        return None if self.anchor_on is None else self.anchor_on + timedelta(days=self.covered.bit_length() - 1)

    def is_covered(self, day: date) -> bool:
        """Whether a known dose, or one part of a split one, covers the day."""
        return bool(self.covered & self._bit(day))

    def is_complete(self, day: date) -> bool:
        """Whether everything ordered for the day is known to be taken."""
        return bool(self.complete & self._bit(day))

    def with_day(self, day: date, *, complete: bool) -> "Adherence":
        """Set the day to covered, and to complete or not; what was known of the day before does not matter."""
        if self.anchor_on is None:
            return Adherence(day, 1, int(complete))
        shift = max((self.anchor_on - day).days, 0)
        anchor_on, covered, done = self.anchor_on - timedelta(days=shift), self.covered << shift, self.complete << shift
        bit = 1 << (day - anchor_on).days
        return Adherence(anchor_on, covered | bit, done | bit if complete else done & ~bit)

    def without_day(self, day: date) -> "Adherence":
        """Take the day out again, as after a correction; unchanged when it was not covered."""
        bit = self._bit(day)
        if self.anchor_on is None or not self.covered & bit:
            return self
        covered, complete = self.covered & ~bit, self.complete & ~bit
        if not covered:
            return EMPTY
        shift = (covered & -covered).bit_length() - 1
        return Adherence(self.anchor_on + timedelta(days=shift), covered >> shift, complete >> shift)

    def covered_before(self, day: date) -> date | None:
        """The last covered day before `day`; None where nothing covers any."""
        if self.anchor_on is None or day <= self.anchor_on:
            return None
        earlier = self.covered & (1 << (day - self.anchor_on).days) - 1
        return self.anchor_on + timedelta(days=earlier.bit_length() - 1)

    def _bit(self, day: date) -> int:
        if self.anchor_on is None or day < self.anchor_on:
            return 0
        return 1 << (day - self.anchor_on).days


EMPTY = Adherence(None, 0, 0)


def recount(covered_days: Iterable[date], complete_days: Iterable[date]) -> Adherence:
    """Build the summary from the days themselves; a complete day is a covered one."""
    complete = set(complete_days)
    covered = set(covered_days) | complete
    if not covered:
        return EMPTY
    anchor_on = min(covered)
    return Adherence(anchor_on, _bits(covered, anchor_on), _bits(complete, anchor_on))


def coverage(adherence: Adherence, expected_days: Collection[date], first: date, last: date) -> tuple[int, int]:
    """Count (covered expected days, expected days) from first to last, both counted in."""
    expected = _between(expected_days, first, last)
    return sum(map(adherence.is_covered, expected)), len(expected)


def covered_between(adherence: Adherence, first: date, last: date) -> int:
    """Count the covered days from first to last, both counted in, whether an order ran on them or not."""
    if adherence.anchor_on is None or last < max(first, adherence.anchor_on):
        return 0
    skipped = max((first - adherence.anchor_on).days, 0)
    days = (last - adherence.anchor_on).days + 1 - skipped
    return (adherence.covered >> skipped & (1 << days) - 1).bit_count()


def complete_adherence(
    adherence: Adherence, expected_days: Collection[date], first: date, last: date
) -> tuple[int, int]:
    """Count (fully given expected days, expected days) from first to last, both counted in."""
    expected = _between(expected_days, first, last)
    return sum(map(adherence.is_complete, expected)), len(expected)


def bits_to_bytes(bits: int) -> bytes:
    """Pack a bitmap for the database: little endian, no padding, b"" for no bit."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def bits_from_bytes(packed: bytes) -> int:
    """Unpack what bits_to_bytes packed."""
    return int.from_bytes(packed, "little")


def _bits(days: Iterable[date], anchor_on: date) -> int:
    packed = 0
    for day in days:
        packed |= 1 << (day - anchor_on).days
    return packed


def _between(days: Collection[date], first: date, last: date) -> set[date]:
    return {day for day in days if first <= day <= last}
