"""Forms of sites, areas and teams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, DateField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from counseling.database import AnySession
from counseling.domain.amounts import BadAmount, format_ml
from counseling.domain.measures import parse_step
from counseling.queries.areas import AreaRow, list_area_tree, list_communes
from counseling.queries.sites import SiteRow, TeamRow, list_sites
from counseling.routes.house_form import HouseForm
from counseling.services.outreach_teams import TeamDetails
from counseling.services.sites import SiteDetails

NAME = lazy_gettext("Nhập tên")
CODE = lazy_gettext("Nhập mã")
COMMUNE = lazy_gettext("Chọn xã, phường hoặc đặc khu")
STEP_WORDS = {
    "too_many_decimals": lazy_gettext("Nhiều nhất hai chữ số sau dấu phẩy"),
    "zero": lazy_gettext("Vạch chia phải lớn hơn 0"),
    "too_large": lazy_gettext("Vạch chia lớn nhất là 10 ml"),
    "not_a_number": lazy_gettext("Ghi số ml, như 0,5"),
}


class SiteForm(HouseForm):
    name = StringField(lazy_gettext("Tên"), [InputRequired(NAME)])
    area_id = SelectField(lazy_gettext("Xã, phường, đặc khu"), [InputRequired(COMMUNE)], coerce=str)
    treats = BooleanField(lazy_gettext("Điều trị"))
    dispenses = BooleanField(lazy_gettext("Cấp phát thuốc"))
    counsels = BooleanField(lazy_gettext("Tư vấn"))
    treated_by_id = SelectField(lazy_gettext("Cơ sở điều trị phụ trách"), [Optional()], coerce=str)
    phone = StringField(lazy_gettext("Điện thoại"), [Optional(), Length(max=20)])
    pour_step = StringField(lazy_gettext("Vạch chia nhỏ nhất của dụng cụ đong (ml)"), [Optional()])
    asks_for_witness = BooleanField(lazy_gettext("Mỗi liều cần người thứ hai ký đã thấy"))
    opened_on = DateField(lazy_gettext("Hoạt động từ ngày"), [Optional()])
    closed_on = DateField(lazy_gettext("Ngừng hoạt động từ ngày"), [Optional()])

    def validate_pour_step(self, field: StringField) -> None:
        try:
            parse_step(field.data)
        except BadAmount as bad:
            raise ValidationError(STEP_WORDS[bad.code]) from None

    def details(self) -> SiteDetails:
        return SiteDetails(
            name=self.name.data,
            area_id=int(self.area_id.data),
            treats=self.treats.data,
            dispenses=self.dispenses.data,
            counsels=self.counsels.data,
            treated_by_id=int(self.treated_by_id.data) if self.treated_by_id.data else None,
            phone=self.phone.data,
            pour_step_hundredths=parse_step(self.pour_step.data) if self.pour_step.data else None,
            opened_on=self.opened_on.data,
            closed_on=self.closed_on.data,
            asks_for_witness=self.asks_for_witness.data,
        )


class NewSiteForm(SiteForm):
    code = StringField(lazy_gettext("Mã"), [InputRequired(CODE)])


class TeamForm(HouseForm):
    name = StringField(lazy_gettext("Tên đội"), [InputRequired(NAME)])
    area_id = SelectField(lazy_gettext("Xã, phường, đặc khu"), [InputRequired(COMMUNE)], coerce=str)
    site_id = SelectField(
        lazy_gettext("Điểm tư vấn cùng làm việc"), [InputRequired(lazy_gettext("Chọn điểm tư vấn"))], coerce=str
    )

    def details(self) -> TeamDetails:
        return TeamDetails(self.name.data, int(self.area_id.data), int(self.site_id.data))


class NewTeamForm(TeamForm):
    code = StringField(lazy_gettext("Mã"), [InputRequired(CODE)])


class AreaForm(HouseForm):
    code = StringField(lazy_gettext("Mã"), [InputRequired(CODE)])
    name = StringField(lazy_gettext("Tên khu vực"), [InputRequired(NAME)])
    parent_id = SelectField(lazy_gettext("Thuộc"), [InputRequired()], coerce=int)


class AreaNameForm(HouseForm):
    name = StringField(lazy_gettext("Tên khu vực"), [InputRequired(NAME)])


class MoveForm(HouseForm):
    """Areas to be put under the one whose page this is."""

    areas = SelectMultipleField(
        lazy_gettext("Chuyển về khu vực này"),
        [InputRequired(lazy_gettext("Chọn ít nhất một nơi để chuyển"))],
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


def site_form(session: AnySession, row: SiteRow | None, data: Mapping[str, Any] | None = None) -> SiteForm:
    """The form of a site with what exists to choose from; for a new one when there is no row."""
    step = "" if row is None or row.pour_step_hundredths is None else format_ml(row.pour_step_hundredths)
    form = NewSiteForm(data) if row is None else SiteForm(data, obj=row, pour_step=step)
    form.area_id.choices = _communes(session)
    treating = [site for site in list_sites(session) if site.treats and (row is None or site.id != row.id)]
    form.treated_by_id.choices = [("", gettext("Không có"))] + [(str(site.id), site.name) for site in treating]
    return form


def team_form(session: AnySession, row: TeamRow | None, data: Mapping[str, Any] | None = None) -> TeamForm:
    form = NewTeamForm(data) if row is None else TeamForm(data, obj=row)
    form.area_id.choices = _communes(session)
    counseling = [site for site in list_sites(session) if site.counsels]
    form.site_id.choices = [("", gettext("Chọn điểm tư vấn"))] + [(str(site.id), site.name) for site in counseling]
    return form


def area_form(session: AnySession, data: Mapping[str, Any] | None = None) -> AreaForm:
    form = AreaForm(data)
    form.parent_id.choices = [(area.id, area.name) for area in list_area_tree(session) if area.holds_others]
    return form


def move_form(session: AnySession, to: AreaRow, data: Mapping[str, Any] | None = None) -> MoveForm:
    """Whatever may be put under `to`, with where it is now; what the tree does not allow the service refuses."""
    form = MoveForm(data)
    others = [a for a in list_area_tree(session) if a.kind != "province" and a.id != to.id and a.parent_id != to.id]
    form.areas.choices = [(area.id, f"{area.name} ({area.parent_name})") for area in others]
    return form


def _communes(session: AnySession) -> list[tuple[str, str]]:
    names = [(str(area.id), area.name) for area in list_communes(session)]
    return [("", gettext("Chọn xã, phường hoặc đặc khu")), *names]
