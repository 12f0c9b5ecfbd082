"""Forms of accounts and roles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from flask_babel import gettext, lazy_gettext
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from counseling.database import AnySession
from counseling.domain.spoken_languages import SPOKEN
from counseling.permissions import RoleKind, Side
from counseling.queries.areas import list_area_tree
from counseling.queries.sites import list_sites, list_teams
from counseling.routes.house_form import HouseForm
from counseling.routes.shell import DESK_LABELS
from counseling.routes.typed_fields import LANGUAGES
from counseling.services.staff_roles import NewRole

F = TypeVar("F", bound="RoleForm")
NEEDED_ROLE = lazy_gettext("Chọn vai trò")


class NameForm(HouseForm):
    display_name = StringField(lazy_gettext("Họ và tên"), [InputRequired(lazy_gettext("Nhập họ và tên"))])


class LanguagesForm(HouseForm):
    languages = SelectMultipleField(
        lazy_gettext("Nói được tiếng gì"),
        [InputRequired(lazy_gettext("Chọn ít nhất một tiếng"))],
        choices=[(language, label) for language, label in LANGUAGES if language in SPOKEN],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class RoleForm(HouseForm):
    """A kind of work with its side, and a place; which place fits is the service's to say."""

    role = SelectField(lazy_gettext("Vai trò"), [InputRequired(NEEDED_ROLE)])
    place = SelectField(lazy_gettext("Nơi làm việc"), validate_choice=True)

    def chosen(self) -> NewRole:
        kind, _, side = self.role.data.partition(":")
        place, _, place_id = (self.place.data or "").partition(":")
        return NewRole(RoleKind(kind), Side(side), (place, int(place_id)) if place else None)


class StaffForm(RoleForm):
    username = StringField(lazy_gettext("Tên đăng nhập"), [InputRequired(lazy_gettext("Nhập tên đăng nhập"))])
    display_name = StringField(lazy_gettext("Họ và tên"), [InputRequired(lazy_gettext("Nhập họ và tên"))])


def role_form(kind: type[F], session: AnySession, data: Mapping[str, Any] | None = None) -> F:
    """A form of that kind with the roles and places that exist."""
    form = kind(data)
    form.role.choices = [("", gettext("Chọn vai trò"))] + [
        (f"{kind}:{side}", str(label)) for (kind, side), label in DESK_LABELS.items()
    ]
    form.place.choices = {
        "": [("", gettext("Không cần nơi làm việc"))],
        gettext("Cơ sở"): [(f"site:{site.id}", site.name) for site in list_sites(session) if site.closed_on is None],
        gettext("Đội tình nguyện"): [
            (f"team:{team.id}", team.name) for team in list_teams(session) if team.closed_on is None
        ],
        gettext("Địa bàn"): [(f"area:{area.id}", area.name) for area in list_area_tree(session)],
    }
    return form
