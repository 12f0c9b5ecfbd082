"""Stops a site's reminders when far more of them go out than a day's plan holds: something is wrong that nobody knows.

Everything else that holds texts back (expiry, one occurrence each, three a day and person) trusts the clock and the
program. This one counts what goes out by the machine's running time, so that a clock that jumps from day to day, or a
plan that is made again and again, ends after three days' worth instead of never.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from counseling import logs
from counseling.clock import running_seconds, station_day
from counseling.database import AnySession
from counseling.queries.planned_texts import find_days_plan
from counseling.services.reminder_gates import WAIT, why_not_now
from counseling.services.sending_pauses import stop_sending

A_DAY = 24 * 3600.0
TIMES_THE_PLAN = 3
ALWAYS_FINE = 20  # texts of one site in a day: of three people, nine are no burst
Sender = tuple[int, str]  # site and side


class Breaker:
    """What one process has sent within a day, site by site. Used by one thread at a time.

    What it counts is gone with the process; what it has stopped stays stopped until somebody of the site has looked.
    """

    def __init__(self, seconds: Callable[[], float] = running_seconds) -> None:
        self._seconds = seconds
        self._begun: defaultdict[Sender, dict[int, float]] = defaultdict(dict)
        self._most: dict[Sender, tuple[date, int]] = {}  # of which day, and how many
        self._stopped: set[Sender] = set()

    def look_again(self, tx: Session, message: Any, now: datetime, zone: ZoneInfo) -> str | None:
        """The second look of the sender, and one more: whether this is still within reason."""
        why = why_not_now(tx, message, now, zone)
        if why is not None or message.reminder_id is None:
            return why
        return None if self._is_within_reason(tx, message, now, zone) else WAIT

    def stop_what_broke(self, session: AnySession, now: datetime) -> int:
        """Write down which sites are stopped, in a transaction of its own; gives how many."""
        stopped = sorted(self._stopped)
        for site_id, side in stopped:
            stop_sending(session, site_id, side, now=now)
            logs.logger().error("far more texts than planned: a site's are stopped", job="break", site_id=site_id)
            self._stopped.discard((site_id, side))
            self._begun.pop((site_id, side), None)  # whoever lets them go again has looked at what went out
        return len(stopped)

    def _is_within_reason(self, tx: Session, message: Any, now: datetime, zone: ZoneInfo) -> bool:
        sender = (message.site_id, message.side)
        if sender in self._stopped:
            return False
        begun = self._begun[sender]
        if message.id not in begun:  # a text that is tried again is one text
            self._forget_old(begun)
            today = station_day(now, zone)
            of_day, most = self._most.get(sender, (today, ALWAYS_FINE))
            if of_day != today or len(begun) >= most:  # the plan of a large day says nothing of a small one
                most = max(ALWAYS_FINE, TIMES_THE_PLAN * find_days_plan(tx, *sender, today, zone))
                self._most[sender] = (today, most)
            if len(begun) >= most:
                self._stopped.add(sender)
                return False
            begun[message.id] = self._seconds()
        return True

    def _forget_old(self, begun: dict[int, float]) -> None:
        """They stand in the order in which they went."""
        over = self._seconds() - A_DAY
        for message_id in list(takewhile(lambda message_id: begun[message_id] <= over, begun)):
            del begun[message_id]
