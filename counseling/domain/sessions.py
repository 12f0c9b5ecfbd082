"""A counseling session: what it may be about, how long it was, and on which day it may be said to have been held."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from counseling.domain.refusal import Refusal

# In the order in which the form offers them. A word of a session is the counselor's: nobody else reads it.
TOPICS = ("health", "mood", "craving", "family", "work", "housing", "papers", "money", "friends", "other")
USUAL_MINUTES = (15, 30, 45, 60)
LONGEST_MINUTES = 480
MOST_DAYS_BACK = 30


def ensure_held_on(held_on: date, today: date) -> None:
    """Refuse a day that has not come (session_in_future) or is too long ago to be remembered (session_too_old)."""
    if held_on > today:
        raise Refusal("session_in_future")
    if held_on < today - timedelta(days=MOST_DAYS_BACK):
        raise Refusal("session_too_old", days=MOST_DAYS_BACK)


def ensure_minutes(minutes: int) -> None:
    """Refuse (minutes_out_of_range) what no talk lasts."""
    if not 1 <= minutes <= LONGEST_MINUTES:
        raise Refusal("minutes_out_of_range", longest=LONGEST_MINUTES)


def topics_text(topics: Collection[str]) -> str:
    """The topics as they are kept: in the list's order, with commas. Refuses topic_unknown."""
    if not set(topics) <= set(TOPICS):
        raise Refusal("topic_unknown")
    return ",".join(topic for topic in TOPICS if topic in topics)
