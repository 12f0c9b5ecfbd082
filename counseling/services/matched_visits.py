"""A visit that has waited, put into the book: it counts once, however often it was told and whichever word comes first.

What a correction leaves unsaid stands in the visit that it corrects, in the book or waiting too, and is not lost, least
of all a sign of danger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from counseling.database import vault_of
from counseling.domain.contacts import WITHDRAWN
from counseling.domain.phone_entries import MOST_IN_A_GROUP, Said, key_of
from counseling.models.contacts import OutreachContact
from counseling.models.phone_entries import PhoneEntry, WaitingVisit
from counseling.permissions import Viewer
from counseling.services.contact_details import NewContact, keep_unsaid
from counseling.services.outreach_contacts import add_contact, lock_files, replace_contact, withdraw_contact
from counseling.services.phone_visits import (
    contact_of,
    filled_from_meeting,
    find_corrected,
    find_meeting,
    of_whose_meeting,
    told_of_each,
)
from counseling.services.waiting_rows import open_said

File = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Earlier:
    """An entry that told of the same visit before. `row`, `said`: what has waited of it about this person."""

    entry_id: str
    on: date | None = None
    row: File | None = None
    said: Said | None = None


@dataclass(frozen=True)
class Meeting:
    """The meeting to which a visit belongs. `on`: its day, None while nobody of it stands in a book."""

    key: str
    on: date | None
    standing: dict[str, File]


def put_into_book(
    tx: Session, author: Viewer, file: File, said: Said, row: File, before: Sequence[Earlier], now: datetime
) -> tuple[str, list[File]]:
    """In its author's name, on its own day. Gives the contact's reference, and what waits of the same visit besides.

    `before`: by `told_before`, asked before the file was locked.
    """
    kind, entry_id = _entry_of(tx, row)
    old, unsaid = _find_old(tx, author, said, before)
    meeting = _meeting_of(tx, author, kind, [entry_id, *(earlier.entry_id for earlier in before)])
    told = _whole(said, unsaid)
    if meeting is not None:
        is_sign = said.who is None and row.request_key != key_of(entry_id)
        old, told = (
            _beside_meeting(tx, file, told, meeting) if is_sign else _in_meeting(tx, file, said, told, meeting, old)
        )
    days = [meeting.on if meeting else None, old.contact_on if old else None, *(one.on for one in reversed(before))]
    on = next((day for day in days if day is not None), row.visited_on)
    at = next((one.row.happened_at for one in reversed(before) if one.row is not None), row.happened_at)
    contact = contact_of(tx, author, told, on, at, meeting.key if meeting else None)
    contact = replace(contact, has_called=True)
    if old is not None:
        contact = keep_unsaid(tx, _last_told(tx, old), contact, told)
    elif meeting is not None:
        contact = of_whose_meeting(tx, contact, meeting.standing)
    made = _write(tx, author, file, old, contact, row.request_key, on, now)
    return made, [one.row for one in before if one.row is not None and one.row.state == "waiting"]


def lock_of_whom(tx: Session, author: Viewer, said: Said, before: Sequence[Earlier], ref: str) -> None:
    """The file of whoever it was written for by mistake, which loses it, and the one behind `ref`, in one order."""
    old, _ = _find_old(tx, author, said, before)
    lock_files(tx, {ref, old.person_ref if old is not None else ref})


def _write(
    tx: Session,
    author: Viewer,
    file: File,
    old: File | None,
    contact: NewContact,
    key: str,
    on: date,
    now: datetime,
) -> str:
    """In the place of `old`, if that stands; it leaves the book of whom it was written for by mistake."""
    if old is None or old.outcome == WITHDRAWN:
        return add_contact(tx, author, file, contact, request_key=key, on=on, now=now)
    if old.patient_id == file.patient_id:
        return replace_contact(tx, author, old.patient_id, old.ref, contact, request_key=key, now=now)
    withdrawn = key_of(key, MOST_IN_A_GROUP + 1)  # nobody's of the same meeting
    withdraw_contact(tx, author, old.patient_id, old.ref, request_key=withdrawn, now=now)
    return add_contact(tx, author, file, contact, request_key=key, on=on, now=now)


def _entry_of(tx: Session, row: File) -> tuple[str | None, str]:
    """The kind and the phone's own id of the entry; a page's form is none."""
    entry = tx.execute(select(PhoneEntry.kind, PhoneEntry.entry_id).where(PhoneEntry.id == row.entry_id)).first()
    return (entry.kind, entry.entry_id) if entry else (None, "")


def told_before(tx: Session, row: File, said: Said) -> list[Earlier]:
    """What it corrects, what that corrects and so on, the latest first: a phone names its last word, not its first.

    Locks what waits of it. The person's file comes after, as for whoever decides on one of these at the same moment.
    """
    found: list[Earlier] = []
    corrects, own = said.corrects, WaitingVisit
    while corrects is not None and corrects not in [earlier.entry_id for earlier in found]:
        query = select(*own.__table__.columns, PhoneEntry.kind).join(PhoneEntry, PhoneEntry.id == own.entry_id)
        query = query.where(PhoneEntry.entry_id == corrects, own.role_id == row.role_id).order_by(own.id)
        rows = tx.execute(query.with_for_update(of=own)).all()
        opened = [(one, open_said(vault_of(tx), one.ref, one.said)) for one in rows]
        found.append(_about_the_same(corrects, opened, said))
        corrects = next((told.corrects for _, told in opened if told is not None), None)
    return found


def _about_the_same(entry_id: str, opened: Sequence[tuple[File, Said | None]], said: Said) -> Earlier:
    """Of a meeting, what was told of this person; of a visit all: whose it was is perhaps what is corrected."""
    on = opened[0][0].visited_on if opened else None
    for row, told in opened:
        if told is None:
            continue
        if row.kind != "group" or (told.who == said.who and not told.people):
            return Earlier(entry_id, on, row, told)
        if said.who in told.people:  # in one row, as before each waited alone: the others of it still wait
            return Earlier(entry_id, on, None, told_of_each(told, said.who))
    return Earlier(entry_id, on)


def _find_old(tx: Session, author: Viewer, said: Said, before: Sequence[Earlier]) -> tuple[File | None, list[Said]]:
    """The contact whose place it takes, and what of the words before it stands in no book yet, the latest first."""
    unsaid: list[Said] = []
    for earlier in before:
        old = find_corrected(tx, author, replace(said, corrects=earlier.entry_id))
        if old is not None:
            return old, unsaid
        if earlier.said is not None:
            unsaid.append(earlier.said)
    return None, unsaid


def _whole(said: Said, before: Sequence[Said]) -> Said:
    return said.filled_from(_whole(before[0], before[1:])) if before else said


def _meeting_of(tx: Session, author: Viewer, kind: str | None, entry_ids: Sequence[str]) -> Meeting | None:
    """The others of it stand in the book by any of these entries, or will by the first that was told, the last here."""
    for entry_id in entry_ids:
        key, on, standing = find_meeting(tx, author, entry_id)
        if key is not None:
            return Meeting(key, on, standing)
    return Meeting(key_of(entry_ids[-1]), None, {}) if kind == "group" else None


def _in_meeting(
    tx: Session, file: File, said: Said, told: Said, meeting: Meeting, old: File | None
) -> tuple[File | None, Said]:
    """Who came stands in a meeting once."""
    theirs = next((one for one in meeting.standing.values() if one.patient_id == file.patient_id), None)
    corrected = meeting.standing.get(said.who or "") if said.corrects else None
    old = theirs or corrected or old
    return old, told if old is not None else filled_from_meeting(tx, told, meeting.standing)


def _beside_meeting(tx: Session, file: File, told: Said, meeting: Meeting) -> tuple[File | None, Said]:
    """Whose sign of danger it was is a word beside it: what was said of the meeting itself stands with those who came,
    and may have been corrected since."""
    theirs = next((one for one in meeting.standing.values() if one.patient_id == file.patient_id), None)
    if theirs is None:
        return None, filled_from_meeting(tx, replace(told, minutes=None, km=None), meeting.standing)
    beside = Said(outcome=theirs.outcome, place="", needs=told.needs, mood=told.mood, danger=told.danger)
    return theirs, beside


def _last_told(tx: Session, old: File) -> str:
    """Of an entry that was taken back, the one that it was: taking back says nothing of the visit."""
    if old.outcome != WITHDRAWN:
        return str(old.ref)
    row, back = OutreachContact, aliased(OutreachContact)
    query = select(row.ref).join(back, back.corrects_id == row.id).where(back.id == old.id)
    return str(tx.execute(query).scalar_one())
