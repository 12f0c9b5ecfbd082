"""Numbers of a file. A removed one stays in the table with its date; a changed one is another row, unconfirmed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from counseling.database import AnySession, vault_of, writing
from counseling.models.patients import PhoneNumber
from counseling.services.either_file import hold_file, note_done, redo_keys
from counseling.services.text_cancelling import cancel_texts_to_number
from counseling.services.treatment_files import By, add_number, open_numbers
from counseling.treatment_rows import TREATMENT


def add_phone(
    session: AnySession, patient_id: int, number: str, *, by: By, now: datetime, side: str = TREATMENT
) -> None:
    """Add a number (E.164) to the person's file on one side; one that it has already is not added twice."""
    vault = vault_of(session)
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        if number in open_numbers(tx, vault, patient_id, side):
            return
        add_number(tx, vault, patient_id, number, now, side)
        redo_keys(tx, vault, patient_id, side)
        note_done(tx, file, by, "phone_added", {}, now)


def remove_phone(
    session: AnySession, patient_id: int, phone_ref: str, *, by: By, now: datetime, side: str = TREATMENT
) -> None:
    """Take a number off a file; the row stays with its date. One that is gone already stays gone.

    What still waits to be sent to it about this file is cancelled with it.
    """
    vault = vault_of(session)
    with writing(session) as tx:
        file = hold_file(tx, patient_id, side)
        own = (PhoneNumber.patient_id == patient_id) & (PhoneNumber.side == side)
        removed = tx.execute(
            update(PhoneNumber)
            .where(own, PhoneNumber.ref == phone_ref, PhoneNumber.removed_at.is_(None))
            .values(removed_at=now)
            .returning(PhoneNumber.id, PhoneNumber.line_id)
        ).first()
        if removed is None:
            return
        if removed.line_id is not None:
            cancel_texts_to_number(tx, patient_id, side, removed.line_id, now)
        redo_keys(tx, vault, patient_id, side)
        note_done(tx, file, by, "phone_removed", {"phone": removed.id}, now)
