"""`patients import`: a station's register from a file, with the same steps and rules as the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from sqlalchemy import select

from counseling.clock import station_day, utc_now
from counseling.database import db
from counseling.domain.refusal import Refusal
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Site
from counseling.models.registers import RegisterImport
from counseling.permissions import ROLE_PERMISSIONS, Permission, RoleKind, Side, Viewer
from counseling.queries.register_imports import FILTERS, CheckedRow, ImportFacts, count_rows, find_import, list_rows
from counseling.refs import new_request_key
from counseling.registers.bad_rows import BadRow, as_csv, as_xlsx
from counseling.registers.reading import Row, UnreadableRegister
from counseling.routes.register_words import failure_sentence, fault_sentence
from counseling.scopes import sites_visible_to
from counseling.services.register_imports import begin, discard, open_sheet, read_mapping, upload_register
from counseling.services.register_work import run_apply, run_check
from counseling.services.treatment_files import By

patients = AppGroup("patients", help="People in treatment.")
WORDS = {"new": "mới", "changed": "có thay đổi", "unchanged": "không đổi", "repeated": "dòng lặp", "wrong": "cần sửa"}


def init_app(app: Flask) -> None:
    app.cli.add_command(patients)


@patients.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--station", required=True, help="The station's code.")
@click.option(
    "--by", "username", required=True, help="Username of the station's doctor or dispenser who answers for it."
)
@click.option("--dry-run", is_flag=True, help="Check only; nothing is saved.")
@click.option("--skip-bad", is_flag=True, help="Import the other rows; the bad ones go to a file beside FILE.")
@click.option("--dosed-elsewhere-until", type=click.DateTime(["%Y-%m-%d"]), help="Default: yesterday.")
def import_(
    file: Path, station: str, username: str, dry_run: bool, skip_bad: bool, dosed_elsewhere_until: datetime | None
) -> None:
    """Import a register (XLSX, XLS, CSV). Nothing is saved when a row is wrong, unless --skip-bad."""
    viewer, station_id = _who_and_where(username, station)
    facts = _checked(file, station_id, viewer)
    try:
        rows = _say_rows(facts)
        counts = count_rows(db.session, facts.id)
        _say_counts(counts)
        if dry_run:
            click.echo("Chỉ kiểm tra: chưa có gì được ghi.")
            return
        if counts["wrong"] and not skip_bad:
            raise click.ClickException("Còn dòng cần sửa: chưa có gì được ghi. Sửa tệp, hoặc dùng --skip-bad.")
        bad = _bad_rows(facts, rows) if counts["wrong"] else None
        _apply(facts, viewer, dosed_elsewhere_until, skip_bad)
        if bad:
            _write_bad_rows(file, *bad)
        click.echo("Đã nhập xong.")
    finally:
        discard(db.session, facts.ref, now=utc_now())  # leaves an applied import alone


def _who_and_where(username: str, code: str) -> tuple[Viewer, int]:
    """The desk of this person that may import for the station: the same rule as the pages have."""
    person = db.session.execute(
        select(Staff).where(Staff.username == username.casefold(), Staff.disabled_at.is_(None))
    ).scalar_one_or_none()
    roles = select(StaffRole).where(StaffRole.staff_id == (person.id if person else 0), StaffRole.ended_at.is_(None))
    for role in db.session.execute(roles).scalars().all() if person else ():
        kind, side = RoleKind(role.kind), Side(role.side)
        if person is None or Permission.IMPORT_REGISTER not in ROLE_PERMISSIONS[(kind, side)]:
            continue
        viewer = Viewer(
            person.id,
            0,
            0,
            person.display_name,
            "vi",
            role.id,
            kind,
            side,
            role.site_id,
            role.team_id,
            role.area_id,
            False,
        )
        station = select(Site.id).where(sites_visible_to(viewer), Site.code == code, Site.dispenses)
        station_id = db.session.execute(station).scalar_one_or_none()
        if station_id is not None:
            return viewer, station_id
    raise click.ClickException("Tài khoản này không được nhập sổ cho điểm cấp phát ấy, hoặc mã điểm không đúng.")


def _by(viewer: Viewer) -> By:
    return By(viewer.staff_id, f"staff:{viewer.staff_id}/command:import")


def _checked(file: Path, station_id: int, viewer: Viewer) -> ImportFacts:
    now, key = utc_now(), new_request_key()
    try:
        data = file.read_bytes()
        uploaded = upload_register(db.session, station_id, data, file.name, by=_by(viewer), request_key=key, now=now)
    except (Refusal, UnreadableRegister) as answer:
        raise click.ClickException(failure_sentence(answer.code)) from None
    facts = _facts(viewer, uploaded.ref)
    if uploaded.needs_columns:
        discard(db.session, facts.ref, now=utc_now())
        raise click.ClickException("Có cột chưa rõ nghĩa: tải tệp lên ở trang Nhập sổ và ghép cột một lần.")
    claim = begin(db.session, facts.id, "checking", now)
    failure = run_check(db.session, facts.id, claim, utc_now) if claim else "import_moved_on"
    if failure:
        discard(db.session, facts.ref, now=utc_now())
        raise click.ClickException(failure_sentence(failure))
    return _facts(viewer, uploaded.ref)


def _facts(viewer: Viewer, ref: str) -> ImportFacts:
    db.session.rollback()
    facts = find_import(db.session, viewer, ref)
    assert facts is not None  # noqa: S101 - it was uploaded for a station of this viewer a moment ago
    return facts


def _say_rows(facts: ImportFacts) -> list[CheckedRow]:
    """One line per row: its number, what happens to it, and why."""
    rows: list[CheckedRow] = []
    page, pages = 1, 1
    while page <= pages:
        found = list_rows(db.session, facts, FILTERS[0], page)
        rows += found.rows
        page, pages = page + 1, found.pages
    for row in rows:
        notes = [fault_sentence(fault) for fault in (*row.shown["faults"], *row.shown["warnings"])]
        if row.is_likely:
            notes.append("Giống một người đã có: bỏ qua; xác nhận ở trang Nhập sổ nếu vẫn là người khác.")
        changed = ", ".join(name for name, _, _ in row.shown["changes"])
        click.echo(" ".join(filter(None, (f"Dòng {row.row_number}:", WORDS[row.outcome], changed, *notes))))
    return rows


def _say_counts(counts: Mapping[str, int]) -> None:
    click.echo(
        f"{counts['all']} dòng: {counts['to_add']} mới, {counts['to_change']} có thay đổi, "
        f"{counts['unchanged']} không đổi, {counts['wrong']} cần sửa, {counts['waiting']} giống người đã có."
    )


def _apply(facts: ImportFacts, viewer: Viewer, until: datetime | None, skip_bad: bool) -> None:
    now = utc_now()
    today = station_day(now, current_app.extensions["diem_tua_config"].timezone)
    claim = begin(db.session, facts.id, "applying", now)
    failure = "import_moved_on"
    if claim:
        failure = (
            run_apply(
                db.session,
                facts.id,
                claim,
                elsewhere_until=until.date() if until else today - timedelta(days=1),
                skip_wrong=skip_bad,
                by=_by(viewer),
                today=today,
                now=now,
            )
            or ""
        )
    if failure:
        raise click.ClickException(failure_sentence(failure))


def _bad_rows(facts: ImportFacts, rows: list[CheckedRow]) -> tuple[list[str], list[BadRow]]:
    row = db.session.execute(select(RegisterImport).where(RegisterImport.id == facts.id)).scalar_one()
    lines: dict[int, Row] = {line.number: line for line in open_sheet(db.session, row).rows}
    headings: dict[int, Any] = dict(read_mapping(facts.mapping or "").headings)
    titles = ["Dòng", "Chỗ cần sửa", *(str(headings.get(at, "")) for at in range(max(headings, default=-1) + 1))]
    bad = [
        BadRow(wrong.row_number, lines[wrong.row_number].cells, tuple(map(fault_sentence, wrong.shown["faults"])))
        for wrong in rows
        if wrong.outcome == "wrong"
    ]
    return titles, bad


def _write_bad_rows(file: Path, titles: list[str], bad: list[BadRow]) -> None:
    suffix = ".csv" if file.suffix.lower() in (".csv", ".tsv", ".txt") else ".xlsx"
    path = file.with_name(f"{file.stem}-dong-can-sua{suffix}")
    path.write_bytes(as_csv(titles, bad) if suffix == ".csv" else as_xlsx(titles, bad))
    path.chmod(0o600)
    click.echo(f"{len(bad)} dòng cần sửa: {path.name}")
