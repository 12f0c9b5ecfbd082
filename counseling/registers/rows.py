"""Turn a sheet's rows into people with their order, each with what is wrong and what deserves a look."""

from __future__ import annotations

from collections.abc import Iterator

from counseling.registers.columns import Proposal
from counseling.registers.reading import Sheet
from counseling.registers.register_row import RegisterRow as RegisterRow
from counseling.registers.register_row import RowFault as RowFault
from counseling.registers.repeats import Repeats
from counseling.registers.row_reader import Communes, RowReader
from counseling.registers.table_end import RowKinds


def read_rows(sheet: Sheet, proposal: Proposal, communes: Communes) -> Iterator[RegisterRow]:
    """Yield the people of the table in their order; headings, totals, signatures and section lines are left out.

    Fault codes: those of `values` and `communes`, formula_without_value, cell_has_error, name_missing, birth_missing,
    birth_twice, marked_twice, order_end_before_start, person_twice, register_code_twice.
    Warning codes: phone_more_than_one, phone_with_a_note, address_without_commune, order_dates_missing, dose_missing,
    row_repeated, person_maybe_twice.
    """
    kinds = RowKinds(proposal)
    repeats = Repeats()
    for row in sheet.rows:
        if row.number >= proposal.first_data_row and kinds.is_person(row):
            yield repeats.check(RowReader(row, proposal.columns, communes).read())
