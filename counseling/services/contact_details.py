"""What is ticked of a contact: as it comes from a form or a phone, as it is kept, and whom a danger sign calls."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.contacts import DANGERS, MOODS, NEEDS, TOPICS, ensure_ticked, place_of, topics_text
from counseling.domain.phone_entries import Said, codes_text
from counseling.models.contacts import OutreachContact
from counseling.models.phone_entries import ContactDetails
from counseling.queries.contacts import COUNTS
from counseling.services.tasks import open_task
from counseling.services.visit_alerts import raise_alert_of_contact

UNASKED = ("company", "needs", "mood", "danger")
LONGEST_TOPICS, LONGEST_NEEDS, LONGEST_DANGER = 120, 120, 60


@dataclass(frozen=True, kw_only=True)
class NewContact:
    """What was ticked. `answers`: the kinds of open tasks that stood on the page, to be closed with the outcome, and
    `shown`: since when the last of them has stood there. A phone has `said_at` for that.

    `has_called`: its signs of danger have called when they came in, before it was known whose they are.

    `company`: with the family, or in a group; `group_key` is the same for all who came. `said_at`: when it was saved
    on a phone, None where it was not.
    """

    kind: str
    outcome: str
    topics: Collection[str] = ()
    note: str | None = None
    next_on: date | None = None
    answers: Collection[str] = ()
    shown: datetime | None = None
    has_called: bool = False
    company: str | None = None
    needs: Collection[str] = ()
    mood: str | None = None
    danger: Collection[str] = ()
    minutes: int | None = None
    km: int | None = None
    behalf_of_id: int | None = None
    is_own: bool = False
    group_key: str | None = None
    said_at: datetime | None = None


def ensure_known(contact: NewContact) -> None:
    """What no page of ours offers is refused, as domain.contacts says."""
    topics_text(contact.topics)
    ensure_ticked(contact.needs, contact.danger, contact.mood, contact.minutes, contact.km)


def add_details(tx: Session, contact_id: int, contact: NewContact, now: datetime) -> None:
    """Beside the row of the contact, inside the caller's transaction."""
    tx.execute(
        insert(ContactDetails).values(
            contact_id=contact_id,
            company=contact.company,
            group_key=contact.group_key,
            needs=codes_text(contact.needs, NEEDS, LONGEST_NEEDS),
            mood=contact.mood,
            danger=danger_text(contact.danger),
            minutes=contact.minutes,
            km=contact.km,
            behalf_of_id=contact.behalf_of_id,
            said_at=contact.said_at or now,
        )
    )


def carry_over(tx: Session, old_id: int, contact: NewContact) -> NewContact:
    """What a correction does not ask for again: for whom it was written, and to which meeting it belongs.

    Who was met alone after all takes from a meeting of others neither its hours nor its way, unless new ones were said:
    the form stands filled with them.
    """
    columns = (getattr(ContactDetails, name) for name in ("behalf_of_id", "group_key", "minutes", "km"))
    old = tx.execute(select(*columns).where(ContactDetails.contact_id == old_id)).first()
    if old is None:
        return contact
    group_key = contact.group_key or (old.group_key if contact.company == "group" else None)
    behalf_of_id = None if contact.is_own else contact.behalf_of_id or old.behalf_of_id
    if old.group_key is not None and group_key is None and _are_others_of(tx, old.group_key, old_id):
        minutes = None if contact.minutes == old.minutes else contact.minutes
        contact = replace(contact, minutes=minutes, km=None if contact.km == old.km else contact.km)
    return replace(contact, behalf_of_id=behalf_of_id, group_key=group_key)


def _are_others_of(tx: Session, group_key: str, contact_id: int) -> bool:
    """Whether a meeting is counted without this row of it."""
    rows = select(OutreachContact.id).join(ContactDetails, ContactDetails.contact_id == OutreachContact.id)
    others = rows.where(COUNTS, ContactDetails.group_key == group_key, OutreachContact.id != contact_id)
    return tx.execute(others.limit(1)).first() is not None


def keep_unasked(tx: Session, contact_ref: str, contact: NewContact) -> NewContact:
    """What the form of a correction could not show of the old entry stays: a newer phone's codes, a meeting at home."""
    columns = OutreachContact.kind, OutreachContact.topics, *(getattr(ContactDetails, name) for name in UNASKED)
    query = select(*columns).join(ContactDetails, ContactDetails.contact_id == OutreachContact.id)
    old = tx.execute(query.where(OutreachContact.ref == contact_ref)).first()
    if old is None:
        return contact
    if place_of(old.kind, old.company) == place_of(contact.kind, contact.company):
        contact = replace(contact, kind=old.kind, company=old.company)
    return replace(
        contact,
        topics=[*contact.topics, *_unknown(old.topics, TOPICS)],
        needs=[*contact.needs, *_unknown(old.needs, NEEDS)],
        danger=[*contact.danger, *_unknown(old.danger, DANGERS)],
        mood=contact.mood or (old.mood if old.mood not in MOODS else None),
    )


def keep_unsaid(tx: Session, contact_ref: str, contact: NewContact, said: Said) -> NewContact:
    """What a correction from a phone says nothing of stays as it was: the phone cannot read back what it wrote.

    `contact` is made of what it said. A sign of danger is never taken out this way.
    """
    columns = OutreachContact.kind, OutreachContact.topics, OutreachContact.next_on, OutreachContact.note
    kept = (*columns, *(getattr(ContactDetails, name) for name in (*UNASKED, "minutes", "km", "behalf_of_id")))
    query = select(*kept).join(ContactDetails, ContactDetails.contact_id == OutreachContact.id)
    old = tx.execute(query.where(OutreachContact.ref == contact_ref)).one()
    if not said.place:
        contact = replace(contact, kind=old.kind, company=old.company)
    return replace(
        contact,
        topics=contact.topics or _codes(old.topics),
        needs=contact.needs or _codes(old.needs),
        danger=[*_codes(old.danger), *contact.danger],
        mood=contact.mood or old.mood,
        next_on=None if said.no_next else contact.next_on or old.next_on,
        note=contact.note or vault_of(tx).open("outreach_contacts.note", contact_ref, old.note),
        minutes=old.minutes if contact.minutes is None else contact.minutes,
        km=old.km if contact.km is None else contact.km,
        behalf_of_id=None if contact.is_own else contact.behalf_of_id or old.behalf_of_id,
    )


def _unknown(kept: str, known: Collection[str]) -> list[str]:
    return [code for code in _codes(kept) if code not in known]


def _codes(kept: str) -> list[str]:
    return [code for code in kept.split(",") if code]


def danger_text(signs: Collection[str]) -> str:
    return codes_text(signs, DANGERS, LONGEST_DANGER)


def signs_of(tx: Session, contact_id: int) -> list[str]:
    """Danger signs of an entry; those of before details were kept have none."""
    found = tx.execute(select(ContactDetails.danger).where(ContactDetails.contact_id == contact_id)).scalar()
    return found.split(",") if found else []


def alert_about(
    tx: Session,
    row: dict[str, Any],
    contact_id: int,
    signs: Collection[str],
    *,
    calls: bool,
    by_id: int,
    today: date,
    now: datetime,
) -> None:
    """A task for the counselors of the point, first on their list, and a call to whoever is on duty there.

    Neither says more than that somebody must look.
    """
    if signs:
        open_task(
            tx,
            side="support",
            kind="danger_sign",
            patient_id=row["patient_id"],
            site_id=row["site_id"],
            due_on=today,
            dedupe_key=f"danger_sign:{row['patient_id']}:{contact_id}",
            opened_by_id=by_id,
            at=now,
        )
        if calls:
            raise_alert_of_contact(tx, contact_id, now)


def audited(contact: NewContact) -> dict[str, object]:
    """What the audit keeps of the details: that signs of danger were said, and for whom it was written."""
    signs = {"danger": danger_text(contact.danger)} if contact.danger else {}
    return {**signs, **({"behalf_of": contact.behalf_of_id} if contact.behalf_of_id else {})}
