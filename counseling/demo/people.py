"""Invented persons."""

from __future__ import annotations

from dataclasses import dataclass

from counseling.demo import words
from counseling.demo.dice import Dice
from counseling.domain.names import fold

# The operator of 099 gives out 0993–0996; 0998 is valid in form and, as far as public tables say, given to nobody.
# Whatever happens, the demo's texts go to the simulator only.
PHONE_PREFIX = "+84998"
# Identity cards begin with the province of birth, 001 to 096: no card begins with 099.
IDENTITY_PREFIX = "099"
# Where somebody walks from door to door: so many hamlets of a commune.
HAMLETS = 3


@dataclass(frozen=True)
class Person:
    full_name: str
    sex: str
    birth_year: int
    language: str


class People:
    """Invents persons; no two of them share name and birth year."""

    def __init__(self, dice: Dice, year: int) -> None:
        self._dice = dice
        self._year = year
        self._taken: set[tuple[str, int]] = set()

    def invent(self, same_name_as: Person | None = None) -> Person:
        """A new person; with `same_name_as` one whom only the birth year tells apart."""
        while True:
            person = self._draw() if same_name_as is None else self._namesake(same_name_as)
            key = (fold(person.full_name), person.birth_year)
            if key not in self._taken:
                self._taken.add(key)
                return person

    def _draw(self) -> Person:
        dice = self._dice
        sex = "female" if dice.chance(0.07) else "male"
        _, families, languages = dice.one_of(words.PEOPLES, [share for share, _, _ in words.PEOPLES])
        middle = dice.one_of(words.FEMALE_MIDDLE if sex == "female" else words.MALE_MIDDLE)
        given = dice.one_of(words.FEMALE_GIVEN if sex == "female" else words.MALE_GIVEN)
        language = dice.one_of([name for name, _ in languages], [weight for _, weight in languages])
        return Person(f"{dice.one_of(families)} {middle} {given}", sex, self._birth_year(), language)

    def _namesake(self, other: Person) -> Person:
        return Person(other.full_name, other.sex, self._birth_year(), other.language)

    def _birth_year(self) -> int:
        return self._year - round(self._dice.peaked(19, 66, 38))


def phone(dice: Dice) -> str:
    """A number in E.164 that nobody has."""
    return PHONE_PREFIX + dice.digits(6)


def identity_number(dice: Dice) -> str:
    """Twelve digits that stand on no card."""
    return IDENTITY_PREFIX + dice.digits(9)


def hamlet(dice: Dice, commune: str, commune_kind: str) -> str:
    """One of the few places of a commune from which people come."""
    if commune_kind == "ward":
        return f"Khối {dice.between(1, HAMLETS)}"
    here = Dice("hamlets", commune)
    firsts, seconds = here.some_of(words.HAMLET_FIRST, HAMLETS), here.some_of(words.HAMLET_SECOND, HAMLETS)
    at = dice.between(0, HAMLETS - 1)
    return f"Thôn {firsts[at]} {seconds[at]}"


def alias(dice: Dice) -> str:
    """A treatment alias; it has nothing to do with the community name."""
    return f"{dice.one_of(words.ALIAS_FIRST)} {dice.one_of(words.ALIAS_SECOND)} {dice.between(2, 99)}"
