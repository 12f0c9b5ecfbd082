"""Forms of the counseling point: what is usual is one tap, what is not can be typed beside it and then counts."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any, ClassVar

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput

from counseling.domain.aftercare import RHYTHMS
from counseling.domain.sessions import TOPICS, USUAL_MINUTES
from counseling.routes.counseling_desk.parts import clock_words
from counseling.routes.house_form import HouseForm
from counseling.routes.support_words import END_WORDS, FORMS, KINDS, RHYTHM_WORDS, STATUS_WORDS, TOPIC_WORDS
from counseling.routes.typed_fields import SEXES, DayField, stripped

FIRST_HOUR, LAST_HOUR = 6, 19  # when appointments are offered; opening hours say more, and may be overruled


class OfferedDay:
    """One of the days that the page offers (it may be yesterday's page), unless another is typed beside it."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: Any, field: RadioField) -> None:
        if not field.data and form.other_day.data:
            return
        try:
            date.fromisoformat(field.data or "")
        except ValueError as error:
            raise ValidationError(str(lazy_gettext("Chọn một ngày, hoặc ghi ngày khác"))) from error


class ChipsField(SelectMultipleField):  # type: ignore[misc]  # WTForms has no types
    """Several choices as boxes to tick."""

    option_widget = CheckboxInput()


class SessionForm(HouseForm):
    kind = RadioField(
        lazy_gettext("Loại buổi"), [InputRequired(lazy_gettext("Chọn loại buổi"))], choices=list(KINDS.items())
    )
    form = RadioField(lazy_gettext("Hình thức"), [InputRequired()], choices=list(FORMS.items()), default="one_to_one")
    minutes = RadioField(
        lazy_gettext("Thời lượng"),
        [InputRequired()],
        choices=[(str(number), "") for number in USUAL_MINUTES],
        default="30",
    )
    other_minutes = StringField(lazy_gettext("Số phút khác"), [Optional(), Length(max=20)], filters=[stripped])
    topics = ChipsField(
        lazy_gettext("Đã nói về"), [Optional()], choices=[(topic, TOPIC_WORDS[topic]) for topic in TOPICS]
    )
    sex = RadioField(lazy_gettext("Giới tính"), choices=SEXES, default="unknown")
    agreed = TextAreaField(
        lazy_gettext("Hai bên đã thống nhất"),
        [Optional(), Length(max=2000, message=lazy_gettext("Ghi tối đa 2000 ký tự"))],
    )
    held_on = RadioField(lazy_gettext("Ngày"), [OfferedDay()], validate_choice=False)
    other_day = DayField(lazy_gettext("Ngày khác"), [Optional()])
    book_next = BooleanField(lazy_gettext("Ghi xong thì hẹn lần tới"))
    request_key = HiddenField()

    def offer(self, today: date) -> SessionForm:
        """The form with the days that are usual: today, or what was not written down yesterday."""
        yesterday = today - timedelta(days=1)
        self.held_on.choices = [(today.isoformat(), gettext("Hôm nay")), (yesterday.isoformat(), gettext("Hôm qua"))]
        self.held_on.data = self.held_on.data or today.isoformat()
        self.minutes.choices = [(str(number), gettext("%(num)s phút", num=number)) for number in USUAL_MINUTES]
        return self

    @property
    def on(self) -> date:
        typed: date | None = self.other_day.read
        return typed or date.fromisoformat(self.held_on.data)

    @property
    def lasted(self) -> int:
        return int(self.other_minutes.data or self.minutes.data)

    def validate_other_minutes(self, field: StringField) -> None:
        if field.data and not (field.data.isascii() and field.data.isdigit() and len(field.data) < 5):
            raise ValidationError(str(lazy_gettext("Ghi số phút, như 25")))


class AppointmentForm(HouseForm):
    day = RadioField(lazy_gettext("Ngày"), [OfferedDay()], validate_choice=False)
    other_day = DayField(lazy_gettext("Ngày khác"), [Optional()])
    at = SelectField(lazy_gettext("Giờ"), [InputRequired(lazy_gettext("Chọn giờ"))])
    outside_hours = BooleanField(lazy_gettext("Vẫn hẹn ngoài giờ mở cửa"))
    request_key = HiddenField()

    def offer(self, days: list[tuple[str, str]]) -> AppointmentForm:
        self.day.choices = days
        halves = [time(hour, minute) for hour in range(FIRST_HOUR, LAST_HOUR + 1) for minute in (0, 30)]
        shown = [(f"{at:%H:%M}", clock_words(at)) for at in halves]
        self.at.choices = {
            gettext("Giờ"): [("", gettext("Chọn giờ"))],
            gettext("Sáng"): [one for one in shown if one[0] < "12:00"],
            gettext("Chiều, tối"): [one for one in shown if one[0] >= "12:00"],
        }
        return self

    @property
    def on(self) -> date:
        typed: date | None = self.other_day.read
        return typed or date.fromisoformat(self.day.data)

    @property
    def time(self) -> time:
        return time.fromisoformat(self.at.data)


class AftercareForm(HouseForm):
    supporter = SelectField(lazy_gettext("Người đồng hành"), [Optional()])
    rhythm = RadioField(
        lazy_gettext("Hỏi thăm"),
        [InputRequired()],
        choices=[(rhythm, RHYTHM_WORDS[rhythm]) for rhythm in RHYTHMS],
        default="weekly",
    )
    first = RadioField(lazy_gettext("Lần hỏi thăm đầu"), [OfferedDay()], validate_choice=False)
    other_day = DayField(lazy_gettext("Ngày khác"), [Optional()])
    request_key = HiddenField()

    @property
    def on(self) -> date:
        typed: date | None = self.other_day.read
        return typed or date.fromisoformat(self.first.data)


class EndForm(HouseForm):
    reason = RadioField(
        lazy_gettext("Lý do kết thúc"), [InputRequired(lazy_gettext("Chọn lý do"))], choices=list(END_WORDS.items())
    )


class StatusForm(HouseForm):
    status = RadioField(
        lazy_gettext("Tình trạng"), [InputRequired(lazy_gettext("Chọn tình trạng"))], choices=list(STATUS_WORDS.items())
    )
    since_on = DayField(lazy_gettext("Từ ngày"), [InputRequired(lazy_gettext("Ghi ngày"))])
