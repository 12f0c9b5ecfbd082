"""Changing a treatment file: its details, its numbers, its status."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db, vault_of
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.choices import list_communes
from counseling.queries.file_parts import list_phones, list_status_changes
from counseling.routes.patients import bp
from counseling.routes.patients.file import LABELS
from counseling.routes.patients.forms import EditForm, PhoneForm, StatusForm, details_from
from counseling.routes.patients.parts import WORDS, ensure_ref, me, this_day, treatment_row
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import day_text, offer_communes
from counseling.routes.viewing import note_view
from counseling.services import patients, phones
from counseling.treatment_rows import TREATMENT, TreatmentPerson, open_treatment_file, stamp_of


@bp.get("/<ref>/edit")
@requires(Permission.EDIT_TREATMENT_FILE)
def edit(ref: str) -> ResponseReturnValue:
    person = person_of(ref)
    return edit_page(person, EditForm.of(person, stamp_of(vault_of(db.session), person)), PhoneForm())


@bp.post("/<ref>/edit")
@requires(Permission.EDIT_TREATMENT_FILE)
def save(ref: str) -> ResponseReturnValue:
    person, form = person_of(ref), EditForm(request.form)
    offer_communes(form.area_id, list_communes(db.session))
    if not form.validate():
        return edit_page(person, form, PhoneForm()), 422
    kept = {name: getattr(person, name) for name in ("station_id", "facility_id", "status", "status_since")}
    try:
        patients.edit_details(
            db.session, person.patient_id, details_from(form, **kept), by=me(), now=utc_now(), stamp=form.stamp.data
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"file_changed_meanwhile": "full_name", "": "register_code"})
        return edit_page(person, form, PhoneForm()), 409 if refusal.code == "file_changed_meanwhile" else 422
    flash(gettext("Đã ghi thay đổi."), "done")
    return redirect(url_for(".show", ref=ref), 303)


@bp.post("/<ref>/phones")
@requires(Permission.EDIT_TREATMENT_FILE)
def add_phone(ref: str) -> ResponseReturnValue:
    person, form = person_of(ref), PhoneForm(request.form)
    if not form.validate():
        return edit_page(person, EditForm.of(person, stamp_of(vault_of(db.session), person)), form), 422
    phones.add_phone(db.session, person.patient_id, form.number.read, by=me(), now=utc_now())
    return redirect(url_for(".edit", ref=ref, _anchor="phones"), 303)


@bp.post("/<ref>/phones/<phone>/remove")
@requires(Permission.EDIT_TREATMENT_FILE)
def remove_phone(ref: str, phone: str) -> ResponseReturnValue:
    ensure_ref(phone)
    patient_id = treatment_row(ref).patient_id
    phones.remove_phone(db.session, patient_id, phone, by=me(), now=utc_now())
    return redirect(url_for(".edit", ref=ref, _anchor="phones"), 303)


@bp.get("/<ref>/status")
@requires(Permission.EDIT_TREATMENT_FILE)
def status(ref: str) -> ResponseReturnValue:
    return status_page(person_of(ref), StatusForm(since_on=day_text(this_day())))


@bp.post("/<ref>/status")
@requires(Permission.EDIT_TREATMENT_FILE)
def change_status(ref: str) -> ResponseReturnValue:
    person, form = person_of(ref), StatusForm(request.form)
    if not form.validate():
        return status_page(person, form), 422
    try:
        patients.change_status(
            db.session,
            person.patient_id,
            status=form.status.data,
            since_on=form.since_on.read,
            reason=form.reason.data,
            by=me(),
            today=this_day(),
            now=utc_now(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, {"": "since_on"})
        return status_page(person, form), 422
    flash(gettext("Đã ghi tình trạng mới."), "done")
    return redirect(url_for(".show", ref=ref), 303)


def person_of(ref: str) -> TreatmentPerson:
    row = treatment_row(ref)
    note_view(f"patients.{request.endpoint.rpartition('.')[2] if request.endpoint else ''}", [row.patient_id])
    return open_treatment_file(vault_of(db.session), row)


def edit_page(person: TreatmentPerson, form: EditForm, phone_form: PhoneForm) -> str:
    offer_communes(form.area_id, list_communes(db.session))
    numbers = list_phones(db.session, person.patient_id, TREATMENT)
    return render_template("pages/patients/edit.html", person=person, form=form, phone_form=phone_form, phones=numbers)


def status_page(person: TreatmentPerson, form: StatusForm) -> str:
    history = list_status_changes(db.session, person.patient_id, TREATMENT, person.ref)
    return render_template("pages/patients/status.html", person=person, form=form, history=history, labels=LABELS)
