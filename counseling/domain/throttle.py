"""How long somebody waits after failed sign-ins: growing, and never for good.

A try that comes while waiting is turned away unread and not counted, so nobody can prolong another person's wait
without end. One bucket per account and one per device, so that a guesser elsewhere does not fill the device's.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

FREE_FAILURES = 5
FREE_WINDOW = timedelta(minutes=1)
FORGET_AFTER = timedelta(minutes=60)
LONGEST_WAIT = timedelta(minutes=15)


@dataclass(frozen=True)
class Bucket:
    """Failures of one account or one device; instants are aware UTC.

    `window_started_at` is the first failure of the running minute; once the free ones are used up, the last failure.
    """

    failures: int
    window_started_at: datetime
    blocked_until: datetime | None


def may_try(bucket: Bucket | None, now: datetime) -> bool:
    """Whether a sign-in may be tried now."""
    if bucket is None or bucket.blocked_until is None:
        return True
    # A wait longer than the longest comes from a clock that was put back: it must not shut anybody out.
    return not timedelta(0) < bucket.blocked_until - now <= LONGEST_WAIT


def after_failure(bucket: Bucket | None, now: datetime, *, free_window: timedelta = FREE_WINDOW) -> Bucket:
    """Count one failure: five in `free_window` are free, then waits of 1, 2, 4, 8 and from there 15 minutes.

    The count starts anew after 60 minutes without a failure. A longer `free_window` is stricter with slow guessing.
    """
    if bucket is None or _is_over(bucket, now, free_window):
        return Bucket(1, now, None)
    failures = bucket.failures + 1
    if failures <= FREE_FAILURES:
        return Bucket(failures, bucket.window_started_at, None)
    return Bucket(failures, now, now + wait_after(failures))


def wait_after(failures: int) -> timedelta:
    """How long the wait is after so many failures; none for the free ones."""
    if failures <= FREE_FAILURES:
        return timedelta(0)
    # The exponent is bounded because a count that grew for years must not overflow.
    return min(timedelta(minutes=2 ** min(failures - FREE_FAILURES - 1, 10)), LONGEST_WAIT)


def _is_over(bucket: Bucket, now: datetime, free_window: timedelta) -> bool:
    forgets_after = free_window if bucket.failures <= FREE_FAILURES else FORGET_AFTER
    return now - bucket.window_started_at >= forgets_after
