"""What a register's cells mean: each function gives a value or raises BadCell with a code. None is never passed in."""

from __future__ import annotations

import re
from datetime import date

from counseling.domain.amounts import BadAmount, parse_mg
from counseling.domain.names import fold, tidy_name
from counseling.domain.orders import ABSOLUTE
from counseling.registers.bad_cell import BadCell as BadCell
from counseling.registers.dates import Birth as Birth
from counseling.registers.dates import parse_birth as parse_birth
from counseling.registers.dates import parse_date as parse_date
from counseling.registers.phones import Phone as Phone
from counseling.registers.phones import parse_phone as parse_phone
from counseling.registers.reading import Cell

_CODE_LENGTH = 40
_NAME_LENGTH = 120
_NOTHING = re.compile(r"[-–—_.…/*\\]+")
_DOSE = re.compile(r"(-?[0-9.,]+)\s*(?:mg)?\s*(?:/\s*(?:ngày|ngay|day|d|lần))?", re.IGNORECASE)
_MARKS = frozenset({"x", "v", "1", "✓", "✔", "☑", "×", "+", "true", "co"})
_SEXES = {"nam": "male", "trai": "male", "m": "male", "male": "male", "1": "male"} | {
    "nu": "female", "gai": "female", "f": "female", "female": "female", "2": "female"
}  # fmt: skip
_HIV = {
    "positive": ("duong tinh", "duong", "positive", "pos", "hiv duong tinh", "nhiem", "nhiem hiv", "co hiv"),
    "negative": ("am tinh", "am", "negative", "neg", "hiv am tinh", "khong nhiem", "khong nhiem hiv"),
    "unknown": ("khong ro", "chua ro", "chua biet", "khong biet", "chua xet nghiem", "chua xn", "chua lam",
                "chua xac dinh", "khong xac dinh", "kxd", "unknown", "tu choi xet nghiem"),
}  # fmt: skip
_HIV_WORDS = {word: status for status, words in _HIV.items() for word in words}
_HIV_SIGNS = {"+": "positive", "(+)": "positive", "(-)": "negative", "(–)": "negative", "hiv(+)": "positive"} | {
    "hiv+": "positive", "hiv(-)": "negative", "hiv-": "negative", "(?)": "unknown", "?": "unknown"
}  # fmt: skip


def is_nothing(cell: Cell) -> bool:
    """Tell a blank cell, or one that a careful clerk filled with "-" or "…" to say that it is blank."""
    return cell is None or (isinstance(cell, str) and _NOTHING.fullmatch(cell) is not None)


def as_text(cell: Cell) -> str:
    """Give a cell as a person reads it: whole numbers without ".0", days as dd/mm/yyyy."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, date):
        return cell.strftime("%d/%m/%Y")
    return "" if cell is None else " ".join(str(cell).split())


def parse_code(cell: Cell) -> str:
    """Read a register or national code; spreadsheets make 12.0 of 12 (an office's own leading zeros are lost)."""
    text = as_text(cell)
    if isinstance(cell, bool | date) or (isinstance(cell, float) and not cell.is_integer()) or not fold(text):
        raise BadCell("code_not_understood")
    if len(text) > _CODE_LENGTH:
        raise BadCell("code_too_long")
    return text


def parse_name(cell: Cell) -> str:
    """Read a person's name: it has letters and no digits."""
    if not isinstance(cell, str) or not fold(cell) or any(char.isdigit() for char in cell):
        raise BadCell("name_not_understood")
    if len(cell) > _NAME_LENGTH:
        raise BadCell("name_too_long")
    return tidy_name(cell)


def parse_dose(cell: Cell) -> int:
    """Read a day's dose in tenths of mg: 60.5, "60,5", "60.5mg", "60 mg/ngày".

    Codes: dose_not_a_number, dose_not_above_zero, dose_too_many_decimals, dose_above_ceiling (over 500 mg).
    """
    tenths = _dose_from_number(cell) if isinstance(cell, int | float) else _dose_from_text(cell)
    if tenths <= 0:
        raise BadCell("dose_not_above_zero")
    if tenths > ABSOLUTE:
        raise BadCell("dose_above_ceiling")
    return tenths


def _dose_from_number(number: float) -> int:
    if isinstance(number, bool) or number != number or abs(number) > 1e9:
        raise BadCell("dose_not_a_number")
    tenths = round(number * 10)
    # A sum in a spreadsheet gives 60.30000000000001 for 60.3; 60.55 is another thing.
    if abs(number * 10 - tenths) > 1e-6:
        raise BadCell("dose_too_many_decimals")
    return tenths


_DOSE_CODES = {"zero": "dose_not_above_zero", "too_many_decimals": "dose_too_many_decimals"}


def _dose_from_text(cell: Cell) -> int:
    match = _DOSE.fullmatch(cell) if isinstance(cell, str) else None
    if match is None:
        raise BadCell("dose_not_a_number")
    digits = match.group(1)
    if digits.startswith("-"):
        raise BadCell("dose_not_above_zero" if digits[1:2].isdigit() else "dose_not_a_number")
    if re.fullmatch(r"[0-9]{5,}", digits):
        raise BadCell("dose_above_ceiling")
    try:
        return parse_mg(digits)
    except BadAmount as error:
        raise BadCell(_DOSE_CODES.get(error.code, "dose_not_a_number")) from error


def parse_sex(cell: Cell) -> str:
    """Give "male" or "female". 1 is Nam and 2 is Nữ as in health insurance files; 0 means either, so it is refused."""
    sex = _SEXES.get(fold(as_text(cell)))
    if sex is None:
        raise BadCell("sex_not_understood")
    return sex


def parse_mark(cell: Cell) -> bool:
    """Read a tick in a column of its own ("x"); anything else than a tick is a fault, never a guess."""
    text = as_text(cell).casefold()
    if text in _MARKS or fold(text) in _MARKS:
        return True
    raise BadCell("mark_not_understood")


def parse_hiv_status(cell: Cell) -> str:
    """Give "positive", "negative" or "unknown"; a bare "có" or "không" may answer another question: refused."""
    text = as_text(cell)
    status = _HIV_SIGNS.get(text.casefold().replace(" ", "")) or _HIV_WORDS.get(fold(text))
    if status is None:
        raise BadCell("hiv_status_not_understood")
    return status


def parse_identity_number(cell: Cell, birth_year: int | None = None) -> str:
    """Read a 12-digit CCCD or a 9-digit CMND; spaces, dots and dashes inside are dropped.

    Cells that a spreadsheet took for numbers lost their leading zeros, also on the way through CSV. 10 or 11 digits
    can only be a CCCD (its first three are a province, 001 to 096) and 8 only a CMND (Lạng Sơn's begin with 08).
    A CCCD is padded only where the result makes sense: the province, and the year of birth where it is known.
    """
    digits = re.sub(r"[\s.\-]", "", as_text(cell).removeprefix("'"))
    if re.fullmatch(r"[0-9]{9}|[0-9]{12}", digits):
        return digits
    if re.fullmatch(r"[0-9]{8}", digits):
        return digits.zfill(9)
    padded = digits.zfill(12)
    if re.fullmatch(r"[0-9]{10,11}", digits) and _makes_sense(padded, birth_year):
        return padded
    raise BadCell("identity_number_not_understood")


def _makes_sense(cccd: str, birth_year: int | None) -> bool:
    # Circular 59/2021/TT-BCA: province (3), century and sex (0-1: 19xx, 2-3: 20xx), year of birth (2), serial (6).
    year = 1900 + 100 * (int(cccd[3]) // 2) + int(cccd[4:6])
    return 1 <= int(cccd[:3]) <= 96 and cccd[3] in "0123" and birth_year in (None, year)
