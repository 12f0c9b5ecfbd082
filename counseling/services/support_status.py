"""Whether somebody is still supported at a counseling point; who has left or died is not texted or visited any more."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select, update

from counseling.database import AnySession, writing
from counseling.domain.refusal import Refusal
from counseling.domain.unsent import Unsent
from counseling.models.patients import SupportFile
from counseling.services.aftercare import end_open_file
from counseling.services.appointments import cancel_booked
from counseling.services.support_files import lock_of_point
from counseling.services.text_cancelling import cancel_texts_of_file
from counseling.services.treatment_files import By, add_status, note_change
from counseling.treatment_rows import SUPPORT

AFTERCARE_ENDS_AS = {"moved": "moved", "died": "died", "discharged": "own_wish"}


def change_support_status(
    session: AnySession,
    patient_id: int,
    *,
    site_id: int,
    status: str,
    since_on: date,
    by: By,
    today: date,
    now: datetime,
) -> None:
    """Add a status to the file's history. The same status and day again changes nothing (a form sent twice).

    Whoever leaves is sent nothing more and is expected nowhere: texts, appointments and aftercare end in the same
    transaction. What the treatment side knows of the person stays as it is: the point does not know whether there is
    one. Refuses status_in_future, status_before_last and not_at_this_point.
    """
    if since_on > today:
        raise Refusal("status_in_future", today=today)
    with writing(session) as tx:
        before = lock_of_point(tx, patient_id, site_id)
        file = SupportFile.patient_id == patient_id
        last_on = tx.execute(select(SupportFile.status_since).where(file)).scalar_one()
        if (before, last_on) == (status, since_on):
            return
        if since_on < last_on:
            raise Refusal("status_before_last", last_on=last_on)
        tx.execute(update(SupportFile).where(file).values(status=status, status_since=since_on))
        add_status(tx, patient_id, status, since_on, None, by, now, side=SUPPORT)
        if status != "active":
            cancel_texts_of_file(tx, patient_id, SUPPORT, Unsent(status), now)
            cancel_booked(tx, patient_id, site_id, by=by, now=now)
            end_open_file(tx, patient_id, site_id, AFTERCARE_ENDS_AS[status], by, today, now)
        facts = {"status": status, "since_on": since_on}
        note_change(tx, site_id, by, "supported.status_changed", patient_id, facts, now)
