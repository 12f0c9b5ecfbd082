"""Texts of a site: the inbox where staff answer, and the queue of what goes out."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from counseling.clock import utc_now
from counseling.config import Config
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.reminders import A_DAY, TOO_MANY
from counseling.permissions import Permission, Side, passive, requires
from counseling.queries import crises, inbox, queue
from counseling.queries.canned_answers import list_canned
from counseling.queries.channels import list_stuck_kinds
from counseling.queries.missed_calls import count_reach
from counseling.queries.patients import NotFound
from counseling.queries.sending_pauses import Pause, find_pause
from counseling.queries.text_keeping import find_text_settings
from counseling.queries.today import list_version
from counseling.refs import new_request_key
from counseling.routes.house_form import HouseForm
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.parts import ensure_ref, key_of, me, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import stripped
from counseling.routes.viewing import note_view
from counseling.services.held_reminders import release_held
from counseling.services.inbox import answer_text, mark_handled, stop_texts
from counseling.services.reminder_examples import example_of
from counseling.services.reminder_preview import Preview, expected_on

bp = Blueprint("messages", __name__, url_prefix="/messages")
WORDS = "pages/messages/_words.html"
MOST_LETTERS = 1_000


class AnswerForm(HouseForm):
    body = TextAreaField(
        lazy_gettext("Trả lời"),
        [InputRequired(lazy_gettext("Ghi câu trả lời")), Length(max=MOST_LETTERS)],
        filters=[stripped],
    )
    request_key = HiddenField()


@bp.get("/")
@requires(Permission.ANSWER_MESSAGES)
def index() -> ResponseReturnValue:
    reach = count_reach(db.session, g.viewer, this_day())
    return render_template(
        "pages/messages/index.html",
        reach=reach,
        may_keep_roster=g.viewer.may(Permission.KEEP_DUTY_ROSTER),
        **the_inbox(),
    )


@bp.get("/list")
@requires(Permission.ANSWER_MESSAGES)
@passive
def live_list() -> ResponseReturnValue:
    """The inbox again when something at the site has changed since `seen`; 204 when nothing has."""
    if request.args.get("seen") == version():
        return "", 204
    return render_template("partials/messages/_list.html", **the_inbox())


@bp.get("/queue")
@requires(Permission.ANSWER_MESSAGES)
def waiting() -> ResponseReturnValue:
    return queue_page()


@bp.post("/queue/release")
@requires(Permission.ANSWER_MESSAGES)
def release() -> ResponseReturnValue:
    """A person has looked at how many would be texted, and lets them go."""
    if not to_release(the_queue()):
        return queue_page(refusal=Refusal("nothing_held")), 409
    try:
        count = release_held(
            db.session,
            g.viewer.site_id,
            request.form.get("seen", 0, type=int),
            by=me(),
            now=utc_now(),
            zone=zone(),
            dice=secrets.SystemRandom(),
        )
    except Refusal as refusal:
        return queue_page(refusal=refusal), 409
    flash(gettext("Đã cho gửi %(count)s tin nhắc.", count=count), "done")
    return redirect(url_for(".waiting"), 303)


@bp.get("/<ref>/")
@requires(Permission.ANSWER_MESSAGES)
def show(ref: str) -> ResponseReturnValue:
    return conversation_page(conversation(ref))


@bp.post("/<ref>/answer")
@requires(Permission.ANSWER_MESSAGES)
def answer(ref: str) -> ResponseReturnValue:
    asked, form = conversation(ref), AnswerForm(request.form)
    key = key_of(form.request_key.data)
    if not form.validate():
        return conversation_page(asked, form), 422
    try:
        answer_text(db.session, asked.asked_id, form.body.data, by=me(), request_key=key, now=utc_now())
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "body"})
        return conversation_page(asked, form), 422
    flash(gettext("Câu trả lời đang chờ gửi."), "done")
    return redirect(url_for(".show", ref=ref), 303)


@bp.post("/<ref>/handled")
@requires(Permission.ANSWER_MESSAGES)
def handled(ref: str) -> ResponseReturnValue:
    mark_handled(db.session, conversation(ref).asked_id, by=me(), now=utc_now())
    return redirect(url_for(".index"), 303)


@bp.post("/<ref>/stop")
@requires(Permission.ANSWER_MESSAGES)
def stop(ref: str) -> ResponseReturnValue:
    """For whoever wants no more texts and has said so in other words than the one that the program reads."""
    stop_texts(db.session, conversation(ref).asked_id, by=me(), now=utc_now())
    flash(gettext("Số này không nhận tin nhắc nữa."), "done")
    return redirect(url_for(".show", ref=ref), 303)


def version() -> str:
    return list_version(db.session, g.viewer.site_id, this_day())


def the_inbox() -> dict[str, Any]:
    seen = version()  # read first, so that it is never newer than the list
    found = inbox.list_conversations(db.session, g.viewer, utc_now(), page_of(request.args.get("page")))
    note_view("messages.list", [line.patient_id for line in found.conversations if line.named and line.patient_id])
    unhandled = inbox.count_unhandled(db.session, g.viewer)
    return {"inbox": found, "version": seen, "unhandled": unhandled, "pause": standing_pause()}


def standing_pause() -> Pause | None:
    return find_pause(db.session, g.viewer.site_id, str(g.viewer.side))


def conversation(ref: str) -> inbox.OpenConversation:
    ensure_ref(ref)
    try:
        return inbox.get_conversation(db.session, g.viewer, ref)
    except NotFound:
        abort(404)


def conversation_page(asked: inbox.OpenConversation, form: AnswerForm | None = None, number: str | None = None) -> str:
    """`form` None: a fresh one. `number`: the whole one, asked for."""
    note_view("messages.conversation", [asked.patient_id] if asked.named and asked.patient_id else [])
    return render_template(
        "pages/messages/conversation.html",
        conversation=asked,
        form=form or AnswerForm(request_key=new_request_key()),
        canned=list_canned(db.session, g.viewer),
        alert=crises.find_alert(db.session, g.viewer, asked.asked_id),
        number=number,
        settings=find_text_settings(db.session),
    )


def the_queue() -> queue.Queue:
    return queue.list_queue(db.session, g.viewer, utc_now(), page_of(request.args.get("page")))


def to_release(found: queue.Queue) -> int:
    """How many reminders wait until a person of the station has looked."""
    return sum(group.count for group in groups_to_release(found))


def groups_to_release(found: queue.Queue) -> list[queue.HeldGroup]:
    held = found.held if g.viewer.side is Side.TREATMENT else []
    return [group for group in held if group.reason == TOO_MANY]


def words_of(group: queue.HeldGroup) -> str:
    """As it reaches most: each person's own spelling is left out."""
    return example_of(db.session, g.viewer.site_id, group.what, this_day()).body


def expected_tomorrow() -> list[tuple[str, Preview]]:
    site_id, side, tomorrow = g.viewer.site_id, str(g.viewer.side), this_day() + A_DAY
    return expected_on(db.session, site_id, side, tomorrow, utc_now(), zone())


def queue_page(refusal: Refusal | None = None) -> str:
    config: Config = current_app.extensions["diem_tua_config"]
    found = the_queue()
    note_view("messages.queue", found.patient_ids)
    return render_template(
        "pages/messages/queue.html",
        queue=found,
        refusal=refusal,
        to_release=to_release(found),
        expected=expected_tomorrow(),
        released=[words_of(group) for group in groups_to_release(found)],
        pause=standing_pause(),
        unhandled=inbox.count_unhandled(db.session, g.viewer),
        gateway=config.sms_gateway,
        stuck=list_stuck_kinds(db.session, config.gateway_names, utc_now()),
    )
