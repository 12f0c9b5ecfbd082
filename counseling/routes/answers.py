"""Before an answer goes out: what it costs, whether it may be said, and what the other one will see on their phone."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.names import fold
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.canned_answers import list_canned
from counseling.queries.inbox import OpenConversation
from counseling.queries.text_keeping import find_text_settings
from counseling.routes.messages import MOST_LETTERS, WORDS, AnswerForm, conversation, conversation_page
from counseling.routes.patients.parts import key_of, me
from counseling.routes.refusal_words import say_at
from counseling.routes.row_ids import row_id
from counseling.routes.typed_fields import stripped
from counseling.routes.viewing import note_view
from counseling.services.inbox import check_answer, show_number
from counseling.sms.segments import Size, size_of

bp = Blueprint("answers", __name__, url_prefix="/messages/<ref>")

SEEN_LOCKED = 80  # letters that a locked phone shows before anybody opens the text


@dataclass(frozen=True)
class Measured:
    """An answer as it would go out. `price` in đồng, None where nobody has said what a segment costs; `plain_segments`:
    without its marks.
    """

    size: Size
    plain_segments: int
    price: int | None
    refusal: Refusal | None


@bp.post("/check")
@requires(Permission.ANSWER_MESSAGES)
def check(ref: str) -> ResponseReturnValue:
    """Asked while somebody types: segments, price, and the words that must not be said."""
    body = stripped(request.form.get("body"))[:MOST_LETTERS]
    return render_template("partials/messages/_size.html", measured=measured(conversation(ref), body), body=body)


@bp.post("/preview")
@requires(Permission.ANSWER_MESSAGES)
def preview(ref: str) -> ResponseReturnValue:
    """What will they see? Nothing is sent yet."""
    asked, form = conversation(ref), AnswerForm(request.form)
    key_of(form.request_key.data)
    if not form.validate():
        return conversation_page(asked, form), 422
    found = measured(asked, form.body.data)
    if found.refusal is not None:
        say_at(form, found.refusal, WORDS, {"": "body"})
        return conversation_page(asked, form), 422
    note_view("messages.preview", [asked.patient_id] if asked.named and asked.patient_id else [])
    body = unicodedata.normalize("NFC", form.body.data)
    return render_template(
        "pages/messages/preview.html", conversation=asked, form=form, body=body, measured=found, locked=SEEN_LOCKED
    )


@bp.post("/edit")
@requires(Permission.ANSWER_MESSAGES)
def edit(ref: str) -> ResponseReturnValue:
    """Back from the preview, with what was typed."""
    form = AnswerForm(request.form)
    key_of(form.request_key.data)
    return conversation_page(conversation(ref), form)


@bp.post("/number")
@requires(Permission.ANSWER_MESSAGES)
def number(ref: str) -> ResponseReturnValue:
    """The whole number, for whoever has to ring; that it was asked for is written down first. What was typed stays."""
    asked, form = conversation(ref), None
    if "request_key" in request.form:
        form = AnswerForm(request.form)
        key_of(form.request_key.data)
    shown = show_number(db.session, asked.asked_id, by=me(), now=utc_now())
    return conversation_page(asked, form, number=shown)


@bp.post("/say")
@requires(Permission.ANSWER_MESSAGES)
def say(ref: str) -> ResponseReturnValue:
    """A ready-made answer, to be sent or changed, in the place of another one; what somebody typed stays before it."""
    asked, form = conversation(ref), AnswerForm(request.form)
    key_of(form.request_key.data)
    canned = dict(list_canned(db.session, g.viewer))
    chosen = canned.get(request.form.get("say", 0, type=row_id))
    if chosen is not None:
        typed = "" if form.body.data in canned.values() else form.body.data
        form.body.data = " ".join(filter(None, (typed, chosen)))
    return conversation_page(asked, form)


def measured(asked: OpenConversation, body: str) -> Measured:
    size, price = size_of(body), find_text_settings(db.session).price
    refusal = None
    try:
        if body:
            check_answer(db.session, asked.asked_id, body)
    except Refusal as found:
        refusal = found
    plain = size_of(fold_letters(body)).segments
    return Measured(size, plain, None if price is None else price * size.segments, refusal)


def fold_letters(body: str) -> str:
    """The same words without marks, letter by letter: signs and capitals stay as they are typed."""
    plain = (letter if letter.isascii() else fold(letter) or letter for letter in unicodedata.normalize("NFC", body))
    return "".join(plain)
