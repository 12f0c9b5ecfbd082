"""Whole registers: who is read, what is wrong and where, who comes twice."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counseling.registers.columns import propose_columns
from counseling.registers.reading import Cell, Row, Sheet, read_table
from counseling.registers.row_reader import column_letter
from counseling.registers.rows import RegisterRow, RowFault, read_rows
from tests.registers.sheets import (
    GIVEN_REGISTER,
    HEADING,
    code_of,
    lang_son,
    person,
    register_of,
    sheet_of,
    workbook,
)


def faults_of(row: RegisterRow) -> list[tuple[str, str, str]]:
    return [(fault.column_letter, fault.field, fault.code) for fault in row.faults]


def warnings_of(row: RegisterRow) -> list[str]:
    return [warning.code for warning in row.warnings]


def test_the_given_register_gives_300_people_without_a_fault() -> None:
    sheet = read_table(GIVEN_REGISTER.read_bytes(), GIVEN_REGISTER.name)
    rows = list(read_rows(sheet, propose_columns(sheet), lang_son()))
    assert len(rows) == 300
    assert not [row for row in rows if row.faults or row.warnings]
    assert len({row.register_code for row in rows}) == 300
    assert {row.area_code for row in rows} == set(map(code_of, all_communes()))
    assert (rows[0].row_number, rows[-1].row_number) == (8, 307)
    assert (rows[1].dose_tenths, rows[1].phone, rows[1].sex) == (605, "+84329682180", "male")
    assert (rows[1].order_starts_on, rows[1].order_ends_on) == (date(2026, 11, 3), date(2026, 12, 2))


def all_communes() -> set[str]:
    sheet = read_table(GIVEN_REGISTER.read_bytes(), GIVEN_REGISTER.name)
    return {str(row.cell(5)) for row in sheet.rows if 8 <= row.number <= 307}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"starts": "31/02/2026"}, ("I", "order_starts_on", "date_not_real")),
        ({"dose": "6O"}, ("H", "dose_mg", "dose_not_a_number")),
        ({"dose": 950}, ("H", "dose_mg", "dose_above_ceiling")),
        ({"commune": "Xã Không Có"}, ("F", "commune", "commune_unknown")),
        ({"commune": "Xã Hòa Bình"}, ("F", "commune", "commune_ambiguous")),
        ({"name": None}, ("C", "full_name", "name_missing")),
        ({"name": "-"}, ("C", "full_name", "name_missing")),
        ({"name": 12}, ("C", "full_name", "name_not_understood")),
        ({"year": None}, ("D", "birth_year", "birth_missing")),
        ({"year": 45}, ("D", "birth_year", "birth_not_understood")),
        ({"ends": date(2026, 10, 1)}, ("J", "order_ends_on", "order_end_before_start")),
        ({"phone": "12"}, ("G", "phone", "phone_not_valid")),
        ({"sex": "?!"}, ("E", "sex", "sex_not_understood")),
    ],
)
def test_each_fault_names_its_column_once(changes: dict[str, Cell], fault: tuple[str, str, str]) -> None:
    rows = register_of(person(1), person(2, **changes))
    assert not rows[0].faults
    assert faults_of(rows[1]) == [fault]
    assert rows[1].faults[0].row_number == rows[1].row_number == 3


def test_a_fault_shows_what_stands_in_the_cell_and_what_could_be_meant() -> None:
    (row,) = register_of(person(1, commune="Xã Bính Xá"))
    choices = (code_of("Xã Đình Lập"), code_of("Xã Kiên Mộc"))
    fault = RowFault(2, "F", "commune", "commune_ambiguous", "Xã Bính Xá", row.faults[0].choices)
    assert row.faults == (fault,)
    assert set(fault.choices) == set(choices)


def test_a_formula_without_value_is_a_fault_of_its_row_and_column() -> None:
    cells = person(1, dose=None)
    sheet = Sheet([Row(1, tuple(HEADING)), Row(2, tuple(cells), {7: "formula_without_value", 0: "cell_has_error"})])
    (row,) = read_rows(sheet, propose_columns(sheet), lang_son())
    assert faults_of(row) == [("H", "dose_mg", "formula_without_value")]


def test_a_row_without_a_dose_registers_the_person_without_an_order() -> None:
    (row,) = register_of(person(1, dose=None, starts=None, ends="-", phone="không có"))
    assert (row.dose_tenths, row.order_starts_on, row.order_ends_on, row.phone) == (None, None, None, None)
    assert (row.faults, row.warnings) == ((), ())


def test_half_an_order_is_said() -> None:
    rows = register_of(person(1, dose=None), person(2, ends=None), person(3, starts=None, ends=None))
    assert [warnings_of(row) for row in rows] == [["dose_missing"], ["order_dates_missing"], ["order_dates_missing"]]


# Who is a person of the table -----------------------------------------------------------------------------------------


def names_of(rows: list[RegisterRow]) -> list[str | None]:
    return [row.register_code for row in rows]


FOOT: list[list[Cell]] = [
    [None, "Tổng cộng:", 2, None, None, None, None, 120],
    [],
    [None, None, None, None, None, "Đông Kinh, ngày 20 tháng 11 năm 2026"],
    [None, "NGƯỜI LẬP BIỂU", None, None, None, None, "TRƯỞNG ĐIỂM"],
    [None, "(Ký, ghi rõ họ tên)", None, None, None, None, "(Ký, đóng dấu)"],
    [],
    [None, "Lương Thị Hoa", None, None, None, None, "Nông Văn Kiên"],
    [None, None, "Nông Văn Kiên"],
]


def test_totals_dates_signatures_and_the_names_under_them_are_no_patients() -> None:
    assert names_of(register_of(person(1), person(2), *FOOT)) == ["T-0001", "T-0002"]


@pytest.mark.parametrize(
    "words",
    ["Cộng", "Tổng số: 2 người bệnh", "Tổng cộng danh sách có 02 người", "Người lập", "Ký, ghi rõ họ tên",
     "Trạm trưởng", "Thủ trưởng đơn vị", "Giám đốc", "Lạng Sơn, ngày … tháng … năm 2026"],
)  # fmt: skip
@pytest.mark.parametrize("column", [0, 1, 2, 5])
def test_the_foot_of_a_table_is_known_in_whichever_column_it_stands(words: str, column: int) -> None:
    foot: list[Cell] = [None] * 8
    foot[column] = words
    rows = register_of(person(1), foot, [None, None, "Nông Văn Kiên"])
    assert names_of(rows) == ["T-0001"]


def test_a_subtotal_in_the_middle_loses_nobody() -> None:
    rows = register_of(person(1), [None, "Cộng", 1], ["II. XÃ BẮC SƠN"], person(2), person(3, name="Lý Văn Cộng"))
    assert names_of(rows) == ["T-0001", "T-0002", "T-0003"]


def test_blank_lines_page_headings_sections_and_column_numbers_are_skipped() -> None:
    numbers: list[Cell] = [f"({n})" for n in range(1, 11)]
    section: list[Cell] = ["I. XÃ BÌNH GIA"]
    only_number: list[Cell] = [7]
    rows = register_of(
        numbers, section, person(1), [], HEADING, numbers, only_number, person(2), [None] * 10, person(3)
    )
    assert names_of(rows) == ["T-0001", "T-0002", "T-0003"]
    assert [row.row_number for row in rows] == [4, 9, 11]


def test_a_person_with_only_a_name_is_shown_and_not_skipped() -> None:
    (row,) = register_of([None, None, "Lý Văn Đạt"])
    assert faults_of(row) == [("D", "birth_year", "birth_missing")]


# Ticks, years in two columns, addresses -------------------------------------------------------------------------------


def test_birth_years_in_two_columns_tell_the_sex() -> None:
    data = workbook(
        ["STT", "Họ tên", "Năm sinh", "", "Xã"],
        ["", "", "Nam", "Nữ", ""],
        [1, "Hoàng Văn A", 1971, None, "Bình Gia"],
        [2, "Lý Thị B", None, "12/05/1980", "Bình Gia"],
        [3, "Lý Thị C", 1970, 1980, "Bình Gia"],
        merged=["C1:D1", "A1:A2", "B1:B2"],
    )
    sheet = read_table(data, "a.xlsx")
    first, second, third = read_rows(sheet, propose_columns(sheet), lang_son())
    assert (first.sex, first.birth_year) == ("male", 1971)
    assert (second.sex, second.birth_year, second.birth_on) == ("female", 1980, date(1980, 5, 12))
    assert {fault.code for fault in third.faults} == {"birth_twice", "marked_twice"}


def test_ticks_under_nam_and_nu_tell_the_sex() -> None:
    heading = ["STT", "Họ tên", "Năm sinh", "Nam", "Nữ"]
    people: list[list[Cell]] = [
        [1, "Hoàng Văn A", 1971, "x"], [2, "Lý Thị B", 1980, None, "X"], [3, "Lý Thị C", 1981, "x", "x"],
        [4, "Lý Thị D", 1982, None, "?a"],
    ]  # fmt: skip
    rows = register_of(*people, heading=heading)
    assert [row.sex for row in rows] == ["male", "female", None, None]
    assert faults_of(rows[2]) == [("E", "sex_female_mark", "marked_twice")]
    assert faults_of(rows[3]) == [("E", "sex_female_mark", "mark_not_understood")]


def test_where_only_women_are_ticked_the_others_are_men() -> None:
    rows = register_of(
        [1, "Hoàng Văn A", 1971], [2, "Lý Thị B", 1980, "x"], heading=["STT", "Họ tên", "Năm sinh", "Nữ"]
    )
    assert [row.sex for row in rows] == ["male", "female"]


def test_without_a_column_of_communes_the_address_is_searched_and_kept() -> None:
    heading = ["STT", "Họ tên", "Năm sinh", "Địa chỉ"]
    rows = register_of(
        [1, "Hoàng Văn A", 1971, "Thôn Nà Pàn, xã Hồng Phong, huyện Cao Lộc"],
        [2, "Lý B", 1980, "số 4"],
        heading=heading,
    )
    assert rows[0].area_code == code_of("Xã Đồng Đăng")
    assert rows[0].address == "Thôn Nà Pàn, xã Hồng Phong, huyện Cao Lộc"
    assert (rows[1].area_code, warnings_of(rows[1]), rows[1].faults) == (None, ["address_without_commune"], ())


# Who comes twice ------------------------------------------------------------------------------------------------------


def test_one_code_twice_with_different_doses_is_a_fault_that_names_the_first_row() -> None:
    rows = register_of(person(1), person(2), person(1, dose=80))
    assert not rows[0].faults
    assert rows[2].faults == (RowFault(4, "", "register_code", "person_twice", "2"),)


@pytest.mark.parametrize(
    "changes",
    [{"code": "T-9", "commune": "Xã Bắc Sơn"}, {"code": None, "phone": None}, {"code": None, "name": "HOÀNG VĂN B"}],
)
def test_one_name_and_year_with_the_same_phone_or_commune_is_one_person(changes: dict[str, Cell]) -> None:
    rows = register_of(person(1), person(1, dose=80, **changes))
    assert [fault.code for fault in rows[1].faults] == ["person_twice"]


def test_two_codes_of_one_name_year_and_commune_may_be_two_people_and_are_said() -> None:
    rows = register_of(person(1), person(1, code="T-9", phone="0987654321", dose=80))
    assert rows[1].faults == ()
    assert rows[1].warnings == (RowFault(3, "", "commune", "person_maybe_twice", "2"),)


def test_one_code_of_two_names_is_a_fault() -> None:
    rows = register_of(person(1), person(2, code="t-0001"))
    assert [fault.code for fault in rows[1].faults] == ["register_code_twice"]


def test_the_same_row_twice_is_counted_once() -> None:
    rows = register_of(person(1), person(2), person(1))
    assert rows[2].faults == ()
    assert (rows[2].same_as_row, warnings_of(rows[2])) == (2, ["row_repeated"])


def test_people_of_one_name_and_year_who_share_nothing_else_are_two() -> None:
    rows = register_of(person(1), person(1, code="T-9", phone="0987654321", commune="Xã Bắc Sơn"))
    assert not rows[1].faults
    assert not rows[1].warnings


# Anything in a sheet --------------------------------------------------------------------------------------------------

ANY_CELL = st.one_of(
    st.none(), st.text(max_size=12), st.floats(), st.integers(-5, 99999), st.dates(), st.booleans(),
    st.sampled_from(["Nam", "x", "60,5", "0912345678", "Xã Bình Gia", "Tổng cộng", "Họ và tên", "STT", "Liều (mg)"]),
)  # fmt: skip


@settings(max_examples=200)
@given(table=st.lists(st.lists(ANY_CELL, max_size=12), max_size=8))
def test_no_sheet_makes_the_reader_fall_and_every_fault_names_its_row(table: list[list[Cell]]) -> None:
    sheet = sheet_of(HEADING, *table)
    for row in read_rows(sheet, propose_columns(sheet), lang_son()):
        assert row.faults or (row.full_name and row.birth_year)
        assert all(fault.row_number == row.row_number for fault in row.faults + row.warnings)


@given(column=st.integers(0, 18_000))
def test_column_letters_count_like_a_spreadsheet(column: int) -> None:
    number = 0
    for letter in column_letter(column):
        number = number * 26 + ord(letter) - 64
    assert number - 1 == column


def test_thousands_of_people_are_read_and_checked_without_a_fault() -> None:
    communes, rest = sorted(all_communes()), ["Đông Kinh", "ghi chú", "20 mg", None, "x"]
    people = [
        # Every tenth has a landline, which goes the slow way through the library.
        [*person(n, commune=communes[n % 65], phone=f"0205{3_800_000 + n}" if n % 10 == 0 else f"03{n:08d}"), *rest]
        for n in range(2_000)
    ]
    sheet = read_table(workbook([*HEADING, "Điểm cấp phát", "Ghi chú"], *people), "a.xlsx")
    rows = list(read_rows(sheet, propose_columns(sheet), lang_son()))
    assert (len(rows), [row for row in rows if row.faults]) == (2_000, [])
