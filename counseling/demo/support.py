"""People who are supported: those who came to a counseling point, and those in treatment who agreed to visits."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from counseling.demo import people, words
from counseling.demo.accounts import MAU_SON
from counseling.demo.agreements import agree, agree_to_visits
from counseling.demo.book import Book
from counseling.demo.desk_rows import TEAMS
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone, day_of
from counseling.demo.plan import Frame, PlannedPatient
from counseling.demo.supported import Aftercare, Supported
from counseling.demo.told import LooksIn, Told
from counseling.demo.visits import VOLUNTEERS
from counseling.domain.aftercare import check_in_after
from counseling.models.patients import Patient
from counseling.support_rows import SupportDetails
from counseling.treatment_rows import SUPPORT

NAME_OF_THE_ROUND = "anh Ba sửa xe"
PLAIN_TRIES = 20
MOUNTAINS = ("06541", "06220")  # where most people speak Dao, Nùng or Tày at home
RHYTHMS = {"weekly": 40, "fortnightly": 35, "monthly": 25}
# What people say who come to a point: about a quarter have no phone.
PHONES = {"texts": 52, "calls_only": 9, "not_asked": 13, "no_phone": 26}
HAVE_A_PHONE, SILENT, MOST_AT_FIRST = 0.7, 0.12, 0.7
ENDS_IN, LONG_ENOUGH = 13, 30  # one of so many people; after so many days
# What a point writes down of somebody. A file that an agreement has made says nothing of this: it must not stand out.
SAID = 0.6
ENDS = {"completed": 40, "moved": 30, "own_wish": 30}


def invent_supported(
    book: Book, told: Told, seed: tuple[object, ...], count: int, treated: list[tuple[int, PlannedPatient]]
) -> list[Supported]:
    """`count` people with a support file, some of whom are in treatment; nothing outside the database joins the two."""
    dice, taken = Dice("support", *seed), {NAME_OF_THE_ROUND}
    found: list[Supported] = []
    for patient_id, patient in treated:
        looks_in = agree_to_visits(book, patient_id, patient) if patient.agrees_to_visits else None
        if looks_in is not None and len(found) < count:
            told.visits[patient_id] = looks_in
            found.append(_by_agreement(book, told, dice, looks_in, patient, taken))
    registered = sorted(_afternoon(dice, book.frame) for _ in range(count - len(found)))
    ids = book.add(Patient, [{"created_at": at} for at in registered])
    phones = dice.deal(PHONES, len(ids))
    for number, (patient_id, at, use) in enumerate(zip(ids, registered, phones, strict=True)):
        found.append(_at_the_point(book, told, dice, patient_id, at, use, taken, (number, *seed)))
    _let_some_end(book, found, dice)
    return found


def _by_agreement(
    book: Book, told: Told, dice: Dice, looks_in: LooksIn, patient: PlannedPatient, taken: set[str]
) -> Supported:
    """As services/visit_consents.py makes a file: of the person only the name that was chosen stands in it."""
    is_of_round = patient.team == MAU_SON and book.frame.today in patient.absent_on
    name = NAME_OF_THE_ROUND if is_of_round else _community_name(dice, patient.person.sex, taken)
    code, _, commune, point, _ = next(team for team in TEAMS if team[0] == looks_in.team)
    details = SupportDetails(
        site_id=looks_in.point_id,
        team_id=looks_in.team_id,
        area_id=book.places.areas[commune],
        community_name=name,
        status_since=day_of(looks_in.given_at, book),
    )
    opened_at = book.frame.at(details.status_since + timedelta(days=dice.between(1, 2)), 14 * 60 + dice.between(0, 90))
    person = Supported(
        patient_id=looks_in.patient_id,
        ref=dice.ref(),
        point=point,
        team=code,
        details=details,
        registered_at=looks_in.given_at,
        registered_by_id=looks_in.staff_id,
        request_key=None,
        dice_seed=("both", *patient.dice_seed),
        aftercare=_aftercare(book, dice, code, point, opened_at, "fortnightly" if is_of_round else None),
        by_agreement=True,
    )
    if is_of_round:
        _let_rest(person, book.frame)
    elif not patient.staged and dice.chance(HAVE_A_PHONE):
        _give_phone(book, told, person, patient.phone or people.phone(dice), opened_at, "texts")
    return person


def _let_rest(person: Supported, frame: Frame) -> None:
    """Met a few days ago, so that nothing but the round asks anybody to go there."""
    person.visits, person.quiet_from = {frame.day(-6): "met_well"}, frame.day(-8)


def _at_the_point(
    book: Book,
    told: Told,
    dice: Dice,
    patient_id: int,
    at: datetime,
    use: str,
    taken: set[str],
    seed: tuple[object, ...],
) -> Supported:
    code, _, _, point, _ = dice.one_of(TEAMS, [share for *_, share in TEAMS])
    details = _details(dice, book, taken, day_of(at, book) - timedelta(days=dice.between(0, 200)), code)
    opened_at = at + timedelta(minutes=dice.between(14, 25))
    person = Supported(
        patient_id=patient_id,
        ref=dice.ref(),
        point=point,
        team=code,
        details=details,
        registered_at=at,
        registered_by_id=book.counselor(point),
        request_key=dice.request_key(),
        dice_seed=("alone", *seed),
        aftercare=_aftercare(book, dice, code, point, opened_at),
        is_silent=dice.chance(SILENT),
    )
    if use != "no_phone":
        _give_phone(book, told, person, people.phone(dice), at, use)
    return person


def _aftercare(
    book: Book, dice: Dice, team: str, point: str, opened_at: datetime, rhythm: str | None = None
) -> Aftercare:
    rhythm = rhythm or dice.one_of(tuple(RHYTHMS), tuple(RHYTHMS.values()))
    opened_on, counselor = day_of(opened_at, book), book.counselor(point)
    stands_by = [book.staff[VOLUNTEERS[team]]] if team in VOLUNTEERS else []
    supporter = dice.one_of([*stands_by, *stands_by, counselor, None])
    return Aftercare(rhythm, opened_at, opened_on, check_in_after(rhythm, opened_on), counselor, supporter)


def _let_some_end(book: Book, people: list[Supported], dice: Dice) -> None:
    """A few have come to the end of it, or have moved away."""
    long_enough = book.frame.day(-LONG_ENOUGH)
    may = [one for one in people if not one.by_agreement and one.aftercare.opened_on <= long_enough]
    for person in dice.some_of(may, min(len(may), len(people) // ENDS_IN)):
        day, file = book.frame.day(-dice.between(2, 16)), person.aftercare
        file.ends_on, file.ended_at = day, book.frame.at(day, 15 * 60 + dice.between(0, 80))
        file.end_reason = dice.one_of(tuple(ENDS), tuple(ENDS.values()))


def _give_phone(book: Book, told: Told, person: Supported, number: str, at: datetime, use: str) -> None:
    """A number that stands in the file; most are asked about texts when they come."""
    dice = person.dice("phone")
    phone = Phone(
        person.patient_id, SUPPORT, person.details.site_id, dice.ref(), number, at, person.dice_seed,
        staff_id=book.counselor(person.point), language=person.details.language,
    )  # fmt: skip
    person.phone = phone
    told.phones.append(phone)
    if use != "not_asked":
        agree(book, told, phone, at + timedelta(minutes=dice.between(4, 9)), dice, calls_only=use == "calls_only")


def _afternoon(dice: Dice, frame: Frame) -> datetime:
    """Most are registered when the software comes, the others one by one."""
    soonest = frame.days * 2 // 3 if dice.chance(MOST_AT_FIRST) else 1
    return frame.at(frame.day(-dice.between(soonest, frame.days)), dice.between(13 * 60 + 30, 16 * 60 + 30))


def _details(dice: Dice, book: Book, taken: set[str], since: date, team: str) -> SupportDetails:
    code, _, commune, site, _ = next(one for one in TEAMS if one[0] == team)
    sex = "female" if dice.chance(0.1) else "male"
    birth_year = book.frame.today.year - dice.between(20, 62)
    weights = (30, 18, 22, 30) if commune in MOUNTAINS else (60, 22, 16, 2)
    return SupportDetails(
        site_id=book.places.sites[site],
        team_id=book.places.teams[code],
        community_name=_community_name(dice, sex, taken),
        status_since=since,
        birth_year=birth_year if dice.chance(SAID) else None,
        sex=sex if dice.chance(SAID) else "unknown",
        area_id=book.places.areas[commune],
        hamlet=people.hamlet(dice, commune, book.places.kinds[commune]) if dice.chance(SAID) else None,
        language=dice.one_of(("vi", "tyz", "nut", "ium"), weights),
        can_read=dice.one_of((True, False, None), (50, 15, 35)),
        notes=dice.one_of(words.SUPPORT_NOTES) if dice.chance(0.3) else None,
    )


def _community_name(dice: Dice, sex: str, taken: set[str]) -> str:
    title, called = words.CALLED[sex]
    tries = 0
    while True:
        name = f"{title} {dice.one_of(called)} {dice.one_of(words.TRADES[sex])}"
        if tries > PLAIN_TRIES:  # large demos run out of plain names
            name = (
                f"{name} {dice.one_of(words.HAMLET_FIRST)} {dice.one_of(words.HAMLET_SECOND)} {dice.between(1, tries)}"
            )
        if name not in taken:
            taken.add(name)
            return name
        tries += 1
