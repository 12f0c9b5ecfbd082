"""What is read from one row of a register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class RowFault:
    """What is wrong at one cell. `value` is what stands there, or the first row's number where a person comes twice.

    `choices` are commune codes to pick from; `column_letter` is "" where no single column is at fault.
    """

    row_number: int
    column_letter: str
    field: str
    code: str
    value: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One person of the register. A row with faults is not to be imported; its warnings are to be shown.

    `dose_tenths` None: no order. `same_as_row` names the earlier row that this one repeats word for word: count once.
    """

    row_number: int
    register_code: str | None = None
    full_name: str | None = None
    birth_year: int | None = None
    birth_on: date | None = None
    sex: str | None = None
    area_code: str | None = None
    phone: str | None = None
    phone_warning: str | None = None
    identity_number: str | None = None
    national_code: str | None = None
    dose_tenths: int | None = None
    order_starts_on: date | None = None
    order_ends_on: date | None = None
    treatment_began_on: date | None = None
    station_text: str | None = None
    notes: str | None = None
    hiv_status: str | None = None
    address: str | None = None
    faults: tuple[RowFault, ...] = ()
    warnings: tuple[RowFault, ...] = ()
    same_as_row: int | None = None
