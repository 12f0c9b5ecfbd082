"""Write the rows that could not be imported, each with its reasons, as a file that opens in any office's program.

What came from outside goes back to a spreadsheet: nothing in it may become a formula there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from counseling.registers.reading import Cell

# Also the full-width forms, which some programs read as the plain ones, and what may stand before them.
_STARTS_A_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class BadRow:
    number: int
    cells: tuple[Cell, ...]
    reasons: tuple[str, ...]


def as_xlsx(headings: Sequence[str], rows: Iterable[BadRow]) -> bytes:
    """A workbook: `headings` over the row's number, its reasons, and its cells as they were."""
    import xlsxwriter  # 2 MB for a file that is seldom asked for

    stream = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(stream, options)
    page = book.add_worksheet()
    bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "dd/mm/yyyy"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    page.set_column(1, 1, 60)
    page.freeze_panes(1, 0)
    for column, heading in enumerate(headings):
        page.write_string(0, column, harmless(heading), bold)
    for line, row in enumerate(rows, 1):
        page.write_number(line, 0, row.number)
        page.write_string(line, 1, harmless("\n".join(row.reasons)), wrapped)
        for column, cell in enumerate(row.cells, 2):
            if isinstance(cell, datetime | date):
                page.write_datetime(line, column, cell, day)
            elif isinstance(cell, int | float) and not isinstance(cell, bool):
                page.write_number(line, column, cell)
            elif cell is not None:
                page.write_string(line, column, harmless(str(cell)))
    book.close()
    return stream.getvalue()


def as_csv(headings: Sequence[str], rows: Iterable[BadRow]) -> bytes:
    """The same as text with semicolons and a byte order mark, which Excel here opens rightly."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow([harmless(heading) for heading in headings])
    for row in rows:
        writer.writerow([row.number, harmless(" ".join(row.reasons)), *(harmless(_text(cell)) for cell in row.cells)])
    return stream.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """The text with ' before what a spreadsheet would take for the beginning of a formula."""
    return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text


def _text(cell: Cell) -> str:
    if isinstance(cell, datetime | date):
        return cell.strftime("%d/%m/%Y")
    return "" if cell is None else str(cell)
