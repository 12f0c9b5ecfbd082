"""Registers made in memory: a test says which cells stand where, xlsxwriter makes the file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import xlsxwriter
from vietnam_provinces import ProvinceCode, Ward

from counseling.registers.columns import propose_columns
from counseling.registers.communes import CommuneFinder, current_names, former_names
from counseling.registers.former_communes import list_former_communes
from counseling.registers.reading import Cell, Row, Sheet
from counseling.registers.rows import RegisterRow, read_rows

GIVEN_REGISTER = Path(__file__).parents[1] / "data" / "register-dong-kinh.xlsx"
HEADING = ["STT", "Mã BN", "Họ và tên", "Năm sinh", "Giới tính", "Xã/phường", "SĐT", "Liều (mg)", "Từ ngày", "Đến ngày"]


def person(number: int = 1, **changes: Cell) -> list[Cell]:
    cells: dict[str, Cell] = {
        "number": number,
        "code": f"T-{number:04d}",
        "name": f"Hoàng Văn {'ABCDEGHIKLMNOPQRSTUVXY'[number % 22]}",
        "year": 1960 + number % 40,
        "sex": "Nam",
        "commune": "Xã Bình Gia",
        "phone": f"09123{number:05d}",
        "dose": 60,
        "starts": date(2026, 11, 1),
        "ends": date(2026, 11, 30),
    }
    return list((cells | changes).values())


def sheet_of(*rows: Sequence[Cell], first_row: int = 1) -> Sheet:
    return Sheet([Row(number, tuple(cells)) for number, cells in enumerate(rows, first_row) if any(cells)])


def register_of(*people: Sequence[Cell], heading: Sequence[str] = HEADING) -> list[RegisterRow]:
    sheet = sheet_of(heading, *people)
    return list(read_rows(sheet, propose_columns(sheet), lang_son()))


def workbook(*rows: Sequence[Cell], merged: Sequence[str] = ()) -> bytes:
    """Write rows from A1 on; days get a day's format; `merged` names ranges such as "D1:E1"."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("Danh sách")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, date):
                sheet.write_datetime(number, column, cell, day)
            elif cell is not None:
                sheet.write(number, column, cell)
    for cells_range in merged:
        first = cells_range.split(":")[0]
        text = rows[int(first[1:]) - 1][ord(first[0]) - 65]
        sheet.merge_range(cells_range, text)
    book.close()
    return file.getvalue()


@cache
def lang_son() -> CommuneFinder:
    former = ((row.former_name, row.former_district, row.commune_code) for row in list_former_communes())
    return CommuneFinder(current_names(communes_of_today()), former_names(former))


def communes_of_today() -> list[tuple[str, str]]:
    return [(ward.name, f"{int(ward.code):05d}") for ward in Ward.iter_by_province(ProvinceCode.P_20)]


def code_of(commune: str) -> str:
    return dict(communes_of_today())[commune]
