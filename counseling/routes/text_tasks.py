"""A text becomes a task of somebody else: first as they will read it, then for good."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import Row

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, Side, requires
from counseling.queries.aftercare import list_supporters
from counseling.queries.inbox import OpenConversation
from counseling.queries.patients import NotFound, get_support_row
from counseling.routes.messages import conversation
from counseling.routes.patients.parts import this_day, zone
from counseling.routes.typed_fields import LANGUAGES
from counseling.routes.viewing import note_view
from counseling.services.text_tasks import FOR_A_TEAM, ask_station, ask_team

bp = Blueprint("text_tasks", __name__, url_prefix="/messages/<ref>/task")


@bp.get("")
@requires(Permission.ANSWER_MESSAGES)
def show(ref: str) -> ResponseReturnValue:
    return task_page(named(ref))


@bp.post("")
@requires(Permission.ANSWER_MESSAGES)
def give(ref: str) -> ResponseReturnValue:
    asked = named(ref)
    if g.viewer.side is Side.TREATMENT:
        dice = secrets.SystemRandom()
        ask_station(db.session, asked.patient_id or 0, g.viewer.site_id, now=utc_now(), zone=zone(), dice=dice)
        flash(gettext("Việc gọi lại nằm trong danh sách việc."), "done")
        return redirect(url_for("messages.show", ref=ref), 303)
    kind = request.form.get("kind", "")
    try:
        is_new = ask_team(db.session, g.viewer, asked.patient_id or 0, kind, now=utc_now(), zone=zone())
    except Refusal as refusal:
        return task_page(asked, refusal), 409
    words = gettext("Đã nhờ đội.") if is_new else gettext("Hôm nay đội đã được nhờ việc này rồi.")
    flash(words, "done" if is_new else "quiet")
    return redirect(url_for("messages.show", ref=ref), 303)


def named(ref: str) -> OpenConversation:
    """A conversation with somebody we know; of a stranger no task can be made."""
    asked = conversation(ref)
    if asked.named is None or asked.patient_id is None:
        abort(404)
    return asked


def task_page(asked: OpenConversation, refusal: Refusal | None = None) -> str:
    note_view("messages.task", [asked.patient_id] if asked.patient_id else [])
    at_station = g.viewer.side is Side.TREATMENT
    row = None if at_station else supported(asked)
    return render_template(
        "pages/messages/task.html",
        conversation=asked,
        row=row,
        speakers=[] if row is None else speakers_of(row),
        languages=dict(LANGUAGES),
        kinds=FOR_A_TEAM,
        refusal=refusal,
        today=this_day(),
    )


def speakers_of(row: Row[*tuple[Any, ...]]) -> list[str]:
    """Who of the team speaks the person's language."""
    team = list_supporters(db.session, row.site_id, row.team_id)
    return [one.name for one in team if one.is_volunteer and row.language in one.languages]


def supported(asked: OpenConversation) -> Row[*tuple[Any, ...]]:
    try:
        return get_support_row(db.session, g.viewer, asked.named.ref if asked.named else "")
    except NotFound:
        abort(404)
