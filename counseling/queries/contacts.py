"""Contacts with one person as pages show them: the entries that count, each as its last correction says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.contacts import WITHDRAWN, Entry, first_of, place_of, standing
from counseling.domain.phone_entries import keys_of
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.people import Staff
from counseling.models.phone_entries import ContactDetails
from counseling.permissions import Permission, RoleKind, Viewer
from counseling.scopes import support_files_visible_to
from counseling.support_rows import open_community_name

LAST_CONTACTS = 20
_LATER = aliased(OutreachContact)
# The last word of its chain, and not a withdrawal: in SQL what domain.contacts.standing is in plain words.
COUNTS: ColumnElement[bool] = (OutreachContact.outcome != WITHDRAWN) & ~exists().where(
    _LATER.corrects_id == OutreachContact.id
)


_BEHALF, _OF_THE_DAY = aliased(Staff), aliased(OutreachContact)
_LINES = (
    select(OutreachContact, Staff.display_name, ContactDetails, _BEHALF.display_name.label("behalf_of"))
    .join(Staff, Staff.id == OutreachContact.recorded_by_id)
    .outerjoin(ContactDetails, ContactDetails.contact_id == OutreachContact.id)
    .outerjoin(_BEHALF, _BEHALF.id == ContactDetails.behalf_of_id)
)


@dataclass(frozen=True)
class ContactLine:
    """One contact. `note` is None where there is none and where it is not for this reader.

    `who` has written it, `behalf_of` somebody else who made the visit.
    """

    ref: str
    kind: str
    outcome: str
    topics: tuple[str, ...]
    note: str | None
    next_on: date | None
    contact_on: date
    who: str
    is_own: bool
    place: str = "home"
    needs: tuple[str, ...] = ()
    danger: tuple[str, ...] = ()
    mood: str | None = None
    minutes: int | None = None
    km: int | None = None
    behalf_of: str | None = None
    behalf_of_id: int | None = None


@dataclass(frozen=True)
class SavedContact:
    """What the bar after saving names."""

    ref: str
    person_ref: str
    community_name: str
    outcome: str


def list_entries(session: AnySession, patient_id: int) -> list[Entry]:
    """All rows about a person, as the rules of domain.contacts read them."""
    columns = OutreachContact.id, OutreachContact.outcome, OutreachContact.contact_on, OutreachContact.corrects_id
    rows = session.execute(select(*columns).where(OutreachContact.patient_id == patient_id))
    return [Entry(*row) for row in rows]


def list_contacts(session: AnySession, viewer: Viewer, patient_id: int) -> list[ContactLine]:
    """The last contacts that count, newest first: to a volunteer the own team's. The caller has checked the scope.

    A note is for whoever wrote it and for the point's counselors; a team shares what was ticked. Who looks over an area
    gets neither: that there was contact, and how it ended.
    """
    entries = list_entries(session, patient_id)
    query = _LINES
    if viewer.kind is RoleKind.VOLUNTEER:
        query = query.where(OutreachContact.team_id == viewer.team_id)
    found = session.execute(query.where(OutreachContact.patient_id == patient_id, COUNTS)).all()
    newest_first = sorted(found, key=lambda row: (row[0].contact_on, first_of(entries, row[0].id)), reverse=True)
    return [_line(session, viewer, *row) for row in newest_first[:LAST_CONTACTS]]


def list_agreed(session: AnySession, whose: ColumnElement[bool]) -> dict[int, date]:
    """When to ask next as the last contact that counts has agreed, for each active file that `whose` is true of.

    A correction stands on the day of what it corrects: the rows of one day say which of them was the last.
    """
    row, file = _OF_THE_DAY, SupportFile
    counting = select(OutreachContact.contact_on).where(OutreachContact.patient_id == file.patient_id, COUNTS)
    last_on = counting.order_by(OutreachContact.contact_on.desc()).limit(1).scalar_subquery()
    query = (
        select(row.id, row.outcome, row.contact_on, row.corrects_id, row.patient_id, row.next_on)
        .join(file, file.patient_id == row.patient_id)
        .where(whose, file.status == "active", row.contact_on == last_on)
    )
    said: dict[int, dict[Entry, date | None]] = {}
    for entry_id, outcome, contact_on, corrects_id, patient_id, next_on in session.execute(query):
        said.setdefault(patient_id, {})[Entry(entry_id, outcome, contact_on, corrects_id)] = next_on
    last = {patient_id: of_the_day[standing(of_the_day)[-1]] for patient_id, of_the_day in said.items()}
    return {patient_id: next_on for patient_id, next_on in last.items() if next_on is not None}


def find_own_contact(session: AnySession, viewer: Viewer, patient_id: int, contact_ref: str) -> ContactLine | None:
    """An entry that this reader recorded about the person and may still correct."""
    own = OutreachContact.ref == contact_ref, OutreachContact.recorded_by_id == viewer.staff_id
    row = session.execute(_LINES.where(*own, OutreachContact.patient_id == patient_id, COUNTS)).first()
    return None if row is None else _line(session, viewer, *row)


def list_signs(session: AnySession, contact_ref: str) -> tuple[str, ...]:
    """The signs of danger that an entry told of, also when another has taken its place. The caller checks the scope."""
    query = select(ContactDetails.danger).join(OutreachContact, OutreachContact.id == ContactDetails.contact_id)
    return _codes(session.execute(query.where(OutreachContact.ref == contact_ref)).scalar() or "")


def find_saved(session: AnySession, viewer: Viewer, contact_ref: str) -> SavedContact | None:
    """What this reader has just recorded, while it still counts and the person is still theirs to see."""
    query = (
        select(SupportFile.ref, SupportFile.community_name, OutreachContact.outcome)
        .join(OutreachContact, OutreachContact.patient_id == SupportFile.patient_id)
        .where(support_files_visible_to(viewer), OutreachContact.ref == contact_ref, COUNTS)
        .where(OutreachContact.recorded_by_id == viewer.staff_id)
    )
    row = session.execute(query).first()
    if row is None:
        return None
    name = open_community_name(vault_of(session), row.ref, row.community_name)
    return SavedContact(contact_ref, row.ref, name, row.outcome)


def is_in_book(session: AnySession, staff_id: int, entry_id: str) -> bool:
    """Whether something of this person's entry of a phone, a visit or a meeting, counts as its last word says."""
    row, details, later, keys = OutreachContact, ContactDetails, aliased(OutreachContact), keys_of(entry_id)
    joined = select(row.id, details.group_key).outerjoin(details, details.contact_id == row.id)
    alone = (row.request_key == keys[0]) | (details.group_key == keys[0])
    of_meeting = details.group_key.is_not(None) & row.request_key.in_(keys)
    own = joined.where(row.recorded_by_id == staff_id, alone | of_meeting).cte()
    chain = select(own.c.id).cte(recursive=True)
    chain = chain.union(select(later.id).where(later.corrects_id == chain.c.id))
    of_it = row.id.in_(select(chain.c.id)) | details.group_key.in_(select(own.c.group_key))
    return session.execute(joined.where(COUNTS, of_it).limit(1)).first() is not None


def _line(session: AnySession, viewer: Viewer, row: Any, who: str, details: Any, behalf_of: str | None) -> ContactLine:
    is_own = row.recorded_by_id == viewer.staff_id
    may_read = is_own or viewer.kind is RoleKind.COUNSELOR
    may_read_ticks = viewer.may(Permission.LOG_CONTACT)
    ticked = {"topics": _codes(row.topics), "next_on": row.next_on, "behalf_of": behalf_of, **_ticked(row, details)}
    return ContactLine(
        ref=row.ref,
        kind=row.kind,
        outcome=row.outcome,
        note=vault_of(session).open("outreach_contacts.note", row.ref, row.note) if may_read else None,
        contact_on=row.contact_on,
        who=who,
        is_own=is_own,
        **(ticked if may_read_ticks else {"topics": (), "next_on": None, "place": row.kind}),
    )


def _ticked(row: Any, details: Any) -> dict[str, Any]:
    """Contacts of before details were kept have none."""
    if details is None:
        return {"place": place_of(row.kind, None)}
    codes = {"needs": _codes(details.needs), "danger": _codes(details.danger)}
    numbers = {name: getattr(details, name) for name in ("mood", "minutes", "km", "behalf_of_id")}
    return {"place": place_of(row.kind, details.company), **codes, **numbers}


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
