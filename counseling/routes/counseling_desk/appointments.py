"""Appointments: booking, moving, calling off, and whether somebody came."""

from __future__ import annotations

from datetime import date, timedelta

from flask import abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import Hours
from counseling.permissions import Permission, requires
from counseling.queries.counseling import AppointmentLine, get_appointment
from counseling.queries.opening_hours import hours_on
from counseling.queries.patients import NotFound
from counseling.refs import new_request_key
from counseling.routes.counseling_desk import bp
from counseling.routes.counseling_desk.forms import AppointmentForm
from counseling.routes.counseling_desk.parts import WORDS, at_local, clock_words, day_said, name_of, person_of
from counseling.routes.patients.parts import ensure_ref, key_of, me, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.support_words import WEEKDAYS
from counseling.routes.viewing import note_view
from counseling.services import appointments

OFFERED_IN_DAYS = (1, 2, 7, 14, 28)
LOOKED_AHEAD = 7  # for the next day that is open
FIELDS = {"outside_opening_hours": "outside_hours", "": "other_day"}


@bp.get("/appointments/new/<ref>")
@requires(Permission.RECORD_SESSION)
def new_appointment(ref: str) -> ResponseReturnValue:
    return booking_page(ref, AppointmentForm(request_key=new_request_key()))


@bp.post("/appointments/new/<ref>")
@requires(Permission.RECORD_SESSION)
def book(ref: str) -> ResponseReturnValue:
    person, form = person_of(ref), AppointmentForm(request.form).offer(days_to_offer())
    key = key_of(form.request_key.data)
    if not form.validate():
        return booking_page(ref, form), 422
    try:
        booked = appointments.book_appointment(
            db.session,
            patient_id=person.patient_id,
            site_id=g.viewer.site_id,
            starts_at=at_local(form.on, form.time),
            outside_hours=form.outside_hours.data,
            by=me(),
            request_key=key,
            now=utc_now(),
            zone=zone(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return booking_page(ref, form), 422
    flash(gettext("Đã hẹn."), "done")
    return redirect(url_for(".show_appointment", appointment=booked), 303)


@bp.get("/appointments/<appointment>/")
@requires(Permission.RECORD_SESSION)
def show_appointment(appointment: str) -> ResponseReturnValue:
    return shown(found(appointment))


@bp.get("/appointments/<appointment>/move")
@requires(Permission.RECORD_SESSION)
def choose_time(appointment: str) -> ResponseReturnValue:
    return moving_page(found(appointment), AppointmentForm())


@bp.post("/appointments/<appointment>/move")
@requires(Permission.RECORD_SESSION)
def move(appointment: str) -> ResponseReturnValue:
    line, form = found(appointment), AppointmentForm(request.form).offer(days_to_offer())
    if not form.validate():
        return moving_page(line, form), 422
    try:
        appointments.move_appointment(
            db.session,
            line.id,
            site_id=g.viewer.site_id,
            starts_at=at_local(form.on, form.time),
            outside_hours=form.outside_hours.data,
            by=me(),
            now=utc_now(),
            zone=zone(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return moving_page(line, form), 422
    flash(gettext("Đã đổi ngày giờ hẹn."), "done")
    return redirect(url_for(".show_appointment", appointment=appointment), 303)


@bp.post("/appointments/<appointment>/cancel")
@requires(Permission.RECORD_SESSION)
def cancel(appointment: str) -> ResponseReturnValue:
    line = found(appointment)
    try:
        appointments.cancel_appointment(db.session, line.id, site_id=g.viewer.site_id, by=me(), now=utc_now())
    except Refusal as refusal:
        return shown(found(appointment), refusal), 409
    flash(gettext("Đã hủy hẹn. Tin nhắc đã dự định cũng không gửi nữa."), "done")
    return redirect(url_for(".show_appointment", appointment=appointment), 303)


@bp.post("/appointments/<appointment>/outcome")
@requires(Permission.RECORD_SESSION)
def record_outcome(appointment: str) -> ResponseReturnValue:
    line, state = found(appointment), request.form.get("state", "")
    if state not in ("kept", "missed"):
        abort(400)
    where, by = g.viewer.site_id, me()
    try:
        appointments.record_outcome(db.session, line.id, state, site_id=where, by=by, now=utc_now(), zone=zone())
    except Refusal as refusal:
        return shown(found(appointment), refusal), 409
    flash(gettext("Đã ghi."), "done")
    return redirect(url_for(".show_appointment", appointment=appointment), 303)


def found(appointment: str) -> AppointmentLine:
    ensure_ref(appointment)
    try:
        return get_appointment(db.session, g.viewer, appointment)
    except NotFound:
        abort(404)


def shown(line: AppointmentLine, refusal: Refusal | None = None) -> str:
    note_view("counseling.appointment", [line.who.patient_id])
    now = utc_now()
    on = station_day(line.starts_at, zone())
    return render_template(
        "pages/counseling/appointment.html",
        line=line,
        starts=line.starts_at.astimezone(zone()),
        weekdays=WEEKDAYS,
        has_begun=line.starts_at <= now,
        is_today=on == this_day(),
        has_come=on <= this_day(),
        refusal=refusal,
    )


def booking_page(ref: str, form: AppointmentForm) -> str:
    person = person_of(ref)
    note_view("counseling.book", [person.patient_id])
    form.offer(days_to_offer())
    return render_template("pages/counseling/book.html", person=person, name=name_of(person), form=form)


def moving_page(line: AppointmentLine, form: AppointmentForm) -> str:
    note_view("counseling.move", [line.who.patient_id])
    form.offer(days_to_offer())
    starts = line.starts_at.astimezone(zone())
    return render_template("pages/counseling/move.html", line=line, starts=starts, weekdays=WEEKDAYS, form=form)


def days_to_offer() -> list[tuple[str, str]]:
    """Days that people like to come back on, each moved to the next one that is open, with its hours."""
    today = this_day()
    ahead = [today + timedelta(days=days) for days in range(1, max(OFFERED_IN_DAYS) + LOOKED_AHEAD + 1)]
    hours = hours_on(db.session, g.viewer.site_id, ahead)
    days = dict.fromkeys(next_open(today + timedelta(days=days), hours) for days in OFFERED_IN_DAYS)
    return [(day.isoformat(), day_words(day, hours[day])) for day in days]


def next_open(day: date, hours: dict[date, list[Hours] | None]) -> date:
    """The day itself, or the first one within a week that is not shut."""
    near = [day + timedelta(days=more) for more in range(LOOKED_AHEAD)]
    return next((one for one in near if hours[one] != []), day)


def day_words(day: date, hours: list[Hours] | None) -> str:
    said = day_said(day)
    if hours is None:
        return said
    spans = ", ".join(f"{clock_words(span.opens_at)}–{clock_words(span.closes_at)}" for span in hours)
    return str(gettext("%(day)s · %(hours)s", day=said, hours=spans or gettext("không mở cửa")))
