"""Registering somebody for treatment: few questions first, likely duplicates shown before anything is saved."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.choices import StationChoice, list_communes, list_stations, propose_code
from counseling.queries.duplicates import LikelyDuplicates, find_likely_duplicates
from counseling.refs import new_request_key
from counseling.routes.patients import bp
from counseling.routes.patients.forms import RegistrationForm, details_from
from counseling.routes.patients.parts import WORDS, key_of, me, this_day
from counseling.routes.refusal_words import say_at
from counseling.routes.typed_fields import offer_communes
from counseling.routes.viewing import note_view
from counseling.services.patients import DosedElsewhereUntil, register_patient
from counseling.treatment_rows import TreatmentDetails

FIELDS = {"dosed_elsewhere_in_future": "elsewhere_until", "": "register_code"}


@bp.get("/new")
@requires(Permission.EDIT_TREATMENT_FILE)
def new() -> ResponseReturnValue:
    stations = list_stations(db.session, g.viewer)
    form = prepared(RegistrationForm(request_key=new_request_key()), stations)
    if len(stations) == 1:  # of several, which one is not chosen yet
        form.register_code.data = propose_code(db.session, stations[0].id)
    return page(form, stations)


@bp.post("/new")
@requires(Permission.EDIT_TREATMENT_FILE)
def register() -> ResponseReturnValue:
    stations = list_stations(db.session, g.viewer)
    form = prepared(RegistrationForm(request.form), stations)
    request_key = key_of(form.request_key.data)
    if not form.validate():
        return page(form, stations), 422
    details = details_of(form, stations)
    try:
        ref = register_patient(
            db.session,
            details,
            by=me(),
            request_key=request_key,
            today=this_day(),
            now=utc_now(),
            confirmed_duplicates=form.confirmed.data,
            elsewhere=elsewhere_of(form),
        )
    except Refusal as refusal:
        return refused(form, stations, details, refusal)
    flash(gettext("Đã lập hồ sơ."), "done")
    return redirect(url_for(".show", ref=ref), 303)


def refused(
    form: RegistrationForm, stations: list[StationChoice], details: TreatmentDetails, refusal: Refusal
) -> ResponseReturnValue:
    if refusal.code != "likely_duplicates":
        say_at(form, refusal, WORDS, FIELDS)
        return page(form, stations), 422
    duplicates = find_likely_duplicates(db.session, g.viewer, details)
    note_view("patients.duplicates", [person.patient_id for person in duplicates.here])
    return page(form, stations, duplicates), 422


def prepared(form: RegistrationForm, stations: list[StationChoice]) -> RegistrationForm:
    form.station.choices = [(station.id, station.name) for station in stations]
    if len(stations) == 1 and form.station.data is None:
        form.station.data = stations[0].id
    offer_communes(form.area_id, list_communes(db.session))
    return form


def page(form: RegistrationForm, stations: list[StationChoice], duplicates: LikelyDuplicates | None = None) -> str:
    return render_template(
        "pages/patients/new.html",
        form=form,
        stations=stations,
        duplicates=duplicates,
        proposed=request.method == "GET" and form.register_code.data,
    )


def details_of(form: RegistrationForm, stations: list[StationChoice]) -> TreatmentDetails:
    station = next(station for station in stations if station.id == form.station.data)
    return details_from(
        form,
        station_id=station.id,
        facility_id=station.facility_id,
        phone=form.phone.read,
        status_since=this_day(),
    )


def elsewhere_of(form: RegistrationForm) -> DosedElsewhereUntil | None:
    until = form.elsewhere_until.read
    return DosedElsewhereUntil(until, form.elsewhere_source.data or "") if until else None
