"""Phone numbers as registers spell them, to E.164 (+84…)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import phonenumbers

from counseling.registers.bad_cell import BadCell
from counseling.registers.reading import Cell

# Mobile prefixes that became one digit shorter from 15 September 2018 on, without their 0: the Ministry of Information
# and Communications moved all 11-digit mobile numbers to 10 digits (table as in Báo Pháp luật TP.HCM, May 2018).
OLD_PREFIXES = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",  # MobiFone
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",  # VinaPhone
    "162": "32", "163": "33", "164": "34", "165": "35", "166": "36", "167": "37", "168": "38", "169": "39",  # Viettel
    "186": "56", "188": "58",  # Vietnamobile
    "199": "59",  # Gmobile
}  # fmt: skip

# The common numbers, so that a register of 20,000 rows does not wait for the library; a test compares the two.
_PLAIN_MOBILE = re.compile(r"(?:3[0-9]|5[689]|7[06-9]|8[1-8]|9[0-8])[0-9]{7}")
_BETWEEN_NUMBERS = re.compile(r"[/;,|&\n]|\s[-–—]\s|\shoặc\s|\svà\s|\s{2,}", re.IGNORECASE)
_TWO_RUN_TOGETHER = re.compile(r"[\s\-–—]+")
_EXPONENT = re.compile(r"[0-9][.,][0-9]+E\+?[0-9]+", re.IGNORECASE)
_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class Phone:
    """A number in E.164. `warning` is phone_more_than_one (the first was kept) or phone_with_a_note ("vợ", "mẹ" …)."""

    e164: str
    warning: str | None = None


def parse_phone(cell: Cell) -> Phone:
    """Read the first number of a cell: 0…, 84…, +84…, a lost leading zero, a prefix from before 2018, a landline.

    Raises BadCell("phone_not_valid"). A number written with letters may be somebody else's: it comes with a warning.
    """
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise BadCell("phone_not_valid")
    if isinstance(cell, float) and not cell.is_integer():
        raise BadCell("phone_not_valid")
    text = cell if isinstance(cell, str) else str(int(cell))
    if _EXPONENT.search(text):  # 9.12E+08: the last digits are gone for good
        raise BadCell("phone_not_valid")
    numbers = _separate(text)
    warning = "phone_with_a_note" if any(char.isalpha() for char in text) else None
    return Phone(_to_e164(numbers[0]), "phone_more_than_one" if len(numbers) > 1 else warning)


def _separate(text: str) -> list[str]:
    """Split a cell with several numbers; "0912 345 678" and "0912 - 345 - 678" stay one."""
    parts = [part for part in _BETWEEN_NUMBERS.split(text) if len(_digits(part)) >= _SHORTEST]
    if not parts:
        return [text]
    if len(parts) == 1 and len(_digits(parts[0])) >= 2 * _SHORTEST:
        pieces = [piece for piece in _TWO_RUN_TOGETHER.split(parts[0]) if len(_digits(piece)) >= _SHORTEST]
        return pieces or parts
    return parts


def _digits(text: str) -> str:
    # ASCII digits only: full-width ones are a sign of a slip that a person should see.
    return re.sub(r"[^0-9]", "", text)


def _to_e164(text: str) -> str:
    digits = _digits(text)
    if "+" in text or digits.startswith("00"):
        digits = digits.removeprefix("00")
        if not digits.startswith("84"):
            return _checked(f"+{digits}")
    if digits.startswith("84") and len(digits) >= 11:
        digits = digits[2:]
    national = digits.removeprefix("0")
    if len(national) == 10 and national[:3] in OLD_PREFIXES:
        national = OLD_PREFIXES[national[:3]] + national[3:]
    if _PLAIN_MOBILE.fullmatch(national):
        return f"+84{national}"
    return _checked(f"+84{national}")


def _checked(e164: str) -> str:
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException as error:
        raise BadCell("phone_not_valid") from error
    if not phonenumbers.is_valid_number(number):
        raise BadCell("phone_not_valid")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
