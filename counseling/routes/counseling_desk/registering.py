"""Somebody new at the counseling point: a name that they chose, few questions, no paper."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.choices import list_communes, list_teams
from counseling.refs import new_request_key
from counseling.routes.counseling_desk import bp
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import WORDS, key_of, me, this_day
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import (
    CAN_READ,
    LANGUAGES,
    SEXES,
    ReadField,
    can_read_of,
    id_of,
    offer_communes,
    read_birth,
    stripped,
)
from counseling.services.support_people import register_supported
from counseling.support_rows import SupportDetails

TOO_LONG = lazy_gettext("Ghi tối đa 120 ký tự")


class SupportedForm(HouseForm):
    community_name = StringField(
        lazy_gettext("Tên gọi người đó chọn"),
        [InputRequired(lazy_gettext("Ghi một tên gọi")), Length(max=120, message=TOO_LONG)],
        filters=[stripped],
    )
    area_id = SelectField(lazy_gettext("Xã, phường"), [Optional()])
    hamlet = StringField(
        lazy_gettext("Thôn, khu phố"), [Optional(), Length(max=120, message=TOO_LONG)], filters=[stripped]
    )
    language = SelectField(lazy_gettext("Tiếng thường nói"), choices=LANGUAGES, default="vi")
    can_read = RadioField(lazy_gettext("Đọc chữ"), [Optional()], choices=CAN_READ, default="")
    sex = RadioField(lazy_gettext("Giới tính"), choices=SEXES, default="unknown")
    birth = ReadField(lazy_gettext("Năm sinh"), read_birth, [Optional()])
    team_id = SelectField(lazy_gettext("Đội công tác xã hội tình nguyện"), [Optional()])
    then_session = BooleanField(lazy_gettext("Ghi xong thì ghi luôn buổi tư vấn"))
    request_key = HiddenField()


@bp.get("/new")
@requires(Permission.EDIT_SUPPORT_FILE)
def new() -> ResponseReturnValue:
    then_session = request.args.get("then") == "session"
    return page_with(prepared(SupportedForm(request_key=new_request_key(), then_session=then_session)))


@bp.post("/new")
@requires(Permission.EDIT_SUPPORT_FILE)
def register() -> ResponseReturnValue:
    form = prepared(SupportedForm(request.form))
    key = key_of(form.request_key.data)
    if not form.validate():
        return page_with(form), 422
    try:
        ref = register_supported(db.session, details_of(form), by=me(), request_key=key, now=utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "team_id"})
        return page_with(form), 422
    flash(gettext("Đã ghi người được hỗ trợ."), "done")
    then = url_for(".new_session_with", ref=ref) if form.then_session.data else url_for("patients.show", ref=ref)
    return redirect(then, 303)


def prepared(form: SupportedForm) -> SupportedForm:
    offer_communes(form.area_id, list_communes(db.session))
    teams: list[Any] = [(str(team_id), name) for team_id, name in list_teams(db.session, g.viewer.site_id)]
    form.team_id.choices = [("", gettext("Chưa có đội")), *teams]
    return form


def page_with(form: SupportedForm) -> str:
    return render_template("pages/counseling/new.html", form=form)


def details_of(form: SupportedForm) -> SupportDetails:
    return SupportDetails(
        site_id=g.viewer.site_id,
        team_id=id_of(form.team_id),
        community_name=form.community_name.data,
        birth_year=form.birth.read.year if form.birth.read else None,
        sex=form.sex.data,
        area_id=id_of(form.area_id),
        hamlet=form.hamlet.data or None,
        language=form.language.data,
        can_read=can_read_of(form.can_read.data),
        status_since=this_day(),
    )
