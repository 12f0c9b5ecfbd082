"""Forms of opening hours: a line for each day of the week, and one day that differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Optional

from counseling.domain.opening_hours import write_day
from counseling.domain.station_days import Hours
from counseling.routes.house_form import HouseForm


class WeekForm(HouseForm):
    """Days by weekday (Monday is 0), each with its hours as text; empty is shut."""

    day0 = StringField(lazy_gettext("Thứ hai"), [Optional()])
    day1 = StringField(lazy_gettext("Thứ ba"), [Optional()])
    day2 = StringField(lazy_gettext("Thứ tư"), [Optional()])
    day3 = StringField(lazy_gettext("Thứ năm"), [Optional()])
    day4 = StringField(lazy_gettext("Thứ sáu"), [Optional()])
    day5 = StringField(lazy_gettext("Thứ bảy"), [Optional()])
    day6 = StringField(lazy_gettext("Chủ nhật"), [Optional()])

    def week(self) -> dict[int, str]:
        """What was typed, by weekday."""
        return {weekday: field.data or "" for weekday, field in enumerate(self)}


class ExceptionForm(HouseForm):
    on_date = DateField(lazy_gettext("Ngày"), [InputRequired(lazy_gettext("Chọn ngày"))])
    hours = StringField(lazy_gettext("Giờ mở cửa hôm đó"), [Optional()])
    reason = StringField(lazy_gettext("Lý do"), [InputRequired(lazy_gettext("Nhập lý do"))])


def week_form(week: Mapping[int, list[Hours]], data: Mapping[str, Any] | None = None) -> WeekForm:
    """The form of the week as it is stored, or as it was typed."""
    return WeekForm(data, **{f"day{weekday}": write_day(hours) for weekday, hours in week.items()})
