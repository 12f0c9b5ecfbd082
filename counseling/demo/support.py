"""People in aftercare: support files with a name that each person chose, in several communes."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from counseling.demo import people, words
from counseling.demo.accounts import DONG_KINH
from counseling.demo.book import Book
from counseling.demo.desk_rows import TEAMS
from counseling.demo.dice import Dice
from counseling.demo.people import Person
from counseling.demo.plan import Frame
from counseling.models.patients import FileStatusChange, Patient, PhoneNumber, SearchKey, SupportFile
from counseling.support_rows import SupportDetails, sealed_support_columns
from counseling.treatment_rows import SUPPORT, phone_row, search_rows

IN_BOTH = 0.2  # share of the people in aftercare who are in treatment too
PLAIN_TRIES = 20
MOUNTAINS = ("06541", "06220")  # where most people speak Dao, Nùng or Tày at home


def add_supported(book: Book, dice: Dice, count: int, treated: list[tuple[int, Person]]) -> None:
    """Support files for `count` people, some of whom are in treatment; nothing outside the database joins the two."""
    both = dice.some_of(treated, max(2, round(count * IN_BOTH)))
    registered = sorted(_afternoon(dice, book.frame) for _ in range(count))
    places = set(dice.some_of(range(count), len(both)))
    new = iter(book.add(Patient, [{"created_at": at} for n, at in enumerate(registered) if n not in places]))
    taken: set[str] = set()
    for number, at in enumerate(registered):
        patient_id, person = both.pop() if number in places else (next(new), None)
        details = _details(dice, book, taken, at.date() - timedelta(days=dice.between(0, 200)), person)
        _add_one(book, dice, patient_id, details, at)


def _add_one(book: Book, dice: Dice, patient_id: int, details: SupportDetails, at: datetime) -> None:
    """What registering at a counseling point writes, and a phone for most."""
    staff_id = book.staff["counselor" if details.site_id == book.places.sites[DONG_KINH] else "nurse"]
    ref, number = dice.ref(), people.phone(dice) if dice.chance(0.7) else None
    registered = {"registered_at": at, "registered_by_id": staff_id, "request_key": dice.request_key()}
    file = {"patient_id": patient_id, "ref": ref, **registered}
    book.put(SupportFile, [sealed_support_columns(book.vault, ref, details) | file])
    book.put(SearchKey, search_rows(book.vault, SUPPORT, patient_id, full_name=details.community_name, phone=number))
    if number:
        book.put(PhoneNumber, [phone_row(book.vault, SUPPORT, patient_id, dice.ref(), number, at)])
    who = {"patient_id": patient_id, "side": SUPPORT, "recorded_by_id": staff_id, "recorded_at": at}
    book.put(FileStatusChange, [{**who, "status": "active", "since_on": details.status_since, "reason": None}])
    book.note(at, details.site_id, staff_id, "supported.registered", f"patient:{patient_id}", {})


def _afternoon(dice: Dice, frame: Frame) -> datetime:
    return frame.at(frame.day(-dice.between(1, frame.days)), dice.between(13 * 60 + 30, 16 * 60 + 30))


def _details(dice: Dice, book: Book, taken: set[str], since: date, person: Person | None) -> SupportDetails:
    code, _, commune, site, _ = dice.one_of(TEAMS, [share for *_, share in TEAMS])
    sex = person.sex if person else "female" if dice.chance(0.1) else "male"
    birth_year = person.birth_year if person else book.frame.today.year - dice.between(20, 62)
    weights = (30, 18, 22, 30) if commune in MOUNTAINS else (60, 22, 16, 2)
    return SupportDetails(
        site_id=book.places.sites[site],
        team_id=book.places.teams[code],
        community_name=_community_name(dice, sex, taken),
        status_since=since,
        birth_year=birth_year if dice.chance(0.9) else None,
        sex=sex,
        area_id=book.places.areas[commune],
        hamlet=people.hamlet(dice, book.places.kinds[commune]),
        language=dice.one_of(("vi", "tyz", "nut", "ium"), weights),
        can_read=dice.one_of((True, False, None), (75, 15, 10)),
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
