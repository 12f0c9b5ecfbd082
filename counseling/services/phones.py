"""Numbers of a treatment file. A removed one stays in the table with its date."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from counseling.database import AnySession, vault_of, writing
from counseling.models.patients import PhoneNumber
from counseling.services.treatment_files import (
    By,
    add_number,
    lock_file,
    note_change,
    open_numbers,
    redo_search_keys,
)
from counseling.treatment_rows import TREATMENT, open_treatment_file


def add_phone(session: AnySession, patient_id: int, number: str, *, by: By, now: datetime) -> None:
    """Add a number (E.164) to the treatment file; one that it has already is not added twice."""
    vault = vault_of(session)
    with writing(session) as tx:
        file = lock_file(tx, patient_id)
        if number in open_numbers(tx, vault, patient_id):
            return
        add_number(tx, vault, patient_id, number, now)
        redo_search_keys(tx, vault, patient_id, open_treatment_file(vault, file))
        note_change(tx, file.station_id, by, "patient.phone_added", patient_id, {}, now)


def remove_phone(session: AnySession, patient_id: int, phone_ref: str, *, by: By, now: datetime) -> None:
    """Take a number off the treatment file; the row stays with its date. One that is gone already stays gone."""
    vault = vault_of(session)
    with writing(session) as tx:
        file = lock_file(tx, patient_id)
        own = (PhoneNumber.patient_id == patient_id) & (PhoneNumber.side == TREATMENT)
        removed = tx.execute(
            update(PhoneNumber)
            .where(own, PhoneNumber.ref == phone_ref, PhoneNumber.removed_at.is_(None))
            .values(removed_at=now)
            .returning(PhoneNumber.id)
        ).first()
        if removed is None:
            return
        redo_search_keys(tx, vault, patient_id, open_treatment_file(vault, file))
        note_change(tx, file.station_id, by, "patient.phone_removed", patient_id, {"phone": removed.id}, now)
