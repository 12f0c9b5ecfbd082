"""Fields that understand what people type, with the rules that read registers; sentences say what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import Field, Form, SelectField, StringField
from wtforms.validators import ValidationError

from counseling.queries.choices import Commune
from counseling.registers.bad_cell import BadCell
from counseling.registers.dates import Birth, parse_birth, parse_date
from counseling.registers.phones import parse_phone
from counseling.registers.values import parse_code, parse_identity_number, parse_name

SENTENCES = {
    "name_not_understood": lazy_gettext("Ghi họ tên bằng chữ, không có số"),
    "name_too_long": lazy_gettext("Họ tên dài quá: ghi tối đa 120 ký tự"),
    "code_not_understood": lazy_gettext("Ghi mã có ít nhất một chữ hoặc một số"),
    "code_too_long": lazy_gettext("Mã dài quá: ghi tối đa 40 ký tự"),
    "birth_not_understood": lazy_gettext("Ghi năm sinh bốn số, hoặc ngày sinh như 05/03/1985"),
    "birth_out_of_range": lazy_gettext("Xem lại năm sinh: từ 1920 đến 2020"),
    "date_not_understood": lazy_gettext("Ghi ngày như 05/03/2026"),
    "date_not_real": lazy_gettext("Ngày này không có trong lịch: xem lại ngày và tháng"),
    "date_out_of_range": lazy_gettext("Xem lại năm"),
    "phone_not_valid": lazy_gettext("Xem lại số điện thoại: đủ 10 số, như 0912 345 678"),
    "identity_number_not_understood": lazy_gettext("Ghi đủ 12 số của căn cước, hoặc 9 số của chứng minh cũ"),
}
LANGUAGES = (
    ("vi", lazy_gettext("Tiếng Việt")),
    ("tyz", lazy_gettext("Tiếng Tày")),
    ("nut", lazy_gettext("Tiếng Nùng")),
    ("ium", lazy_gettext("Tiếng Dao")),
    ("hmn", lazy_gettext("Tiếng Mông")),
    ("zh", lazy_gettext("Tiếng Hoa")),
    ("other", lazy_gettext("Tiếng khác")),
)
SEXES = (("male", lazy_gettext("Nam")), ("female", lazy_gettext("Nữ")), ("unknown", lazy_gettext("Chưa rõ")))
CAN_READ = (("yes", lazy_gettext("Đọc được")), ("no", lazy_gettext("Không đọc được")), ("", lazy_gettext("Chưa rõ")))
COMMUNE_GROUPS = {
    "ward": lazy_gettext("Phường"),
    "commune": lazy_gettext("Xã"),
    "special_zone": lazy_gettext("Đặc khu"),
}


def stripped(text: str | None) -> str:
    """Single spaces and no control characters (PostgreSQL refuses a NUL in a text)."""
    return " ".join("".join(char if char.isprintable() else " " for char in text or "").split())


class ReadField(StringField):  # type: ignore[misc]  # WTForms has no types
    """A text field; `.read` is what its reader makes of it, None where nothing was typed."""

    read: Any = None

    def __init__(self, label: object, reader: Callable[[str], Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(label, *args, filters=[stripped], **kwargs)
        self.reader = reader

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        self.read = None
        if not self.data or validation_stopped:
            return
        try:
            self.read = self.reader(self.data)
        except BadCell as bad:
            raise ValidationError(SENTENCES[bad.code]) from bad


class DayField(ReadField):
    """A day as dd/mm/yyyy: a browser's own date field would follow the browser's language."""

    def __init__(self, label: object, *args: Any, **kwargs: Any) -> None:
        super().__init__(label, parse_date, *args, **kwargs)


def read_e164(text: str) -> str:
    return parse_phone(text).e164


def read_birth(text: str) -> Birth:
    return parse_birth(text)


def read_code(text: str) -> str:
    return parse_code(text)


def read_name(text: str) -> str:
    return parse_name(text)


def read_identity(text: str) -> str:
    return parse_identity_number(text)


def can_read_of(answer: str) -> bool | None:
    """The answer of a CAN_READ choice as it is kept."""
    return {"yes": True, "no": False}.get(answer)


def can_read_answer(kept: bool | None) -> str:
    return "" if kept is None else "yes" if kept else "no"


def offer_communes(field: SelectField, communes: list[Commune]) -> None:
    """Fill a select with communes in groups, after the answer that it is not known."""
    groups: dict[str, list[tuple[str, str]]] = {gettext("Chưa rõ"): [("", gettext("Chưa ghi"))]}
    for commune in communes:
        groups.setdefault(str(COMMUNE_GROUPS[commune.kind]), []).append((str(commune.id), commune.name))
    field.choices = groups


def id_of(field: Field) -> int | None:
    """The chosen id of a select whose empty answer is ""."""
    return int(field.data) if field.data else None


def day_text(day: date | None) -> str:
    """A day as a DayField shows it."""
    return day.strftime("%d/%m/%Y") if day else ""
