"""The HIV status: written and read under its own permission, and every reading is in the audit before it is shown."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update

from counseling.database import AnySession, vault_of, writing
from counseling.models.patients import TreatmentFile
from counseling.services.treatment_files import By, lock_file, note_change
from counseling.treatment_rows import HIV_LETTERS, seal


def record_hiv_status(session: AnySession, patient_id: int, hiv_status: str, *, by: By, now: datetime) -> None:
    """Write the HIV status; the audit says that it was written, not what it is. The status is a word of HIV_LETTERS."""
    vault = vault_of(session)
    with writing(session) as tx:
        file = lock_file(tx, patient_id)
        sealed = seal(vault, file.ref, "hiv_status", HIV_LETTERS[hiv_status])
        tx.execute(update(TreatmentFile).where(TreatmentFile.patient_id == patient_id).values(hiv_status=sealed))
        note_change(tx, file.station_id, by, "patient.hiv_written", patient_id, {}, now)


def note_hiv_reading(session: AnySession, patient_id: int, *, by: By, now: datetime) -> None:
    """Write down that somebody reads the HIV status. Call it before showing: no entry, no reading."""
    with writing(session) as tx:
        station_id = tx.execute(
            select(TreatmentFile.station_id).where(TreatmentFile.patient_id == patient_id)
        ).scalar_one()
        note_change(tx, station_id, by, "patient.hiv_read", patient_id, {}, now)
