"""A site's texts on their way, one by one and all together: take one back, move its hour, pause; what was sent."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from wtforms import TimeField
from wtforms.validators import InputRequired

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries import numbers_due, queue, sent_texts
from counseling.queries.inbox import count_unhandled
from counseling.queries.patients import NotFound
from counseling.queries.text_keeping import find_text_settings, list_blanked
from counseling.routes import text_chart
from counseling.routes.filters import local_day
from counseling.routes.house_form import HouseForm
from counseling.routes.messages import WORDS
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.parts import me, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.viewing import note_view
from counseling.services.queue_changes import Waiting, change_hour, take_back
from counseling.services.reminder_words import words_now
from counseling.services.sending_pauses import pause_sending, resume_sending

bp = Blueprint("sending", __name__, url_prefix="/messages")


class HourForm(HouseForm):
    at = TimeField(lazy_gettext("Gửi lúc mấy giờ"), [InputRequired(lazy_gettext("Ghi giờ như 07:30"))])


@bp.get("/queue/held/<kind>/<reason>/")
@requires(Permission.ANSWER_MESSAGES)
def held(kind: str, reason: str) -> ResponseReturnValue:
    try:
        found = queue.get_held(db.session, g.viewer, kind, reason, utc_now(), page_of(request.args.get("page")))
    except NotFound:
        abort(404)
    note_view("messages.held", found.patient_ids)
    return render_template("pages/messages/held.html", held=found)


@bp.get("/queue/<any(reminder, text):source>/<int:number>/")
@requires(Permission.ANSWER_MESSAGES)
def show(source: str, number: int) -> ResponseReturnValue:
    line, body = found(source, number)
    at = line.at.astimezone(zone()).time()
    return one_page(line, body, HourForm(at=time(at.hour, at.minute)))


@bp.post("/queue/<any(reminder, text):source>/<int:number>/cancel")
@requires(Permission.ANSWER_MESSAGES)
def cancel(source: str, number: int) -> ResponseReturnValue:
    line, body = found(source, number)
    try:
        take_back(db.session, waiting(line), by=me(), now=utc_now())
    except Refusal as refusal:
        return one_page(line, body, HourForm(), refusal), 409
    flash(gettext("Đã bỏ tin này, không gửi nữa."), "done")
    return redirect(url_for("messages.waiting"), 303)


@bp.post("/queue/<any(reminder, text):source>/<int:number>/hour")
@requires(Permission.ANSWER_MESSAGES)
def move(source: str, number: int) -> ResponseReturnValue:
    line, body = found(source, number)
    form = HourForm(request.form)
    if not form.validate():
        return one_page(line, body, form), 422
    try:
        change_hour(db.session, waiting(line), form.at.data, by=me(), now=utc_now(), zone=zone())
    except Refusal as refusal:
        if refusal.code == "not_waiting":
            return one_page(line, body, form, refusal), 409
        say_at(form, refusal, WORDS, {"": "at"})
        return one_page(line, body, form), 422
    flash(gettext("Đã đổi giờ gửi."), "done")
    return redirect(url_for("messages.waiting"), 303)


@bp.post("/queue/pause")
@requires(Permission.ANSWER_MESSAGES)
def pause() -> ResponseReturnValue:
    pause_sending(db.session, g.viewer.site_id, str(g.viewer.side), by=me(), now=utc_now())
    flash(gettext("Đã ngừng gửi tin nhắc của nơi này. Câu trả lời vẫn đi."), "attention")
    return redirect(url_for("messages.waiting"), 303)


@bp.post("/queue/resume")
@requires(Permission.ANSWER_MESSAGES)
def resume() -> ResponseReturnValue:
    seen = request.form.get("pause", 0, type=int)
    if resume_sending(db.session, g.viewer.site_id, str(g.viewer.side), seen, by=me(), now=utc_now()):
        flash(gettext("Tin nhắc của nơi này gửi lại như thường."), "done")
    return redirect(url_for("messages.waiting"), 303)


@bp.get("/sent")
@requires(Permission.ANSWER_MESSAGES)
def sent() -> ResponseReturnValue:
    today, settings = this_day(), find_text_settings(db.session)
    days = sent_texts.list_days(db.session, g.viewer, today, zone())
    return render_template(
        "pages/messages/sent.html",
        days=days[::-1],
        chart=text_chart.draw(days),
        months=sent_texts.list_months(db.session, g.viewer, today, zone()),
        settings=settings,
        blanked=list_blanked(db.session, utc_now(), local_day),
        unhandled=count_unhandled(db.session, g.viewer),
    )


@bp.get("/numbers")
@requires(Permission.ANSWER_MESSAGES)
def numbers() -> ResponseReturnValue:
    due = numbers_due.list_numbers_due(db.session, g.viewer, utc_now(), page_of(request.args.get("page")))
    note_view("messages.numbers", [line.patient_id for line in due.lines if line.named])
    unhandled = count_unhandled(db.session, g.viewer)
    return render_template("pages/messages/numbers.html", due=due, unhandled=unhandled)


def found(source: str, number: int) -> tuple[queue.QueueLine, str | None]:
    try:
        return queue.get_line(db.session, g.viewer, source, number)
    except NotFound:
        abort(404)


def waiting(line: queue.QueueLine) -> Waiting:
    return Waiting(line.source, line.id, g.viewer.site_id, str(g.viewer.side))


def one_page(line: queue.QueueLine, body: str | None, form: HourForm, refusal: Refusal | None = None) -> str:
    note_view("messages.queue_line", [line.patient_id] if line.named and line.patient_id else [])
    if line.source == queue.REMINDER and line.may_be_taken_back:
        body = words_now(db.session, line.id, utc_now(), zone())
    values: dict[str, Any] = {"line": line, "body": body, "form": form, "refusal": refusal}
    return render_template("pages/messages/queue_line.html", **values)
