"""What a new order is checked against, read inside its transaction: doses, phases, the measure, missed days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import Session

from counseling.domain.amounts import BadAmount, ensure_pourable, ml_hundredths
from counseling.domain.missed_doses import GapBand, GapResponse, band_for, gap_days
from counseling.domain.order_limits import values_of
from counseling.domain.orders import Phase, ensure_writable, longest_days_of
from counseling.domain.refusal import Refusal
from counseling.models.doses import AdherenceSummary, DayDose, DosedElsewhere, DoseVoid
from counseling.models.orders import DoseOrder, Drug
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Site
from counseling.queries.bands import list_limits

FARTHEST_AHEAD_DAYS = 60  # not a clinical figure: an order that starts later is taken for a slip of the pen
FIRST_REPLACEMENT_PART = 11
REINDUCTION = (GapResponse.END, GapResponse.CONSIDER_ENDING)
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Days of one order or of one step of a taper, both counted in, and what is drunk on each of them."""

    starts_on: date
    ends_on: date
    parts_tenths: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NewOrder:
    """What the doctor wrote. Doses in tenths of mg, one entry for each part of the day; both days counted in.

    A taper has its `steps` (first day, tenths of mg) beside the whole: `parts_tenths` is then its highest day.
    """

    patient_id: int
    station_id: int
    phase: Phase
    parts_tenths: tuple[int, ...]
    starts_on: date
    ends_on: date
    note: str | None
    restart_examined: bool
    second_doctor_id: int | None
    latest_seen: int | None
    above_usual_considered: bool = False
    steps: tuple[tuple[date, int], ...] = ()

    @property
    def spans(self) -> tuple[Span, ...]:
        """The rows that are kept for it: day_doses refer to the parts of a row, so each amount has its own."""
        if not self.steps:
            return (Span(self.starts_on, self.ends_on, self.parts_tenths),)
        following = [later_on for _, (later_on, _) in pairwise(self.steps)]
        last_days = [*(day - A_DAY for day in following), self.ends_on]
        return tuple(Span(day, last_on, (mg,)) for (day, mg), last_on in zip(self.steps, last_days, strict=True))


@dataclass(frozen=True)
class OrderFile:
    """What an order stands on: the measure that pours it, and how far known doses reach."""

    pour_step_hundredths: int | None
    covered_through: date | None


def lock_file(tx: Session, order: NewOrder) -> OrderFile:
    """The patient's first lock, the same that recording a dose takes, then what the rules ask about."""
    covered_through = lock_summary(tx, order.patient_id)
    row = tx.execute(
        select(TreatmentFile.status, Site.pour_step_hundredths)
        .join(Site, Site.id == TreatmentFile.station_id)
        .where(TreatmentFile.patient_id == order.patient_id, TreatmentFile.station_id == order.station_id)
    ).first()
    if row is None:
        raise Refusal("order_not_for_this_person")
    if row.status != "active":
        raise Refusal("patient_not_active", status=row.status)
    return OrderFile(row.pour_step_hundredths, covered_through)


def lock_summary(tx: Session, patient_id: int) -> date | None:
    """Lock a patient against doses and other orders; gives `covered_through`."""
    summary = select(AdherenceSummary.covered_through).where(AdherenceSummary.patient_id == patient_id)
    row = tx.execute(summary.with_for_update()).first()
    if row is None:
        raise Refusal("order_not_for_this_person")
    covered_through: date | None = row.covered_through
    return covered_through


def ensure_nothing_written_since(tx: Session, order: NewOrder) -> None:
    """Two doctors with one person's page open: the second must read the first one's order before replacing it."""
    if order.latest_seen is None:
        return
    latest = tx.execute(select(func.max(DoseOrder.id)).where(DoseOrder.patient_id == order.patient_id)).scalar()
    if (latest or 0) != order.latest_seen:
        raise Refusal("order_written_meanwhile")


def ensure_second_doctor(tx: Session, second_doctor_id: int | None, by: int) -> None:
    """A second signature is another person's, and a doctor's."""
    if second_doctor_id is None:
        return
    if second_doctor_id == by:
        raise Refusal("second_doctor_is_the_same")
    doctor = (
        select(StaffRole.id)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .where(
            Staff.id == second_doctor_id,
            Staff.disabled_at.is_(None),
            StaffRole.kind == "doctor",
            StaffRole.ended_at.is_(None),
        )
    )
    if tx.execute(doctor).first() is None:
        raise Refusal("second_doctor_not_a_doctor")


def ensure_within_rules(tx: Session, order: NewOrder, today: date) -> None:
    """The rules of domain.orders with the rows that they ask for."""
    if order.phase is Phase.ONE_TIME:
        raise Refusal("order_phase_one_time")
    limits = values_of(list_limits(tx, today, order.station_id))
    ensure_writable(
        phase=order.phase,
        parts_tenths=order.parts_tenths,
        starts_on=order.starts_on,
        ends_on=order.ends_on,
        today=today,
        longest_days=longest_days_of(order.phase, limits),
        is_first_ever=is_first_ever(tx, order.patient_id),
        second_doctor=order.second_doctor_id is not None,
        above_usual_considered=order.above_usual_considered,
        limits=limits,
    )
    if (order.starts_on - today).days > FARTHEST_AHEAD_DAYS:
        raise Refusal("order_starts_too_late", starts_on=order.starts_on, most_days=FARTHEST_AHEAD_DAYS)


def is_first_ever(tx: Session, patient_id: int) -> bool:
    """Whether nothing has covered this person before, here or elsewhere; a voided dose was never drunk."""
    elsewhere = select(exists().where(DosedElsewhere.patient_id == patient_id))
    return last_live_dose(tx, DayDose.patient_id == patient_id) is None and not tx.execute(elsewhere).scalar()


def ensure_all_pourable(tx: Session, parts_tenths: Sequence[int], pour_step: int | None) -> int:
    """Each part is poured by itself, so each must be exact. Gives the drug: one ships, choosing comes with a second."""
    drug = tx.execute(select(Drug.id, Drug.strength).order_by(Drug.id).limit(1)).one()
    for part in parts_tenths:
        try:
            ensure_pourable(ml_hundredths(part, drug.strength), pour_step)
        except BadAmount:
            raise Refusal("not_measurable", mg_tenths=part) from None
    drug_id: int = drug.id
    return drug_id


def ensure_no_dose_from(tx: Session, patient_id: int, starts_on: date) -> None:
    """A day belongs to one order: once a dose of it stands, a new order begins after it."""
    dosed_on = last_live_dose(tx, DayDose.patient_id == patient_id)
    if dosed_on is not None and dosed_on >= starts_on:
        raise Refusal("order_after_todays_dose", dose_on=dosed_on)


def last_live_dose(tx: Session, whose: ColumnElement[bool], *, replacements: bool = False) -> date | None:
    """The last day that a dose which counts stands on; replacements follow the dose that they replace, unless asked."""
    parts = true() if replacements else DayDose.part < FIRST_REPLACEMENT_PART
    last: date | None = tx.execute(
        select(func.max(DayDose.dose_on))
        .outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
        .where(whose, parts, DoseVoid.id.is_(None))
    ).scalar()
    return last


def gap_reviewed(order: NewOrder, covered_through: date | None, bands: Sequence[GapBand], today: date) -> date | None:
    """The last missed day that the doctor had in view when restarting; None where the gap stops nothing.

    The whole gap counts, whatever an earlier restart has reviewed: nobody has been dosed since. None also for an order
    written ahead of a gap, so that days missed later count in full at the window. Refuses restart_needs_examination
    and restart_needs_induction.
    """
    gap = gap_days(covered_through, today)
    band = band_for(gap, bands)
    if band is None or not band.response.stops:
        return None
    if not order.restart_examined:
        raise Refusal("restart_needs_examination", gap_days=gap)
    if band.response in REINDUCTION and order.phase is not Phase.INDUCTION:
        raise Refusal("restart_needs_induction", gap_days=gap)
    return today - A_DAY
