"""May this dose be given at the window, now? Every rule that stands between a person and the cup, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from counseling.domain.missed_doses import GapBand, GapResponse, band_for, gap_days
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState, may_record


@dataclass(frozen=True)
class RunningOrder:
    """The order of the day as the window needs it: what part holds how many tenths of a mg."""

    id: int
    parts: tuple[tuple[int, int], ...]  # (part, tenths of mg)
    gap_reviewed_through: date | None = None


@dataclass(frozen=True)
class GivenDose:
    """A dose that counts today, wherever it was given."""

    part: int
    mg_tenths: int
    site_name: str
    recorded_at: datetime


@dataclass(frozen=True)
class Cup:
    """A dose that was poured today and is not drunk yet."""

    pour_id: int
    order_id: int
    part: int
    mg_tenths: int
    is_checked: bool  # "not intoxicated, not sedated" was answered before it was poured


@dataclass(frozen=True)
class Attendance:
    """What is known of one person on one day."""

    today: date
    day_state: DayState | None
    is_active: bool
    order: RunningOrder | None
    given: tuple[GivenDose, ...]
    covered_through: date | None
    was_withheld: bool = False  # today, for signs of intoxication
    is_on_hold: bool = False
    has_unread_alerts: bool = False  # read by nobody at a window today
    poured: Cup | None = None
    drank_beside: bool = False  # a dose of today that cannot stand in the ledger (`DoseIncident`)

    @property
    def gap(self) -> int | None:
        """Whole days without a known dose before today; None for somebody never dosed before."""
        if self.given:
            return 0
        return gap_days(self.covered_through, self.today)

    @property
    def unreviewed_gap(self) -> int | None:
        """The same, less the days that a doctor had in view when restarting: what the bands are asked with."""
        if self.given or self.order is None:
            return self.gap
        return gap_days(self.covered_through, self.today, self.order.gap_reviewed_through)

    def next_part(self) -> tuple[int, int] | None:
        """The first part of the order that has not been given today, with its tenths of a mg."""
        taken = {dose.part for dose in self.given}
        return next((part for part in self.order.parts if part[0] not in taken), None) if self.order else None


def band_of(attendance: Attendance, bands: Sequence[GapBand]) -> GapBand | None:
    return band_for(attendance.unreviewed_gap, bands)


def ensure_may_dose(attendance: Attendance, bands: Sequence[GapBand]) -> RunningOrder:
    """Give the order to dose by, or refuse what no answer at the window can make right. Codes, in this order:

    already_dosed (the day's order is fully given), drank_beside, not_active, day_not_open, on_hold, no_order,
    gap_stops_dose.
    """
    if attendance.given and attendance.next_part() is None:
        last = attendance.given[-1]
        raise Refusal("already_dosed", at=last.recorded_at, site=last.site_name, mg_tenths=last.mg_tenths)
    if attendance.drank_beside:
        raise Refusal("drank_beside")
    if not attendance.is_active:
        raise Refusal("not_active")
    if not may_record(attendance.day_state):
        raise Refusal("day_not_open", state=attendance.day_state)
    if attendance.is_on_hold:
        raise Refusal("on_hold")
    if attendance.order is None:
        raise Refusal("no_order")
    band = band_of(attendance, bands)
    if band is not None and band.response.stops:
        raise Refusal("gap_stops_dose", days=attendance.unreviewed_gap, response=band.response)
    return attendance.order


def needs_check(attendance: Attendance, bands: Sequence[GapBand]) -> bool:
    """Whether "not intoxicated, not sedated" must be answered before this dose."""
    if attendance.was_withheld:
        return True
    band = band_of(attendance, bands)
    return band is not None and band.response is GapResponse.CHECK


def ensure_may_pour(attendance: Attendance, bands: Sequence[GapBand]) -> None:
    """The same before anything is poured, and alert_unread: what stands beside the person is read first."""
    ensure_may_dose(attendance, bands)
    if attendance.has_unread_alerts:
        raise Refusal("alert_unread")
    if attendance.poured is not None:
        raise Refusal("already_poured")


def ensure_checked(attendance: Attendance, bands: Sequence[GapBand], *, is_checked: bool) -> None:
    """Refuse (check_missing) a dose before which the question was not answered that had to be asked."""
    if needs_check(attendance, bands) and not is_checked:
        raise Refusal("check_missing")


def ensure_poured(attendance: Attendance, order_id: int, part: int, mg_tenths: int) -> Cup:
    """Give the cup that stands there; refuse (not_poured) to record anything else as drunk."""
    cup = attendance.poured
    if cup is None or (cup.order_id, cup.part, cup.mg_tenths) != (order_id, part, mg_tenths):
        raise Refusal("not_poured")
    return cup


def ensure_as_seen(attendance: Attendance, order_id: int, part: int, mg_tenths: int) -> None:
    """Refuse a confirmation of something else than the order says now: what was read aloud must be what is given."""
    if any(dose.part == part for dose in attendance.given):
        last = next(dose for dose in attendance.given if dose.part == part)
        raise Refusal("already_dosed", at=last.recorded_at, site=last.site_name, mg_tenths=last.mg_tenths)
    if attendance.order is None or attendance.order.id != order_id or attendance.next_part() != (part, mg_tenths):
        raise Refusal("order_changed")
