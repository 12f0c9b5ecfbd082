"""When somebody may be asked to come to a counseling point, and what an appointment may become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from counseling.domain.refusal import Refusal
from counseling.domain.station_days import Hours

MOST_DAYS_AHEAD = 366
# Kept and missed are each other's correction: somebody came after all, or a tap was wrong. Cancelled is final.
NEXT_STATES: Mapping[str, frozenset[str]] = {
    "booked": frozenset({"kept", "missed", "cancelled"}),
    "kept": frozenset({"missed"}),
    "missed": frozenset({"kept"}),
    "cancelled": frozenset(),
}


def ensure_may_become(current: str, to: str) -> None:
    """Refuse (appointment_is_settled) a change that the table does not name."""
    if to not in NEXT_STATES[current]:
        raise Refusal("appointment_is_settled", state=current)


def ensure_ahead(starts_at: datetime, now: datetime) -> None:
    """Refuse a moment that has passed (appointment_in_past) or a slip of the year (appointment_too_late)."""
    if starts_at <= now:
        raise Refusal("appointment_in_past")
    if starts_at > now + timedelta(days=MOST_DAYS_AHEAD):
        raise Refusal("appointment_too_late", days=MOST_DAYS_AHEAD)


def ensure_may_move(on: date, today: date) -> None:
    """Refuse (appointment_has_passed) to move one of an earlier day: whether somebody came stays in the book."""
    if on < today:
        raise Refusal("appointment_has_passed")


def ensure_has_come(state: str, on: date, starts_at: datetime, today: date, now: datetime) -> None:
    """Refuse (appointment_not_yet) to say of an appointment that lies ahead how it went.

    Whoever comes earlier on its day has kept it; that somebody did not come is known once it has begun.
    """
    if on > today or (state == "missed" and now < starts_at):
        raise Refusal("appointment_not_yet")


def is_open_at(at: time, spans: Sequence[Hours]) -> bool:
    """Whether a site receives people at this time of a day with these opening hours."""
    return any(span.opens_at <= at < span.closes_at for span in spans)


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants between which a day lies at the station."""
    begins, ends = (datetime.combine(one, time(), zone) for one in (day, day + timedelta(days=1)))
    return begins, ends
