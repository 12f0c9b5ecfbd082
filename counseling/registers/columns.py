"""Find the table in a sheet and say what its columns hold; what is not clear is left for a person to match."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from counseling.domain.names import fold
from counseling.registers.headings import FEMALE, MALE, field_of
from counseling.registers.headings import Field as Field
from counseling.registers.reading import Row, Sheet

_ROWS_WITH_HEADINGS = 40  # an office's heading block is shorter
_ROWS_TO_LOOK_AT = 50
_FEWEST_FIELDS = 2
_MAY_REPEAT = (Field.IGNORED, Field.NOTES, Field.ADDRESS)
_COLUMN_NUMBER = re.compile(r"\(?([0-9]{1,2}|[A-Za-z])\)?(?:\.0)?")


class BadMapping(ValueError):  # noqa: N818 - named like Refusal: an answer about a match made by hand
    """Codes: no_name_column, field_twice (`field` names it), no_such_column."""

    def __init__(self, code: str, field: Field | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.field = field


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where the table stands and what its columns mean. Rows are the sheet's own numbers, columns count from 0.

    `header_row` is 0 where no heading was found. `unclear` lists columns that hold something and have no meaning yet;
    `headings` the text over each column, as the office wrote it (two lines joined by " – ").
    """

    header_row: int
    first_data_row: int
    columns: dict[int, Field]
    unclear: list[int]
    headings: dict[int, str]

    @property
    def needs_a_person(self) -> bool:
        return bool(self.unclear) or Field.FULL_NAME not in self.columns.values()


def propose_columns(sheet: Sheet) -> Proposal:
    """Find the heading with the most known columns; a heading of two lines wins only where it tells more."""
    best = Proposal(0, sheet.rows[0].number, {}, [], {})
    candidates = sheet.rows[:_ROWS_WITH_HEADINGS]
    for position, row in enumerate(candidates):
        for lines in (1, 2):
            if lines == 2 and (position + 1 >= len(candidates) or candidates[position + 1].number != row.number + 1):
                continue
            found = _read_heading(sheet, position, lines)
            if _known(found) > _known(best):
                best = found
    if _known(best) < _FEWEST_FIELDS:
        best = Proposal(0, sheet.rows[0].number, {}, [], {})
    return replace(best, unclear=_unclear(sheet, best))


def columns_signature(headings: Mapping[int, str]) -> str:
    """Give 64 hex digits that are the same for the same headings in the same columns, however they are capitalised."""
    text = "\n".join(f"{column}\t{fold(heading)}" for column, heading in sorted(headings.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def columns_by_hand(proposal: Proposal, columns: Mapping[int, Field], header_row: int | None = None) -> Proposal:
    """Take a person's match in place of the proposed one; `header_row` too where no heading was found.

    Columns that are left out are ignored. Raises BadMapping.
    """
    for field in set(columns.values()):
        if field not in _MAY_REPEAT and list(columns.values()).count(field) > 1:
            raise BadMapping("field_twice", field)
    if Field.FULL_NAME not in columns.values():
        raise BadMapping("no_name_column")
    if any(column < 0 for column in columns):
        raise BadMapping("no_such_column")
    matched = replace(proposal, columns=dict(columns), unclear=[])
    if header_row is None:
        return matched
    return replace(matched, header_row=header_row, first_data_row=header_row + 1)


def _known(proposal: Proposal) -> int:
    return len(set(proposal.columns.values()) - {Field.IGNORED})


def _read_heading(sheet: Sheet, position: int, lines: int) -> Proposal:
    upper = _texts(sheet.rows[position])
    lower = _texts(sheet.rows[position + 1]) if lines == 2 else {}
    after = _skip_column_numbers(sheet, position + lines)
    headings: dict[int, str] = {}
    columns: dict[int, Field] = {}
    group = ""
    for column in range(max([*upper, *lower], default=-1) + 1):
        group = upper.get(column, group if column in lower else "")
        own = lower.get(column, "") if lines == 2 else group
        if not (group or own):
            continue
        headings[column] = f"{group} – {own}" if lines == 2 and group and own else own or group
        field = _meaning(group, own, sheet.rows[after : after + _ROWS_TO_LOOK_AT], column)
        if field and (field in _MAY_REPEAT or field not in columns.values()):
            columns[column] = field
    first_data_row = sheet.rows[after].number if after < len(sheet.rows) else sheet.rows[-1].number + 1
    return Proposal(sheet.rows[position].number, first_data_row, columns, [], headings)


def _meaning(group: str, own: str, below: list[Row], column: int) -> Field | None:
    """Read "Năm sinh" over "Nam" together first, then the lower line, then the upper one where it stands alone."""
    together = field_of(fold(f"{group} {own}")) if own != group else None
    alone = fold(own or group)
    if together:
        return together
    if alone in (MALE, FEMALE):
        return _male_or_female(alone, below, column)
    return field_of(alone)


def _male_or_female(heading: str, below: list[Row], column: int) -> Field:
    years = any(re.search(r"(?:19|20)[0-9]{2}", str(row.cell(column))) for row in below)
    if heading == MALE:
        return Field.BIRTH_YEAR_MALE if years else Field.SEX_MALE_MARK
    return Field.BIRTH_YEAR_FEMALE if years else Field.SEX_FEMALE_MARK


def _texts(row: Row) -> dict[int, str]:
    return {column: " ".join(cell.split()) for column, cell in enumerate(row.cells) if isinstance(cell, str)}


def _skip_column_numbers(sheet: Sheet, position: int) -> int:
    """Skip the line "(1) (2) (3)" or "A B 1 2" that many forms carry under their heading."""
    if position < len(sheet.rows) and is_column_numbers(sheet.rows[position]):
        return position + 1
    return position


def is_column_numbers(row: Row) -> bool:
    matches = [_COLUMN_NUMBER.fullmatch(str(cell)) for cell in row.cells if cell is not None]
    marks = [match.group(1) for match in matches if match]
    numbers = [int(mark) for mark in marks if mark.isdigit()]
    follow = all(later == earlier + 1 for earlier, later in pairwise(numbers))
    return len(marks) == len(matches) and len(numbers) > 1 and len(marks) > 2 and follow


def _unclear(sheet: Sheet, proposal: Proposal) -> list[int]:
    below = [row for row in sheet.rows if row.number >= proposal.first_data_row][:_ROWS_TO_LOOK_AT]
    width = max((len(row.cells) for row in below), default=0)
    filled = {column for column in range(width) if any(row.cell(column) is not None for row in below)}
    return sorted((filled | set(proposal.headings)) - set(proposal.columns))
