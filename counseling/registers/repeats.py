"""Find people who come twice in one register: two doses a day for one person must not come in by a file."""

from __future__ import annotations

from dataclasses import replace

from counseling.domain.names import fold
from counseling.registers.register_row import RegisterRow, RowFault


class Repeats:
    """Asked row by row from the top; the later row carries the fault and names the first one's number."""

    def __init__(self) -> None:
        self._first: dict[tuple[object, ...], RegisterRow] = {}

    def check(self, row: RegisterRow) -> RegisterRow:
        checked = row
        for key in _keys(row):
            first = self._first.setdefault(key, row)
            if first is not row and checked is row:
                checked = _compared(row, first, key)
        return checked


def _keys(row: RegisterRow) -> list[tuple[object, ...]]:
    keys: list[tuple[object, ...]] = []
    if row.register_code:
        keys.append(("register_code", fold(row.register_code)))
    if row.identity_number:
        keys.append(("identity_number", row.identity_number))
    if row.full_name and row.birth_year:
        person = (fold(row.full_name), row.birth_year)
        keys += [("phone", *person, row.phone)] if row.phone else []
        keys += [("commune", *person, row.area_code)] if row.area_code else []
    return keys


def _compared(row: RegisterRow, first: RegisterRow, key: tuple[object, ...]) -> RegisterRow:
    def note(code: str) -> RowFault:
        return RowFault(row.row_number, "", str(key[0]), code, str(first.row_number))

    if _content(row) == _content(first):
        return replace(row, warnings=(*row.warnings, note("row_repeated")), same_as_row=first.row_number)
    if key[0] == "register_code" and _name(row) != _name(first):
        return replace(row, faults=(*row.faults, note("register_code_twice")))
    two_codes = row.register_code and first.register_code and row.register_code != first.register_code
    # The office itself gave two codes: two people of one name and year in one commune are no rarity.
    if key[0] == "commune" and two_codes:
        return replace(row, warnings=(*row.warnings, note("person_maybe_twice")))
    return replace(row, faults=(*row.faults, note("person_twice")))


def _content(row: RegisterRow) -> RegisterRow:
    return replace(row, row_number=0, faults=(), warnings=(), notes=None)


def _name(row: RegisterRow) -> str:
    return fold(row.full_name or "")
