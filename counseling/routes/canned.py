"""Ready-made answers that a site keeps: read, added, no longer offered."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.canned_answers import list_canned
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import key_of, me
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import stripped
from counseling.services.canned_answers import add_canned_answer, remove_canned_answer

bp = Blueprint("canned", __name__, url_prefix="/messages/canned")
WORDS = "pages/messages/_words.html"


class CannedForm(HouseForm):
    body = TextAreaField(
        lazy_gettext("Câu trả lời"),
        [InputRequired(lazy_gettext("Ghi câu trả lời")), Length(max=320)],
        filters=[stripped],
    )
    request_key = HiddenField()


@bp.get("/")
@requires(Permission.ANSWER_MESSAGES)
def index() -> ResponseReturnValue:
    return canned_page(CannedForm(request_key=new_request_key()))


@bp.post("/")
@requires(Permission.ANSWER_MESSAGES)
def add() -> ResponseReturnValue:
    form = CannedForm(request.form)
    key = key_of(form.request_key.data)
    if not form.validate():
        return canned_page(form), 422
    try:
        add_canned_answer(db.session, *here(), form.body.data, by=me(), request_key=key, now=utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "body"})
        return canned_page(form), 422
    flash(gettext("Đã thêm câu soạn sẵn."), "done")
    return redirect(url_for(".index"), 303)


@bp.post("/<int(signed=True):answer_id>/remove")
@requires(Permission.ANSWER_MESSAGES)
def remove(answer_id: int) -> ResponseReturnValue:
    try:
        is_removed = remove_canned_answer(db.session, *here(), answer_id, by=me(), now=utc_now())
    except Refusal:
        abort(404)
    if is_removed:
        flash(gettext("Đã bỏ câu soạn sẵn."), "done")
    return redirect(url_for(".index"), 303)


def here() -> tuple[str, int]:
    return str(g.viewer.side), g.viewer.site_id


def canned_page(form: CannedForm) -> str:
    return render_template("pages/messages/canned.html", form=form, canned=list_canned(db.session, g.viewer))
