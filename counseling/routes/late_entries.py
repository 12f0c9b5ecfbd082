"""A sheet of paper entered afterwards: the day, the sheet, a summary to read, and one tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from counseling.clock import utc_now
from counseling.database import db, vault_of
from counseling.domain.late_entry import ensure_enterable, why_not
from counseling.domain.names import fold
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries import paper_days
from counseling.queries.bands import list_bands
from counseling.refs import new_request_key
from counseling.routes.late_entry_forms import PLACES, SheetForm
from counseling.routes.order_form import read_day
from counseling.routes.patients.parts import key_of, this_day, zone
from counseling.routes.refusal_words import say_at
from counseling.routes.viewing import note_view
from counseling.services.late_entries import SeenPart, enter_sheet

bp = Blueprint("late_entries", __name__, url_prefix="/station/late-entries")

WORDS = "pages/late_entries/_words.html"


@dataclass(frozen=True)
class Line:
    """One dose that the day's order asks for and nobody has recorded. `token` is what the boxes of the page send."""

    token: str
    ref: str
    patient_id: int
    order_id: int
    part: int
    mg_tenths: int
    name: str
    birth_year: int
    register_code: str
    found_by: str  # what is typed into the search is looked for in this
    is_split: bool
    visit_outcome: str | None


@dataclass(frozen=True)
class Apart:
    """Somebody who cannot be entered with the others, and the code of the rule."""

    ref: str
    name: str
    birth_year: int
    register_code: str
    code: str


@dataclass(frozen=True)
class Sheet:
    day: date
    lines: list[Line]
    apart: list[Apart]


@bp.get("/")
@requires(Permission.ENTER_LATE_DOSES)
def index() -> ResponseReturnValue:
    return days_page()


@bp.post("/day")
@requires(Permission.ENTER_LATE_DOSES)
def choose() -> ResponseReturnValue:
    """Another day than those that are offered, as people write it."""
    try:
        day = read_day(request.form.get("on", ""))
        ensure_enterable(day, this_day())
    except ValidationError as error:
        return days_page(error=str(error)), 422
    except Refusal as refusal:
        return days_page(refusal=refusal), 422
    return redirect(url_for(".sheet", on=day.isoformat()), 303)


@bp.get("/sheet")
@requires(Permission.ENTER_LATE_DOSES)
def sheet() -> ResponseReturnValue:
    day = day_of(request.args.get("on") or this_day().isoformat())
    form = empty_sheet_form()
    read = read_sheet(day)
    return sheet_page(read, form, {line.token for line in read.lines if line.visit_outcome})


@bp.post("/check")
@requires(Permission.ENTER_LATE_DOSES)
def check() -> ResponseReturnValue:
    """What would be entered, to be read before the tap; with `again` back to the sheet, ticks and words kept."""
    form, read = typed_sheet_form(), read_sheet(typed_day())
    ticked, shown = set(request.form.getlist("not")), set(request.form.getlist("shown"))
    if "again" in request.form or not form.validate() or not names_a_writer(form):
        return sheet_page(read, form, ticked), 200 if "again" in request.form else 422
    lines = [line for line in read.lines if line.token in shown]
    given = [line for line in lines if line.token not in ticked]
    people = {line.ref for line in given}
    return render_template(
        "pages/late_entries/check.html",
        sheet=read,
        form=form,
        given=given,
        people=len(people),
        absent=[line for line in lines if line.token in ticked],
        not_given=len({line.ref for line in lines} - people),
        shown=[line.token for line in lines],
        paper=form.paper,
        today=this_day(),
    )


@bp.post("/")
@requires(Permission.ENTER_LATE_DOSES)
def enter() -> ResponseReturnValue:
    form, day = typed_sheet_form(), typed_day()
    known = {row.ref: row.patient_id for row in paper_days.list_paper_days(db.session, site_id(), day, zone())}
    seen = [read_token(token, known) for token in request.form.getlist("given")]
    absent = [read_token(token, known) for token in request.form.getlist("not")]
    people = {line.patient_id for line in seen}
    try:
        entered = enter_sheet(
            db.session,
            seen,
            not_given={line.patient_id for line in absent} - people,
            site_id=site_id(),
            day=day,
            paper=form.paper,
            by=g.viewer.staff_id,
            actor=g.viewer.actor,
            request_key=key_of(form.request_key.data),
            today=this_day(),
            now=utc_now(),
            zone=zone(),
        )
    except Refusal as refusal:
        return days_page(refusal=refusal), 409
    return redirect(url_for(".index", entry=entered.id), 303)


def days_page(refusal: Refusal | None = None, error: str | None = None) -> str:
    entry = request.args.get("entry", type=int)
    return render_template(
        "pages/late_entries/index.html",
        days=paper_days.list_last_days(db.session, site_id(), this_day()),
        entered=paper_days.find_entered(db.session, site_id(), entry) if entry and entry < 10**9 else None,
        refusal=refusal,
        error=error,
        typed=request.form.get("on", ""),
        today=this_day(),
    )


def sheet_page(read: Sheet, form: SheetForm, ticked: set[str]) -> str:
    note_view("late_entries.sheet", [line.patient_id for line in read.lines])
    return render_template("pages/late_entries/sheet.html", sheet=read, form=form, ticked=ticked, today=this_day())


def read_sheet(day: date) -> Sheet:
    """Everybody whose order was to run that day: who can be entered, and who stands apart with the reason."""
    bands, vault = list_bands(db.session, day, site_id()), vault_of(db.session)
    lines: list[Line] = []
    apart: list[Apart] = []
    for row in paper_days.list_paper_days(db.session, site_id(), day, zone()):
        name = vault.open("treatment_files.full_name", row.ref, row.full_name) or ""
        code, order = why_not(row.facts, bands), row.facts.order
        if code is not None or order is None:
            apart.append(Apart(row.ref, name, row.birth_year, row.register_code, code or "no_order"))
            continue
        lines += [
            Line(
                token=f"{row.ref}-{order.id}-{part}",
                ref=row.ref,
                patient_id=row.patient_id,
                order_id=order.id,
                part=part,
                mg_tenths=mg_tenths,
                name=name,
                birth_year=row.birth_year,
                register_code=row.register_code,
                found_by=f"{fold(name)} {row.register_code.lower()} {row.birth_year}",
                is_split=len(order.parts) > 1,
                visit_outcome=row.visit_outcome,
            )
            for part, mg_tenths in row.facts.missing_parts()
        ]
    return Sheet(day, lines, apart)


def read_token(token: str, known: dict[str, int]) -> SeenPart:
    """A line as our page wrote it; anything else is a forged or broken form."""
    ref, _, numbers = token.partition("-")
    order_id, _, part = numbers.partition("-")
    if ref not in known or not all(n.isascii() and n.isdigit() and len(n) < 10 for n in (order_id, part)):
        abort(400)
    return SeenPart(known[ref], int(order_id), int(part))


def typed_day() -> date:
    return day_of(request.form.get("on", ""))


def day_of(text: str) -> date:
    """The day in our own link or hidden field; what we did not write is refused outright."""
    try:
        day = date.fromisoformat(text)
        ensure_enterable(day, this_day())
    except (ValueError, Refusal):
        abort(400)
    return day


def names_a_writer(form: SheetForm) -> bool:
    paper = form.paper
    if paper.writer_id is None and not paper.writer_name.strip():
        say_at(form, Refusal("writer_missing"), WORDS, PLACES)
        return False
    return True


def empty_sheet_form() -> SheetForm:
    form = SheetForm(request_key=new_request_key())
    form.offer(paper_days.list_writers(db.session, site_id()))
    return form


def typed_sheet_form() -> SheetForm:
    form = SheetForm(request.form)
    form.offer(paper_days.list_writers(db.session, site_id()))
    return form


def site_id() -> int:
    found: Any = g.viewer.site_id
    return int(found)
