"""What a site may set of a rule, and what it may not: nobody is texted at night, nor hunted with tasks."""

from __future__ import annotations

from datetime import time

from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import EVENING_BEFORE, SECOND_TEXT
from counseling.domain.sending_hours import QUIET_FROM, QUIET_UNTIL

# Fewer minutes would send everybody at nearly the same one, and the same one every day.
SHORTEST_MINUTES = 30
EVENING = time(17)  # before that "tomorrow" is not what people think of
SILENCE_BETWEEN, UNSEEN_BETWEEN, TASKS_BETWEEN = (2, 14), (3, 30), (0, 20)
FIGURES = {"silence_days": SILENCE_BETWEEN, "unseen_days": UNSEEN_BETWEEN, "most_open_tasks": TASKS_BETWEEN}


def ensure_rule(
    kind: str,
    not_before: time,
    not_after: time,
    silence_days: int | None = None,
    unseen_days: int | None = None,
    most_open_tasks: int | None = None,
) -> None:
    """Refuses at_night, hours_too_short, not_evening; figure_missing, figure_out_of_range (`name`, `least`, `most`)."""
    if not_before < QUIET_UNTIL or not_after > QUIET_FROM:
        raise Refusal("at_night")
    if _minute(not_after) - _minute(not_before) < SHORTEST_MINUTES:
        raise Refusal("hours_too_short", minutes=SHORTEST_MINUTES)
    if kind == EVENING_BEFORE and not_before < EVENING:
        raise Refusal("not_evening", hour=EVENING.hour)
    if kind != SECOND_TEXT:
        return
    given = {"silence_days": silence_days, "unseen_days": unseen_days, "most_open_tasks": most_open_tasks}
    for name, value in given.items():
        least, most = FIGURES[name]
        if value is None:
            raise Refusal("figure_missing", name=name, least=least, most=most)
        if not least <= value <= most:
            raise Refusal("figure_out_of_range", name=name, least=least, most=most)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute
