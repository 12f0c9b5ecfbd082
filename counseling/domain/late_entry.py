"""Doses that were given while the line or the power was away: what may be entered afterwards from the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from counseling.domain.missed_doses import GapBand, band_for, gap_days
from counseling.domain.refusal import Refusal
from counseling.domain.window import RunningOrder

MOST_DAYS_BACK = 30  # not a clinical figure: older papers are asked about in the books, not typed from memory
# Codes of `why_not` that a dose may be kept with: it was drunk all the same.
BESIDE_THE_RULES = (
    "dosed_elsewhere",
    "outside_ledger",
    "already_dosed",
    "not_active",
    "order_stopped",
    "no_order",
    "gap_stops_dose",
    "on_hold",
)
# Of these the amount is the order's all the same: a dose that was drunk stands in the ledger.
OF_THE_ORDER = (None, "gap_stops_dose", "on_hold")


@dataclass(frozen=True)
class PaperDay:
    """What is known of one person on the day that a paper tells of; `given`: the parts that count, wherever drunk.

    `covered_before`: the last covered day before that day, whatever covers later ones.
    """

    day: date
    registered_on: date
    is_active: bool
    order: RunningOrder | None
    order_was_stopped: bool
    given: tuple[int, ...]
    is_elsewhere: bool
    has_incident: bool
    covered_before: date | None
    was_on_hold: bool = False  # at any moment of that day

    @property
    def gap(self) -> int | None:
        """Whole days without a known dose before that day; as at the window, none once a part of the day is given."""
        return 0 if self.given else gap_days(self.covered_before, self.day)

    @property
    def unreviewed_gap(self) -> int | None:
        """The same, less the days that a doctor had in view when restarting."""
        if self.given or self.order is None:
            return self.gap
        return gap_days(self.covered_before, self.day, self.order.gap_reviewed_through)

    def missing_parts(self) -> tuple[tuple[int, int], ...]:
        """The parts of the day's order without a known dose, with their tenths of a mg."""
        parts = self.order.parts if self.order else ()
        return tuple(part for part in parts if part[0] not in self.given)


def ensure_enterable(day: date, today: date) -> None:
    """Refuse late_entry_in_future and late_entry_too_old."""
    if day > today:
        raise Refusal("late_entry_in_future", today=today)
    if (today - day).days > MOST_DAYS_BACK:
        raise Refusal("late_entry_too_old", days=MOST_DAYS_BACK)


def why_not(person: PaperDay, bands: Sequence[GapBand]) -> str | None:
    """The code of the rule that keeps somebody off the sheet where all are entered at once; None: they may stand there.

    before_registration, dosed_elsewhere, outside_ledger (drunk and kept as an incident), already_dosed, not_active,
    order_stopped, no_order, on_hold, gap_stops_dose. A known dose goes before what might have forbidden it.
    """
    if person.day < person.registered_on:
        return "before_registration"
    if person.is_elsewhere:
        return "dosed_elsewhere"
    if person.has_incident:
        return "outside_ledger"
    if person.given and not person.missing_parts():
        return "already_dosed"
    if not person.is_active:
        return "not_active"
    if person.order is None:
        return "order_stopped" if person.order_was_stopped else "no_order"
    if person.was_on_hold:
        return "on_hold"
    band = band_for(person.unreviewed_gap, bands)
    return "gap_stops_dose" if band is not None and band.response.stops else None


def part_drunk(person: PaperDay, mg_tenths: int, code: str | None) -> int | None:
    """The part of the order that a dose on paper is, where it can stand in the ledger; None where it is an incident.

    What a band or a hold would have stopped was drunk all the same, and the amount is the order's: it stands in the
    ledger, for there it covers the day and keeps a second dose away. What no order allowed, or another amount, cannot.
    """
    if code not in OF_THE_ORDER:
        return None
    return next((part for part, mg in person.missing_parts() if mg == mg_tenths), None)
