"""When somebody usually comes to the window, and from when on they are later than usual."""

from datetime import time

DAYS_COUNTED = 14  # the last days on which they were dosed at the window
DAYS_LOOKED_BACK = 60  # who came less often in that time is counted by fewer days
# How long after their usual hour somebody is looked out for. Minutes; people vary by a quarter of an hour and more.
LATE_AFTER = 45
MINUTES_OF_A_DAY = 24 * 60


def minute_of(at: time) -> int:
    return at.hour * 60 + at.minute


def latest_usual_minute(now: time) -> int:
    """Whoever usually comes at this minute of the day, or earlier, is later than usual now; below 0 it is nobody."""
    return minute_of(now) - LATE_AFTER


def hour_after(minute: int) -> int:
    """ "Usually here before 8": the first full hour after the usual minute."""
    return minute // 60 + 1
