"""Read a register file into rows of plain cells: XLSX, and text with separators.

Old XLS and ODS are refused although calamine reads them: errors come out as blanks there, and a file of 6 kB can ask
for more than a gigabyte before a row is seen. Both programs save XLSX.

What a file is, its content says; its name only decides between kinds of text. Nothing here knows what a column means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import PurePath
from types import MappingProxyType
from unicodedata import normalize

Cell = str | int | float | bool | date | datetime | None

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 50_000
_TEXT_NAMES = (".csv", ".tsv", ".txt", ".xls", ".xlsx", "")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the stream's name in the wrapping of a workbook with a password
_NO_FAULTS: Mapping[int, str] = MappingProxyType({})


class UnreadableRegister(Exception):  # noqa: N818 - named like Refusal: an answer about the file, not an accident
    """The file cannot be read as a register.

    Codes: wrong_type, password_protected, too_large, too_many_rows, empty, damaged.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not blank; `number` is the sheet's own, from 1. Cells count from 0; the blank tail is cut.

    `faults` tells cells that could not be read at all, by column: formula_without_value, cell_has_error.
    """

    number: int
    cells: tuple[Cell, ...]
    faults: Mapping[int, str] = field(default_factory=lambda: _NO_FAULTS)

    def cell(self, column: int) -> Cell:
        return self.cells[column] if column < len(self.cells) else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows that are not blank, in order. `name` is the worksheet's; text files have none."""

    rows: list[Row]
    name: str = ""


def read_table(data: bytes, filename: str) -> Sheet:
    """Read the first visible worksheet that holds something, or the text file; raise UnreadableRegister."""
    # Both readers import this module for Row and Sheet.
    from counseling.registers import separated_text, workbooks

    if len(data) > MAX_BYTES:
        raise UnreadableRegister("too_large")
    if not data.strip():
        raise UnreadableRegister("empty")
    if data.startswith(b"PK"):
        return workbooks.read_xlsx(data)
    if data.startswith(_OLE):
        raise UnreadableRegister("password_protected" if _ENCRYPTED in data else "wrong_type")
    if PurePath(filename).suffix.lower() not in _TEXT_NAMES:
        raise UnreadableRegister("wrong_type")
    return separated_text.read(data)


def gather(numbered: Iterable[tuple[int, list[Cell]]], faults: Mapping[tuple[int, int], str], name: str = "") -> Sheet:
    """Build a sheet from (row number, cells); `faults` is keyed by (row number, column)."""
    by_row: dict[int, dict[int, str]] = {}
    for (number, column), code in faults.items():
        by_row.setdefault(number, {})[column] = code
    rows: list[Row] = []
    for number, cells in numbered:
        row = Row(number, _without_tail(cells), by_row.pop(number, _NO_FAULTS))
        if row.cells or row.faults:
            rows.append(row)
        if len(rows) > MAX_ROWS:
            raise UnreadableRegister("too_many_rows")
    # Rows that hold nothing else than cells without a value do not reach the reader of values.
    rows += [Row(number, (), codes) for number, codes in by_row.items()]
    if not rows:
        raise UnreadableRegister("empty")
    return Sheet(sorted(rows, key=lambda row: row.number) if by_row else rows, name)


def plain(value: Cell | time | timedelta) -> Cell:
    """Give text in NFC with single spaces at no end, blank text as None, clock times as text."""
    if isinstance(value, str):
        # Spreadsheets carry no-break and zero-width spaces over from web pages and old fonts.
        tidy = normalize("NFC", value).replace("\xa0", " ").replace("\u200b", "").replace("\ufeff", "").strip()
        return tidy or None
    if isinstance(value, time | timedelta):
        return str(value)
    return value


def _without_tail(cells: list[Cell]) -> tuple[Cell, ...]:
    end = len(cells)
    while end and cells[end - 1] is None:
        end -= 1
    return tuple(cells[:end])
