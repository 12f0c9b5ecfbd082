"""People's usual hours, as the list of a station needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from counseling.domain.usual_hours import MINUTES_OF_A_DAY


class Coded(Protocol):
    @property
    def patient_id(self) -> int: ...

    @property
    def register_code(self) -> str: ...


R = TypeVar("R", bound=Coded)


def in_usual_order(rows: Iterable[R], minutes: Mapping[int, int]) -> list[R]:
    """Whoever usually comes first stands first; those of whom nothing is known come last, by their codes."""
    return sorted(rows, key=lambda row: (minutes.get(row.patient_id, MINUTES_OF_A_DAY), row.register_code))
