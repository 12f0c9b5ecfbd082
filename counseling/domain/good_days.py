"""Good days in a row that are worth a kind word at the window: "hôm nay tròn 100 ngày liền"."""

from collections.abc import Sequence
from datetime import date, timedelta

from counseling.domain.adherence import Adherence

ROUND: Sequence[int] = (7, 30, 50, 100, 200, 300, 365)
AGAIN_EVERY = (365, 500, 1000)  # once the list has ended


def is_round(days: int) -> bool:
    """Whether so many days are said aloud; between two such numbers nothing is."""
    return days in ROUND or (days > ROUND[-1] and any(days % every == 0 for every in AGAIN_EVERY))


def days_in_a_row(summary: Adherence, through: date) -> int:
    """Count the covered days that end with `through`; 0 when `through` itself is not covered."""
    if summary.anchor_on is None or not summary.is_covered(through):
        return 0
    length = (through - summary.anchor_on).days + 1
    uncovered = ~summary.covered & (1 << length) - 1
    return length - uncovered.bit_length()


def round_days(summary: Adherence, today: date) -> int | None:
    """The round number that today's dose completes, given or about to be given; None on every other day."""
    days = days_in_a_row(summary, today) or days_in_a_row(summary, today - timedelta(days=1)) + 1
    return days if is_round(days) else None
