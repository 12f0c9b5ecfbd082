"""The state of a station day, and when a station is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum

from counseling.domain.refusal import Refusal


class DayState(StrEnum):
    """What the system may conclude depends on it: on a paper morning "no dose recorded" is not "did not come"."""

    OPENED = "opened"
    RECORDING = "recording"
    ON_PAPER = "on_paper"
    CLOSED = "closed"


NEXT_STATES: Mapping[DayState, frozenset[DayState]] = {
    DayState.OPENED: frozenset({DayState.RECORDING, DayState.ON_PAPER, DayState.CLOSED}),
    DayState.RECORDING: frozenset({DayState.ON_PAPER, DayState.CLOSED}),
    DayState.ON_PAPER: frozenset({DayState.RECORDING, DayState.CLOSED}),
    DayState.CLOSED: frozenset(),
}
_RECORDABLE = frozenset({DayState.OPENED, DayState.RECORDING})


@dataclass(frozen=True)
class Hours:
    """Opening hours of one day, local time of the station."""

    opens_at: time
    closes_at: time


def ensure_may_move(current: DayState, to: DayState) -> None:
    """Refuse (station_day_may_not_move) a change that the table does not name; staying where one is, is none either."""
    if to not in NEXT_STATES[current]:
        raise Refusal("station_day_may_not_move", current=current, to=to)


def may_record(state: DayState | None) -> bool:
    """Whether a dose may be recorded now; None is a day that was never opened.

    Doses of a paper morning come in as late entries, which name the paper, and not through the window.
    """
    return state in _RECORDABLE


def opening_on(day: date, weekly: Mapping[int, Hours], exceptions: Mapping[date, Hours | None]) -> Hours | None:
    """Find the hours of a day; None is shut.

    `weekly` by `date.weekday()` (Monday is 0), a missing weekday is shut; an exception, open or shut, goes before it.
    """
    return exceptions[day] if day in exceptions else weekly.get(day.weekday())
