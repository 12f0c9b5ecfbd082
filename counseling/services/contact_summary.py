"""What a support file keeps of the last contact: the latest entry that counts, or a session of a later day."""

from __future__ import annotations

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from counseling.domain.contacts import Entry, latest_of
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import CounselingSession
from counseling.models.patients import SupportFile

TALKED = "met_well"  # of a session, as an outcome of contacts: somebody sat with the person and listened


def summarise_contacts(tx: Session, patient_id: int) -> None:
    """Count again from the rows, inside the caller's transaction; the file is locked already.

    On one and the same day an entry stands before a session: "needs help" must not be covered up.
    """
    row = OutreachContact
    entries = tx.execute(
        select(row.id, row.outcome, row.contact_on, row.corrects_id).where(row.patient_id == patient_id)
    )
    latest = latest_of([Entry(*entry) for entry in entries])
    held = select(func.max(CounselingSession.held_on)).where(CounselingSession.patient_id == patient_id)
    session_on = tx.execute(held).scalar()
    on, outcome = (latest.contact_on, latest.outcome) if latest else (None, None)
    if session_on is not None and (on is None or session_on > on):
        on, outcome = session_on, TALKED
    own = update(SupportFile).where(SupportFile.patient_id == patient_id)
    tx.execute(own.values(last_contact_on=on, last_outcome=outcome))
