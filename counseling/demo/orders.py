"""The orders of invented people. Amounts are drawn by chance: nothing here is advice on a dose."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from counseling.demo.dice import Dice
from counseling.demo.plan import A_DAY, Frame, PlannedOrder, PlannedPatient

LOWEST, HIGHEST = 200, 1600
LONGEST = 30  # days of a maintenance order
MORNING, EXAMINED = 8 * 60, 9 * 60 + 10  # minutes after midnight
RESTART_GAP = 5


def imported(dice: Dice, frame: Frame, patient: PlannedPatient) -> list[PlannedOrder]:
    """Maintenance, one order after the other; the one that ran when the register was taken over, then the doctor's."""
    length = dice.between(28, LONGEST)
    if patient.story == "ends_soon":
        end = frame.day(dice.between(0, 5))
    elif patient.story == "ended":
        end = frame.day(-dice.between(1, 4))
    else:
        end = frame.day(dice.between(6, length - 1))
    return _backwards(dice, frame, patient, end, length, "maintenance", _amount(dice, patient.story))


def under_adjustment(dice: Dice, frame: Frame, patient: PlannedPatient) -> list[PlannedOrder]:
    """Maintenance until lately, now with a changed amount for one or two weeks."""
    length = dice.between(7, 14)
    end = frame.day(dice.between(1, length - 2))
    return _backwards(dice, frame, patient, end, length, "adjustment", _amount(dice, patient.story))


def first_ever(dice: Dice, frame: Frame, patient: PlannedPatient) -> list[PlannedOrder]:
    """Somebody who begins: induction with at most 30 mg, then adjustment."""
    began = patient.registered_at.date()
    low = dice.one_of((200, 250, 300))
    first = _order(dice, "induction", (low,), began, 5, patient.registered_at + timedelta(minutes=35))
    return _raised(dice, frame, first, highest=700)


def of_newcomer(dice: Dice, frame: Frame, patient: PlannedPatient) -> list[PlannedOrder]:
    """Somebody who came with a transfer slip: the doctor's first order goes on with what the slip says."""
    began = patient.registered_at.date()
    written_at = patient.registered_at + timedelta(minutes=20)
    return [_order(dice, "maintenance", _amount(dice, patient.story), began, LONGEST, written_at)]


def with_restart(dice: Dice, frame: Frame, patient: PlannedPatient) -> list[PlannedOrder]:
    """A gap that suspended the order: examined, restarted with less, raised again week by week."""
    back_on = frame.day(-min(25, frame.days - 8))
    patient.absent_on = {back_on - timedelta(days=offset) for offset in range(1, RESTART_GAP + 1)}
    patient.surely_on = {back_on, back_on - timedelta(days=RESTART_GAP + 1)}
    amount = dice.between(12, 20) * 50
    before = _backwards(dice, frame, patient, back_on + timedelta(days=10), LONGEST, "maintenance", (amount,))
    restart = _order(dice, "adjustment", (amount // 100 * 50,), back_on, 7, frame.at(back_on, EXAMINED))
    restart.gap_reviewed_through = back_on - A_DAY
    before[-1].last_on, before[-1].stopped_at = back_on - A_DAY, restart.written_at
    return before + _raised(dice, frame, restart, highest=amount)


def _raised(dice: Dice, frame: Frame, first: PlannedOrder, highest: int) -> list[PlannedOrder]:
    """The order and those that follow it, a little more each week, until one of them runs today."""
    written = [first]
    while written[-1].last_on < frame.today:
        last = written[-1]
        part = min(last.parts[0] + dice.one_of((50, 100)), highest)
        written_at = frame.at(last.last_on, EXAMINED + dice.between(0, 60))
        written.append(_order(dice, "adjustment", (part,), last.last_on + A_DAY, 7, written_at))
    return written


def _backwards(
    dice: Dice, frame: Frame, patient: PlannedPatient, end: date, length: int, phase: str, parts: tuple[int, ...]
) -> list[PlannedOrder]:
    """Orders that end with `end` and reach back to the first day of history without a hole."""
    found: list[PlannedOrder] = []
    while True:
        starts_on = end - timedelta(days=length - 1)
        written_on = max(frame.first, starts_on - timedelta(days=dice.between(1, 3)))
        order = _order(dice, phase, parts, starts_on, length, frame.at(written_on, MORNING + dice.between(0, 150)))
        found.insert(0, order)
        if starts_on <= frame.first:
            order.origin, order.written_at = "register_import", patient.registered_at
            return found
        end, length, phase = order.starts_on - A_DAY, dice.between(28, LONGEST), "maintenance"
        if len(parts) == 1 and dice.chance(0.3):
            parts = (max(parts[0] - dice.one_of((50, 100)), LOWEST),)


def _order(
    dice: Dice, phase: str, parts: tuple[int, ...], starts_on: date, days: int, written_at: datetime
) -> PlannedOrder:
    ends_on = starts_on + timedelta(days=days - 1)
    return PlannedOrder(phase, parts, starts_on, ends_on, ends_on, written_at, "doctor", dice.request_key())


def _amount(dice: Dice, story: str) -> tuple[int, ...]:
    middle = round(dice.around(75, 30) / 5) * 50
    amount = min(max(middle, LOWEST), HIGHEST)
    if story == "half_mg":
        return (min(amount, HIGHEST - 50) + 5,)
    if story == "split":
        larger = (amount // 2 + 99) // 100 * 100
        return (larger, amount - larger) if amount > larger else (amount - 50, 50)
    return (amount,)
