"""One person's file, as far as the reader may see it: each side at the same address, each with its own reference."""

from __future__ import annotations

from typing import Any

from flask import abort, g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import Row

from counseling.clock import utc_now
from counseling.database import db, vault_of
from counseling.domain.missed_doses import gap_days
from counseling.permissions import Permission, Side, requires
from counseling.queries import file_parts
from counseling.queries.adherence_list import get_adherence_line
from counseling.queries.numbers_due import find_number_due
from counseling.queries.patients import NotFound, get_support_row
from counseling.queries.support_history import load_history
from counseling.routes.doorkeeper import admit
from counseling.routes.patients import bp
from counseling.routes.patients.forms import REASONS, STATUSES
from counseling.routes.patients.parts import ensure_ref, this_day, treatment_row, zone
from counseling.routes.support_words import LABELS as WORDS_OF_THE_POINT
from counseling.routes.support_words import WEEKDAYS
from counseling.routes.typed_fields import LANGUAGES, SEXES
from counseling.routes.viewing import note_view
from counseling.support_rows import open_support_file
from counseling.treatment_rows import SUPPORT, TREATMENT, open_treatment_file

LABELS: dict[str, Any] = {
    "statuses": dict(STATUSES),
    "languages": dict(LANGUAGES),
    "sexes": dict(SEXES),
    "reasons": REASONS,
    **WORDS_OF_THE_POINT,
}


@bp.get("/<ref>/")
@requires(Permission.USE_OWN_ACCOUNT)  # two sides share the address: which permission it takes is decided below
def show(ref: str) -> ResponseReturnValue:
    supports = g.viewer.side is Side.SUPPORT
    kept_out = admit(g.viewer, Permission.SEE_SUPPORT_FILE if supports else Permission.SEE_TREATMENT_FILE)
    if kept_out is not None:
        return kept_out
    return show_supported(ref) if supports else show_treated(ref)


def show_supported(ref: str) -> ResponseReturnValue:
    ensure_ref(ref)
    try:
        row = get_support_row(db.session, g.viewer, ref)
    except NotFound:
        abort(404)
    note_view("patients.supported", [row.patient_id])
    may_ask = g.viewer.may(Permission.ASK_CONSENT)
    return render_template(
        "pages/patients/supported.html",
        row=row,
        person=open_support_file(vault_of(db.session), row),
        labels=LABELS,
        history=load_history(db.session, g.viewer, row.patient_id, this_day()),
        zone=zone(),
        today=this_day(),
        weekdays=WEEKDAYS,
        may_log=g.viewer.may(Permission.LOG_CONTACT),
        may_record=g.viewer.may(Permission.RECORD_SESSION),
        may_ask=may_ask,
        number_due=find_number_due(db.session, row.patient_id, SUPPORT, utc_now()) if may_ask else None,
        may_give=may_give(row.status),
    )


def show_treated(ref: str) -> ResponseReturnValue:
    row = treatment_row(ref)
    note_view("patients.file", [row.patient_id])
    values: dict[str, Any] = {"row": row, "gap": gap_days(row.covered_through, this_day()), "labels": LABELS}
    if not g.viewer.may(Permission.EDIT_TREATMENT_FILE):
        line = get_adherence_line(db.session, g.viewer, row.patient_id, this_day(), utc_now(), zone())
        return render_template("pages/patients/supervised.html", **values, line=line, may_give=may_give(row.status))
    return render_template("pages/patients/file.html", **values, **opened(row))


def may_give(status: str) -> bool:
    """Whether the reader may give the next task for somebody whose file has this status."""
    return status == "active" and g.viewer.may(Permission.GIVE_TASK)


def opened(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """What only the treatment team reads."""
    session, patient_id = db.session, row.patient_id
    return {
        "person": open_treatment_file(vault_of(session), row),
        "phones": file_parts.list_phones(session, patient_id, TREATMENT),
        "number_due": find_number_due(session, patient_id, TREATMENT, utc_now()),
        "orders": file_parts.list_orders(session, patient_id),
        "doses": file_parts.list_last_doses(session, patient_id),
        "incidents": file_parts.list_incidents(session, patient_id),
        "cards": file_parts.list_cards(session, patient_id),
        "history": file_parts.list_status_changes(session, patient_id, TREATMENT, row.ref),
        "may_see_hiv": g.viewer.may(Permission.SEE_HIV_STATUS),
        "may_order": g.viewer.may(Permission.WRITE_DOSE_ORDER),
        "may_dose": g.viewer.may(Permission.RECORD_DOSE),
        "may_enter": g.viewer.may(Permission.ENTER_LATE_DOSES),
    }
