"""What somebody has agreed to: texts on either side, visits on the treatment side. Asked here, and taken back here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import abort, current_app, flash, g, get_template_attribute, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import station_day, utc_now
from counseling.config import Config
from counseling.database import db, vault_of
from counseling.domain.being_visited import is_early
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, Side, requires
from counseling.queries import agreements as found
from counseling.queries.channels import list_one_way_kinds
from counseling.queries.handed_over import list_handed_over
from counseling.queries.patient_search import name_of
from counseling.queries.patients import NotFound, get_support_row
from counseling.refs import new_request_key
from counseling.routes.patients import bp
from counseling.routes.patients.agreement_forms import (
    HOW_WORDS,
    PLACE_WORDS,
    PRETEXT_WORDS,
    PURPOSE_WORDS,
    TextsForm,
    VisitsForm,
    version_of,
)
from counseling.routes.patients.forms import PhoneForm
from counseling.routes.patients.parts import WORDS, ensure_ref, key_of, me, this_day, treatment_row, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import LANGUAGES
from counseling.routes.viewing import note_view
from counseling.services import sms_consents, visit_consents
from counseling.services.reminder_examples import digits_shown
from counseling.support_rows import open_community_name
from counseling.treatment_rows import SUPPORT, TREATMENT

FIELDS = {"name_is_known": "community_name", "name_missing": "community_name", "": "team_id"}


@dataclass(frozen=True)
class Asked:
    """The person on whose page we are, by the name of the reader's own side. `began_on` etc.: treatment side only."""

    patient_id: int
    side: str
    ref: str
    name: str
    language: str
    site_id: int  # whose people text them: the station, or the point
    began_on: date | None = None
    registered_on: date | None = None


@bp.get("/<ref>/agreements")
@requires(Permission.ASK_CONSENT)
def agreements(ref: str) -> ResponseReturnValue:
    return agreements_page(asked(ref))


@bp.get("/<ref>/agreements/<words>")
@requires(Permission.ASK_CONSENT)
def consent_words(ref: str, words: str) -> ResponseReturnValue:
    """The words to read aloud, in large print; they name nobody."""
    person = asked(ref)
    if words not in (("texts", "visits") if person.side == TREATMENT else ("texts",)):
        abort(404)
    return render_template("pages/patients/consent_words.html", ref=ref, words=words, supports=person.side == SUPPORT)


@bp.post("/<ref>/agreements/texts")
@requires(Permission.ASK_CONSENT)
def give_texts(ref: str) -> ResponseReturnValue:
    return agree_to_texts(ref, sms_consents.give_consent)


@bp.post("/<ref>/agreements/texts/purposes")
@requires(Permission.ASK_CONSENT)
def choose_purposes(ref: str) -> ResponseReturnValue:
    """Somebody who has agreed is asked anew, and says yes to other things than before."""
    return agree_to_texts(ref, sms_consents.choose_purposes)


def agree_to_texts(ref: str, act: Any) -> ResponseReturnValue:
    person = asked(ref)
    form = TextsForm(request.form).offer(person.side)
    key = key_of(form.request_key.data)
    if not form.validate():
        return agreements_page(person, texts=form), 422
    try:
        act(db.session, person.patient_id, person.side, form.asked(), by=me(), request_key=key, now=utc_now())
    except Refusal as refusal:
        if refusal.code != "not_agreed":
            abort(400)
        say(refusal)
        return back_to(ref, "texts")
    flash(gettext("Đã ghi: đồng ý nhận tin nhắn."), "done")
    return back_to(ref, "phones")


@bp.post("/<ref>/agreements/texts/withdraw")
@requires(Permission.ASK_CONSENT)
def withdraw_texts(ref: str) -> ResponseReturnValue:
    person = asked(ref)
    sms_consents.withdraw_consent(db.session, person.patient_id, person.side, by=me(), now=utc_now())
    flash(gettext("Đã ghi: thôi nhận tin nhắn. Tin đang chờ cũng đã bỏ."), "done")
    return back_to(ref, "texts")


@bp.post("/<ref>/agreements/visits")
@requires(Permission.ASK_CONSENT)
def give_visits(ref: str) -> ResponseReturnValue:
    person, form = treated(ref), VisitsForm(request.form).offer(found.list_open_teams(db.session))
    key = key_of(form.request_key.data)
    if not form.validate():
        return agreements_page(person, visits=form), 422
    try:
        visit_consents.give_visit_consent(
            db.session, person.patient_id, form.terms(), by=me(), request_key=key, today=this_day(), now=utc_now()
        )
    except Refusal as refusal:
        if refusal.code == "consent_key_used":
            abort(400)
        say_at(form, refusal, WORDS, FIELDS)
        return agreements_page(person, visits=form), 409 if refusal.code == "visits_agreed" else 422
    flash(gettext("Đã ghi: đồng ý được ghé thăm."), "done")
    return back_to(ref, "visits")


@bp.post("/<ref>/agreements/visits/withdraw")
@requires(Permission.ASK_CONSENT)
def withdraw_visits(ref: str) -> ResponseReturnValue:
    visit_consents.withdraw_visit_consent(db.session, treated(ref).patient_id, by=me(), now=utc_now())
    flash(gettext("Đã ghi: thôi được ghé thăm. Lời nhờ đang chờ cũng đã bỏ."), "done")
    return back_to(ref, "visits")


def asked(ref: str) -> Asked:
    """The file behind an address on the reader's own side, or 404."""
    if g.viewer.side is not Side.SUPPORT:
        return treated(ref)
    ensure_ref(ref)
    try:
        row = get_support_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)
    name = open_community_name(vault_of(db.session), row.ref, row.community_name)
    return Asked(row.patient_id, SUPPORT, row.ref, name, row.language, row.site_id)


def treated(ref: str) -> Asked:
    row = treatment_row(ref)
    name, registered_on = name_of(db.session, row), station_day(row.registered_at, zone())
    about = (row.ref, name, row.language, row.station_id, row.treatment_began_on, registered_on)
    return Asked(row.patient_id, TREATMENT, *about)


def back_to(ref: str, part: str) -> ResponseReturnValue:
    return redirect(url_for("patients.agreements", ref=ref, _anchor=part), 303)


def say(refusal: Refusal) -> None:
    """A refusal that belongs to no field, as a line above the page."""
    flash(str(get_template_attribute(WORDS, "sentence")(refusal.code, refusal.facts)).strip(), "attention")


def agreements_page(
    person: Asked,
    texts: TextsForm | None = None,
    visits: VisitsForm | None = None,
    number: PhoneForm | None = None,
) -> str:
    note_view("patients.agreements", [person.patient_id])
    config: Config = current_app.extensions["diem_tua_config"]
    texts_agreed = found.find_texts_agreed(db.session, person.patient_id, person.side)
    values: dict[str, Any] = {
        "person": person,
        "supports": person.side == SUPPORT,
        "texts_agreed": texts_agreed,
        "numbers": found.list_numbers(db.session, person.patient_id, person.side, utc_now()),
        "languages": dict(LANGUAGES),
        "texts": texts or new_texts_form(person, texts_agreed),
        "purposes": PURPOSE_WORDS,
        "hows": HOW_WORDS,
        "number": number or PhoneForm(),
        "new_key": new_request_key,
        "digits_text": digits_shown(db.session, person.site_id),
        "one_way": bool(list_one_way_kinds(db.session, config.gateway_names)),
    }
    return render_template("pages/patients/agreements.html", **values, **visits_of(person, visits))


def visits_of(person: Asked, form: VisitsForm | None) -> dict[str, Any]:
    """The section that only the treatment side has."""
    if person.side == SUPPORT or person.registered_on is None:
        return {"visits": None}
    return {
        "visits": form or VisitsForm(**new_form("visits")).offer(found.list_open_teams(db.session)),
        "visits_agreed": found.find_visits_agreed(db.session, person.patient_id),
        "handed_over": list_handed_over(db.session, [person.patient_id], zone()).get(person.patient_id, []),
        "is_early": is_early(person.began_on, person.registered_on, this_day()),
        "places": PLACE_WORDS,
        "pretexts": PRETEXT_WORDS,
    }


def new_texts_form(person: Asked, agreed: found.TextsAgreed | None) -> TextsForm:
    """Nothing is ticked: what somebody said yes to before is asked again like the rest."""
    known = {"pronoun": agreed.pronoun} if agreed else {}
    return TextsForm(**new_form("texts"), **known, language=language_of(person)).offer(person.side)


def new_form(words: str) -> dict[str, str]:
    return {"version": version_of(words), "request_key": new_request_key()}


def language_of(person: Asked) -> str:
    return person.language if person.language in dict(LANGUAGES) else "vi"
