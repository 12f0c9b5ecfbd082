"""The register import: upload, columns, check, apply. Each step is a page of its own; the state decides which."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.datastructures import CombinedMultiDict

from counseling import background
from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.permissions import Permission, requires
from counseling.queries.choices import list_stations
from counseling.queries.register_imports import (
    FILTERS,
    ImportFacts,
    count_rows,
    find_import,
    list_imports,
    list_missing,
    list_rows,
    list_wrong_rows,
)
from counseling.refs import new_request_key
from counseling.registers.bad_rows import BadRow, as_xlsx
from counseling.registers.columns import BadMapping, Field, propose_columns
from counseling.registers.reading import UnreadableRegister
from counseling.routes.register_forms import ApplyForm, UploadForm, column_lines
from counseling.routes.register_words import FIELD_LABELS, failure_sentence, fault_sentence
from counseling.routes.viewing import note_view
from counseling.services.register_imports import (
    STALE,
    begin,
    confirm_row,
    discard,
    match_columns,
    open_kept_sheet,
    read_mapping,
    upload_register,
)
from counseling.services.register_work import run_apply, run_check
from counseling.services.treatment_files import By

bp = Blueprint("register", __name__, url_prefix="/register")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@bp.get("/")
@requires(Permission.IMPORT_REGISTER)
def index() -> ResponseReturnValue:
    form = UploadForm(request_key=new_request_key())
    return _index(form, 200)


@bp.post("/")
@requires(Permission.IMPORT_REGISTER)
def upload() -> ResponseReturnValue:
    form = UploadForm(CombinedMultiDict([request.files, request.form]))
    form.offer(list_stations(db.session, g.viewer))
    if not form.validate():
        return _index(form, 422)
    data = form.file.data
    try:
        uploaded = upload_register(
            db.session,
            form.station.data,
            data.read(),
            data.filename or "",
            by=_by(),
            request_key=form.request_key.data or new_request_key(),
            now=utc_now(),
        )
    except (Refusal, UnreadableRegister) as answer:
        form.file.errors = [failure_sentence(answer.code)]
        return _index(form, 422)
    if not uploaded.needs_columns:
        _start_check(_get(uploaded.ref))
    return redirect(url_for("register.show", ref=uploaded.ref), 303)


@bp.get("/<ref>/")
@requires(Permission.IMPORT_REGISTER)
def show(ref: str) -> ResponseReturnValue:
    facts = _get(ref)
    if facts.state == "discarded":
        return redirect(url_for("register.index"), 303)
    if facts.state == "uploaded" and facts.mapping is None:
        return _columns(facts, 200)
    if facts.state in ("checking", "applying") and not _is_silent(facts):
        return render_template("pages/register/progress.html", facts=facts)
    if facts.state == "checked":
        yesterday = _today() - timedelta(days=1)
        return _check_page(facts, ApplyForm(today=_today(), elsewhere_until=yesterday.strftime("%d/%m/%Y")), 200)
    if facts.state == "applied":
        return render_template("pages/register/done.html", facts=facts, missing=len(list_missing(db.session, facts)))
    return render_template("pages/register/stopped.html", facts=facts, is_silent=_is_silent(facts))


@bp.get("/<ref>/progress")
@requires(Permission.IMPORT_REGISTER)
def progress(ref: str) -> ResponseReturnValue:
    """The bar while a worker is at it; afterwards the way to the page of the new state."""
    facts = _get(ref)
    if facts.state in ("checking", "applying") and not _is_silent(facts):
        return render_template("partials/register/_progress.html", facts=facts)
    return Response("", 200, {"HX-Redirect": url_for("register.show", ref=ref)})


@bp.get("/<ref>/columns")
@requires(Permission.IMPORT_REGISTER)
def columns(ref: str) -> ResponseReturnValue:
    facts = _get(ref)
    if facts.state not in ("uploaded", "checked", "failed"):
        return redirect(url_for("register.show", ref=ref), 303)
    return _columns(facts, 200)


@bp.post("/<ref>/columns")
@requires(Permission.IMPORT_REGISTER)
def save_columns(ref: str) -> ResponseReturnValue:
    facts = _get(ref)
    chosen = _chosen()
    header = request.form.get("header_row", "")
    try:
        header_row = int(header) if header.isascii() and header.isdigit() else None
        meant = {column: field for column, field in chosen.items() if field is not Field.IGNORED}
        if Field.REGISTER_CODE not in meant.values():
            raise BadMapping("no_code_column")
        match_columns(db.session, ref, meant, header_row, by=_by(), now=utc_now())
    except BadMapping as bad:
        return _columns(facts, 422, chosen, bad)
    except Refusal:
        return redirect(url_for("register.show", ref=ref), 303)
    _start_check(facts)
    return redirect(url_for("register.show", ref=ref), 303)


@bp.post("/<ref>/check")
@requires(Permission.IMPORT_REGISTER)
def check(ref: str) -> ResponseReturnValue:
    _start_check(_get(ref))
    return redirect(url_for("register.show", ref=ref), 303)


@bp.post("/<ref>/rows/<int:number>")
@requires(Permission.IMPORT_REGISTER)
def confirm(ref: str, number: int) -> ResponseReturnValue:
    """A row that resembles somebody: somebody else after all, or not to be added."""
    facts = _get(ref)
    try:
        confirm_row(db.session, facts.ref, number, is_another=request.form.get("is_another") == "yes")
    except Refusal as refusal:
        flash(failure_sentence(refusal.code), "attention")
    place: dict[str, Any] = {"which": request.form.get("which", "likely"), "page": request.form.get("page", "1")}
    return redirect(url_for("register.show", ref=ref, _anchor=f"row-{number}", **place), 303)


@bp.post("/<ref>/apply")
@requires(Permission.IMPORT_REGISTER)
def apply(ref: str) -> ResponseReturnValue:
    facts = _get(ref)
    form = ApplyForm(request.form, today=_today())
    if facts.state != "checked":
        return redirect(url_for("register.show", ref=ref), 303)
    counts = count_rows(db.session, facts.id)
    skip_wrong = request.form.get("skip_wrong") == "yes"
    if not form.validate() or (counts["wrong"] and not skip_wrong):
        return _check_page(facts, form, 422)
    now, today, by, until = utc_now(), _today(), _by(), form.elsewhere_until.read
    claim = begin(db.session, facts.id, "applying", now)
    if claim:
        background.start(
            current_app._get_current_object(),  # type: ignore[attr-defined]  # the thread outlives this request
            "register-apply",
            lambda session: run_apply(
                session,
                facts.id,
                claim,
                elsewhere_until=until,
                skip_wrong=skip_wrong,
                by=by,
                today=today,
                now=now,
            ),
        )
    return redirect(url_for("register.show", ref=ref), 303)


@bp.post("/<ref>/discard")
@requires(Permission.IMPORT_REGISTER)
def throw_away(ref: str) -> ResponseReturnValue:
    facts = _get(ref)
    try:
        discard(db.session, facts.ref, now=utc_now())
    except Refusal as refusal:
        flash(failure_sentence(refusal.code), "attention")
        return redirect(url_for("register.show", ref=ref), 303)
    flash(gettext("Đã bỏ tệp. Chưa có gì được ghi vào hồ sơ."), "done")
    return redirect(url_for("register.index"), 303)


@bp.get("/<ref>/wrong.xlsx")
@requires(Permission.IMPORT_REGISTER)
def wrong_rows(ref: str) -> ResponseReturnValue:
    """The rows to mend, with their reasons, as long as the file is kept."""
    facts = _get(ref)
    try:
        cells = {line.number: line.cells for line in open_kept_sheet(db.session, facts.id).rows}
    except Refusal:
        abort(404)
    if facts.mapping is None:
        abort(404)
    headings = read_mapping(facts.mapping).headings
    width = max(headings, default=-1) + 1
    bad = [
        BadRow(wrong.row_number, cells.get(wrong.row_number, ()), tuple(map(fault_sentence, wrong.shown["faults"])))
        for wrong in list_wrong_rows(db.session, facts)
    ]
    titles = [gettext("Dòng"), gettext("Chỗ cần sửa"), *(headings.get(column, "") for column in range(width))]
    disposition = f'attachment; filename="{facts.ref}-dong-can-sua.xlsx"'
    return Response(as_xlsx(titles, bad), 200, {"Content-Disposition": disposition}, mimetype=XLSX)


def _get(ref: str) -> ImportFacts:
    facts = find_import(db.session, g.viewer, ref)
    return facts or abort(404)


def _by() -> By:
    return By(g.viewer.staff_id, g.viewer.actor)


def _today() -> date:
    return station_day(utc_now(), current_app.extensions["diem_tua_config"].timezone)


def _is_silent(facts: ImportFacts) -> bool:
    return facts.heartbeat_at < utc_now() - STALE


def _start_check(facts: ImportFacts) -> None:
    claim = begin(db.session, facts.id, "checking", utc_now())
    if claim:
        background.start(
            current_app._get_current_object(),  # type: ignore[attr-defined]  # the thread outlives this request
            "register-check",
            lambda session: run_check(session, facts.id, claim, utc_now),
        )


def _index(form: UploadForm, status: int) -> ResponseReturnValue:
    stations = list_stations(db.session, g.viewer)
    form.offer(stations)
    imports = list_imports(db.session, g.viewer)
    return render_template("pages/register/index.html", form=form, stations=stations, imports=imports), status


def _columns(
    facts: ImportFacts, status: int, chosen: dict[int, Field] | None = None, bad: BadMapping | None = None
) -> ResponseReturnValue:
    sheet = open_kept_sheet(db.session, facts.id)
    proposal = propose_columns(sheet)
    kept = read_mapping(facts.mapping).columns if facts.mapping else dict(proposal.columns)
    lines = column_lines(sheet, proposal, kept if chosen is None else chosen)
    values = {"facts": facts, "lines": lines, "labels": FIELD_LABELS, "bad": bad, "proposal": proposal}
    return render_template("pages/register/columns.html", **values), status


def _chosen() -> dict[int, Field]:
    """The fields that were chosen, by column; anything else in the form is left out."""
    known = set(Field)
    pairs = ((name.removeprefix("column-"), value) for name, value in request.form.items() if "column-" in name)
    return {int(at): Field(value) for at, value in pairs if at.isascii() and at.isdigit() and value in known}


def _check_page(facts: ImportFacts, form: ApplyForm, status: int) -> ResponseReturnValue:
    which = request.args.get("which", "")
    counts = count_rows(db.session, facts.id)
    missing = list_missing(db.session, facts)
    if which not in FILTERS:
        which = "wrong" if counts["wrong"] else "likely" if counts["waiting"] else "all"
    page = request.args.get("page", 1, type=int)
    rows = list_rows(db.session, facts, which, page)
    shown = [person.patient_id for person in missing] if which == "missing" else [row.patient_id for row in rows.rows]
    note_view("register.check", [patient_id for patient_id in shown if patient_id])
    values = {"facts": facts, "form": form, "counts": counts | {"missing": len(missing)}, "which": which}
    return render_template("pages/register/check.html", rows=rows, missing=missing, **values), status
