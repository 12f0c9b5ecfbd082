"""Registering people for treatment and keeping their files. Everything here is audited by id, never by value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, violated, writing
from counseling.domain.refusal import Refusal
from counseling.domain.unsent import Unsent
from counseling.models.doses import DosedElsewhere
from counseling.models.patients import Patient, TreatmentFile
from counseling.queries.duplicates import likely_duplicate
from counseling.refs import new_ref
from counseling.services.adherence import lock_summary, note_activity, start_summary
from counseling.services.text_cancelling import cancel_texts_of_file
from counseling.services.treatment_files import (
    By,
    add_number,
    add_status,
    lock_file,
    note_change,
    redo_search_keys,
)
from counseling.treatment_rows import (
    SUPPORT,
    TREATMENT,
    TreatmentDetails,
    open_treatment_file,
    sealed_columns,
    stamp_of,
)
from counseling.vault import Vault

# What an edit leaves alone: each of these has a verb of its own.
NOT_EDITED = ("station_id", "facility_id", "phone", "hiv_status", "status", "status_since")


@dataclass(frozen=True)
class DosedElsewhereUntil:
    """The last day that another register answers for, and who says so."""

    until: date
    source: str


def register_patient(
    session: AnySession,
    details: TreatmentDetails,
    *,
    by: By,
    request_key: str,
    today: date,
    now: datetime,
    confirmed_duplicates: bool = False,
    elsewhere: DosedElsewhereUntil | None = None,
) -> str:
    """Register somebody and return the `ref` of the new file; a repeated `request_key` returns the first one.

    Raises Refusal: register_code_taken, likely_duplicates (until confirmed), dosed_elsewhere_in_future.
    """
    if elsewhere is not None and elsewhere.until > today:
        raise Refusal("dosed_elsewhere_in_future", until=elsewhere.until, today=today)
    vault, ref = vault_of(session), new_ref()
    columns = sealed_columns(vault, ref, details) | {
        "ref": ref,
        "registered_at": now,
        "registered_by_id": by.staff_id,
        "request_key": request_key,
    }
    try:
        with writing(session) as tx:
            first = find_registered(tx, request_key)
            if first is not None:
                return first
            _ensure_new(tx, vault, details, confirmed_duplicates)
            patient_id = _add_file(tx, columns, now)
            if details.phone:
                add_number(tx, vault, patient_id, details.phone, now)
            redo_search_keys(tx, vault, patient_id, details)
            covered_day = None if elsewhere is None else elsewhere.until
            start_summary(tx, patient_id, covered_day, is_active=details.status == "active")
            _add_days_elsewhere(tx, patient_id, elsewhere, by, now)
            add_status(tx, patient_id, details.status, details.status_since, None, by, now)
            confirmed = {"duplicates_confirmed": True} if confirmed_duplicates else {}
            note_change(tx, details.station_id, by, "patient.registered", patient_id, confirmed, now)
            return ref
    except IntegrityError as error:
        return _after_collision(session, error, request_key)
    except Refusal:
        # The same form from another hand was faster, between our two looks: what it made is what we meant.
        first = find_registered(session, request_key)
        if first is None:
            raise
        return first


def find_registered(session: AnySession, request_key: str) -> str | None:
    """The file that a form with this key has made already."""
    return session.execute(
        select(TreatmentFile.ref).where(TreatmentFile.request_key == request_key)
    ).scalar_one_or_none()


def edit_details(
    session: AnySession, patient_id: int, details: TreatmentDetails, *, by: By, now: datetime, stamp: str | None = None
) -> tuple[str, ...]:
    """Write what changed and return the names of the fields; the audit holds the names, never the values.

    NOT_EDITED fields are left as they are. `stamp` is what `stamp_of` gave when the form was made.
    Raises Refusal: register_code_taken, file_changed_meanwhile.
    """
    vault = vault_of(session)
    try:
        with writing(session) as tx:
            file = lock_file(tx, patient_id)
            before = open_treatment_file(vault, file)
            if stamp is not None and stamp != stamp_of(vault, before):
                raise Refusal("file_changed_meanwhile")
            names = [field.name for field in fields(details) if field.name not in NOT_EDITED]
            changed = tuple(name for name in names if getattr(details, name) != getattr(before, name))
            if not changed:
                return ()
            columns = sealed_columns(vault, file.ref, details)
            values = {name: columns[name] for name in changed}
            tx.execute(update(TreatmentFile).where(TreatmentFile.patient_id == patient_id).values(**values))
            redo_search_keys(tx, vault, patient_id, details)
            note_change(tx, file.station_id, by, "patient.edited", patient_id, {"fields": changed}, now)
            return changed
    except IntegrityError as error:
        raise refusal_of(error) from error


def change_status(
    session: AnySession,
    patient_id: int,
    *,
    status: str,
    since_on: date,
    reason: str | None,
    by: By,
    today: date,
    now: datetime,
) -> None:
    """Add a status to the file's history. The same status and day again changes nothing (a form sent twice).

    Whoever leaves is sent nothing more: what is planned and what waits goes in the same transaction.

    Raises Refusal: status_in_future, status_before_last.
    """
    if since_on > today:
        raise Refusal("status_in_future", today=today)
    vault = vault_of(session)
    with writing(session) as tx:
        lock_summary(tx, patient_id)
        file = lock_file(tx, patient_id)
        if (file.status, file.status_since) == (status, since_on):
            return
        if since_on < file.status_since:
            raise Refusal("status_before_last", last_on=file.status_since)
        values = {"status": status, "status_since": since_on}
        tx.execute(update(TreatmentFile).where(TreatmentFile.patient_id == patient_id).values(**values))
        note_activity(tx, patient_id, status == "active")
        sealed = vault.seal("file_status_changes.reason", file.ref, reason or None)
        add_status(tx, patient_id, status, since_on, sealed, by, now)
        if status != "active":
            cancel_texts_of_file(tx, patient_id, TREATMENT, Unsent(status), now)
        if status == "died":
            cancel_texts_of_file(tx, patient_id, SUPPORT, Unsent.LEFT, now)  # without a word of who said so
        facts = {"status": status, "since_on": since_on}
        note_change(tx, file.station_id, by, "patient.status_changed", patient_id, facts, now)


def _ensure_new(tx: Session, vault: Vault, details: TreatmentDetails, confirmed: bool) -> None:
    taken = select(TreatmentFile.patient_id).where(
        TreatmentFile.station_id == details.station_id, TreatmentFile.register_code == details.register_code
    )
    if tx.execute(taken).first() is not None:
        raise Refusal("register_code_taken", register_code=details.register_code)
    duplicates = select(TreatmentFile.patient_id).where(likely_duplicate(vault, details)).limit(1)
    if not confirmed and tx.execute(duplicates).first() is not None:
        raise Refusal("likely_duplicates")


def _add_file(tx: Session, columns: dict[str, object], now: datetime) -> int:
    patient_id = tx.execute(insert(Patient).values(created_at=now).returning(Patient.id)).scalar_one()
    tx.execute(insert(TreatmentFile).values(patient_id=patient_id, **columns))
    return patient_id


def _add_days_elsewhere(
    tx: Session, patient_id: int, elsewhere: DosedElsewhereUntil | None, by: By, now: datetime
) -> None:
    if elsewhere is not None:
        days = {"first_on": elsewhere.until, "last_on": elsewhere.until, "source": elsewhere.source}
        who = {"recorded_by_id": by.staff_id, "recorded_at": now}
        tx.execute(insert(DosedElsewhere).values(patient_id=patient_id, **days, **who))


def _after_collision(session: AnySession, error: IntegrityError, request_key: str) -> str:
    """Two requests at once on PostgreSQL: the later one is answered with what the earlier one did."""
    first = find_registered(session, request_key)
    if first is None:
        raise refusal_of(error) from error
    return first


def refusal_of(error: IntegrityError) -> Exception:
    """The refusal that a violated constraint means; anything else is an accident and stays one."""
    return Refusal("register_code_taken") if "register_code" in violated(error) else error
