"""How somebody wants to be texted about one of their files: a small table, beside what they agreed to."""

from __future__ import annotations

import secrets
from dataclasses import replace

from flask import flash, get_template_attribute, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.domain.reminder_kinds import KINDS_OF, NOT_ON_SHARED_PHONES
from counseling.domain.text_choices import WORK, Choices
from counseling.permissions import Permission, requires
from counseling.queries.agreements import list_numbers
from counseling.queries.text_choices import find_choices
from counseling.routes.patients import bp
from counseling.routes.patients.agreements import Asked, asked, back_to
from counseling.routes.patients.parts import me, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.reminder_forms import WORDS, ChoicesForm, as_typed
from counseling.routes.viewing import note_view
from counseling.services.reminder_examples import example_of
from counseling.services.text_choices import write_choices
from counseling.sms.wording_marks import OVERT

FIELDS = {"quiet_half": "quiet", "quiet_order": "quiet", "": "kinds"}
AN_EXAMPLE = {"treatment": "evening_before", "support": "appointment"}


@bp.get("/<ref>/agreements/choices")
@requires(Permission.ASK_CONSENT)
def text_choices(ref: str) -> ResponseReturnValue:
    person = asked(ref)
    kept = find_choices(db.session, person.patient_id, person.side)
    return choices_page(person, form_of(person, **as_typed(kept, KINDS_OF[person.side])), kept)


@bp.post("/<ref>/agreements/choices")
@requires(Permission.ASK_CONSENT)
def write_text_choices(ref: str) -> ResponseReturnValue:
    person = asked(ref)
    form = form_of(person, request.form)
    if not form.validate():
        return choices_page(person, form), 422
    try:
        write_choices(
            db.session, person.patient_id, person.side, form.choices(),
            by=me(), now=utc_now(), zone=zone(), dice=secrets.SystemRandom(),
        )  # fmt: skip
    except Refusal as refusal:
        say_at(form, refusal, WORDS, FIELDS)
        return choices_page(person, form), 422
    flash(gettext("Đã ghi cách nhận tin. Tin đang chờ cũng theo cách mới."), "done")
    return back_to(ref, "texts")


def form_of(person: Asked, *posted: object, **kept: object) -> ChoicesForm:
    name = get_template_attribute(WORDS, "name")
    kinds = [(kind, str(name(kind)).strip()) for kind in KINDS_OF[person.side]]
    return ChoicesForm(*posted, **kept).of_side(kinds)


def choices_page(person: Asked, form: ChoicesForm, kept: Choices | None = None) -> str:
    note_view("patients.text_choices", [person.patient_id])
    kept = kept or find_choices(db.session, person.patient_id, person.side)
    numbers = list_numbers(db.session, person.patient_id, person.side, utc_now())
    texted = [number for number in numbers if number.confirmed_at and not number.calls_only]
    is_shared = bool(texted) and all(number.is_read_by_others for number in texted)
    if is_shared and kept.pretext in OVERT:
        kept = replace(kept, pretext=WORK)
    return render_template(
        "pages/patients/text_choices.html",
        person=person,
        form=form,
        is_shared=is_shared,
        not_on_shared=NOT_ON_SHARED_PHONES,
        example=example_of(db.session, person.site_id, AN_EXAMPLE[person.side], this_day(), kept),
    )
