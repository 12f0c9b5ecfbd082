"""Cells as people type them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counseling.registers import values
from counseling.registers.phones import OLD_PREFIXES
from counseling.registers.reading import Cell
from counseling.registers.values import BadCell, Birth, Phone

CELLS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789 ./-,+()xXNamữmg", max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
)
PARSERS: list[Callable[[Cell], object]] = [
    values.parse_code,
    values.parse_name,
    values.parse_date,
    values.parse_birth,
    values.parse_dose,
    values.parse_phone,
    values.parse_identity_number,
    values.parse_sex,
    values.parse_mark,
    values.parse_hiv_status,
]


def refused(parse: Callable[[Cell], object], cell: Cell) -> str:
    with pytest.raises(BadCell) as caught:
        parse(cell)
    return caught.value.code


@given(cell=CELLS, parse=st.sampled_from(PARSERS))
def test_whatever_stands_in_a_cell_is_a_value_or_a_bad_cell(cell: Cell, parse: Callable[[Cell], object]) -> None:
    try:
        assert parse(cell) is not None
    except BadCell as bad:
        assert bad.code.islower()


# Days ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        date(2026, 11, 3), datetime(2026, 11, 3, 7, 30), 46329, 46329.0, 46329.5, "46329", "03/11/2026",  # noqa: DTZ001
        "3/11/2026", "3-11-26", "03.11.2026", "3 / 11 / 2026", "ngày 3 tháng 11 năm 2026", "3 tháng 11, 2026",
        "Ngày 03 tháng 11 năm 2026", "2026-11-03", "2026-11-03 00:00:00", "03/11/2026 07:30",
    ],
)  # fmt: skip
def test_one_day_is_read_in_all_its_spellings(cell: Cell) -> None:
    assert values.parse_date(cell) == date(2026, 11, 3)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("31/02/2026", "date_not_real"), ("29/02/2026", "date_not_real"), ("11/25/2026", "date_not_real"),
        ("2026-13-01", "date_not_real"), ("00/11/2026", "date_not_real"), ("11/2026", "date_not_understood"),
        ("hôm nay", "date_not_understood"), (2026, "date_not_understood"), (True, "date_not_understood"),
        ("3/11/202", "date_not_understood"), ("０３/11/2026", "date_not_understood"), (-5, "date_not_understood"),
        ("03/11/1926", "date_out_of_range"), (date(2126, 11, 3), "date_out_of_range"),
        ("03/11/0026", "date_out_of_range"), (float("nan"), "date_not_understood"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_told_and_month_first_is_never_guessed(cell: Cell, code: str) -> None:
    assert refused(values.parse_date, cell) == code


@given(day=st.dates(date(1990, 1, 1), date(2099, 12, 31)), form=st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y"]))
def test_every_day_is_read_as_written_and_as_a_serial(day: date, form: str) -> None:
    assert values.parse_date(day.strftime(form)) == day
    assert values.parse_date((day - date(1899, 12, 30)) / timedelta(days=1)) == day


@pytest.mark.parametrize(
    ("cell", "birth"),
    [
        (1971, Birth(1971)), (1971.0, Birth(1971)), ("1971", Birth(1971)), ("05/1971", Birth(1971)),
        ("12/05/1971", Birth(1971, date(1971, 5, 12))), (date(1971, 5, 12), Birth(1971, date(1971, 5, 12))),
        ("12/05/71", Birth(1971, date(1971, 5, 12))), ("12/05/05", Birth(2005, date(2005, 5, 12))),
        ("12/05/19", Birth(2019, date(2019, 5, 12))),
        ("12/05/20", Birth(1920, date(1920, 5, 12))), (26065, Birth(1971, date(1971, 5, 12))),
    ],
)  # fmt: skip
def test_a_birth_is_a_year_or_a_whole_day(cell: Cell, birth: Birth) -> None:
    assert values.parse_birth(cell) == birth


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (45, "birth_not_understood"), ("71", "birth_not_understood"), (1871, "birth_out_of_range"),
        ("2031", "birth_out_of_range"), ("31/02/1971", "date_not_real"),
        ("197l", "birth_not_understood"), (1971.5, "birth_not_understood"), (True, "birth_not_understood"),
    ],
)  # fmt: skip
def test_an_age_or_a_slip_is_no_birth_year(cell: Cell, code: str) -> None:
    assert refused(values.parse_birth, cell) == code


# Doses --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "tenths"),
    [
        (60, 600), (60.0, 600), (60.5, 605), ("60,5", 605), ("60.5mg", 605), ("60 mg", 600), ("60mg/ngày", 600),
        ("60 MG", 600), (0.1 + 0.2 + 60, 603), (500, 5000), ("500", 5000), ("060", 600),
    ],
)  # fmt: skip
def test_a_dose_is_read_to_the_tenth_of_a_milligram(cell: Cell, tenths: int) -> None:
    assert values.parse_dose(cell) == tenths


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("6O", "dose_not_a_number"), ("６０", "dose_not_a_number"), ("1e2", "dose_not_a_number"),
        ("60 ml", "dose_not_a_number"), ("60-70", "dose_not_a_number"), ("60/40", "dose_not_a_number"),
        (True, "dose_not_a_number"), (date(2026, 5, 6), "dose_not_a_number"), (float("nan"), "dose_not_a_number"),
        (float("inf"), "dose_not_a_number"), (".5", "dose_not_a_number"), ("60,", "dose_not_a_number"),
        (950, "dose_above_ceiling"), ("950", "dose_above_ceiling"), (500.1, "dose_above_ceiling"),
        ("60000", "dose_above_ceiling"), (0, "dose_not_above_zero"), ("0", "dose_not_above_zero"),
        (-60, "dose_not_above_zero"), ("-60", "dose_not_above_zero"), (60.55, "dose_too_many_decimals"),
        ("60,55", "dose_too_many_decimals"), ("1.000", "dose_too_many_decimals"),
    ],
)  # fmt: skip
def test_what_is_no_dose_is_told(cell: Cell, code: str) -> None:
    assert refused(values.parse_dose, cell) == code


@given(tenths=st.integers(1, 5000), comma=st.sampled_from(",."), unit=st.sampled_from(["", "mg", " mg", " mg/ngày"]))
def test_every_dose_up_to_the_ceiling_is_read_exactly(tenths: int, comma: str, unit: str) -> None:
    assert values.parse_dose(tenths / 10) == tenths
    assert values.parse_dose(f"{tenths // 10}{comma}{tenths % 10}{unit}") == tenths


# Phones -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "0912345678", "84912345678", "+84912345678", "+84 912345678", "0084912345678", "0912.345.678", "0912 345 678",
        "0912-345-678", "0912 - 345 - 678", "(+84) 912 345 678", "+84 0912345678", 912345678, 912345678.0, 84912345678,
        "'0912345678", "912345678",
    ],
)  # fmt: skip
def test_one_number_is_read_in_all_its_spellings(cell: Cell) -> None:
    assert values.parse_phone(cell) == Phone("+84912345678")


@pytest.mark.parametrize("old", sorted(OLD_PREFIXES))
def test_every_prefix_of_before_2018_becomes_a_valid_number_of_today(old: str) -> None:
    e164 = f"+84{OLD_PREFIXES[old]}1234567"
    for cell in (f"0{old}1234567", f"84{old}1234567", f"+84 {old} 123 4567", int(f"{old}1234567")):
        assert values.parse_phone(cell) == Phone(e164)
    assert phonenumbers.is_valid_number(phonenumbers.parse(e164, None))


def test_the_prefixes_of_2018_are_the_published_ones() -> None:
    viettel = {f"16{last}": f"3{last}" for last in "23456789"}
    assert viettel.items() <= OLD_PREFIXES.items()
    assert (OLD_PREFIXES["120"], OLD_PREFIXES["121"], OLD_PREFIXES["122"], OLD_PREFIXES["199"]) == (
        "70",
        "79",
        "77",
        "59",
    )
    assert len(OLD_PREFIXES) == len(set(OLD_PREFIXES.values())) == 21


def test_a_landline_of_lang_son_is_accepted() -> None:
    assert values.parse_phone("0205 3812 345") == Phone("+842053812345")
    assert values.parse_phone(2053812345) == Phone("+842053812345")


@pytest.mark.parametrize(
    "cell",
    [
        "0912345678 / 0987654321", "0912345678; 0987654321", "0912345678, 0987654321", "0912345678 0987654321",
        "0912345678-0987654321", "0912 345 678 - 0987 654 321", "0912345678\n0987654321", "0912345678 hoặc 0987654321",
    ],
)  # fmt: skip
def test_of_several_numbers_the_first_is_kept_and_said(cell: str) -> None:
    assert values.parse_phone(cell) == Phone("+84912345678", "phone_more_than_one")


def test_a_number_with_words_may_be_somebody_elses_and_is_said() -> None:
    assert values.parse_phone("0912345678 (vợ)") == Phone("+84912345678", "phone_with_a_note")


@pytest.mark.parametrize(
    "cell",
    ["091234567", "09123456789", "0112345678", "abc", "9.12E+08", 912345678.5, True, "", "０９１２３４５６７８",
     "0120123456", "113", date(2026, 1, 1), float("1e300"), "+84"],
)  # fmt: skip
def test_what_nobody_can_call_is_refused(cell: Cell) -> None:
    assert refused(values.parse_phone, cell) == "phone_not_valid"


@given(national=st.from_regex(r"[35789][0-9]{8}", fullmatch=True))
def test_the_quick_way_says_what_the_library_says(national: str) -> None:
    is_valid = phonenumbers.is_valid_number(phonenumbers.parse(f"+84{national}", None))
    if is_valid:
        assert values.parse_phone(f"0{national}") == Phone(f"+84{national}")
    else:
        assert refused(values.parse_phone, f"0{national}") == "phone_not_valid"


# Identity numbers, sex, ticks, HIV, codes, names ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("020071001234", "020071001234"), ("020 071 001 234", "020071001234"), ("'020071001234", "020071001234"),
        (20071001234, "020071001234"), (20071001234.0, "020071001234"), ("20071001234", "020071001234"),
        (1071001234, "001071001234"), ("081234567", "081234567"), (81234567, "081234567"), (181234567, "181234567"),
    ],
)  # fmt: skip
def test_identity_numbers_get_their_lost_zeros_back(cell: Cell, number: str) -> None:
    assert values.parse_identity_number(cell, 1971) == number


@pytest.mark.parametrize("cell", ["02007100123A", 1234567, "97071001234", 1234567890123, "", "1,5", True])
def test_what_is_no_identity_number_is_told(cell: Cell) -> None:
    assert refused(values.parse_identity_number, cell) == "identity_number_not_understood"


def test_a_lost_zero_is_not_put_back_where_the_birth_year_says_otherwise() -> None:
    assert values.parse_identity_number("20071001234", None) == "020071001234"
    with pytest.raises(BadCell):
        values.parse_identity_number("20071001234", 1980)


@pytest.mark.parametrize(
    ("cell", "sex"),
    [("Nam", "male"), ("NAM", "male"), ("m", "male"), (1, "male"), ("Nữ", "female"), ("nu", "female"), (2.0, "female")],
)
def test_sex_is_read_in_the_words_of_offices(cell: Cell, sex: str) -> None:
    assert values.parse_sex(cell) == sex


@pytest.mark.parametrize("cell", [0, "0", "x", "khác", "Nam/Nữ"])
def test_a_sex_that_could_be_either_is_refused(cell: Cell) -> None:
    assert refused(values.parse_sex, cell) == "sex_not_understood"


@pytest.mark.parametrize("cell", ["x", "X", "×", "+", "✓", "v", 1, 1.0, True])
def test_a_tick_is_a_tick(cell: Cell) -> None:
    assert values.parse_mark(cell)


@pytest.mark.parametrize("cell", ["0", 0, False, "1971", "không"])
def test_what_is_no_tick_is_told(cell: Cell) -> None:
    assert refused(values.parse_mark, cell) == "mark_not_understood"


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        ("Dương tính", "positive"), ("(+)", "positive"), ("HIV (+)", "positive"), ("âm tính", "negative"),
        ("(-)", "negative"), ("( - )", "negative"), ("Không rõ", "unknown"), ("Chưa xét nghiệm", "unknown"),
    ],
)  # fmt: skip
def test_hiv_status_is_read_and_unknown_is_a_value(cell: Cell, status: str) -> None:
    assert values.parse_hiv_status(cell) == status


@pytest.mark.parametrize("cell", ["có", "không", 1, 0, "x"])
def test_an_hiv_status_that_may_mean_something_else_is_refused(cell: Cell) -> None:
    assert refused(values.parse_hiv_status, cell) == "hiv_status_not_understood"


def test_codes_lose_what_the_spreadsheet_added() -> None:
    assert [values.parse_code(cell) for cell in (12.0, 12, "12", " LS-0001 ", "LS  01")] == [
        "12", "12", "12", "LS-0001", "LS 01"
    ]  # fmt: skip
    assert refused(values.parse_code, 12.5) == "code_not_understood"
    assert refused(values.parse_code, date(2026, 1, 12)) == "code_not_understood"
    assert refused(values.parse_code, "A" * 41) == "code_too_long"


def test_a_name_has_letters_and_no_digits() -> None:
    assert values.parse_name("  HOÀNG  VĂN A") == "Hoàng Văn A"
    for cell in (300.0, "Hoàng 2", "...", date(2026, 1, 1)):
        assert refused(values.parse_name, cell) == "name_not_understood"


@pytest.mark.parametrize("cell", [None, "-", "–", "...", "…", "//", "*"])
def test_a_dash_says_that_a_cell_is_blank(cell: Cell) -> None:
    assert values.is_nothing(cell)
    assert not values.is_nothing("(-)")
