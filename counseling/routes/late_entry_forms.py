"""The forms of a paper: which sheet, written by whom, and what stood on it."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from counseling.routes.house_form import HouseForm
from counseling.routes.order_form import BAD_AMOUNTS, DayField, DoseField
from counseling.services.late_entries import LONGEST_SHEET, LONGEST_WRITER, Paper

OTHER = "other"


class SheetForm(HouseForm):
    """The paper itself; who is on it stands in the page's own boxes."""

    sheet = StringField(
        lazy_gettext("Tờ giấy nào"),
        [InputRequired(lazy_gettext("Ghi tờ nào, trang nào")), Length(max=LONGEST_SHEET)],
    )
    writer = SelectField(
        lazy_gettext("Người ghi tờ giấy"),
        [InputRequired(lazy_gettext("Chọn người đã ghi tờ giấy"))],
        validate_choice=False,
    )
    writer_name = StringField(lazy_gettext("Họ tên, nếu là người khác"), [Length(max=LONGEST_WRITER)])
    request_key = HiddenField()

    def offer(self, writers: list[tuple[int, str]]) -> None:
        """People of the station; anybody else is named."""
        known = [(str(staff_id), name) for staff_id, name in writers]
        self.writer.choices = [("", lazy_gettext("Chọn")), *known, (OTHER, lazy_gettext("Người khác, ghi tên"))]

    @property
    def paper(self) -> Paper:
        """What was typed; a choice that the page does not offer is nobody, and is refused as a missing writer."""
        offered = {value for value, _ in self.writer.choices if value not in ("", OTHER)}
        chosen = self.writer.data
        if chosen in offered:
            return Paper(self.sheet.data or "", writer_id=int(chosen))
        return Paper(self.sheet.data or "", writer_name=(self.writer_name.data or "") if chosen == OTHER else "")


class PaperDoseForm(SheetForm):
    """One dose of one person."""

    on = DayField(lazy_gettext("Ngày uống"), [InputRequired(lazy_gettext("Nhập ngày uống")), Length(max=40)])
    mg = DoseField(lazy_gettext("Liều đã uống, mg"), [InputRequired(BAD_AMOUNTS["empty"]), Length(max=40)])

    def validate_mg(self, field: DoseField) -> None:
        if not (field.data or "").strip():
            raise ValidationError(str(BAD_AMOUNTS["empty"]))


# The field beside which a refusal's sentence stands; "" is the place of every other code.
PLACES: dict[str, Any] = {
    "": "sheet",
    "paper_missing": "sheet",
    "writer_missing": "writer_name",
    "late_entry_in_future": "on",
    "late_entry_too_old": "on",
    "before_registration": "on",
}
