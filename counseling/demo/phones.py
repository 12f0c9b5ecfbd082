"""Numbers of the demo's people: the rows of both sides, and the lines behind those that were confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.models.patients import PhoneNumber
from counseling.models.texts import PhoneLine
from counseling.services.phone_lines import line_token
from counseling.treatment_rows import phone_row


@dataclass
class Line:
    """A number over both sides, and what it has been through. `id` once it is written."""

    number: str
    id: int = 0
    opted_out_at: datetime | None = None
    begins_again_at: datetime | None = None
    permanent_failures: int = 0
    stopped: list[datetime] = field(default_factory=list)
    started: list[datetime] = field(default_factory=list)


@dataclass
class Phone:
    """A number of one file. `agreed_at` None: texts were not agreed to; `line` None: it was never confirmed."""

    patient_id: int
    side: str
    site_id: int
    ref: str
    number: str
    added_at: datetime
    dice_seed: tuple[object, ...]
    staged: bool = False  # one of the round's people: nothing happens to their number by chance
    is_shared: bool = False
    calls_only: bool = False
    language: str = "vi"
    staff_id: int = 0  # who asked
    noted_at: datetime | None = None  # when it was said who reads it
    agreed_at: datetime | None = None
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None
    line: Line | None = None
    id: int = 0

    @property
    def own_line(self) -> Line:
        if self.line is None:
            raise LookupError("only a number that was to be confirmed has a line")
        return self.line

    def may_be_texted(self, at: datetime) -> bool:
        """As queries/reachable.py would have answered at that moment."""
        if self.line is None or self.confirmed_at is None or self.agreed_at is None or self.calls_only:
            return False
        is_open = self.line.opted_out_at is None and self.line.permanent_failures < 2
        return is_open and max(self.confirmed_at, self.agreed_at) <= at

    def dice(self, *of: object) -> Dice:
        return Dice(self.side, *of, *self.dice_seed)


class Lines:
    """The lines of all numbers that were ever to be confirmed or have texted us, each once."""

    def __init__(self) -> None:
        self._by_number: dict[str, Line] = {}

    def of(self, number: str) -> Line:
        return self._by_number.setdefault(number, Line(number))

    def write(self, book: Book, dice: Dice) -> None:
        """Store them in the order in which they were first met."""
        lines = list(self._by_number.values())
        rows = [_line_row(book, dice, line) for line in lines]
        for line, line_id in zip(lines, book.add(PhoneLine, rows), strict=True):
            line.id = line_id


def add_numbers(book: Book, phones: list[Phone]) -> None:
    """The rows of `phone_numbers`, with what was asked at the desk."""
    rows = [_number_row(book, phone) for phone in phones]
    for phone, phone_id in zip(phones, book.add(PhoneNumber, rows), strict=True):
        phone.id = phone_id


def day_of(at: datetime, book: Book) -> date:
    return at.astimezone(book.frame.zone).date()


def _line_row(book: Book, dice: Dice, line: Line) -> dict[str, Any]:
    ref = dice.ref()
    return {
        "ref": ref,
        "number": book.vault.seal("phone_lines.number", ref, line.number),
        "token": line_token(book.vault, line.number),
        "key_id": book.vault.newest_id,
        "opted_out_at": line.opted_out_at,
        "permanent_failures": line.permanent_failures,
    }


def _number_row(book: Book, phone: Phone) -> dict[str, Any]:
    confirmed = phone.confirmed_at is not None
    row = phone_row(book.vault, phone.side, phone.patient_id, phone.ref, phone.number, phone.added_at)
    return row | {
        "line_id": phone.line.id if phone.line else None,
        "check_digits": None,
        "asked_at": phone.asked_at,
        "compared_at": phone.confirmed_at if phone.asked_at else None,
        "confirmed_at": phone.confirmed_at,
        "confirmed_by_id": phone.staff_id if confirmed else None,
        "wrong_at": None,
        "is_shared": phone.is_shared,
        "calls_only": phone.calls_only,
    }
