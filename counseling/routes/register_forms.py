"""The forms of the register import."""

from __future__ import annotations

from datetime import date, timedelta

from flask_babel import gettext, lazy_gettext
from wtforms import FileField, HiddenField, SelectField
from wtforms.validators import InputRequired

from counseling.queries.choices import StationChoice
from counseling.registers.columns import Field, Proposal
from counseling.registers.reading import Sheet
from counseling.registers.row_reader import column_letter
from counseling.registers.values import as_text
from counseling.routes.house_form import HouseForm
from counseling.routes.typed_fields import DayField
from counseling.services.register_applying import EARLIEST

EXAMPLES = 3


class UploadForm(HouseForm):
    file = FileField(lazy_gettext("Tệp sổ người bệnh"), [InputRequired(lazy_gettext("Chọn một tệp"))])
    station = SelectField(
        lazy_gettext("Điểm cấp phát"), [InputRequired(lazy_gettext("Chọn điểm cấp phát"))], coerce=int
    )
    request_key = HiddenField()

    def offer(self, stations: list[StationChoice]) -> None:
        self.station.choices = [(station.id, station.name) for station in stations]


class ApplyForm(HouseForm):
    elsewhere_until = DayField(
        lazy_gettext("Đã uống ở nơi khác đến hết ngày"), [InputRequired(lazy_gettext("Ghi một ngày"))]
    )

    def __init__(self, *args: object, today: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def validate(self, *args: object, **kwargs: object) -> bool:
        if not super().validate(*args, **kwargs):
            return False
        # A reader's value stands only after all validators of its field have run.
        until = self.elsewhere_until.read
        if until and EARLIEST <= until < self.today:
            return True
        yesterday = (self.today - timedelta(days=1)).strftime("%d/%m/%Y")
        self.elsewhere_until.errors = [gettext("Chọn ngày không muộn hơn hôm qua (%(day)s)", day=yesterday)]
        return False


class ColumnLine:
    """One column of the file on the page that matches columns by hand."""

    def __init__(self, column: int, proposal: Proposal, sheet: Sheet, chosen: Field) -> None:
        self.column, self.chosen = column, chosen
        self.letter = column_letter(column)
        self.heading = proposal.headings.get(column, "")
        self.is_unclear = column in proposal.unclear
        below = (row for row in sheet.rows if row.number >= proposal.first_data_row)
        filled = (row.cell(column) for row in below if row.cell(column) is not None)
        self.examples = [as_text(cell)[:60] for cell, _ in zip(filled, range(EXAMPLES), strict=False)]


def column_lines(sheet: Sheet, proposal: Proposal, chosen: dict[int, Field]) -> list[ColumnLine]:
    """The columns that hold something; those that nobody has understood first."""
    columns = sorted({*proposal.headings, *proposal.columns, *proposal.unclear})
    lines = [ColumnLine(at, proposal, sheet, chosen.get(at, Field.IGNORED)) for at in columns]
    return sorted(lines, key=lambda line: not line.is_unclear)
