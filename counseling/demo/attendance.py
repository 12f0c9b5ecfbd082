"""Mornings at the window: who came when, who stayed away, who was not given a dose."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise

from counseling.demo import words
from counseling.demo.dice import Dice
from counseling.demo.plan import A_DAY, Frame, PlannedEvent, PlannedOrder, PlannedPatient
from counseling.domain.missed_doses import SHIPPED_BANDS, GapResponse, band_for, gap_days

OPENS, LAST_COMES = 6 * 60 + 31, 10 * 60 + 26  # minutes after midnight
SECOND_PART = 16 * 60, 16 * 60 + 50  # of a split dose
WEEKEND = 5, 6
MORE_MISSES_AT_WEEKENDS = 0.035
MOST_MISSED = 3  # one more would suspend the order; only the stories go beyond
WITHHELD, REFUSED, VOMITED = 0.0006, 0.0005, 0.0004  # shares of mornings
ATTENDED_TODAY = 0.08  # of a station's people, when the demo begins during opening hours
SECONDS_APART = 20


def live_through_history(patient: PlannedPatient, frame: Frame) -> None:
    """Fill the person's events from the first day of history to yesterday."""
    dice = Dice("mornings", *patient.dice_seed)
    covered_through = patient.dosed_elsewhere_until
    day = max(frame.first, patient.registered_at.date())
    while day < frame.today:
        order = patient.order_on(day)
        gap = gap_days(covered_through, day)
        if order is not None and _comes(dice, patient, day, gap):
            events = _morning(dice, frame, patient, order, day, gap)
            patient.events += events
            if any(event.outcome == "dose" for event in events):
                covered_through = day
        day += A_DAY
    patient.events += _stopped_visits(dice, frame, patient, covered_through)


def come_today(patients: list[PlannedPatient], frame: Frame) -> None:
    """The first few people of this morning, as far as the clock has come; one of them is not given a dose."""
    planned = []
    for patient in patients:
        order, gap = patient.order_on(frame.today), gap_days(_covered_through(patient), frame.today)
        if order is None or (gap or 0) > MOST_MISSED or frame.today in patient.absent_on:
            continue
        dice = Dice("today", *patient.dice_seed)
        dose = _dose(dice, frame, patient, order, frame.today, gap, patient.usual_minute)
        planned.append((dose.at, patient.register_code, patient, dose))
    planned.sort(key=lambda one: one[:2])
    few = planned[: max(2, round(ATTENDED_TODAY * len(patients)))]
    seen = [(patient, dose) for at, _, patient, dose in few if at <= frame.now - timedelta(minutes=3)]
    for number, (patient, dose) in enumerate(seen):
        patient.events.append(dose if number != 4 else _withheld(Dice("signs", *patient.dice_seed), frame, dose))


def keep_apart(patients: list[PlannedPatient], frame: Frame) -> None:
    """One window, one person at a time: nobody is recorded within seconds of somebody else."""
    windows: dict[tuple[str, date], list[PlannedEvent]] = defaultdict(list)
    for patient in patients:
        for event in patient.events:
            windows[(patient.station, event.on)].append(event)
    for events in windows.values():
        events.sort(key=lambda event: (event.at, event.request_key))
        apart = timedelta(seconds=min(SECONDS_APART, 7200 / len(events)))
        for earlier, later in pairwise(events):
            later.at = max(later.at, earlier.at + apart)
        for event in events:
            event.at = min(event.at, frame.now)


def _comes(dice: Dice, patient: PlannedPatient, day: date, gap: int | None) -> bool:
    misses = dice.chance(patient.miss_share + (MORE_MISSES_AT_WEEKENDS if day.weekday() in WEEKEND else 0))
    if day in patient.absent_on:
        return False
    return day in patient.surely_on or not misses or (gap or 0) >= MOST_MISSED


def _morning(
    dice: Dice, frame: Frame, patient: PlannedPatient, order: PlannedOrder, day: date, gap: int | None
) -> list[PlannedEvent]:
    minute = patient.usual_minute + dice.around(0, 9)
    dose = _dose(dice, frame, patient, order, day, gap, minute)
    if order.gap_reviewed_through == day - A_DAY:
        return _back_after_gap(dice, frame, order, dose)
    if day in patient.surely_on or (gap or 0) >= MOST_MISSED:
        signs = refuses = vomits = False
    else:
        signs, refuses, vomits = dice.chance(WITHHELD), dice.chance(REFUSED), dice.chance(VOMITED)
    if signs or (patient.story == "withheld" and day == frame.yesterday):
        return _signs_seen(dice, frame, dose, may_come_back=signs)
    if refuses:
        return [_visit("refused", dose, dose.at)]
    events = [dose]
    if vomits:
        events.append(_visit("vomited", dose, dose.at + timedelta(minutes=dice.between(8, 40)), of=dose))
    for part in range(2, len(order.parts) + 1):
        if dice.chance(0.92):
            later = _dose(dice, frame, patient, order, day, 0, dice.between(*SECOND_PART))
            later.part, later.gap_check = part, None
            events.append(later)
    return events


def _dose(
    dice: Dice,
    frame: Frame,
    patient: PlannedPatient,
    order: PlannedOrder,
    day: date,
    gap: int | None,
    minute: float,
) -> PlannedEvent:
    last_minute = LAST_COMES if minute < SECOND_PART[0] else minute
    at = frame.at(day, min(max(minute, OPENS), last_minute) + dice.between(0, 59) / 60)
    reviewed = order.gap_reviewed_through
    unreviewed = gap if reviewed is None or reviewed < day - A_DAY else 0
    band = band_for(unreviewed, SHIPPED_BANDS)
    check = "alert" if band is not None and band.response is GapResponse.CHECK else None
    return PlannedEvent("dose", day, at, dice.request_key(), order=order, gap=gap, gap_check=check)


def _visit(outcome: str, dose: PlannedEvent, at: datetime, of: PlannedEvent | None = None) -> PlannedEvent:
    """A visit in place of the dose that was planned, or after it; its key is the dose's, turned round."""
    return PlannedEvent(outcome, dose.on, at, dose.request_key[::-1], order=dose.order, dose=of)


def _withheld(dice: Dice, frame: Frame, dose: PlannedEvent) -> PlannedEvent:
    visit = _visit("withheld", dose, dose.at)
    visit.reason, visit.observations = "signs", dice.one_of(words.OBSERVATIONS)
    if dose.on < frame.yesterday:
        visit.answered_at = dose.at + timedelta(minutes=dice.between(35, 70))
    return visit


def _signs_seen(dice: Dice, frame: Frame, dose: PlannedEvent, *, may_come_back: bool) -> list[PlannedEvent]:
    """Not dosed; half of them come back sober before the station closes, unless it was yesterday."""
    visit = _withheld(dice, frame, dose)
    if not may_come_back or visit.answered_at is None or dice.chance(0.5):
        return [visit]
    dose.at, dose.gap_check = visit.answered_at + timedelta(minutes=dice.between(30, 90)), "alert"
    return [visit, dose]


def _back_after_gap(dice: Dice, frame: Frame, order: PlannedOrder, dose: PlannedEvent) -> list[PlannedEvent]:
    """Stopped at the window, examined by the doctor, dosed by the new order on the same morning."""
    stop = _visit("stopped", dose, frame.at(dose.on, 7 * 60 + dice.between(20, 50)))
    stop.reason, stop.answered_at, stop.answered_by = "gap_stops_dose", order.written_at, order
    dose.at = order.written_at + timedelta(minutes=dice.between(20, 40))
    return [stop, dose]


def _stopped_visits(
    dice: Dice, frame: Frame, patient: PlannedPatient, covered_through: date | None
) -> list[PlannedEvent]:
    """People whom a rule stopped yesterday and who wait for the doctor: the task is open."""
    if patient.story == "ended" and patient.orders[-1].last_on < frame.yesterday:
        reason = "no_order"
    elif patient.story == "long_gap" and (gap_days(covered_through, frame.yesterday) or 0) > MOST_MISSED:
        reason = "gap_stops_dose"
    else:
        return []
    at = frame.at(frame.yesterday, max(patient.usual_minute, OPENS + 5))
    return [PlannedEvent("stopped", frame.yesterday, at, dice.request_key(), reason=reason)]


def _covered_through(patient: PlannedPatient) -> date | None:
    days = [event.on for event in patient.events if event.outcome == "dose"]
    return max(days, default=patient.dosed_elsewhere_until)
