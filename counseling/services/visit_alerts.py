"""Signs of danger that a visit tells of: the same alert as of a text, called along the point's roster until taken on.

Once a visit: an entry that comes again, or that is matched to somebody later, calls nobody a second time. An alert that
stands for the same person, or for the same meeting of several, stays the one. Where nobody of the point is left who
would read it, others read that it stands, and not whom it is about.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, select
from sqlalchemy.orm import Session, aliased

from counseling.models.contacts import OutreachContact
from counseling.models.duty import CrisisAlert
from counseling.models.phone_entries import ContactDetails, WaitingVisit
from counseling.models.tasks import DANGER_SIGN, Task
from counseling.queries.duty import find_reader
from counseling.services.crises import add_alert, take_alerts
from counseling.services.treatment_files import By
from counseling.treatment_rows import SUPPORT

ACTOR = "rule:danger_sign"


def raise_alert_of_contact(tx: Session, contact_id: int, now: datetime) -> None:
    """Call about a contact that has just been written, in the caller's transaction, which has locked the file."""
    own, details = OutreachContact, ContactDetails
    query = select(own.patient_id, own.site_id, details.group_key)
    new = tx.execute(query.join(details, details.contact_id == own.id).where(own.id == contact_id)).one()
    is_open = CrisisAlert.taken_at.is_(None)
    of_person = and_(is_open, own.patient_id == new.patient_id)
    of_meeting = and_(is_open, details.group_key == new.group_key) if new.group_key else false()
    if not _stands(tx, of_person | of_meeting):
        _add(tx, {"contact_id": contact_id}, new.site_id, f"contact:{contact_id}", now)


def raise_alert_of_waiting(tx: Session, waiting_id: int, now: datetime) -> None:
    """Call about a visit of which nobody knows yet whose it is, in the caller's transaction."""
    new = tx.execute(select(WaitingVisit.entry_id, WaitingVisit.site_id).where(WaitingVisit.id == waiting_id)).one()
    same = CrisisAlert.waiting_visit_id == waiting_id
    is_open, of_entry = CrisisAlert.taken_at.is_(None), WaitingVisit.entry_id == new.entry_id
    of_meeting = and_(is_open, of_entry) if new.entry_id else false()
    if not _stands(tx, same | of_meeting):
        _add(tx, {"waiting_visit_id": waiting_id}, new.site_id, f"waiting_visit:{waiting_id}", now)


def is_taken_on(tx: Session, waiting_id: int) -> bool:
    """Whether somebody has taken on what this visit that waits has told of: of more they know nothing."""
    taken = CrisisAlert.waiting_visit_id == waiting_id, CrisisAlert.taken_at.is_not(None)
    return tx.execute(select(CrisisAlert.id).where(*taken)).first() is not None


def take_on_person(tx: Session, patient_id: int, by: By, now: datetime) -> None:
    """Whoever has dealt with what a danger sign asks has taken it on, unless another came meanwhile and is open still.

    In the caller's transaction, after the tasks were closed.
    """
    own = Task.patient_id == patient_id, Task.kind == DANGER_SIGN, Task.closed_at.is_(None)
    if tx.execute(select(Task.id).where(*own).limit(1)).first() is not None:
        return
    theirs = aliased(OutreachContact)
    of_person = select(theirs.id).where(theirs.patient_id == patient_id, theirs.id == CrisisAlert.contact_id)
    take_alerts(tx, of_person.exists(), by, now)


def take_on_visit(tx: Session, waiting_id: int, by: By, now: datetime) -> None:
    """Whoever has said whose visit it is, or that it is nobody's, has taken it on; in the caller's transaction."""
    take_alerts(tx, CrisisAlert.waiting_visit_id == waiting_id, by, now)


def _stands(tx: Session, which: ColumnElement[bool]) -> bool:
    query = (
        select(CrisisAlert.id)
        .outerjoin(OutreachContact, OutreachContact.id == CrisisAlert.contact_id)
        .outerjoin(ContactDetails, ContactDetails.contact_id == CrisisAlert.contact_id)
        .outerjoin(WaitingVisit, WaitingVisit.id == CrisisAlert.waiting_visit_id)
    )
    return tx.execute(query.where(which).limit(1)).first() is not None


def _add(tx: Session, origin: dict[str, int], site_id: int, subject: str, now: datetime) -> None:
    side, reader = find_reader(tx, SUPPORT, site_id)
    add_alert(tx, {"side": side, "site_id": reader, "next_call_at": now, **origin}, subject, ACTOR, now)
