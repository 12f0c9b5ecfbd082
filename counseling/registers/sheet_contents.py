"""Look through a worksheet's XML for what calamine does not tell: errors, and formulas that were never computed.

It also keeps calamine from laying out a rectangle that no memory holds.
"""

from __future__ import annotations

import re
from typing import IO
from xml.parsers import expat

from counseling.registers.reading import MAX_ROWS, UnreadableRegister

# calamine lays a sheet out as a full rectangle: one stray cell at XFD1048576 would ask for 17 thousand million cells.
_MAX_COLUMNS = 256
_MAX_ROW_NUMBER = 4 * MAX_ROWS
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_CHUNK = 1 << 18


class SheetContents:
    """`rows` are the numbers of rows that hold something; `faults` are keyed by (row from 1, column from 0)."""

    def __init__(self) -> None:
        self.rows: set[int] = set()
        self.faults: dict[tuple[int, int], str] = {}
        self._place = self._kind = ""
        self._formula = self._value = False
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, stream: IO[bytes]) -> None:
        """Raise UnreadableRegister: damaged, too_many_rows, too_large (more than 256 columns)."""
        try:
            while chunk := stream.read(_CHUNK):
                self._parser.Parse(chunk, False)
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise UnreadableRegister("damaged") from error

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            self._place, self._kind = attributes.get("r", ""), attributes.get("t", "")
            self._formula = self._value = False
        elif name == "f":
            self._formula = True
        elif name == "v":
            self._parser.CharacterDataHandler = self._text
        elif name == "is":
            self._value = True

    def _text(self, text: str) -> None:
        self._value = self._value or bool(text)

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "v":
            self._parser.CharacterDataHandler = None
        elif name == "c" and (self._value or self._formula):
            self._note_cell()

    def _note_cell(self) -> None:
        match = _PLACE.fullmatch(self._place)
        if match is None:
            raise UnreadableRegister("damaged")
        row, column = int(match.group(2)), _column_number(match.group(1))
        self.rows.add(row)
        if len(self.rows) > MAX_ROWS or row > _MAX_ROW_NUMBER:
            raise UnreadableRegister("too_many_rows")
        if column >= _MAX_COLUMNS:
            raise UnreadableRegister("too_large")
        if self._kind == "e":
            self.faults[row, column] = "cell_has_error"
        # A formula whose answer is an empty text (t="str") is a true blank; any other was never computed.
        elif self._formula and not self._value and self._kind != "str":
            self.faults[row, column] = "formula_without_value"


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
