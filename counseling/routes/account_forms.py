"""Forms of the own account."""

from __future__ import annotations

from flask_babel import lazy_gettext
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from counseling.routes.house_form import HouseForm


class SignInForm(HouseForm):
    username = StringField(
        lazy_gettext("Tên đăng nhập"), [InputRequired(lazy_gettext("Nhập tên đăng nhập")), Length(max=200)]
    )
    password = PasswordField(lazy_gettext("Mật khẩu"), [InputRequired(lazy_gettext("Nhập mật khẩu")), Length(max=1000)])
    next = HiddenField()


class PasswordForm(HouseForm):
    old = PasswordField(
        lazy_gettext("Mật khẩu đang dùng"), [InputRequired(lazy_gettext("Nhập mật khẩu đang dùng")), Length(max=1000)]
    )
    new = PasswordField(
        lazy_gettext("Mật khẩu mới"), [InputRequired(lazy_gettext("Nhập mật khẩu mới")), Length(max=1000)]
    )
    again = PasswordField(
        lazy_gettext("Nhập lại mật khẩu mới"),
        [
            InputRequired(lazy_gettext("Nhập lại mật khẩu mới")),
            EqualTo("new", lazy_gettext("Hai lần nhập chưa giống nhau")),
        ],
    )
