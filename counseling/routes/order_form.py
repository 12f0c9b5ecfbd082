"""The form of a dose order: what was typed, read strictly. Nothing in it ever proposes a dose."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, Form, HiddenField, PasswordField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from counseling.domain.amounts import BadAmount, parse_mg
from counseling.domain.orders import Phase
from counseling.queries.orders import OrderFacts
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm

PHASES = (
    SelectChoice(Phase.INDUCTION.value, lazy_gettext("Dò liều, khởi liều")),
    SelectChoice(Phase.ADJUSTMENT.value, lazy_gettext("Điều chỉnh liều")),
    SelectChoice(Phase.MAINTENANCE.value, lazy_gettext("Duy trì")),
    SelectChoice(Phase.TAPER.value, lazy_gettext("Giảm liều")),
)
PROPOSED_DAYS = 30
BAD_AMOUNTS = {
    "empty": lazy_gettext("Nhập liều, ví dụ 60 hoặc 60,5"),
    "not_a_number": lazy_gettext("Chỉ ghi chữ số và một dấu phẩy, ví dụ 60 hoặc 60,5"),
    "too_many_decimals": lazy_gettext("Chỉ một chữ số sau dấu phẩy, ví dụ 60,5"),
    "zero": lazy_gettext("Liều phải lớn hơn 0"),
}
# ASCII digits on purpose: \d would accept ２２/１１/２０２６. The second form is what a browser's date field sends.
_TYPED_DAY = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


class DoseField(StringField):  # type: ignore[misc]  # WTForms has no types
    """An amount in mg as typed; `tenths` is None where nothing was typed, and the text stays as it was."""

    tenths: int | None = None

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        if validation_stopped or not (self.data or "").strip():
            return
        try:
            self.tenths = parse_mg(self.data)
        except BadAmount as bad:
            raise ValidationError(str(BAD_AMOUNTS[bad.code])) from bad


class DayField(StringField):  # type: ignore[misc]
    """A day as dd/mm/yyyy, whatever the browser's language is; `day` is the date once the form was validated."""

    day: Any = None

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        if not validation_stopped:
            self.day = read_day(self.data or "")


class SignedForm(HouseForm):
    """What every order ends with: note, examination, signatures, and what stood on the screen."""

    note = TextAreaField(
        lazy_gettext("Ghi chú"), [Length(max=1000, message=lazy_gettext("Ghi chú dài nhất 1000 ký tự"))]
    )
    restart_examined = BooleanField(lazy_gettext("Đã khám, cho dùng lại"))
    second_username = StringField(lazy_gettext("Tên đăng nhập của bác sĩ thứ hai"), [Length(max=200)])
    second_password = PasswordField(lazy_gettext("Mật khẩu của bác sĩ thứ hai"), [Length(max=1000)])
    own_password = PasswordField(
        lazy_gettext("Mật khẩu của bạn, để ký đơn"),
        [InputRequired(lazy_gettext("Nhập mật khẩu của bạn để ký")), Length(max=1000)],
    )
    latest = HiddenField()
    request_key = HiddenField()

    @property
    def is_second_signed(self) -> bool:
        return bool(self.second_username.data or self.second_password.data)

    @property
    def latest_seen(self) -> int:
        """The newest order that stood on the screen; what is no number agrees with no order."""
        text = self.latest.data or ""
        return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else -1

    def validate_request_key(self, field: HiddenField) -> None:
        # Ours are 32 hexadecimal digits; a forged one is answered like a form that has none: with a fresh one.
        if not re.fullmatch(r"[0-9a-f]{32}", field.data or ""):
            field.data = new_request_key()


class OrderForm(SignedForm):
    phase = RadioField(
        lazy_gettext("Giai đoạn"),
        [InputRequired(lazy_gettext("Chọn giai đoạn"))],
        choices=PHASES,
        validate_choice=False,
    )
    dose_1 = DoseField(lazy_gettext("Liều mỗi ngày, mg"), [InputRequired(BAD_AMOUNTS["empty"]), Length(max=40)])
    dose_2 = DoseField(lazy_gettext("Phần 2, mg"), [Length(max=40)])
    dose_3 = DoseField(lazy_gettext("Phần 3, mg"), [Length(max=40)])
    dose_4 = DoseField(lazy_gettext("Phần 4, mg"), [Length(max=40)])
    above_usual_considered = BooleanField(lazy_gettext("Ngày đầu cao hơn mức thường dùng: đã cân nhắc"))
    starts_on = DayField(lazy_gettext("Từ ngày"), [InputRequired(lazy_gettext("Nhập ngày bắt đầu")), Length(max=40)])
    ends_on = DayField(lazy_gettext("Đến hết ngày"), [InputRequired(lazy_gettext("Nhập ngày cuối")), Length(max=40)])

    @property
    def part_fields(self) -> list[Any]:
        return [self.dose_1, self.dose_2, self.dose_3, self.dose_4]

    @property
    def parts_tenths(self) -> tuple[int, ...]:
        return tuple(field.tenths for field in self.part_fields if field.tenths is not None)

    @property
    def is_split(self) -> bool:
        return any(field.data or field.errors for field in self.part_fields[1:])

    def validate_phase(self, field: RadioField) -> None:
        if field.data not in [choice.value for choice in PHASES]:
            raise ValidationError(str(lazy_gettext("Chọn giai đoạn")))


def read_day(text: str) -> date:
    """22/11/2026, or 2026-11-22; raises ValidationError with what to do."""
    typed = _TYPED_DAY.fullmatch(text.strip())
    iso = _ISO_DAY.fullmatch(text.strip())
    if typed is None and iso is None:
        raise ValidationError(str(lazy_gettext("Ghi ngày/tháng/năm, ví dụ 22/11/2026")))
    day, month, year = typed.groups() if typed else reversed(iso.groups() if iso else ())
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise ValidationError(str(lazy_gettext("Không có ngày này trong lịch"))) from error


def empty_form(facts: OrderFacts, today: date) -> OrderForm:
    """A new form: dates are proposed, the dose and the phase never."""
    starts_on = first_day_proposed(facts, today)
    return OrderForm(
        starts_on=starts_on.strftime("%d/%m/%Y"),
        ends_on=(starts_on + timedelta(days=PROPOSED_DAYS - 1)).strftime("%d/%m/%Y"),
        latest=str(facts.latest_id),
        request_key=new_request_key(),
    )


def first_day_proposed(facts: OrderFacts, today: date) -> date:
    """Today, or tomorrow once today's dose stands."""
    return today + timedelta(days=1) if facts.last_dose and facts.last_dose.dose_on >= today else today
