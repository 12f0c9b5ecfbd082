"""The life of an import: uploaded, its columns matched, claimed by a worker, discarded.

`register_checking` and `register_applying` do what a claim is for. The file is sealed and goes when it is not needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.refusal import Refusal
from counseling.models.registers import RegisterImport, RegisterImportKey, RegisterImportRow, RememberedColumns
from counseling.refs import new_ref, new_request_key
from counseling.registers.columns import Field, Proposal, columns_by_hand, columns_signature, propose_columns
from counseling.registers.reading import Sheet, read_table
from counseling.services import audit
from counseling.services.treatment_files import By

STALE = timedelta(seconds=30)
ROWS_AT_ONCE = 500
# From which states a worker may begin; one whose worker has gone silent may be begun again.
MAY_BEGIN = {"checking": ("uploaded", "checked", "failed"), "applying": ("checked",)}


@dataclass(frozen=True)
class Uploaded:
    ref: str
    needs_columns: bool


def upload_register(
    session: AnySession, station_id: int, data: bytes, file_name: str, *, by: By, request_key: str, now: datetime
) -> Uploaded:
    """Keep a readable file for a station. A repeated `request_key` gives the first result.

    Raises registers.reading.UnreadableRegister, and Refusal import_unfinished while another one of the station waits.
    """
    sheet = read_table(data, file_name)
    proposal, remembered = _proposal(session, station_id, sheet)
    vault, ref = vault_of(session), new_ref()
    values = {
        "ref": ref,
        "station_id": station_id,
        "state": "uploaded",
        "file": vault.seal_bytes("register_imports.file", ref, data),
        "file_name": vault.seal("register_imports.file_name", ref, file_name[-200:]),
        "mapping": None if needs_columns(proposal) and not remembered else mapping_of(proposal),
        "heartbeat_at": now,
        "uploaded_by_id": by.staff_id,
        "uploaded_at": now,
        "request_key": request_key,
    }
    try:
        with writing(session) as tx:
            first = _find_by_key(tx, request_key)
            if first is not None:
                return first
            tx.execute(insert(RegisterImport).values(**values, digest=audit.digest_of(tx, data.hex())))
    except IntegrityError as error:
        return _after_collision(session, error, request_key)
    return Uploaded(ref, values["mapping"] is None)


def needs_columns(proposal: Proposal) -> bool:
    """Whether a person has to look at the columns: something is unclear, or nobody could be told from another."""
    return proposal.needs_a_person or Field.REGISTER_CODE not in proposal.columns.values()


def match_columns(
    session: AnySession,
    ref: str,
    columns: Mapping[int, Field],
    header_row: int | None,
    *,
    by: By,
    now: datetime,
) -> None:
    """Take the match that a person made and remember it for the station's next file with these headings.

    Raises registers.columns.BadMapping, and Refusal import_moved_on once the check has begun.
    """
    row = session.execute(select(RegisterImport).where(RegisterImport.ref == ref)).scalar_one()
    proposal = propose_columns(open_sheet(session, row))
    matched = columns_by_hand(proposal, columns, header_row)
    with writing(session) as tx:
        changed = (
            update(RegisterImport)
            .where(RegisterImport.ref == ref, RegisterImport.state.in_(("uploaded", "checked", "failed")))
            .values(state="uploaded", failure=None, mapping=mapping_of(matched))
        )
        if tx.execute(changed.returning(RegisterImport.id)).first() is None:
            raise Refusal("import_moved_on")
        _remember(tx, row.station_id, columns_signature(proposal.headings), mapping_of(matched), by, now)


def begin(session: AnySession, import_id: int, what: str, now: datetime) -> str | None:
    """Claim an import for "checking" or "applying"; None when it is not in a state for it, or somebody is at it.

    The WHERE is the lock: of two workers one gets the claim. A claim that has gone silent is taken over.
    """
    claim = new_request_key()
    silent = (RegisterImport.state == what) & (RegisterImport.heartbeat_at < now - STALE)
    if what == "checking":  # an interrupted applying changed nothing: it may also be checked again
        silent |= (RegisterImport.state == "applying") & (RegisterImport.heartbeat_at < now - STALE)
    with writing(session) as tx:
        found = tx.execute(
            update(RegisterImport)
            .where(
                RegisterImport.id == import_id,
                RegisterImport.mapping.is_not(None),
                RegisterImport.state.in_(MAY_BEGIN[what]) | silent,
            )
            .values(state=what, failure=None, claim=claim, heartbeat_at=now)
            .returning(RegisterImport.id)
        ).first()
    return claim if found else None


def fail(session: AnySession, import_id: int, claim: str, code: str, state: str = "failed") -> None:
    """Say that the work ended badly; nothing where another worker has taken over."""
    with writing(session) as tx:
        tx.execute(
            update(RegisterImport)
            .where(RegisterImport.id == import_id, RegisterImport.claim == claim)
            .where(RegisterImport.state.in_(("checking", "applying")))
            .values(state=state, failure=code, claim=None)
        )


def confirm_row(session: AnySession, ref: str, row_number: int, *, is_another: bool) -> None:
    """Somebody has looked: a row that resembles a person of the register is somebody else, or is not to be added."""
    with writing(session) as tx:
        checked = select(RegisterImport.id).where(RegisterImport.ref == ref, RegisterImport.state == "checked")
        changed = (
            update(RegisterImportRow)
            .where(RegisterImportRow.import_id.in_(checked), RegisterImportRow.row_number == row_number)
            .where(RegisterImportRow.is_likely)
            .values(is_confirmed=is_another)
        )
        if tx.execute(changed.returning(RegisterImportRow.row_number)).first() is None:
            raise Refusal("import_moved_on")


def discard(session: AnySession, ref: str, *, now: datetime) -> None:
    """Throw an import away; its file and rows go. Refuses import_busy while a worker is at it."""
    with writing(session) as tx:
        busy = RegisterImport.state.in_(("checking", "applying")) & (RegisterImport.heartbeat_at >= now - STALE)
        found = tx.execute(
            update(RegisterImport)
            .where(RegisterImport.ref == ref, RegisterImport.state.not_in(("applied", "discarded")), ~busy)
            .values(state="discarded", file=None, claim=None)
            .returning(RegisterImport.id)
        ).scalar_one_or_none()
    if found is None:
        state = session.execute(select(RegisterImport.state).where(RegisterImport.ref == ref)).scalar_one()
        if state not in ("applied", "discarded"):
            raise Refusal("import_busy")
        return
    clear_staged(session, found)


class Abandoned(Exception):  # noqa: N818 - says what happened
    """Another worker has taken the import over, or it was discarded: this one stops."""


def still_ours(tx: Session, import_id: int, claim: str, **values: object) -> None:
    """Write to the import as the worker that holds the claim; the row stays locked. Raises Abandoned."""
    ours = update(RegisterImport).where(RegisterImport.id == import_id, RegisterImport.claim == claim)
    if tx.execute(ours.values(**{"claim": claim} | values).returning(RegisterImport.id)).first() is None:
        raise Abandoned


def clear_staged(session: AnySession, import_id: int, claim: str | None = None) -> None:
    """Remove what was staged, in short transactions: others go on writing in between. Raises Abandoned."""
    for table in (RegisterImportKey, RegisterImportRow):
        while True:
            with writing(session) as tx:
                if claim is not None:
                    still_ours(tx, import_id, claim)
                numbers = (
                    tx.execute(
                        select(table.row_number).where(table.import_id == import_id).distinct().limit(ROWS_AT_ONCE)
                    )
                    .scalars()
                    .all()
                )
                tx.execute(delete(table).where(table.import_id == import_id, table.row_number.in_(numbers)))
            if len(numbers) < ROWS_AT_ONCE:
                break


def open_sheet(session: AnySession, row: RegisterImport) -> Sheet:
    """The rows of the kept file."""
    vault = vault_of(session)
    if row.file is None:
        raise Refusal("import_moved_on")
    name = vault.open("register_imports.file_name", row.ref, row.file_name) or ""
    return read_table(vault.open_bytes("register_imports.file", row.ref, row.file), name)


def open_kept_sheet(session: AnySession, import_id: int) -> Sheet:
    """The same, by the import's id. Refuses import_moved_on when the file is no longer kept."""
    return open_sheet(session, session.get_one(RegisterImport, import_id))


def mapping_of(proposal: Proposal) -> str:
    """How the place of the table and the meaning of its columns are kept."""
    columns = {str(column): field.value for column, field in proposal.columns.items()}
    headings = {str(column): text for column, text in proposal.headings.items()}
    kept: dict[str, Any] = {
        "header_row": proposal.header_row,
        "first_data_row": proposal.first_data_row,
        "columns": columns,
        "headings": headings,
    }
    return json.dumps(kept, ensure_ascii=False)


def read_mapping(text: str) -> Proposal:
    kept = json.loads(text)
    return Proposal(
        kept["header_row"],
        kept["first_data_row"],
        {int(column): Field(field) for column, field in kept["columns"].items()},
        [],
        {int(column): heading for column, heading in kept["headings"].items()},
    )


def _proposal(session: AnySession, station_id: int, sheet: Sheet) -> tuple[Proposal, bool]:
    """What the columns hold, and whether somebody has said so before for these headings."""
    proposal = propose_columns(sheet)
    kept = session.execute(
        select(RememberedColumns.mapping).where(
            RememberedColumns.site_id == station_id,
            RememberedColumns.signature == columns_signature(proposal.headings),
        )
    ).scalar_one_or_none()
    if kept is None or not proposal.header_row:
        return proposal, False
    # Only the meaning is remembered: the next file's table may stand some rows lower.
    return columns_by_hand(proposal, read_mapping(kept).columns), True


def _remember(tx: Session, site_id: int, signature: str, mapping: str, by: By, now: datetime) -> None:
    values = {"mapping": mapping, "remembered_by_id": by.staff_id, "remembered_at": now}
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(RememberedColumns).values(site_id=site_id, signature=signature, **values)
    tx.execute(row.on_conflict_do_update(index_elements=["site_id", "signature"], set_=values))


def _find_by_key(session: AnySession, request_key: str) -> Uploaded | None:
    row = session.execute(
        select(RegisterImport.ref, RegisterImport.mapping).where(RegisterImport.request_key == request_key)
    ).first()
    return Uploaded(row.ref, row.mapping is None) if row else None


def _after_collision(session: AnySession, error: IntegrityError, request_key: str) -> Uploaded:
    first = _find_by_key(session, request_key)
    if first is not None:
        return first
    words = violated(error)
    if "uq_register_imports_unfinished" in words or "register_imports.station_id" in words:
        raise Refusal("import_unfinished") from error
    raise error
