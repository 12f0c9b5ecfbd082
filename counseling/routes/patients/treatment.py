"""A year of somebody's treatment on one page: days, doses, orders, and who recorded what."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from counseling.clock import station_day
from counseling.database import db
from counseling.permissions import Permission, requires
from counseling.queries.patient_search import name_of
from counseling.queries.treatment_events import list_happenings
from counseling.queries.treatment_year import TreatmentYear, load_year
from counseling.routes.patients import bp
from counseling.routes.patients.dose_chart import draw
from counseling.routes.patients.finding import page_of
from counseling.routes.patients.parts import this_day, treatment_row, zone
from counseling.routes.viewing import note_view


@bp.get("/<ref>/treatment")
@requires(Permission.SEE_TREATMENT_FILE)
def treatment(ref: str) -> ResponseReturnValue:
    """Whoever reads a file by its code alone sees the days and the shares: no name, no amount, no order."""
    row, today = treatment_row(ref), this_day()
    note_view("patients.treatment", [row.patient_id])
    registered_on = station_day(row.registered_at, zone())
    year = load_year(db.session, row.patient_id, row.station_id, registered_on, today)
    told = told_to_the_team(row, year) if g.viewer.may(Permission.EDIT_TREATMENT_FILE) else {}
    return render_template("pages/patients/treatment.html", row=row, year=year, today=today, **told)


def told_to_the_team(row: Row[*tuple[Any, ...]], year: TreatmentYear) -> dict[str, Any]:
    return {
        "name": name_of(db.session, row),
        "chart": draw(year.orders, year.given, year.first_on, this_day()),
        "found": list_happenings(db.session, row.patient_id, zone(), page_of(request.args.get("page"))),
    }
