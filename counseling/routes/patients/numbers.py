"""Numbers of a file: confirmed at the desk, who else reads them; those of the support side are added here too."""

from __future__ import annotations

from flask import abort, flash, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.routes.patients import bp
from counseling.routes.patients.agreement_forms import ReadersForm
from counseling.routes.patients.agreements import Asked, agreements_page, asked, back_to, say
from counseling.routes.patients.forms import PhoneForm
from counseling.routes.patients.parts import ensure_ref, key_of, me, this_day, zone
from counseling.services import phone_confirmation, phones
from counseling.services.phone_confirmation import Numbered
from counseling.treatment_rows import SUPPORT


@bp.post("/<ref>/phones/<phone>/digits")
@requires(Permission.ASK_CONSENT)
def send_digits(ref: str, phone: str) -> ResponseReturnValue:
    """Two digits to this number; the page then shows the same two, to be compared."""
    number, key = numbered(asked(ref), phone), key_of(request.form.get("request_key"))
    try:
        phone_confirmation.send_digits(
            db.session, number, by=me(), request_key=key, today=this_day(), now=utc_now(), zone=zone()
        )
    except Refusal as refusal:
        say_or_404(refusal)
    return back_to(ref, "phones")


@bp.post("/<ref>/phones/<phone>/confirm")
@requires(Permission.ASK_CONSENT)
def confirm_phone(ref: str, phone: str) -> ResponseReturnValue:
    """`digits`: what the page showed; without it the person has rung us once from this phone."""
    number, digits = numbered(asked(ref), phone), request.form.get("digits")
    try:
        if digits is None:
            phone_confirmation.confirm_by_call(db.session, number, by=me(), now=utc_now())
        else:
            phone_confirmation.confirm_by_digits(db.session, number, digits, by=me(), now=utc_now())
    except Refusal as refusal:
        say_or_404(refusal)
    else:
        flash(gettext("Đã ghi: đúng số máy."), "done")
    return back_to(ref, "phones")


@bp.post("/<ref>/phones/<phone>/wrong")
@requires(Permission.ASK_CONSENT)
def note_wrong(ref: str, phone: str) -> ResponseReturnValue:
    number = numbered(asked(ref), phone)
    try:
        phone_confirmation.note_wrong(db.session, number, by=me(), now=utc_now())
    except Refusal as refusal:
        say_or_404(refusal)
    else:
        flash(gettext("Đã ghi: số này là của người khác. Tin đang chờ gửi đến số này cũng đã bỏ."), "done")
    return back_to(ref, "phones")


@bp.post("/<ref>/phones/<phone>/readers")
@requires(Permission.ASK_CONSENT)
def note_readers(ref: str, phone: str) -> ResponseReturnValue:
    number, form = numbered(asked(ref), phone), ReadersForm(request.form)
    answers = {"is_shared": form.is_shared.data, "calls_only": form.calls_only.data}
    try:
        phone_confirmation.note_readers(db.session, number, **answers, by=me(), now=utc_now())
    except Refusal as refusal:
        say_or_404(refusal)
    return back_to(ref, "phones")


@bp.post("/<ref>/agreements/phones")
@requires(Permission.EDIT_SUPPORT_FILE)
def add_supported_phone(ref: str) -> ResponseReturnValue:
    person, form = asked(ref), PhoneForm(request.form)
    if not form.validate():
        return agreements_page(person, number=form), 422
    phones.add_phone(db.session, person.patient_id, form.number.read, by=me(), now=utc_now(), side=SUPPORT)
    return back_to(ref, "phones")


@bp.post("/<ref>/agreements/phones/<phone>/remove")
@requires(Permission.EDIT_SUPPORT_FILE)
def remove_supported_phone(ref: str, phone: str) -> ResponseReturnValue:
    number = numbered(asked(ref), phone)
    phones.remove_phone(db.session, number.patient_id, phone, by=me(), now=utc_now(), side=SUPPORT)
    return back_to(ref, "phones")


def numbered(person: Asked, phone: str) -> Numbered:
    ensure_ref(phone)
    return Numbered(person.patient_id, person.side, phone)


def say_or_404(refusal: Refusal) -> None:
    if refusal.code == "phone_unknown":
        abort(404)
    say(refusal)
