"""What this system knows of the people that a register may mean: plain values, compared with its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from counseling.domain.names import fold
from counseling.registers.register_row import RegisterRow


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """A regular order. `tenths` is None for a split dose; `dosed_through` the last day with a dose of it."""

    id: int
    tenths: int | None
    starts_on: date
    ends_on: date
    last_on: date
    is_imported: bool
    dosed_through: date | None


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A treatment file of the station. `phones` are (id of the number's row, E.164) of the numbers in use."""

    patient_id: int
    ref: str
    register_code: str
    full_name: str
    birth_year: int
    birth_on: date | None
    sex: str
    national_code: str | None
    identity_number: str | None
    area_id: int | None
    address: str | None
    alias: str | None
    hiv_status: str
    notes: str | None
    treatment_began_on: date | None
    status: str
    stamp: str
    phones: tuple[tuple[int, str], ...] = ()
    orders: tuple[KnownOrder, ...] = ()


class KnownPeople:
    """The station's people, found by register code, else by national code or identity number."""

    def __init__(self, people: Iterable[KnownPerson]) -> None:
        self._by_code: dict[str, KnownPerson] = {}
        self._by_paper: dict[tuple[str, str], KnownPerson] = {}
        for person in people:
            self._by_code[plain_code(person.register_code)] = person
            for key in _papers(person.national_code, person.identity_number):
                self._by_paper.setdefault(key, person)

    def find(self, row: RegisterRow) -> tuple[KnownPerson | None, KnownPerson | None]:
        """The person that the row means, and another one who holds the row's papers (then the row contradicts)."""
        by_code = self._by_code.get(plain_code(row.register_code)) if row.register_code else None
        keys = _papers(row.national_code, row.identity_number)
        by_paper = [person for key in keys if (person := self._by_paper.get(key))]
        meant = by_code or (by_paper[0] if by_paper else None)
        other = next((person for person in by_paper if person is not meant), None)
        return meant, other


def plain_code(code: str) -> str:
    """LS-0001, ls 0001 and LS0001 are one code in two hands."""
    return fold(code).replace(" ", "")


def _papers(national_code: str | None, identity_number: str | None) -> list[tuple[str, str]]:
    keys = [("national_code", plain_code(national_code))] if national_code else []
    return keys + ([("identity_number", identity_number)] if identity_number else [])
