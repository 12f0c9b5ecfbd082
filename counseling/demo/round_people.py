"""The people of one whole round, always at the same places of the registers, whatever the seed.

DT-DK-0007 missed yesterday only: agreed to texts, and to being looked in on by the team of Mẫu Sơn.
DT-DK-0011 missed two days: agreed to texts, was never asked about visits; no support file.
DT-DK-0006 missed three days: agreed to texts, and has taken back the agreement to visits.
DT-DK-0008 asked to be called back; the team of Mẫu Sơn is to look in. DT-CL-0001 the same with Công Sơn.
DT-DK-0010 asked too, was looked in on, and the answer has come back.
DT-DK-0005 and DT-DK-0009 share one phone.
"""

from __future__ import annotations

from counseling.demo import people
from counseling.demo.accounts import CAO_LOC, CONG_SON, MAU_SON
from counseling.demo.dice import Dice
from counseling.demo.plan import Frame, PlannedPatient

# Positions in the register of Đông Kinh, counted from 0.
LOOKED_IN_ON, NOT_ASKED, TOOK_BACK, WAITS, ANSWERED = 6, 10, 5, 7, 9
SHARING = 4, 8
STORIES = {LOOKED_IN_ON: "gap_1", NOT_ASKED: "gap_2", TOOK_BACK: "gap_3"}
STEADY = WAITS, ANSWERED, *SHARING
HAVE_A_PHONE = 0.78
PHONE_USES = {"texts": 66, "calls_only": 12, "not_asked": 22}
IN_BOTH, FEWEST_IN_BOTH = 0.2, 5  # of the people in aftercare
COMES_LATE = 9 * 60 + 35.0  # so that the text of the morning has gone out before


def put_in_place(stories: list[str], first_of_cao_loc: int) -> list[str]:
    """The same stories, with those of the round where the round looks for them."""
    placed = list(stories)
    wanted = STORIES | dict.fromkeys((*STEADY, first_of_cao_loc), "steady")
    for position, story in wanted.items():
        if placed[position] != story:
            free = (n for n, one in enumerate(placed) if one == story and wanted.get(n) != one)
            other = next(free, position)
            placed[position], placed[other] = placed[other], placed[position]
    return placed


def set_up(patients: list[PlannedPatient], frame: Frame, supported: int) -> None:
    """Phones for most people; agreements, and what the people of the round will do."""
    _give_phones(patients)
    _cast(patients)
    first, second = (patients[position] for position in SHARING)
    second.phone = first.phone
    patients[LOOKED_IN_ON].absent_on.add(frame.today)  # whatever the hour: the round begins with somebody not come yet
    patients[TOOK_BACK].took_back_visits = True
    _ask_about_visits(patients, frame, supported)


def _give_phones(patients: list[PlannedPatient]) -> None:
    for patient in patients:
        dice = Dice("phone", *patient.dice_seed)
        number, has_one = people.phone(dice), dice.chance(HAVE_A_PHONE)
        if has_one:
            patient.phone = number
            patient.phone_use = dice.one_of(tuple(PHONE_USES), tuple(PHONE_USES.values()))


def _cast(patients: list[PlannedPatient]) -> None:
    for patient in (patients[position] for position in (*STORIES, *STEADY)):
        _stage(patient)
    _stage(_first_of_cao_loc(patients))


def _stage(patient: PlannedPatient) -> None:
    dice = Dice("staged", *patient.dice_seed)
    patient.staged, patient.phone_use, patient.phone = True, "texts", patient.phone or people.phone(dice)


def _ask_about_visits(patients: list[PlannedPatient], frame: Frame, supported: int) -> None:
    """Some agreed to be looked in on by a team, and got a support file by it."""
    waits, answered, far = patients[WAITS], patients[ANSWERED], _first_of_cao_loc(patients)
    teams = {LOOKED_IN_ON: MAU_SON, TOOK_BACK: MAU_SON, WAITS: MAU_SON, ANSWERED: MAU_SON}
    agreed = [(patients[position], team) for position, team in teams.items()] + [(far, CONG_SON)]
    count = min(supported, max(FEWEST_IN_BOTH, round(supported * IN_BOTH)))
    since_the_start = [one for one in patients if one.registered_at.date() <= frame.first and not one.staged]
    more = Dice("visits", *patients[0].dice_seed).some_of(since_the_start, max(0, count - len(agreed)))
    for patient, team in [*agreed, *((one, None) for one in more)][:count]:
        patient.agrees_to_visits, patient.team = True, team
    for patient in (waits, answered, far):
        _will_ask(patient, frame)
    waits.team_waits = far.team_waits = True
    patients[NOT_ASKED].answers = {frame.day(-1): "2"}


def _will_ask(patient: PlannedPatient, frame: Frame) -> None:
    """Missed a day, came late on the next, and answered the text of that morning with a 2."""
    patient.absent_on = {frame.day(-3)}
    patient.surely_on = {frame.day(-4), frame.day(-2), frame.day(-1)}
    patient.usual_minute = COMES_LATE
    patient.answers = {frame.day(-2): "2"}


def _first_of_cao_loc(patients: list[PlannedPatient]) -> PlannedPatient:
    return next(patient for patient in patients if patient.station == CAO_LOC)
