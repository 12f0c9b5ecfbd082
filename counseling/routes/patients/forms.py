"""Forms of a treatment file."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from counseling.registers.dates import Birth
from counseling.routes.house_form import HouseForm
from counseling.routes.typed_fields import (
    CAN_READ,
    LANGUAGES,
    SEXES,
    DayField,
    ReadField,
    can_read_answer,
    can_read_of,
    day_text,
    id_of,
    read_birth,
    read_code,
    read_e164,
    read_identity,
    read_name,
    stripped,
)
from counseling.services.cards import REVOKE_REASONS
from counseling.treatment_rows import TreatmentDetails, TreatmentPerson

STATUSES = (
    ("active", lazy_gettext("Đang điều trị")),
    ("discharged", lazy_gettext("Đã ra khỏi chương trình")),
    ("moved", lazy_gettext("Đã chuyển đi")),
    ("died", lazy_gettext("Đã mất")),
)
REASONS = {
    "lost": lazy_gettext("Mất thẻ"),
    "damaged": lazy_gettext("Thẻ hỏng"),
    "returned": lazy_gettext("Đã trả lại thẻ"),
    "misused": lazy_gettext("Người khác dùng thẻ"),
}
HIV = (
    ("unknown", lazy_gettext("Chưa rõ")),
    ("negative", lazy_gettext("Âm tính")),
    ("positive", lazy_gettext("Dương tính")),
)


class FileForm(HouseForm):
    """What registration and editing ask alike."""

    full_name = ReadField(lazy_gettext("Họ và tên"), read_name, [InputRequired(lazy_gettext("Ghi họ và tên"))])
    birth = ReadField(
        lazy_gettext("Năm sinh hoặc ngày sinh"),
        read_birth,
        [InputRequired(lazy_gettext("Ghi năm sinh, hoặc ngày sinh như 05/03/1985"))],
    )
    sex = RadioField(lazy_gettext("Giới tính"), choices=SEXES, default="unknown")
    register_code = ReadField(lazy_gettext("Mã số trong sổ"), read_code, [InputRequired(lazy_gettext("Ghi mã số"))])
    area_id = SelectField(lazy_gettext("Xã, phường"), [Optional()])
    address = StringField(
        lazy_gettext("Địa chỉ"), [Optional(), Length(max=300, message=lazy_gettext("Ghi tối đa 300 ký tự"))]
    )
    identity_number = ReadField(lazy_gettext("Số căn cước"), read_identity, [Optional()])
    national_code = ReadField(lazy_gettext("Mã trên hệ thống quốc gia"), read_code, [Optional()])
    alias = StringField(
        lazy_gettext("Tên gọi ở điểm"),
        [Optional(), Length(max=120, message=lazy_gettext("Ghi tối đa 120 ký tự"))],
        filters=[stripped],
    )
    language = SelectField(lazy_gettext("Tiếng thường nói"), choices=LANGUAGES, default="vi")
    can_read = RadioField(lazy_gettext("Đọc chữ"), [Optional()], choices=CAN_READ, default="")
    treatment_began_on = DayField(lazy_gettext("Ngày bắt đầu điều trị"), [Optional()])
    notes = TextAreaField(
        lazy_gettext("Ghi chú"), [Optional(), Length(max=2000, message=lazy_gettext("Ghi tối đa 2000 ký tự"))]
    )

    def answers(self) -> dict[str, Any]:
        """What was typed, as fields of TreatmentDetails."""
        birth: Birth = self.birth.read
        return {
            "full_name": self.full_name.read,
            "birth_year": birth.year,
            "birth_on": birth.on,
            "sex": self.sex.data,
            "register_code": self.register_code.read,
            "area_id": id_of(self.area_id),
            "address": self.address.data or None,
            "identity_number": self.identity_number.read,
            "national_code": self.national_code.read,
            "alias": self.alias.data or None,
            "language": self.language.data,
            "can_read": can_read_of(self.can_read.data),
            "treatment_began_on": self.treatment_began_on.read,
            "notes": self.notes.data or None,
        }


class RegistrationForm(FileForm):
    station = SelectField(
        lazy_gettext("Điểm cấp phát thuốc"), [InputRequired(lazy_gettext("Chọn điểm cấp phát thuốc"))], coerce=int
    )
    phone = ReadField(lazy_gettext("Số điện thoại"), read_e164, [Optional()])
    elsewhere_until = DayField(lazy_gettext("Đã uống thuốc ở nơi khác đến hết ngày"), [Optional()])
    elsewhere_source = StringField(
        lazy_gettext("Theo giấy tờ hoặc lời của ai"),
        [Optional(), Length(max=160, message=lazy_gettext("Ghi tối đa 160 ký tự"))],
        filters=[stripped],
    )
    confirmed = BooleanField(lazy_gettext("Đã đối chiếu, vẫn là người khác"))
    request_key = HiddenField()


class EditForm(FileForm):
    stamp = HiddenField()

    @classmethod
    def of(cls, person: TreatmentPerson, stamp: str) -> EditForm:
        """The form with what the file says now."""
        birth = day_text(person.birth_on) if person.birth_on else str(person.birth_year)
        kept = {name: getattr(person, name) or "" for name in ("address", "identity_number", "national_code", "alias")}
        return cls(
            full_name=person.full_name,
            birth=birth,
            sex=person.sex,
            register_code=person.register_code,
            area_id=str(person.area_id or ""),
            language=person.language,
            can_read=can_read_answer(person.can_read),
            treatment_began_on=day_text(person.treatment_began_on),
            notes=person.notes or "",
            stamp=stamp,
            **kept,
        )


class PhoneForm(HouseForm):
    number = ReadField(
        lazy_gettext("Thêm số điện thoại"), read_e164, [InputRequired(lazy_gettext("Ghi số điện thoại"))]
    )


class StatusForm(HouseForm):
    status = RadioField(lazy_gettext("Tình trạng"), [InputRequired(lazy_gettext("Chọn tình trạng"))], choices=STATUSES)
    since_on = DayField(lazy_gettext("Từ ngày"), [InputRequired(lazy_gettext("Ghi ngày"))])
    reason = TextAreaField(
        lazy_gettext("Lý do"), [Optional(), Length(max=500, message=lazy_gettext("Ghi tối đa 500 ký tự"))]
    )


class HivForm(HouseForm):
    status = RadioField(lazy_gettext("Tình trạng HIV"), [InputRequired(lazy_gettext("Chọn một mục"))], choices=HIV)


class RevokeForm(HouseForm):
    reason = RadioField(
        lazy_gettext("Lý do hủy thẻ"),
        [InputRequired(lazy_gettext("Chọn lý do"))],
        choices=[(reason, REASONS[reason]) for reason in REVOKE_REASONS],
    )


def details_from(form: FileForm, **others: Any) -> TreatmentDetails:
    """The details that a form says, with what it does not ask (station, status …)."""
    return TreatmentDetails(**form.answers(), **others)
