"""A meeting of several people: a contact with each who came, written together or not at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import func, select

from counseling.database import AnySession, writing
from counseling.domain.phone_entries import MOST_PEOPLE, key_of
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.models.phone_entries import ContactDetails
from counseling.permissions import Viewer
from counseling.queries.contacts import COUNTS
from counseling.services import audit
from counseling.services.contact_details import NewContact, ensure_known
from counseling.services.outreach_contacts import add_contact, lock_file


def log_group(
    session: AnySession,
    viewer: Viewer,
    refs: Collection[str],
    contact: NewContact,
    *,
    request_key: str,
    today: date,
    now: datetime,
) -> int:
    """Gives how many stand in it: who was unticked before a form is sent again stands there still.

    Raises NotFound where one is outside the reader's scope; refuses nobody_came. Files are locked in one order,
    all of them before anything is written.
    """
    ensure_known(contact)
    people = sorted(set(refs))
    if not 0 < len(people) <= MOST_PEOPLE:
        raise Refusal("nobody_came")
    told = replace(contact, kind="elsewhere", company="group", group_key=request_key, answers=())
    told = replace(told, needs=(), danger=(), mood=None)  # of each their own, in a contact with them alone
    with writing(session) as tx, audit.gathered(tx):
        files = [lock_file(tx, viewer, ref) for ref in people]
        for ref, file in zip(people, files, strict=True):
            # A key of the person's own: whoever is added to a form that is sent again does not move the others.
            key = key_of(f"{request_key}{ref}", 1)
            add_contact(tx, viewer, file, told, request_key=key, on=today, now=now)
        rows = select(func.count()).select_from(OutreachContact)
        rows = rows.join(ContactDetails, ContactDetails.contact_id == OutreachContact.id)
        return tx.execute(rows.where(COUNTS, ContactDetails.group_key == request_key)).scalar_one()
