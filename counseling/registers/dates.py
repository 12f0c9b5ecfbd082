"""Days and years as registers spell them. The day always comes before the month: mm/dd is never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from counseling.registers.bad_cell import BadCell
from counseling.registers.reading import Cell

_EARLIEST = date(1990, 1, 1)
_LATEST = date(2099, 12, 31)
_BIRTH_YEARS = range(1920, 2021)  # wider than anybody in treatment; it only catches ages, serials and slips
_SERIAL_ZERO = date(1899, 12, 30)  # Excel's day 0, for every day from March 1900 on
_SERIALS = range(7306, 73051)  # 1920 to 2099
_CLOCK = r"(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_DAY_FIRST = re.compile(r"([0-9]{1,2})\s*[/.\-\s]\s*([0-9]{1,2})\s*[/.\-\s]\s*([0-9]{4}|[0-9]{2})" + _CLOCK)
_YEAR_FIRST = re.compile(r"([0-9]{4})\s*[/.\-]\s*([0-9]{1,2})\s*[/.\-]\s*([0-9]{1,2})" + _CLOCK)
_SPOKEN = re.compile(
    r"(?:ngày\s*)?([0-9]{1,2})\s*tháng\s*([0-9]{1,2})\s*,?\s*(?:năm\s*)?([0-9]{4}|[0-9]{2})", re.IGNORECASE
)
_MONTH_AND_YEAR = re.compile(r"[0-9]{1,2}\s*[/.\-]\s*([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Birth:
    """A birth year, and the day where the register has it."""

    year: int
    on: date | None = None


def parse_date(cell: Cell) -> date:
    """Read the day of an order or of a treatment's beginning.

    Two-digit years are of this century (methadone came to Việt Nam in 2008). Codes: date_not_understood, date_not_real
    (31/02/2026, and 11/25/2026: there is no 25th month), date_out_of_range (before 1990 or after 2099).
    """
    day = _day(cell, lambda year: 2000 + year)
    if not _EARLIEST <= day <= _LATEST:
        raise BadCell("date_out_of_range")
    return day


def parse_birth(cell: Cell) -> Birth:
    """Read a birth year (1971, "1971", "05/1971") or a full day of birth.

    Two-digit years of a full day: 00 to 19 are 20xx, 20 to 99 are 19xx. Two digits alone may be an age: refused.
    Codes: birth_not_understood, date_not_real, birth_out_of_range (before 1920 or after 2020).
    """
    year = _year_alone(cell)
    if year is not None:
        return Birth(_in_range(year))
    try:
        day = _day(cell, lambda year: 2000 + year if year < 20 else 1900 + year)
    except BadCell as bad:
        raise BadCell("birth_not_understood" if bad.code == "date_not_understood" else bad.code) from bad
    return Birth(_in_range(day.year), day)


def _in_range(year: int) -> int:
    if year not in _BIRTH_YEARS:
        raise BadCell("birth_out_of_range")
    return year


def _year_alone(cell: Cell) -> int | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return int(cell) if 1000 <= cell <= 9999 and cell == int(cell) and int(cell) not in _SERIALS else None
    if not isinstance(cell, str):
        return None
    if re.fullmatch(r"[0-9]{4}", cell):
        return int(cell)
    month_and_year = _MONTH_AND_YEAR.fullmatch(cell)
    return int(month_and_year.group(1)) if month_and_year else None


def _day(cell: Cell, full_year: Callable[[int], int]) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, int | float):
        return _from_serial(cell)
    if isinstance(cell, str):
        return _from_text(cell, full_year)
    raise BadCell("date_not_understood")


def _from_serial(serial: float) -> date:
    """A day that lost its format comes as the number of days since 1899; a time of day stands after the point."""
    if isinstance(serial, bool) or serial != serial or not _SERIALS.start <= serial < _SERIALS.stop:
        raise BadCell("date_not_understood")
    return _SERIAL_ZERO + timedelta(days=int(serial))


def _from_text(text: str, full_year: Callable[[int], int]) -> date:
    if re.fullmatch(r"[0-9]{5}", text):
        return _from_serial(int(text))
    day_first = _DAY_FIRST.fullmatch(text) or _SPOKEN.fullmatch(text)
    year_first = _YEAR_FIRST.fullmatch(text)
    if day_first:
        day, month, year = day_first.groups()
    elif year_first:
        year, month, day = year_first.groups()
    else:
        raise BadCell("date_not_understood")
    try:
        return date(int(year) if len(year) == 4 else full_year(int(year)), int(month), int(day))
    except ValueError as error:
        raise BadCell("date_not_real") from error
