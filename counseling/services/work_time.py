"""How long one kind of work goes on before another has its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counseling.clock import monotonic

# Asked before each step of long work. A step that has begun is brought to its end.
MayGoOn = Callable[[], bool]


def as_long_as_it_takes() -> bool:
    return True


@dataclass(frozen=True)
class WorkTime:
    """`seconds` only grow; `is_ending`: whether the process was told to end."""

    seconds: Callable[[], float] = monotonic
    is_ending: Callable[[], bool] = lambda: False

    def within(self, seconds: float, also: MayGoOn = as_long_as_it_takes) -> MayGoOn:
        """From now on for so long at most, as long as `also` holds and nobody has told the process to end."""
        until = self.seconds() + seconds
        return lambda: not self.is_ending() and self.seconds() < until and also()
