"""One dose that a paper tells of and that the sheet leaves out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from counseling.clock import utc_now
from counseling.database import db
from counseling.domain.late_entry import BESIDE_THE_RULES
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries import paper_days
from counseling.queries.patient_search import name_of
from counseling.refs import new_request_key
from counseling.routes.late_entry_forms import PLACES, PaperDoseForm
from counseling.routes.patients.parts import key_of, this_day, treatment_row, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.viewing import note_view
from counseling.services.paper_doses import enter_paper_dose

bp = Blueprint("paper_doses", __name__, url_prefix="/patients/<ref>/paper-dose")

WORDS = "pages/late_entries/_words.html"
# What the page says after a dose was kept: where it stands, or the rule that it went against.
KEPT = ("ledger", "other_amount", *BESIDE_THE_RULES)


@bp.get("/")
@requires(Permission.ENTER_LATE_DOSES)
def show(ref: str) -> ResponseReturnValue:
    said = request.args.get("kept")
    form = PaperDoseForm(on=request.args.get("on", "")[:40], request_key=new_request_key())
    return page(treatment_row(ref), form, kept=said if said in KEPT else None)


@bp.post("/")
@requires(Permission.ENTER_LATE_DOSES)
def enter(ref: str) -> ResponseReturnValue:
    row, form = treatment_row(ref), PaperDoseForm(request.form)
    key = key_of(form.request_key.data)
    offer_writers(form)
    if not form.validate() or form.mg.tenths is None:
        return page(row, form), 422
    try:
        kept = enter_paper_dose(
            db.session,
            patient_id=row.patient_id,
            mg_tenths=form.mg.tenths,
            site_id=g.viewer.site_id,
            day=form.on.day,
            paper=form.paper,
            by=g.viewer.staff_id,
            actor=g.viewer.actor,
            request_key=key,
            today=this_day(),
            now=utc_now(),
            zone=zone(),
        )
    except Refusal as refusal:
        say_at(form, refusal, WORDS, PLACES)
        return page(row, form), 422
    return redirect(url_for(".show", ref=ref, kept=kept.reason or "ledger"), 303)


def page(row: Any, form: PaperDoseForm, kept: str | None = None) -> str:
    note_view("paper_doses.form", [row.patient_id])
    offer_writers(form)
    return render_template(
        "pages/late_entries/one.html", row=row, name=name_of(db.session, row), form=form, kept=kept, today=this_day()
    )


def offer_writers(form: PaperDoseForm) -> None:
    form.offer(paper_days.list_writers(db.session, g.viewer.site_id))
