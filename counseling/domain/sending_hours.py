"""When an automatic text may go out: not at night, and not at the same minute every day."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from random import Random
from zoneinfo import ZoneInfo

# Decree 91/2020 on unwanted messages excepts personal ones; its spirit is kept (design note on texts, "Law").
QUIET_FROM, QUIET_UNTIL = time(20, 0), time(7, 0)
MINUTE = 60


def is_quiet(now: datetime, zone: ZoneInfo) -> bool:
    """Whether nobody is sent an automatic text at this moment: from 20:00 until 7:00 at the station."""
    at = now.astimezone(zone).time()
    return at >= QUIET_FROM or at < QUIET_UNTIL


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which a clock at the station shows this time of this day."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def end_of_sending(day: date, zone: ZoneInfo) -> datetime:
    """When the night's silence begins on a day: a text of that day is stale from then on."""
    return instant(day, QUIET_FROM, zone)


def minutes_left(day: date, not_before: time, not_after: time, *, earliest: datetime, zone: ZoneInfo) -> range:
    """The minutes of `day` that a text may take: between two times of day, after `earliest`, outside the quiet hours.

    Even days take the even minutes of the day and odd days the odd ones, so that two days in a row never share a
    minute, nor two weeks.
    """
    begins = max(instant(day, max(not_before, QUIET_UNTIL), zone), earliest)
    ends = instant(day, min(not_after, QUIET_FROM), zone)
    first = _minute_of_day(begins, day, zone, round_up=True)
    last = _minute_of_day(ends, day, zone, round_up=False)
    return range(first + (first + day.toordinal()) % 2, last, 2)


def moment_of(minutes: Sequence[int], day: date, zone: ZoneInfo, dice: Random) -> datetime:
    """One moment (UTC) of these minutes of the day, by a throw."""
    minute = dice.choice(minutes)
    return instant(day, time(minute // MINUTE, minute % MINUTE, dice.randrange(MINUTE)), zone)


def _minute_of_day(at: datetime, day: date, zone: ZoneInfo, *, round_up: bool) -> int:
    """Minutes from midnight of `day`; a moment of an earlier or later day is its first or last minute."""
    local = at.astimezone(zone)
    if local.date() != day:
        return 0 if local.date() < day else 24 * MINUTE
    begun = bool(local.second or local.microsecond)
    return local.hour * MINUTE + local.minute + int(round_up and begun)
