"""Files as offices hand them over, and files that only look like one."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import example, given, settings
from hypothesis import strategies as st

from counseling.registers.reading import MAX_BYTES, Sheet, UnreadableRegister, read_table
from tests.registers.sheets import GIVEN_REGISTER, workbook

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refused(data: bytes, filename: str = "register.xlsx") -> str:
    with pytest.raises(UnreadableRegister) as caught:
        read_table(data, filename)
    return caught.value.code


def zipped(data: bytes, **replaced: bytes) -> bytes:
    """Copy a workbook with some members replaced or added; keys are file names without folder and ending."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, replaced.pop(name.rsplit("/", 1)[-1].split(".")[0], None) or old.read(name))
        for name, content in replaced.items():
            new.writestr(f"xl/{name}", content)
    return target.getvalue()


def sheet_xml(cells: str) -> bytes:
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{namespace}"><sheetData>{cells}</sheetData></worksheet>'.encode()


def with_cells(cells: str) -> bytes:
    return zipped(workbook(["x"]), sheet1=sheet_xml(cells))


def cells_of(sheet: Sheet) -> list[list[object]]:
    return [list(row.cells) for row in sheet.rows]


def test_the_given_register_keeps_its_own_row_numbers_and_types() -> None:
    sheet = read_table(GIVEN_REGISTER.read_bytes(), GIVEN_REGISTER.name)
    by_number = {row.number: row for row in sheet.rows}
    assert sheet.name == "Danh sách"
    assert by_number[7].cells[:3] == ("STT", "Mã", "Họ và tên")
    assert by_number[8].cells[7:10] == (60.0, date(2026, 10, 13), date(2026, 11, 11))
    assert by_number[309].cell(1) == "Tổng cộng:"
    assert 310 not in by_number


def test_rows_and_columns_that_are_blank_at_the_beginning_are_still_counted() -> None:
    sheet = read_table(
        workbook([], [], [None, None, "Mã", None, 5, None], [], [None, None, None, date(2026, 11, 1)]), "a.xlsx"
    )
    assert [row.number for row in sheet.rows] == [3, 5]
    assert cells_of(sheet) == [[None, None, "Mã", None, 5.0], [None, None, None, date(2026, 11, 1)]]


def test_the_first_visible_worksheet_that_holds_something_is_read() -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    hidden = book.add_worksheet("Ẩn")
    hidden.write(0, 0, "secret")
    book.add_worksheet("Trống").activate()
    book.add_worksheet("Danh sách").write(1, 1, "Mã")
    hidden.hide()
    book.close()
    sheet = read_table(file.getvalue(), "a.xlsx")
    assert (sheet.name, cells_of(sheet)) == ("Danh sách", [[None, "Mã"]])


def test_a_formula_that_was_never_computed_is_a_fault_and_no_blank() -> None:
    sheet = read_table(with_cells('<row r="2"><c r="B2"><f>A1+1</f></c><c r="C2"><f>A1</f><v></v></c></row>'), "a.xlsx")
    assert sheet.rows[0].number == 2
    assert dict(sheet.rows[0].faults) == {1: "formula_without_value", 2: "formula_without_value"}


def test_a_formula_with_its_value_is_read_as_the_value_and_an_empty_text_as_blank() -> None:
    cells = '<c r="A1"><f>30*2</f><v>60</v></c><c r="B1" t="str"><f>""</f><v></v></c><c r="C1"><v>1</v></c>'
    row = read_table(with_cells(f'<row r="1">{cells}</row>'), "a.xlsx").rows[0]
    assert (row.cells, dict(row.faults)) == ((60.0, None, 1.0), {})


def test_a_cell_that_shows_an_error_is_a_fault_and_no_blank() -> None:
    row = read_table(
        with_cells('<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="e"><v>#REF!</v></c></row>'), "a.xlsx"
    ).rows[0]
    assert dict(row.faults) == {1: "cell_has_error"}


@pytest.mark.parametrize(
    ("data", "filename"),
    [
        (b"%PDF-1.7\n1 0 obj", "register.xlsx"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "register.xlsx"),
        (b"<html><table><tr><td>STT</td></tr></table></html>", "register.xls"),
        ("STT;Họ tên\n1;Hoàng Văn A".encode(), "register.pdf"),
        (OLE + b"\x00" * 600 + "WordDocument".encode("utf-16-le"), "register.xls"),
        (OLE + b"\x00" * 600 + "Workbook".encode("utf-16-le"), "register.xls"),
    ],
)
def test_a_file_of_another_kind_is_told_by_its_content(data: bytes, filename: str) -> None:
    assert refused(data, filename) == "wrong_type"


def test_a_zip_without_a_workbook_is_another_kind_of_file() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refused(file.getvalue(), "register.xlsx") == "wrong_type"


def test_an_encrypted_workbook_asks_for_the_one_without_password() -> None:
    assert refused(OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le") + b"\x00" * 100) == "password_protected"


def test_a_file_over_20_megabytes_is_too_large() -> None:
    assert refused(b"a" * (MAX_BYTES + 1), "register.csv") == "too_large"


def test_a_file_that_unpacks_to_over_200_megabytes_is_refused_before_it_is_read() -> None:
    assert refused(zipped(workbook(["x"]), bomb=b"\x00" * (201 * 1024 * 1024))) == "too_large"


def test_a_bomb_that_lies_about_its_size_is_refused_too() -> None:
    honest = zipped(workbook(["x"]), bomb=b"\x00" * (201 * 1024 * 1024))
    assert refused(honest.replace(struct.pack("<I", 201 * 1024 * 1024), struct.pack("<I", 1000))) == "too_large"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>', "too_many_rows"),
        ('<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>', "too_large"),
        ('<row r="1"><c r="A1"><v>1</v></c>', "damaged"),
        ('<row r="1"><c r="A1" s="1"/></row>', "empty"),
    ],
)
def test_a_sheet_that_no_register_has_is_refused(cells: str, code: str) -> None:
    assert refused(with_cells(cells)) == code


def test_more_than_50000_rows_are_too_many_and_formatted_blank_ones_do_not_count() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 50_002))
    assert refused(with_cells(rows)) == "too_many_rows"
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(2, 60_000))
    assert len(read_table(with_cells(f'<row r="1"><c r="A1"><v>1</v></c></row>{blank}'), "a.xlsx").rows) == 1


@pytest.mark.parametrize("data", [b"", b"  \n ", workbook([])])
def test_a_file_without_content_is_empty(data: bytes) -> None:
    assert refused(data, "register.csv") == "empty"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.98])
def test_a_file_cut_short_is_damaged(share: float) -> None:
    data = GIVEN_REGISTER.read_bytes()
    assert refused(data[: int(len(data) * share)]) == "damaged"


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 40_000), byte=st.integers(0, 255))
@example(position=310, byte=128)  # a member's name in the archive is no text any more
def test_a_flipped_byte_ends_in_rows_or_in_one_of_the_codes(position: int, byte: int) -> None:
    data = bytearray(GIVEN_REGISTER.read_bytes())
    data[position % len(data)] = byte
    try:
        assert read_table(bytes(data), "a.xlsx").rows
    except UnreadableRegister as error:
        assert error.code in {"damaged", "wrong_type", "password_protected", "too_large", "empty", "too_many_rows"}


TEXT = "STT;Họ tên;Liều\n1;Nguyễn Thị Đào;60,5\n\n2;Lý Văn Phượng;60\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_text_is_read_in_every_encoding_that_excel_saves(encoding: str, separator: str) -> None:
    sheet = read_table(TEXT.replace(";", separator).encode(encoding), "register.csv")
    assert cells_of(sheet)[1] == ["1", "Nguyễn Thị Đào", "60,5"]
    assert [row.number for row in sheet.rows] == [1, 2, 4]


def test_text_of_windows_1258_comes_out_in_whole_letters() -> None:
    # This code page writes ễ as ê and a mark behind it.
    data = "STT,Ho\u0323 tên\n1,Nguyê\u0303n Thi\u0323 Đào\n".encode("cp1258")
    assert cells_of(read_table(data, "register.csv"))[1] == ["1", "Nguyễn Thị Đào"]


def test_commas_part_where_they_part_most_and_quotes_keep_a_decimal_comma() -> None:
    sheet = read_table(b'STT,Ten,Lieu\n1,An,"60,5"\n2,"Binh\nHai dong",60\n3,Cu,60\n', "register.csv")
    assert cells_of(sheet)[1] == ["1", "An", "60,5"]
    assert [row.number for row in sheet.rows] == [1, 2, 3, 4]


def test_excels_own_line_about_the_separator_is_no_row_of_the_table() -> None:
    sheet = read_table(b"sep=;\nSTT;Ten\n1;An, Binh, Cu\n", "register.csv")
    assert [(row.number, row.cells) for row in sheet.rows] == [(2, ("STT", "Ten")), (3, ("1", "An, Binh, Cu"))]


def test_no_break_spaces_and_decomposed_letters_are_tidied() -> None:
    sheet = read_table(workbook(["\xa0Nguye\u0302\u0303n ", "\u200b", 1]), "a.xlsx")
    assert cells_of(sheet) == [["Nguyễn", None, 1.0]]


def test_a_day_with_a_clock_time_keeps_both() -> None:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    form = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
    book.add_worksheet().write_datetime(0, 0, datetime(2026, 11, 3, 7, 30), form)  # noqa: DTZ001 - Excel knows no zone
    book.close()
    assert cells_of(read_table(file.getvalue(), "a.xlsx")) == [[datetime(2026, 11, 3, 7, 30)]]  # noqa: DTZ001 - the same
