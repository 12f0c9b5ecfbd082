"""Read one row of a register, cell by cell, and gather what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Protocol, TypeVar

from counseling.domain.names import fold
from counseling.registers import values
from counseling.registers.bad_cell import BadCell
from counseling.registers.headings import Field
from counseling.registers.reading import Cell, Row
from counseling.registers.register_row import RegisterRow, RowFault

_T = TypeVar("_T")
_NO_PHONE = frozenset({"khong", "khong co", "k co", "ko co", "ko", "k", "chua co", "khong dung"})


class Communes(Protocol):
    def find(self, text: str) -> str: ...


class RowReader:
    """Reads one row and gathers its faults."""

    def __init__(self, row: Row, columns: Mapping[int, Field], communes: Communes) -> None:
        self.row = row
        self.communes = communes
        self.column_of = {field: column for column, field in sorted(columns.items(), reverse=True)}
        self.columns = columns
        self.faults: list[RowFault] = []
        self.warnings: list[RowFault] = []

    def read(self) -> RegisterRow:
        self._take_unreadable_cells()
        birth = self._birth()
        phone = self._value(Field.PHONE, values.parse_phone)
        dose = self._value(Field.DOSE_MG, values.parse_dose)
        starts_on, ends_on = self._order_days(dose)
        area_code, address = self._place()
        row = RegisterRow(
            row_number=self.row.number,
            register_code=self._value(Field.REGISTER_CODE, values.parse_code),
            full_name=self._value(Field.FULL_NAME, values.parse_name),
            birth_year=birth.year if birth else None,
            birth_on=birth.on if birth else None,
            sex=self._sex(),
            area_code=area_code,
            phone=phone.e164 if phone else None,
            phone_warning=phone.warning if phone else None,
            identity_number=self._value(
                Field.IDENTITY_NUMBER, lambda cell: values.parse_identity_number(cell, birth.year if birth else None)
            ),
            national_code=self._value(Field.NATIONAL_CODE, values.parse_code),
            dose_tenths=dose,
            order_starts_on=starts_on,
            order_ends_on=ends_on,
            treatment_began_on=self._value(Field.TREATMENT_BEGAN_ON, values.parse_date),
            station_text=self._text(Field.STATION),
            notes=self._text(Field.NOTES),
            hiv_status=self._value(Field.HIV_STATUS, values.parse_hiv_status),
            address=address,
        )
        self._look_over(row)
        return replace(row, faults=tuple(self.faults), warnings=tuple(self.warnings))

    def _look_over(self, row: RegisterRow) -> None:
        if row.full_name is None:
            self._fault_unless_known(Field.FULL_NAME, "name_missing")
        if row.birth_year is None and not self._has_fault_at(
            Field.BIRTH_YEAR, Field.BIRTH_DATE, Field.BIRTH_YEAR_MALE, Field.BIRTH_YEAR_FEMALE
        ):
            self._fault(self._first_of(Field.BIRTH_YEAR, Field.BIRTH_DATE, Field.BIRTH_YEAR_MALE), "birth_missing")
        if row.phone_warning:
            self._warn(Field.PHONE, row.phone_warning)

    def _take_unreadable_cells(self) -> None:
        for column, code in self.row.faults.items():
            field = self.columns.get(column, Field.IGNORED)
            if field not in (Field.IGNORED, Field.NUMBER):
                self.faults.append(RowFault(self.row.number, column_letter(column), field.value, code, ""))

    def _birth(self) -> values.Birth | None:
        fields = (Field.BIRTH_DATE, Field.BIRTH_YEAR, Field.BIRTH_YEAR_MALE, Field.BIRTH_YEAR_FEMALE)
        found = [(field, birth) for field in fields if (birth := self._value(field, values.parse_birth))]
        if not found:
            return None
        for field, birth in found[1:]:
            if birth.year != found[0][1].year:
                self._fault(field, "birth_twice")
        return found[0][1]

    def _sex(self) -> str | None:
        sex = self._value(Field.SEX, values.parse_sex)
        marks = {
            "male": self._marked(Field.SEX_MALE_MARK, Field.BIRTH_YEAR_MALE),
            "female": self._marked(Field.SEX_FEMALE_MARK, Field.BIRTH_YEAR_FEMALE),
        }
        marked = [name for name, is_marked in marks.items() if is_marked]
        if len(marked) == 2:
            self._fault(self._first_of(Field.SEX_FEMALE_MARK, Field.BIRTH_YEAR_FEMALE), "marked_twice")
            return sex
        return sex or (marked[0] if marked else self._sex_of_empty_mark())

    def _marked(self, mark: Field, year: Field) -> bool:
        by_year = year in self.column_of and not values.is_nothing(self._cell(year))
        return bool(self._value(mark, values.parse_mark)) or by_year

    def _sex_of_empty_mark(self) -> str | None:
        """One column "Nữ" with ticks and none "Nam": who has no tick is a man. And the other way round."""
        male, female = Field.SEX_MALE_MARK in self.column_of, Field.SEX_FEMALE_MARK in self.column_of
        if male == female or self._has_fault_at(Field.SEX_MALE_MARK, Field.SEX_FEMALE_MARK):
            return None
        return "female" if male else "male"

    def _order_days(self, dose: int | None) -> tuple[date | None, date | None]:
        starts_on = self._value(Field.ORDER_STARTS_ON, values.parse_date)
        ends_on = self._value(Field.ORDER_ENDS_ON, values.parse_date)
        if starts_on and ends_on and ends_on < starts_on:
            self._fault(Field.ORDER_ENDS_ON, "order_end_before_start")
        if self._has_fault_at(Field.ORDER_STARTS_ON, Field.ORDER_ENDS_ON, Field.DOSE_MG):
            return starts_on, ends_on
        if dose is None and (starts_on or ends_on):
            self._warn(Field.DOSE_MG, "dose_missing")
        if dose is not None and not (starts_on and ends_on):
            self._warn(Field.ORDER_ENDS_ON if starts_on else Field.ORDER_STARTS_ON, "order_dates_missing")
        return starts_on, ends_on

    def _place(self) -> tuple[str | None, str | None]:
        """The commune from its own column; without one, from the address, where an unknown one only warns."""
        address = self._text(Field.ADDRESS)
        if self._text(Field.COMMUNE) or address is None:
            return self._value(Field.COMMUNE, lambda cell: self.communes.find(values.as_text(cell))), address
        try:
            return self.communes.find(address), address
        except BadCell as bad:
            self.warnings.append(self._row_fault(Field.ADDRESS, "address_without_commune", bad.choices))
            return None, address

    def _cell(self, field: Field) -> Cell:
        column = self.column_of.get(field)
        return None if column is None else self.row.cell(column)

    def _text(self, field: Field) -> str | None:
        cells = [self.row.cell(column) for column, meaning in sorted(self.columns.items()) if meaning is field]
        return ", ".join(values.as_text(cell) for cell in cells if not values.is_nothing(cell)) or None

    def _value(self, field: Field, parse: Callable[[Cell], _T]) -> _T | None:
        cell = self._cell(field)
        if values.is_nothing(cell) or (field is Field.PHONE and fold(values.as_text(cell)) in _NO_PHONE):
            return None
        try:
            return parse(cell)
        except BadCell as bad:
            self._fault(field, bad.code, bad.choices)
            return None

    def _first_of(self, *fields: Field) -> Field:
        return next((field for field in fields if field in self.column_of), fields[0])

    def _has_fault_at(self, *fields: Field) -> bool:
        return any(fault.field in fields for fault in self.faults)

    def _fault_unless_known(self, field: Field, code: str) -> None:
        if not self._has_fault_at(field):
            self._fault(field, code)

    def _fault(self, field: Field, code: str, choices: tuple[str, ...] = ()) -> None:
        self.faults.append(self._row_fault(field, code, choices))

    def _warn(self, field: Field, code: str) -> None:
        self.warnings.append(self._row_fault(field, code))

    def _row_fault(self, field: Field, code: str, choices: tuple[str, ...] = ()) -> RowFault:
        column = self.column_of.get(field)
        letter = "" if column is None else column_letter(column)
        return RowFault(self.row.number, letter, field.value, code, values.as_text(self._cell(field)), choices)


def column_letter(column: int) -> str:
    """Give a spreadsheet's name of a column that counts from 0: 0 → A, 26 → AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
