"""The only module that reads the clock: instants are aware UTC, days are station days."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_shift = timedelta(0)


def utc_now() -> datetime:
    """The present instant, aware, UTC; in demo mode and tests shifted by `start_at`."""
    return machine_now() + _shift


def machine_now() -> datetime:
    """The machine's own instant, aware, UTC, never shifted: for timers, which wait by it."""
    return datetime.now(UTC)


def station_day(instant: datetime, zone: ZoneInfo) -> date:
    """The calendar day at the station. A dose at 23:59 local belongs to that day, whatever UTC says."""
    return instant.astimezone(zone).date()


def monotonic() -> float:
    """Seconds that only grow, for measuring how long something took."""
    return time.monotonic()


def running_seconds() -> float:
    """Seconds for which the machine has been there, its sleep included; nobody who sets the clock moves them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def start_at(instant: datetime | None) -> None:
    """Let the clock count on from `instant` (demo mode and tests only); None goes back to the real time."""
    global _shift
    _shift = timedelta(0) if instant is None else instant - machine_now()
