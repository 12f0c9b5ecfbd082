"""Tell the rows of people from what else stands in a table: headings again, sections, totals, signatures."""

from __future__ import annotations

import re

from counseling.domain.names import fold
from counseling.registers import values
from counseling.registers.bad_cell import BadCell
from counseling.registers.columns import Field, Proposal, is_column_numbers
from counseling.registers.reading import Cell, Row

_END = re.compile(
    r"(?:tong cong|tong so|tong|cong)(?: so)?(?: [0-9]+)?(?: (?:nguoi|nguoi benh|benh nhan|bn|truong hop|danh sach).*)?"
    r"|(?:tong cong|tong so|cong) .{0,60}[0-9].*"
    r"|(?:nguoi|can bo) (?:lap|tong hop|thong ke|bao cao|phu trach|viet).*"
    r"|(?:ky|ky va|dong dau)(?: va)? (?:ghi ro|dong dau|ten|ghi).*|ky|ky ten"
    r"|(?:diem|tram|khoa|phong) truong"
    r"|(?:pho )?(?:truong|giam doc|thu truong|phu trach)(?: (?:diem|tram|khoa|co so|don vi|phong|trung tam).*)?"
    r"|thu truong don vi|xac nhan cua.*|lanh dao.*|ke toan|thu kho|bac si(?: dieu tri)?|duoc si|noi nhan"
    r"|(?:.{2,40} )?ngay [0-9 ]*thang [0-9 ]*nam [0-9 ]*"
)
_EVIDENCE = {
    Field.REGISTER_CODE: values.parse_code,
    Field.BIRTH_YEAR: values.parse_birth,
    Field.BIRTH_DATE: values.parse_birth,
    Field.BIRTH_YEAR_MALE: values.parse_birth,
    Field.BIRTH_YEAR_FEMALE: values.parse_birth,
    Field.DOSE_MG: values.parse_dose,
    Field.PHONE: values.parse_phone,
    Field.IDENTITY_NUMBER: values.parse_identity_number,
    Field.ORDER_STARTS_ON: values.parse_date,
    Field.ORDER_ENDS_ON: values.parse_date,
}


class RowKinds:
    """Asked row by row from the top: after a line of totals or signatures, only what is plainly a person counts.

    So a subtotal in the middle loses nobody, and the name under a signature becomes no patient.
    """

    def __init__(self, proposal: Proposal) -> None:
        self._columns = proposal.columns
        self._name_column = next((at for at, field in proposal.columns.items() if field is Field.FULL_NAME), None)
        self._headings = {column: _words(text) for column, text in proposal.headings.items()}
        self._ended = False

    def is_person(self, row: Row) -> bool:
        if is_column_numbers(row) or self._repeats_headings(row):
            return False
        if self._is_end(row):
            self._ended = True
            return False
        if self._ended:
            return self._name(row) is not None and self._evidence(row) >= 2
        return not self._is_section(row)

    def _name(self, row: Row) -> Cell:
        return None if self._name_column is None else row.cell(self._name_column)

    def _repeats_headings(self, row: Row) -> bool:
        same = [
            column
            for column, heading in self._headings.items()
            if isinstance(cell := row.cell(column), str) and (text := fold(cell)) and text in heading
        ]
        texts = sum(isinstance(cell, str) for cell in row.cells)
        return len(same) >= 2 and len(same) * 2 > texts and self._evidence(row) == 0

    def _is_end(self, row: Row) -> bool:
        name = self._name(row)
        if isinstance(name, str) and not _END.fullmatch(fold(name)):
            return False
        return any(isinstance(cell, str) and _END.fullmatch(fold(cell)) for cell in row.cells)

    def _is_section(self, row: Row) -> bool:
        """A line such as "I. XÃ BÌNH GIA", alone in its row outside the column of names, or a bare number."""
        filled = [
            column
            for column, cell in enumerate(row.cells)
            if not values.is_nothing(cell) and self._columns.get(column) is not Field.NUMBER
        ]
        meant = [column for column in filled if self._columns.get(column, Field.IGNORED) is not Field.IGNORED]
        if row.faults:
            return False
        return not meant or (len(filled) == 1 and filled[0] != self._name_column and self._evidence(row) == 0)

    def _evidence(self, row: Row) -> int:
        return sum(
            _parses(field, row.cell(column))
            for column, field in self._columns.items()
            if field in _EVIDENCE and row.cell(column) is not None
        )


def _parses(field: Field, cell: Cell) -> bool:
    if field is Field.REGISTER_CODE:
        return any(char.isdigit() for char in values.as_text(cell))
    try:
        _EVIDENCE[field](cell)
    except BadCell:
        return False
    return True


def _words(heading: str) -> set[str]:
    """The folded texts that a repeated heading may have at its column: either line, or both."""
    return {fold(part) for part in heading.split(" – ")} | {fold(heading)}
