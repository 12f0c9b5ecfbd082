"""What somebody may choose about texts, and what it means for the minute at which one goes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import time

from counseling.domain.refusal import Refusal
from counseling.domain.sending_hours import MINUTE

FIRST_HOUR, LAST_HOUR = 7, 19
WORK = "work"  # the pretext that ships: "Nhắc việc", covert by default


@dataclass(frozen=True)
class OwnHours:
    """`hour`: the hour of the day that somebody likes; the span is local time in which they want no text at all."""

    hour: int | None = None
    quiet_from: time | None = None
    quiet_until: time | None = None

    def is_quiet(self, at: time) -> bool:
        return self.quiet_from is not None and self.quiet_until is not None and self.quiet_from <= at < self.quiet_until


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Everything that one person has chosen about one of their files."""

    hours: OwnHours = OwnHours()
    pronoun: str | None = None
    pretext: str = WORK
    has_marks: bool = False
    calls_only: bool = False
    declined: frozenset[str] = frozenset()


AS_SHIPPED = Choices()


def minutes_for(minutes: range, own: OwnHours) -> Sequence[int]:
    """Of the minutes that a rule leaves, those that suit the person: outside their quiet hours, and within the hour
    that they like where the rule has it. Empty: nothing may go that day."""
    loud = [
        minute
        for minute in minutes
        if minute < 24 * MINUTE and not own.is_quiet(time(minute // MINUTE, minute % MINUTE))
    ]
    liked = [minute for minute in loud if minute // MINUTE == own.hour]
    return liked or loud


def ensure_choices(
    choices: Choices, kinds: Collection[str], pronouns: Collection[str], pretexts: Collection[str]
) -> None:
    """Refuses kind_unknown, pronoun_unknown, pretext_unknown, hour_unknown, quiet_half and quiet_order."""
    own = choices.hours
    if not choices.declined <= set(kinds):
        raise Refusal("kind_unknown")
    if choices.pronoun is not None and choices.pronoun not in pronouns:
        raise Refusal("pronoun_unknown")
    if choices.pretext not in pretexts:
        raise Refusal("pretext_unknown")
    if own.hour is not None and not FIRST_HOUR <= own.hour <= LAST_HOUR:
        raise Refusal("hour_unknown")
    if (own.quiet_from is None) != (own.quiet_until is None):
        raise Refusal("quiet_half")
    if own.quiet_from is not None and own.quiet_until is not None and own.quiet_from >= own.quiet_until:
        raise Refusal("quiet_order")
