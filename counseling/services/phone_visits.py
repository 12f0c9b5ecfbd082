"""What one entry of a phone says, done as the page's own form does it; what cannot be done is left for somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, exists, or_, select
from sqlalchemy.orm import Session, aliased

from counseling.domain.contacts import LATEST_NEXT_DAYS, PLACES, WITHDRAWN
from counseling.domain.phone_entries import KINDS, Said, key_of, keys_of
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.phone_entries import WAITING_CODES, ContactDetails, WaitingVisit
from counseling.permissions import Viewer
from counseling.queries.actors import find_colleague
from counseling.queries.patients import NotFound
from counseling.services.contact_details import NewContact, keep_unsaid
from counseling.services.outreach_contacts import add_contact, lock_file, lock_files, replace_contact, withdraw_contact

File = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Visit:
    """An entry that can be read and whose author may write: on which day it was, and when it was saved."""

    kind: str
    entry_id: str
    said: Said
    viewer: Viewer
    on: date
    at: datetime


@dataclass(frozen=True)
class Left:
    """What has to be matched by somebody, and why. `number`: which of a group's people."""

    code: str
    said: Said | None
    number: int

    def key_in(self, entry_id: str) -> str:
        return key_of(entry_id, self.number)


def do_visit(tx: Session, visit: Visit, now: datetime) -> list[Left]:
    """Inside the caller's transaction. Files are locked first, all of them: the audit's chain is the last lock."""
    if visit.kind not in KINDS:
        return [Left("form_unknown", visit.said, 0)]
    if visit.kind == "correction":
        return _correct(tx, visit, now)
    if visit.kind == "group" and visit.said.corrects is not None:
        return _correct_group(tx, visit, now)
    people = visit.said.people if visit.kind == "group" else ()
    targets = [_of_all(visit.said, len(people)).about(ref) for ref in people] or [visit.said]
    found = [_find_file(tx, visit.viewer, said) for said in _in_one_order(targets)]
    files = dict(zip((said.who for said in _in_one_order(targets)), found, strict=True))
    left = []
    for number, said in enumerate(targets):
        code = _log(tx, visit, files[said.who], said, number, now)
        if code is not None:
            left.append(Left(code, said, number))
    return left + _whose_sign(visit.said, len(targets))


def _whose_sign(said: Said, number: int) -> list[Left]:
    """A sign of danger in a group: somebody has to find out whose it was."""
    is_nobodys = len(said.people) > 1 and said.danger
    return [Left("not_on_list", replace(said, people=()), number)] if is_nobodys else []


def leave_all(kind: str, said: Said | None, code: str) -> list[Left]:
    """All that an entry says has to wait; of a meeting for each who came, as `do_visit` counts them."""
    if said is None or kind != "group" or not said.people:
        return [Left(code, said, 0)]
    left = [Left(code, told_of_each(said, ref), number) for number, ref in enumerate(said.people)]
    return left + _whose_sign(said, len(said.people))


def told_of_each(said: Said, ref: str) -> Said:
    """What a whole meeting says about one of those who came."""
    return _of_all(said, len(said.people)).about(ref)


def _of_all(said: Said, count: int) -> Said:
    """What can be said of several people at once: older forms of phones asked more, and copied it to each of them."""
    return said if count == 1 else replace(said, danger=(), needs=(), mood=None)


def contact_of(tx: Session, viewer: Viewer, said: Said, on: date, at: datetime, group_key: str | None) -> NewContact:
    """What a form would have brought. A next day that has no sense beside the day of the visit is left out."""
    kind, company = PLACES.get(said.place, ("elsewhere", None))
    next_on = date.fromisoformat(said.next_on) if said.next_on else None
    if next_on is not None and not on < next_on <= on + timedelta(days=LATEST_NEXT_DAYS):
        next_on = None
    return NewContact(
        kind=kind,
        company="group" if group_key else company,
        group_key=group_key,
        outcome=said.outcome,
        topics=said.topics,
        needs=said.needs,
        mood=said.mood,
        danger=said.danger,
        note=said.agreed,
        next_on=next_on,
        answers=said.answers,
        minutes=said.minutes,
        km=said.km,
        behalf_of_id=find_colleague(tx, viewer, said.behalf_of) if said.behalf_of else None,
        is_own=said.is_own,
        said_at=at,
    )


def _in_one_order(targets: Sequence[Said]) -> list[Said]:
    return sorted(targets, key=lambda said: said.who or "")


def _find_file(tx: Session, viewer: Viewer, said: Said) -> File | str:
    """The locked file, or why there is none for this author; it is locked then too, if there is one at all."""
    if said.who is None:
        return "not_on_list"
    try:
        file = lock_file(tx, viewer, said.who)
    except NotFound:
        known = select(SupportFile.patient_id).where(SupportFile.ref == said.who).with_for_update()
        return "not_in_scope" if tx.execute(known).first() else "unknown_ref"
    return file if file.status == "active" else "support_ended"


def _log(tx: Session, visit: Visit, file: File | str, said: Said, number: int, now: datetime) -> str | None:
    if isinstance(file, str):
        return file
    group_key = key_of(visit.entry_id) if visit.kind == "group" else None
    contact = contact_of(tx, visit.viewer, said, visit.on, visit.at, group_key)
    key = key_of(visit.entry_id, number)
    add_contact(tx, visit.viewer, file, contact, request_key=key, on=visit.on, now=now)
    return None


def _correct(tx: Session, visit: Visit, now: datetime) -> list[Left]:
    """Another entry in the place of an earlier one of the phone; about somebody else, if it was the wrong person."""
    said = visit.said
    old = find_corrected(tx, visit.viewer, visit.said)
    if old is None or old.outcome == WITHDRAWN:  # taken back elsewhere, on the page: somebody asks which word holds
        return [Left("unknown_entry" if old is None else "entry_replaced", said, 0)]
    lock_files(tx, {old.person_ref, said.who or old.person_ref})
    try:
        lock_file(tx, visit.viewer, old.person_ref)
        other = None if said.who in (None, old.person_ref) else _find_file(tx, visit.viewer, said)
        if isinstance(other, str):
            return [Left(other, said, 0)]
        key = key_of(visit.entry_id)
        contact = contact_of(tx, visit.viewer, said, old.contact_on, visit.at, old.group_key)
        contact = keep_unsaid(tx, old.ref, contact, said)
        if other is None:
            replace_contact(tx, visit.viewer, old.patient_id, old.ref, contact, request_key=key, now=now)
            return []
        withdrawn = key_of(visit.entry_id, 1)
        withdraw_contact(tx, visit.viewer, old.patient_id, old.ref, request_key=withdrawn, now=now)
        add_contact(tx, visit.viewer, other, contact, request_key=key, on=old.contact_on, now=now)
    except NotFound:
        return [Left("not_in_scope", said, 0)]
    except Refusal as refusal:  # raised before anything is written
        return [Left(refusal.code if refusal.code in WAITING_CODES else "not_worked", said, 0)]
    return []


def _correct_group(tx: Session, visit: Visit, now: datetime) -> list[Left]:
    """Who came, anew: said again of those who stood there, taken out who was not there, added who is new.

    Whoever was not there is taken out also where the author sees them no more: it is the author's own word.
    """
    group_key, on, standing = find_meeting(tx, visit.viewer, visit.said.corrects or "")
    if group_key is None or on is None:
        return leave_all(visit.kind, visit.said, "unknown_entry")
    told = filled_from_meeting(tx, _of_all(visit.said, len(visit.said.people)), standing)
    wanted = {ref: told.about(ref) for ref in visit.said.people}
    people = sorted({*standing, *wanted})
    files = [_find_file(tx, visit.viewer, told.about(ref)) for ref in people]
    left = []
    for number, (ref, file) in enumerate(zip(people, files, strict=True)):
        old, said, key = standing.get(ref), wanted.get(ref), key_of(visit.entry_id, number)
        if old is not None and said is None:
            withdraw_contact(tx, visit.viewer, old.patient_id, old.ref, request_key=key, now=now)
        elif isinstance(file, str) and (old is None or file != "support_ended"):
            left.append(Left(file, said, number))
        elif said is not None:
            contact = contact_of(tx, visit.viewer, said, on, visit.at, group_key)
            if old is not None:
                told_anew = keep_unsaid(tx, old.ref, contact, said)
                replace_contact(tx, visit.viewer, old.patient_id, old.ref, told_anew, request_key=key, now=now)
            elif not isinstance(file, str):
                contact = of_whose_meeting(tx, contact, standing)
                add_contact(tx, visit.viewer, file, contact, request_key=key, on=on, now=now)
    return left + _whose_sign(visit.said, len(people))


def filled_from_meeting(tx: Session, told: Said, standing: dict[str, File]) -> Said:
    """What a correction leaves unsaid of the meeting itself, for those as well who are new in it."""
    one = next(iter(standing.values()), None)
    if one is None:
        return told
    query = select(OutreachContact.topics, ContactDetails.minutes, ContactDetails.km)
    query = query.join(ContactDetails, ContactDetails.contact_id == OutreachContact.id)
    topics, minutes, km = tx.execute(query.where(OutreachContact.ref == one.ref)).one()
    return told.filled_from(
        Said(outcome=told.outcome, topics=tuple(code for code in topics.split(",") if code), minutes=minutes, km=km)
    )


def of_whose_meeting(tx: Session, contact: NewContact, standing: dict[str, File]) -> NewContact:
    """Who is new in a meeting stands on the sheet of whom it was written for too, or its hours would count twice."""
    one = next(iter(standing.values()), None)
    if one is None or contact.is_own or contact.behalf_of_id is not None:
        return contact
    query = select(ContactDetails.behalf_of_id).join(OutreachContact, OutreachContact.id == ContactDetails.contact_id)
    return replace(contact, behalf_of_id=tx.execute(query.where(OutreachContact.ref == one.ref)).scalar())


def find_meeting(tx: Session, viewer: Viewer, entry_id: str) -> tuple[str | None, date | None, dict[str, File]]:
    """The author's group of the entry that is named, or that it corrected; its day; the last word of each who came."""
    keys = keys_of(entry_id)
    row, details, later = OutreachContact, ContactDetails, aliased(OutreachContact)
    own = row.recorded_by_id == viewer.staff_id, details.group_key.is_not(None)
    named = select(details.group_key, row.contact_on).join(row, row.id == details.contact_id)
    group = tx.execute(named.where(*own, or_(details.group_key == keys[0], row.request_key.in_(keys))).limit(1)).first()
    if group is None:
        return None, None, {}
    last = ~exists().where(later.corrects_id == row.id)
    query = (
        select(row.ref, row.patient_id, row.contact_on, row.outcome, SupportFile.ref.label("person_ref"))
        .join(SupportFile, SupportFile.patient_id == row.patient_id)
        .join(details, details.contact_id == row.id)
        .where(*own, details.group_key == group.group_key, last)
    )
    return group.group_key, group.contact_on, {found.person_ref: found for found in tx.execute(query)}


def find_corrected(tx: Session, viewer: Viewer, said: Said) -> File | None:
    """The author's contact of the entry that is named; of a group's, the one about this person; its last word."""
    if said.corrects is None:
        return None
    key, row = key_of(said.corrects), OutreachContact
    query = (
        select(
            row.id, row.ref, row.patient_id, row.contact_on, row.outcome, SupportFile.ref.label("person_ref"),
            ContactDetails.group_key,
        )
        .join(SupportFile, SupportFile.patient_id == row.patient_id)
        .join(ContactDetails, ContactDetails.contact_id == row.id)
        .where(row.recorded_by_id == viewer.staff_id)
    )  # fmt: skip
    of_group = query.where(ContactDetails.group_key == key, SupportFile.ref == said.who).order_by(row.id)
    alone = query.where(ContactDetails.group_key.is_(None))  # not another of the same meeting
    # It stands there by what corrected it, where both had waited.
    matched = select(WaitingVisit.contact_id).where(WaitingVisit.request_key == key).scalar_subquery()
    ways = of_group, alone.where(row.request_key == key), alone.where(row.id == matched)
    found = next((first for way in ways if (first := tx.execute(way).first())), None)
    while found is not None:
        later = tx.execute(query.where(row.corrects_id == found.id)).first()
        if later is None:
            return found
        found = later
    return None
