"""The words of the texts of a province: read by its supervisors, changed by those who supervise all of it.

Each side has its own reminders; the short answers belong to both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.text_wordings import Wording, side_of
from counseling.permissions import Permission, requires
from counseling.queries.wordings import WordingVersion, find_province, list_in_force, list_place_names, list_versions
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.parts import key_of, me
from counseling.routes.refusal_words import say_at
from counseling.routes.row_ids import row_id
from counseling.routes.typed_fields import stripped
from counseling.services.wordings import WhichText, bring_back, write_wording
from counseling.sms.wording import SHIPPED
from counseling.sms.wording_marks import MARKED
from counseling.sms.wording_rules import LONGEST, Seen, allowed_in, check_wording, see

bp = Blueprint("wordings", __name__, url_prefix="/wordings")
WORDS = "pages/wordings/_words.html"
TRY = "try"


class WordingForm(HouseForm):
    words = TextAreaField(
        lazy_gettext("Lời tin"),
        [InputRequired(lazy_gettext("Ghi lời tin")), Length(max=LONGEST)],
        filters=[stripped],
    )
    seen = HiddenField()
    request_key = HiddenField()


@dataclass(frozen=True)
class Shown:
    """A text as the list shows it. `version` 0: the shipped one."""

    key: str
    version: int
    seen: Seen
    newest: WordingVersion | None


@bp.get("/")
@requires(Permission.EDIT_WORDINGS)
def index() -> ResponseReturnValue:
    in_force = list_in_force(db.session, province())
    texts = [shown(key, in_force.get(key)) for key in own_keys()]
    return render_template("pages/wordings/index.html", texts=texts, may_edit=may_edit())


@bp.get("/<key>/")
@requires(Permission.EDIT_WORDINGS)
def edit(key: str) -> ResponseReturnValue:
    versions = versions_of(own(key))
    words = in_force_of(key, versions)
    form = WordingForm(words=words.marked or words.body, seen=newest_of(versions), request_key=new_request_key())
    return edit_page(key, form, versions, see(words))


@bp.post("/<key>/")
@requires(Permission.EDIT_WORDINGS)
def save(key: str) -> ResponseReturnValue:
    """Tried (nothing is written), or put in force."""
    ensure_may_edit()
    versions, form = versions_of(own(key)), WordingForm(request.form)
    request_key = key_of(form.request_key.data)
    if not form.validate():
        return edit_page(key, form, versions), 422
    try:
        tried = see(check_wording(key, form.words.data, list_place_names(db.session, province())))
        if request.form.get("act") == TRY:
            return edit_page(key, form, versions, tried, is_tried=True)
        which = WhichText(province(), key, seen_on(form.seen.data))
        write_wording(db.session, which, form.words.data, by=me(), request_key=request_key, now=utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "words"})
        form.seen.data = newest_of(versions)
        return edit_page(key, form, versions), 409 if refusal.code == "wording_changed_meanwhile" else 422
    flash(gettext("Đã đổi lời tin. Các tin gửi từ bây giờ dùng lời mới."), "done")
    return redirect(url_for(".index"), 303)


@bp.post("/<key>/back")
@requires(Permission.EDIT_WORDINGS)
def back(key: str) -> ResponseReturnValue:
    ensure_may_edit()
    versions, form = versions_of(own(key)), WordingForm(request.form)
    request_key, version = key_of(form.request_key.data), request.form.get("version", -1, type=row_id)
    try:
        which = WhichText(province(), key, seen_on(form.seen.data))
        bring_back(db.session, which, version, by=me(), request_key=request_key, now=utc_now())
    except Refusal as refusal:
        words = in_force_of(key, versions)
        form.words.data, form.seen.data = words.marked or words.body, newest_of(versions)
        say_at(form, refusal, WORDS, {"": "words"})
        return edit_page(key, form, versions), 409
    flash(gettext("Đã dùng lại lời cũ."), "done")
    return redirect(url_for(".index"), 303)


def own_keys() -> list[str]:
    """In the order in which they are shipped: the side's reminders, and the answers of both."""
    return [key for key in SHIPPED if side_of(key) in (None, str(g.viewer.side))]


def own(key: str) -> str:
    return key if key in own_keys() else abort(404)


def province() -> int:
    found = find_province(db.session, g.viewer.area_id) if g.viewer.area_id is not None else None
    return found or abort(404)


def may_edit() -> bool:
    return bool(g.viewer.area_id == province())


def ensure_may_edit() -> None:
    """Whoever supervises a part of the province reads; the words are the same in all of it."""
    if not may_edit():
        abort(403)


def versions_of(key: str) -> list[WordingVersion]:
    return list_versions(db.session, province(), key)


def newest_of(versions: list[WordingVersion]) -> str:
    return str(versions[0].version if versions else 0)


def seen_on(text: str | None) -> int:
    try:
        return row_id(text or "")
    except ValueError:
        abort(400)


def in_force_of(key: str, versions: list[WordingVersion]) -> Wording:
    newest = versions[0].words if versions else None
    return newest or as_shipped(key)


def as_shipped(key: str) -> Wording:
    return Wording(SHIPPED[key], MARKED.get(key))


def shown(key: str, newest: WordingVersion | None) -> Shown:
    words = (newest.words if newest else None) or as_shipped(key)
    return Shown(key, newest.version if newest else 0, see(words), newest)


def edit_page(
    key: str, form: WordingForm, versions: list[WordingVersion], seen: Seen | None = None, *, is_tried: bool = False
) -> str:
    values: dict[str, Any] = {"key": key, "form": form, "versions": versions, "seen": seen, "is_tried": is_tried}
    return render_template(
        "pages/wordings/edit.html",
        **values,
        shipped=SHIPPED[key],
        allowed=allowed_in(key),
        may_edit=may_edit(),
        back_key=new_request_key(),
    )
