"""Who gets which story: enough of every case that a desk has to show, and the rest simply comes each morning."""

from __future__ import annotations

from datetime import timedelta

from counseling.demo import orders, words
from counseling.demo.accounts import CAO_LOC, DONG_KINH
from counseling.demo.dice import Dice
from counseling.demo.people import People
from counseling.demo.plan import A_DAY, Frame, PlannedPatient
from counseling.demo.round_people import put_in_place

OF = 300  # the amounts below are for so many patients, 180 of them at Đông Kinh
DONG_KINH_SHARE = 0.6
AMOUNTS = {
    "ends_soon": 10,  # order ends within five days
    "ended": 6,  # order ended yesterday or earlier
    "long_gap": 4,  # missed days stop the dose
    "gap_3": 3,
    "gap_2": 4,
    "gap_1": 6,
    "withheld": 2,  # yesterday, for signs of intoxication
    "induction": 5,
    "adjustment": 9,
    "transfer": 6,
    "restart": 2,  # stopped by a gap some weeks ago, examined, began again with less
    "split": 8,
    "half_mg": 20,
}
NAMESAKES = 5  # pairs of one name at one station
LONG_GAPS = (4, 5, 7, 9)
IMPORTED = "steady", "ends_soon", "ended", "long_gap", "gap_3", "gap_2", "gap_1", "withheld", "split", "half_mg"


def scaled(amount: int, patients: int) -> int:
    return max(1, round(amount * patients / OF))


def invent_patients(seed: int, frame: Frame, count: int) -> list[PlannedPatient]:
    """All patients of both stations with their orders, still without a single morning."""
    dice = Dice("patients", seed, frame.today)
    people = People(dice, frame.today.year)
    at_dong_kinh = round(count * DONG_KINH_SHARE)
    stories = [story for story, amount in AMOUNTS.items() for _ in range(scaled(amount, count))]
    stories = put_in_place(dice.some_of(stories + ["steady"] * (count - len(stories)), count), at_dong_kinh)
    patients: list[PlannedPatient] = []
    for number, story in enumerate(stories):
        station, code = (DONG_KINH, "DK") if number < at_dong_kinh else (CAO_LOC, "CL")
        register_number = number + 1 if station == DONG_KINH else number + 1 - at_dong_kinh
        twin_of = _twin(patients, station, register_number, scaled(NAMESAKES, count))
        patient = PlannedPatient(
            story=story,
            station=station,
            register_code=f"DT-{code}-{register_number:04d}",
            person=people.invent(twin_of.person if twin_of else None),
            registered_at=frame.at(frame.first - A_DAY, 14 * 60 + number * 0.2),
            dice_seed=(seed, frame.today, number),
            dosed_elsewhere_until=frame.first - A_DAY,
            elsewhere_source=words.ELSEWHERE_BOOK,
            usual_minute=dice.peaked(392, 600, 425),
            miss_share=dice.one_of((0.008, 0.04, 0.1), (80, 15, 5)),
        )
        give_story(patient, frame)
        patients.append(patient)
    return patients


def give_story(patient: PlannedPatient, frame: Frame) -> None:
    """Write the person's orders and say which days they surely come or stay away."""
    dice = Dice("story", *patient.dice_seed)
    if patient.story in IMPORTED:
        patient.orders = orders.imported(dice, frame, patient)
        _stay_away(patient, frame, dice)
    elif patient.story == "adjustment":
        patient.orders = orders.under_adjustment(dice, frame, patient)
    elif patient.story == "induction":
        _begin_here(patient, frame, dice)
        patient.orders = orders.first_ever(dice, frame, patient)
    elif patient.story == "transfer":
        _come_from_elsewhere(patient, frame, dice)
        patient.orders = orders.of_newcomer(dice, frame, patient)
    else:
        patient.orders = orders.with_restart(dice, frame, patient)


def _twin(patients: list[PlannedPatient], station: str, number: int, pairs: int) -> PlannedPatient | None:
    """Every twelfth person of a register bears the name of somebody before them, until there are enough pairs."""
    if number % 12 or number // 12 > (pairs + 1) // 2:
        return None
    return [other for other in patients if other.station == station][-7]


def _stay_away(patient: PlannedPatient, frame: Frame, dice: Dice) -> None:
    gaps = {"gap_1": 1, "gap_2": 2, "gap_3": 3, "withheld": 0, "long_gap": dice.one_of(LONG_GAPS)}
    if patient.story in gaps:
        missed = gaps[patient.story]
        patient.absent_on = {frame.day(-offset) for offset in range(1, missed + 1)}
        patient.surely_on = {frame.day(-missed - 1)}
    elif patient.story == "ended":
        patient.surely_on = {patient.orders[-1].last_on}


def _begin_here(patient: PlannedPatient, frame: Frame, dice: Dice) -> None:
    day = frame.day(-dice.between(3, 9))
    patient.registered_at = frame.at(day, 7 * 60 + dice.between(20, 50))
    patient.dosed_elsewhere_until = patient.elsewhere_source = None
    patient.usual_minute = max(patient.usual_minute, 9 * 60.0)
    patient.surely_on = {day, day + A_DAY, day + timedelta(days=2)}


def _come_from_elsewhere(patient: PlannedPatient, frame: Frame, dice: Dice) -> None:
    day = frame.day(-dice.between(5, min(25, frame.days - 1)))
    patient.registered_at = frame.at(day, 7 * 60 + dice.between(5, 50))
    patient.dosed_elsewhere_until, patient.elsewhere_source = day - A_DAY, words.ELSEWHERE_TRANSFER
    patient.usual_minute = max(patient.usual_minute, 8 * 60 + 40.0)
    patient.surely_on = {day}
