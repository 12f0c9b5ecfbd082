"""The form that every form of ours comes from: WTForms has no Vietnamese, so its sentences are ours."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from wtforms import Form

# WTForms' own sentences (of one thing) and what we say instead.
SENTENCES = {
    "This field is required.": lazy_gettext("Cần điền chỗ này"),
    "Not a valid choice.": lazy_gettext("Chọn lại: lựa chọn này không còn nữa"),
    "Invalid Choice: could not coerce.": lazy_gettext("Chọn lại: lựa chọn này không còn nữa"),
    "Invalid choice(s): one or more data inputs could not be coerced.": lazy_gettext(
        "Chọn lại: có lựa chọn không còn nữa"
    ),
    "'%(value)s' is not a valid choice for this field.": lazy_gettext("Chọn lại: có lựa chọn không còn nữa"),
    "Not a valid date value.": lazy_gettext("Ghi ngày như 2026-11-22"),
    "Not a valid time value.": lazy_gettext("Ghi giờ như 07:00"),
    "Field cannot be longer than %(max)d character.": lazy_gettext("Ngắn lại: dài nhất %(max)d ký tự"),
}


class OurWords:
    """What WTForms asks for its sentences."""

    def gettext(self, text: str) -> str:
        return str(SENTENCES.get(text, text))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return str(SENTENCES[one]) if one in SENTENCES else one if number == 1 else many


class HouseForm(Form):  # type: ignore[misc]  # WTForms has no types
    class Meta:
        def get_translations(self, form: Form) -> Any:
            return OurWords()
