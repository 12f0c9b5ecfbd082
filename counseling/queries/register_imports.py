"""What the pages of an import show, through the reader's scope: an import of another station does not exist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from counseling.database import AnySession, vault_of
from counseling.models.patients import TreatmentFile
from counseling.models.people import Staff
from counseling.models.places import Site
from counseling.models.registers import RegisterImport, RegisterImportRow
from counseling.permissions import Viewer
from counseling.scopes import sites_visible_to
from counseling.treatment_rows import open_text

PAGE_ROWS = 100
FILTERS = ("all", "new", "changed", "unchanged", "wrong", "warnings", "likely", "missing")


@dataclass(frozen=True)
class ImportFacts:
    """One import without its file."""

    id: int
    ref: str
    station_id: int
    station_name: str
    state: str
    failure: str | None
    file_name: str
    mapping: str | None
    dosed_elsewhere_until: date | None
    rows_total: int
    rows_done: int
    heartbeat_at: datetime
    uploaded_by: str
    uploaded_at: datetime
    applied_at: datetime | None
    counts: Mapping[str, int]


@dataclass(frozen=True)
class CheckedRow:
    """What the check found out about one row; `shown` is the staged JSON (services/register_staging.py)."""

    row_number: int
    outcome: str
    is_likely: bool
    is_confirmed: bool
    patient_id: int | None
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class MissingPerson:
    patient_id: int
    ref: str
    register_code: str
    full_name: str
    birth_year: int


@dataclass(frozen=True)
class RowPage:
    rows: list[CheckedRow]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max((self.total + PAGE_ROWS - 1) // PAGE_ROWS, 1)


COLUMNS = (
    RegisterImport.id,
    RegisterImport.ref,
    RegisterImport.station_id,
    Site.name.label("station_name"),
    RegisterImport.state,
    RegisterImport.failure,
    RegisterImport.file_name,
    RegisterImport.mapping,
    RegisterImport.dosed_elsewhere_until,
    RegisterImport.rows_total,
    RegisterImport.rows_done,
    RegisterImport.heartbeat_at,
    Staff.display_name.label("uploaded_by"),
    RegisterImport.uploaded_at,
    RegisterImport.applied_at,
    RegisterImport.counts,
)


def find_import(session: AnySession, viewer: Viewer, ref: str) -> ImportFacts | None:
    found = _list(session, and_(sites_visible_to(viewer), RegisterImport.ref == ref), 1)
    return found[0] if found else None


def list_imports(session: AnySession, viewer: Viewer, most: int = 20) -> list[ImportFacts]:
    """The newest imports of the reader's stations; those that are not finished first."""
    return _list(session, sites_visible_to(viewer), most)


def count_rows(session: AnySession, import_id: int) -> dict[str, int]:
    """How many rows each filter shows, and `to_write` and `to_skip`: what applying would do now."""
    row = RegisterImportRow
    waits = and_(row.is_likely, row.is_confirmed.is_(False))
    wanted: dict[str, ColumnElement[bool]] = {name: _filter(name) for name in FILTERS if name != "missing"}
    wanted |= {
        "to_add": and_(row.outcome == "new", ~waits),
        "to_change": row.outcome == "changed",
        "waiting": waits,
        "orders": and_(row.order_key.is_not(None), ~waits),
    }
    sums = [func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(name) for name, condition in wanted.items()]
    found = session.execute(select(*sums).where(row.import_id == import_id)).one()
    return {name: int(getattr(found, name)) for name in wanted}


def list_rows(session: AnySession, facts: ImportFacts, which: str, page: int) -> RowPage:
    """One page of the checked rows, in the file's order."""
    vault, row = vault_of(session), RegisterImportRow
    where = and_(row.import_id == facts.id, _filter(which))
    total = session.execute(select(func.count()).select_from(row).where(where)).scalar_one()
    page = min(max(page, 1), max((total + PAGE_ROWS - 1) // PAGE_ROWS, 1))
    columns = (row.row_number, row.outcome, row.is_likely, row.is_confirmed, row.patient_id, row.shown)
    query = select(*columns).where(where).order_by(row.row_number).limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)
    rows = [
        CheckedRow(*found[:5], json.loads(vault.open("register_import_rows.shown", facts.ref, found.shown) or "{}"))
        for found in session.execute(query)
    ]
    return RowPage(rows, total, page)


def list_wrong_rows(session: AnySession, facts: ImportFacts) -> list[CheckedRow]:
    """All rows with faults, for the file of rows to mend."""
    vault, row = vault_of(session), RegisterImportRow
    columns = (row.row_number, row.outcome, row.is_likely, row.is_confirmed, row.patient_id, row.shown)
    query = select(*columns).where(row.import_id == facts.id, row.outcome == "wrong").order_by(row.row_number)
    return [
        CheckedRow(*found[:5], json.loads(vault.open("register_import_rows.shown", facts.ref, found.shown) or "{}"))
        for found in session.execute(query)
    ]


def list_missing(session: AnySession, facts: ImportFacts) -> list[MissingPerson]:
    """People in treatment at the station whom no row of the file means: they are not touched, only named."""
    vault, row = vault_of(session), RegisterImportRow
    in_file = select(row.patient_id).where(row.import_id == facts.id, row.patient_id.is_not(None))
    columns = (TreatmentFile.patient_id, TreatmentFile.ref, TreatmentFile.register_code, TreatmentFile.full_name)
    rows = session.execute(
        select(*columns, TreatmentFile.birth_year)
        .where(
            TreatmentFile.station_id == facts.station_id,
            TreatmentFile.status == "active",
            TreatmentFile.patient_id.not_in(in_file),
        )
        .order_by(TreatmentFile.register_code)
    )
    return [
        MissingPerson(
            found.patient_id,
            found.ref,
            found.register_code,
            open_text(vault, found.ref, "full_name", found.full_name) or "",
            found.birth_year,
        )
        for found in rows
    ]


def _filter(which: str) -> ColumnElement[bool]:
    row = RegisterImportRow
    if which == "warnings":
        return or_(row.has_warnings, row.outcome == "repeated")
    if which == "likely":
        return row.is_likely.is_(True)
    if which in ("new", "changed", "unchanged", "wrong"):
        return row.outcome == which
    return row.row_number > 0


def _list(session: AnySession, where: ColumnElement[bool], most: int) -> list[ImportFacts]:
    vault = vault_of(session)
    rows = session.execute(
        select(*COLUMNS)
        .join(Site, Site.id == RegisterImport.station_id)
        .join(Staff, Staff.id == RegisterImport.uploaded_by_id)
        .where(where)
        .order_by(RegisterImport.state.in_(("applied", "discarded")), RegisterImport.id.desc())
        .limit(most)
    )
    return [
        ImportFacts(
            **dict(row._mapping)
            | {
                "file_name": vault.open("register_imports.file_name", row.ref, row.file_name) or "",
                "counts": json.loads(row.counts or "{}"),
            }
        )
        for row in rows
    ]
