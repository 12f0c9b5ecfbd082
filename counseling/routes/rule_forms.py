"""Forms by which a doctor changes the rules of the facility, and signs them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext
from wtforms import Form, HiddenField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from counseling.domain.band_sets import LONGEST_GAP_COMPARED
from counseling.domain.missed_doses import GapBand, GapResponse
from counseling.domain.order_limits import LONGEST_DAYS_TYPED, MOST_HOURS_TYPED, LimitName
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm
from counseling.routes.order_form import DoseField

TOMORROW, TODAY = "tomorrow", "today"
_WHOLE = re.compile(r"[0-9]{1,3}")  # ASCII digits on purpose, as for doses


class DaysField(StringField):  # type: ignore[misc]  # WTForms has no types
    """A number of days as typed; `days` is None where nothing was typed, and the text stays as it was."""

    days: int | None = None
    most = LONGEST_DAYS_TYPED

    def post_validate(self, form: Form, validation_stopped: bool) -> None:
        typed = (self.data or "").strip()
        if validation_stopped or not typed:
            return
        if not _WHOLE.fullmatch(typed) or not 1 <= int(typed) <= self.most:
            raise ValidationError(str(lazy_gettext("Ghi một số từ 1 đến %(most)s", most=self.most)))
        self.days = int(typed)


class HoursField(DaysField):
    most = MOST_HOURS_TYPED


class GapField(DaysField):
    most = LONGEST_GAP_COMPARED


class SigningForm(HouseForm):
    """The doctor's own signature; each form adds what is signed."""

    own_password = PasswordField(
        lazy_gettext("Mật khẩu của bạn, để ký"),
        [InputRequired(lazy_gettext("Nhập mật khẩu của bạn để ký")), Length(max=1000)],
    )
    seen = HiddenField()
    request_key = HiddenField()

    @property
    def newest_seen(self) -> int:
        """The newest change that stood on the screen; what is no number agrees with none."""
        text = self.seen.data or ""
        return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else -1

    def validate_request_key(self, field: HiddenField) -> None:
        if not re.fullmatch(r"[0-9a-f]{32}", field.data or ""):
            field.data = new_request_key()


class ChangeForm(SigningForm):
    source = StringField(
        lazy_gettext("Nguồn, lý do của thay đổi"),
        [
            DataRequired(lazy_gettext("Ghi nguồn hoặc lý do, ví dụ: quyết định của cơ sở, ngày nào")),
            Length(max=300, message=lazy_gettext("Ngắn lại: dài nhất 300 ký tự")),
        ],
        filters=[lambda text: " ".join((text or "").split())],
    )
    begins = RadioField(
        lazy_gettext("Áp dụng"),
        [InputRequired(lazy_gettext("Chọn một câu"))],
        choices=(
            SelectChoice(TOMORROW, lazy_gettext("Từ ngày mai")),
            SelectChoice(TODAY, lazy_gettext("Từ hôm nay: liều chưa ghi của hôm nay tính theo quy định mới")),
        ),
        default=TOMORROW,
    )
    second_username = StringField(lazy_gettext("Tên đăng nhập của bác sĩ thứ hai"), [Length(max=200)])
    second_password = PasswordField(lazy_gettext("Mật khẩu của bác sĩ thứ hai"), [Length(max=1000)])

    @property
    def is_second_signed(self) -> bool:
        return bool(self.second_username.data or self.second_password.data)


class BandsForm(ChangeForm):
    """From how many missed days each response begins; it reaches to the day before the next one."""

    check = GapField(lazy_gettext("Kiểm tra trước khi uống: từ mấy ngày"), [Length(max=10)])
    suspend = GapField(lazy_gettext("Đơn tạm ngưng, bác sĩ khám: từ mấy ngày"), [Length(max=10)])
    end = GapField(lazy_gettext("Đơn hết hiệu lực, khởi liều lại: từ mấy ngày"), [Length(max=10)])
    consider_ending = GapField(lazy_gettext("Xem có căn cứ chấm dứt điều trị: từ mấy ngày"), [Length(max=10)])

    @property
    def start_fields(self) -> list[GapField]:
        return [self[response.value] for response in GapResponse if response is not GapResponse.DOSE]

    @property
    def starts(self) -> Mapping[GapResponse, int | None]:
        return {GapResponse(field.name): field.days for field in self.start_fields}


class LimitsForm(ChangeForm):
    induction_days = DaysField(lazy_gettext("Dò liều, khởi liều: đơn dài nhất, ngày"), [Length(max=10)])
    adjustment_days = DaysField(lazy_gettext("Điều chỉnh liều: đơn dài nhất, ngày"), [Length(max=10)])
    maintenance_days = DaysField(lazy_gettext("Duy trì: đơn dài nhất, ngày"), [Length(max=10)])
    taper_days = DaysField(lazy_gettext("Giảm liều: cả đơn dài nhất, ngày"), [Length(max=10)])
    first_day_usual = DoseField(lazy_gettext("Ngày đầu tiên, thường không quá, mg"), [Length(max=40)])
    first_day_never = DoseField(lazy_gettext("Ngày đầu tiên, không bao giờ quá, mg"), [Length(max=40)])
    two_doctors = DoseField(lazy_gettext("Trên mức này mỗi ngày cần hai bác sĩ, mg"), [Length(max=40)])

    observation_hours = HoursField(
        lazy_gettext("Theo dõi sau liều đầu, ít nhất, giờ"),
        [InputRequired(lazy_gettext("Chỗ này phải có giới hạn")), Length(max=10)],
    )

    @property
    def day_fields(self) -> list[DaysField]:
        return [self[name.value] for name in LimitName if name.is_days]

    @property
    def dose_fields(self) -> list[DoseField]:
        return [self[name.value] for name in LimitName if name.is_dose]

    def values(self, standing: Mapping[LimitName, int | None]) -> dict[LimitName, int | None]:
        """What was typed; an empty dose stays as it stands, for no dose is ever filled in beforehand."""
        days = {LimitName(field.name): field.days for field in self.day_fields}
        typed = {LimitName(field.name): field.tenths for field in self.dose_fields}
        days[LimitName.OBSERVATION_HOURS] = self.observation_hours.days
        return days | {name: standing[name] if tenths is None else tenths for name, tenths in typed.items()}


def empty_bands_form(bands: Sequence[GapBand], newest: int) -> BandsForm:
    """The days that hold now, to be changed."""
    starts = {band.response.value: str(band.from_days) for band in bands if band.response is not GapResponse.DOSE}
    return BandsForm(**starts, seen=str(newest), request_key=new_request_key())


def empty_limits_form(standing: Mapping[LimitName, int | None], newest: int) -> LimitsForm:
    """Days that hold now; doses are left empty, whatever holds."""
    days: dict[str, Any] = {name.value: str(standing[name] or "") for name in LimitName if not name.is_dose}
    return LimitsForm(**days, seen=str(newest), request_key=new_request_key())


def empty_signing_form(newest: int, prefix: str) -> SigningForm:
    return SigningForm(prefix=prefix, data={"seen": str(newest), "request_key": new_request_key()})
