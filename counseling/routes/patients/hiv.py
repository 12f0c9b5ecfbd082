"""The HIV status: a page of its own, for who needs it; each reading is in the audit before the page is made."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from counseling.clock import utc_now
from counseling.database import db, vault_of
from counseling.permissions import Permission, requires
from counseling.queries.patient_search import name_of
from counseling.routes.patients import bp
from counseling.routes.patients.forms import HivForm
from counseling.routes.patients.parts import me, treatment_row
from counseling.routes.viewing import note_view
from counseling.services import hiv_status
from counseling.treatment_rows import open_hiv_status


@bp.get("/<ref>/hiv")
@requires(Permission.SEE_HIV_STATUS)
def hiv(ref: str) -> ResponseReturnValue:
    row = treatment_row(ref)
    hiv_status.note_hiv_reading(db.session, row.patient_id, by=me(), now=utc_now())
    note_view("patients.hiv", [row.patient_id])
    form = HivForm(status=open_hiv_status(vault_of(db.session), row.ref, row.hiv_status))
    return render_template("pages/patients/hiv.html", row=row, name=name_of(db.session, row), form=form)


@bp.post("/<ref>/hiv")
@requires(Permission.SEE_HIV_STATUS)
def write_hiv(ref: str) -> ResponseReturnValue:
    row, form = treatment_row(ref), HivForm(request.form)
    if not form.validate():
        return render_template("pages/patients/hiv.html", row=row, name=name_of(db.session, row), form=form), 422
    hiv_status.record_hiv_status(db.session, row.patient_id, form.status.data, by=me(), now=utc_now())
    flash(gettext("Đã ghi."), "done")
    return redirect(url_for(".show", ref=ref), 303)
