"""Headings of many offices, and the table found under them."""

from __future__ import annotations

from datetime import date

import pytest

from counseling.registers.columns import (
    BadMapping,
    Field,
    Proposal,
    columns_by_hand,
    columns_signature,
    propose_columns,
)
from counseling.registers.reading import Cell, read_table
from tests.registers.sheets import GIVEN_REGISTER, sheet_of, workbook


def fields_under(*rows: list[Cell]) -> dict[int, Field]:
    return propose_columns(sheet_of(*rows)).columns


def test_the_given_register_needs_no_person_to_match_it() -> None:
    proposal = propose_columns(read_table(GIVEN_REGISTER.read_bytes(), "a.xlsx"))
    assert (proposal.header_row, proposal.first_data_row, proposal.unclear) == (7, 8, [])
    assert list(proposal.columns.values()) == [
        Field.NUMBER, Field.REGISTER_CODE, Field.FULL_NAME, Field.BIRTH_YEAR, Field.SEX, Field.COMMUNE, Field.PHONE,
        Field.DOSE_MG, Field.ORDER_STARTS_ON, Field.ORDER_ENDS_ON, Field.STATION,
    ]  # fmt: skip
    assert not proposal.needs_a_person


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Mã BN", Field.REGISTER_CODE), ("MÃ BỆNH ÁN", Field.REGISTER_CODE), ("Mã số BN", Field.REGISTER_CODE),
        ("mã", Field.REGISTER_CODE), ("NS", Field.BIRTH_YEAR), ("Ngày, tháng, năm sinh", Field.BIRTH_DATE),
        ("SĐT", Field.PHONE), ("Số ĐT", Field.PHONE), ("Số CCCD/CMND", Field.IDENTITY_NUMBER),
        ("Số CCCD", Field.IDENTITY_NUMBER), ("Liều hiện tại", Field.DOSE_MG), ("Liều (mg/ngày)", Field.DOSE_MG),
        ("Từ ngày", Field.ORDER_STARTS_ON), ("Đến ngày", Field.ORDER_ENDS_ON), ("Hạn đơn", Field.ORDER_ENDS_ON),
        ("Ngày khởi liều", Field.TREATMENT_BEGAN_ON), ("Ngày bắt đầu điều trị", Field.TREATMENT_BEGAN_ON),
        ("Ngày bắt đầu", Field.ORDER_STARTS_ON), ("Ghi chú", Field.NOTES), ("Giới", Field.SEX), ("GT", Field.SEX),
        ("Nam/Nữ", Field.SEX), ("Xã, phường", Field.COMMUNE), ("Địa chỉ", Field.ADDRESS), ("HIV", Field.HIV_STATUS),
        ("Mã quốc gia", Field.NATIONAL_CODE), ("Cơ sở điều trị", Field.STATION),
    ],
)  # fmt: skip
def test_the_words_of_offices_are_known_with_and_without_marks(heading: str, field: Field) -> None:
    row: list[Cell] = ["STT", "Họ tên người bệnh", heading]
    assert fields_under(row, [1, "Hoàng Văn A", "…"]) == {0: Field.NUMBER, 1: Field.FULL_NAME, 2: field}


def test_a_merged_heading_of_two_lines_is_read_together() -> None:
    data = workbook(
        ["SỞ Y TẾ TỈNH LẠNG SƠN"],
        [],
        ["STT", "Họ tên", "Năm sinh", "", "Đơn thuốc", "", "", "Ghi chú"],
        ["", "", "Nam", "Nữ", "Liều", "Từ ngày", "Hạn đơn"],
        [1, "Hoàng Văn A", 1971, None, 60, date(2026, 11, 1), date(2026, 11, 30)],
        merged=["C3:D3", "E3:G3", "A3:A4", "B3:B4", "H3:H4"],
    )
    proposal = propose_columns(read_table(data, "a.xlsx"))
    assert (proposal.header_row, proposal.first_data_row, proposal.unclear) == (3, 5, [])
    assert proposal.columns == {
        0: Field.NUMBER, 1: Field.FULL_NAME, 2: Field.BIRTH_YEAR_MALE, 3: Field.BIRTH_YEAR_FEMALE, 4: Field.DOSE_MG,
        5: Field.ORDER_STARTS_ON, 6: Field.ORDER_ENDS_ON, 7: Field.NOTES,
    }  # fmt: skip
    assert proposal.headings[3] == "Năm sinh – Nữ"


def test_nam_and_nu_alone_are_told_apart_by_what_stands_below() -> None:
    heading: list[Cell] = ["STT", "Họ tên", "Nam", "Nữ"]
    ticks = fields_under(heading, [1, "Hoàng Văn A", "x"], [2, "Lý Thị B", None, "x"])
    years = fields_under(heading, [1, "Hoàng Văn A", 1971], [2, "Lý Thị B", None, "05/1980"])
    assert (ticks[2], ticks[3]) == (Field.SEX_MALE_MARK, Field.SEX_FEMALE_MARK)
    assert (years[2], years[3]) == (Field.BIRTH_YEAR_MALE, Field.BIRTH_YEAR_FEMALE)


def test_a_line_of_column_numbers_is_no_person() -> None:
    sheet = sheet_of(["STT", "Họ tên", "Liều"], ["(1)", "(2)", "(3)"], [1, "Hoàng Văn A", 60])
    assert propose_columns(sheet).first_data_row == 3


def test_a_column_that_is_not_known_or_known_twice_is_left_to_a_person() -> None:
    heading: list[Cell] = ["STT", "Họ tên", "Liều sáng", "SĐT", "Điện thoại", "Ký nhận", None]
    proposal = propose_columns(sheet_of(heading, [1, "Hoàng Văn A", 60, "0912345678", None, None, "?"]))
    assert proposal.unclear == [2, 4, 6]
    assert proposal.needs_a_person


def test_a_sheet_without_heading_leaves_every_column_to_a_person() -> None:
    proposal = propose_columns(sheet_of(["A-1", "Hoàng Văn A", 1971], ["A-2", "Lý Thị B", 1980], first_row=4))
    assert (proposal.header_row, proposal.first_data_row, proposal.columns, proposal.unclear) == (0, 4, {}, [0, 1, 2])


def test_the_signature_forgets_capitals_and_marks_but_not_places() -> None:
    once = columns_signature({0: "Mã BN", 1: "Họ tên"})
    assert once == columns_signature({1: "HỌ TÊN", 0: "ma bn"})
    assert once != columns_signature({0: "Họ tên", 1: "Mã BN"})
    assert len(once) == 64


def proposal_to_match() -> Proposal:
    return propose_columns(sheet_of(["STT", "Họ tên", "Liều sáng"], [1, "Hoàng Văn A", 60]))


def test_a_match_by_hand_takes_the_place_of_the_proposed_one() -> None:
    matched = columns_by_hand(proposal_to_match(), {1: Field.FULL_NAME, 2: Field.DOSE_MG})
    assert (matched.columns, matched.unclear) == ({1: Field.FULL_NAME, 2: Field.DOSE_MG}, [])
    assert matched.first_data_row == 2
    assert not matched.needs_a_person


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({2: Field.DOSE_MG}, "no_name_column"),
        ({1: Field.FULL_NAME, 2: Field.FULL_NAME}, "field_twice"),
        ({-1: Field.FULL_NAME}, "no_such_column"),
    ],
)
def test_a_match_by_hand_that_cannot_be_is_refused(columns: dict[int, Field], code: str) -> None:
    with pytest.raises(BadMapping) as caught:
        columns_by_hand(proposal_to_match(), columns)
    assert caught.value.code == code
