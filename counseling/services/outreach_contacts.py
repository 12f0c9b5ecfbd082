"""Contacts of volunteers and counselors with the people they support. A row is added for each word, never changed.

What a contact means for others is done in its transaction: the task that it answers, the file's summary, the next
check-in of aftercare. Undoing or correcting it does the same again from the rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from counseling.database import AnySession, vault_of, writing
from counseling.domain.contacts import MET, TOPICS, WITHDRAWN, Entry, ensure_contact, first_of, is_met_on, last_met_on
from counseling.domain.phone_entries import codes_text
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.tasks import DANGER_SIGN, SHOWS_SINCE, Task
from counseling.permissions import Viewer
from counseling.queries.contacts import list_entries
from counseling.queries.patients import NotFound
from counseling.refs import new_ref
from counseling.scopes import support_files_visible_to, tasks_visible_to
from counseling.services import audit
from counseling.services.aftercare import note_check_in, take_back_check_in
from counseling.services.contact_details import (
    LONGEST_TOPICS,
    NewContact,
    add_details,
    alert_about,
    audited,
    carry_over,
    ensure_known,
    keep_unasked,
    signs_of,
)
from counseling.services.contact_summary import summarise_contacts
from counseling.services.repeated_contacts import ensure_counts, find_recorded, find_repeat, last_word
from counseling.services.tasks import change_answer, close_task, reopen_answered
from counseling.services.treatment_files import By
from counseling.services.visit_alerts import take_on_person

__all__ = [
    "NewContact",
    "add_contact",
    "correct_contact",
    "lock_file",
    "lock_files",
    "log_contact",
    "replace_contact",
    "undo_contact",
    "withdraw_contact",
]  # fmt: skip

KEPT = ("patient_id", "site_id", "team_id", "contact_on", "task_id")  # of an entry, by whatever takes its place


def log_contact(
    session: AnySession,
    viewer: Viewer,
    ref: str,
    contact: NewContact,
    *,
    request_key: str,
    today: date,
    now: datetime,
) -> str:
    """Record a contact of today with the person behind a support file; gives its reference, for a repeat the first's.

    Raises NotFound for whoever may not (any more) see the file. Refuses what domain.contacts does, and entry_replaced
    for a form that is sent again after its entry was taken back.
    """
    ensure_known(contact)
    with writing(session) as tx, audit.gathered(tx):
        file = lock_file(tx, viewer, ref)
        first, key = find_repeat(tx, file.patient_id, request_key, contact.danger)
        if first is not None and last_word(tx, file.patient_id, key) is None:
            raise Refusal("entry_replaced")
        return add_contact(tx, viewer, file, contact, request_key=request_key, on=today, now=now)


def add_contact(
    tx: Session,
    viewer: Viewer,
    file: Row[*tuple[Any, ...]],
    contact: NewContact,
    *,
    request_key: str,
    on: date,
    now: datetime,
) -> str:
    """The same inside the caller's transaction, with somebody whose file it has locked; codes are taken as they are.

    Refuses kind_unknown, outcome_unknown and next_out_of_range.
    """
    ensure_contact(contact.kind, contact.outcome, contact.next_on, on)
    first, key = find_repeat(tx, file.patient_id, request_key, contact.danger)
    if first is not None:
        return first
    last = last_word(tx, file.patient_id, request_key) if key != request_key else None
    if last is not None:
        return replace_contact(tx, viewer, file.patient_id, last, contact, request_key=key, now=now)
    closed = _close_tasks(tx, viewer, file.patient_id, contact, now)
    place = {"patient_id": file.patient_id, "site_id": file.site_id, "team_id": viewer.team_id}
    row = {**place, "contact_on": on, "task_id": closed[0] if closed else None}
    entry = _add(tx, viewer, row, contact, key, now)
    calls = not contact.has_called
    alert_about(tx, row, entry.id, contact.danger, calls=calls, by_id=viewer.staff_id, today=on, now=now)
    _recount(tx, file.patient_id, on)
    details: dict[str, object] = {"contact": entry.id, "outcome": contact.outcome, "kind": contact.kind}
    _note(tx, viewer, "contact.logged", row, {**details, **audited(contact), "tasks": closed}, now)
    return str(entry.ref)


def undo_contact(
    session: AnySession, viewer: Viewer, ref: str, contact_ref: str, *, request_key: str, now: datetime
) -> None:
    """Withdraw an entry of one's own: it counts no more, and what it had answered is open again.

    Raises NotFound for an entry of somebody else, Refusal("entry_replaced") when another word has taken its place.
    """
    with writing(session) as tx, audit.gathered(tx):
        file = lock_file(tx, viewer, ref)
        withdraw_contact(tx, viewer, file.patient_id, contact_ref, request_key=request_key, now=now)


def withdraw_contact(
    tx: Session, viewer: Viewer, patient_id: int, contact_ref: str, *, request_key: str, now: datetime
) -> None:
    """The same inside the caller's transaction, which has locked the person's file."""
    first = find_recorded(tx, patient_id, request_key)
    if first is not None and first.outcome == WITHDRAWN:
        return
    entries, old = _own_entry(tx, viewer, patient_id, contact_ref)
    row = {name: getattr(old, name) for name in KEPT}
    empty = NewContact(kind=old.kind, outcome=WITHDRAWN)
    entry = _add(tx, viewer, {**row, "corrects_id": old.id}, empty, request_key, now)
    opened = reopen_answered(tx, patient_id, by_id=viewer.staff_id, at=_began_at(tx, entries, old))
    _recount(tx, patient_id, old.contact_on, was=old.outcome)
    details = {"contact": entry.id, "corrects": old.id, "tasks": opened}
    _note(tx, viewer, "contact.withdrawn", row, details, now)


def correct_contact(
    session: AnySession,
    viewer: Viewer,
    ref: str,
    contact_ref: str,
    contact: NewContact,
    *,
    request_key: str,
    now: datetime,
) -> str:
    """Put another entry in the place of one's own, on any later day too; the day of the contact itself stays.

    Raises NotFound and Refusal("entry_replaced") as `undo_contact` does.
    """
    ensure_known(contact)
    with writing(session) as tx, audit.gathered(tx):
        file = lock_file(tx, viewer, ref)
        told = keep_unasked(tx, contact_ref, contact)
        return replace_contact(tx, viewer, file.patient_id, contact_ref, told, request_key=request_key, now=now)


def replace_contact(
    tx: Session,
    viewer: Viewer,
    patient_id: int,
    contact_ref: str,
    contact: NewContact,
    *,
    request_key: str,
    now: datetime,
) -> str:
    """The same inside the caller's transaction, which has locked the person's file."""
    first, key = find_repeat(tx, patient_id, request_key, contact.danger)
    if first is not None:
        return ensure_counts(tx, first)
    last = last_word(tx, patient_id, request_key) if key != request_key else None
    entries, old = _own_entry(tx, viewer, patient_id, last or contact_ref)
    ensure_contact(contact.kind, contact.outcome, contact.next_on, old.contact_on)
    contact = carry_over(tx, old.id, contact)
    row = {name: getattr(old, name) for name in KEPT}
    entry = _add(tx, viewer, {**row, "corrects_id": old.id}, contact, key, now)
    new_signs = [sign for sign in contact.danger if sign not in signs_of(tx, old.id)]
    calls = not contact.has_called
    alert_about(tx, row, entry.id, new_signs, calls=calls, by_id=viewer.staff_id, today=old.contact_on, now=now)
    change_answer(tx, patient_id, contact.outcome, by_id=viewer.staff_id, at=_began_at(tx, entries, old))
    _recount(tx, patient_id, old.contact_on, was=old.outcome)
    details = {"contact": entry.id, "corrects": old.id, "outcome": contact.outcome, "kind": contact.kind}
    _note(tx, viewer, "contact.corrected", row, {**details, **audited(contact)}, now)
    return str(entry.ref)


def lock_files(tx: Session, refs: Iterable[str]) -> None:
    """Files that change together, in one order, whoever may see them: the caller asks that of each."""
    query = select(SupportFile.patient_id).where(SupportFile.ref.in_(refs)).order_by(SupportFile.ref)
    tx.execute(query.with_for_update())


def lock_file(tx: Session, viewer: Viewer, ref: str) -> Row[*tuple[Any, ...]]:
    """The file, if the reader may see it at this moment; locked, so that two words about one person come in turn."""
    query = select(SupportFile.patient_id, SupportFile.site_id, SupportFile.status)
    query = query.where(support_files_visible_to(viewer), SupportFile.ref == ref).with_for_update()
    file = tx.execute(query).first()
    if file is None:
        raise NotFound
    return file


def _own_entry(tx: Session, viewer: Viewer, patient_id: int, contact_ref: str) -> tuple[list[Entry], OutreachContact]:
    """One's own entry, which is the last word of its chain; and all entries of the person."""
    query = select(OutreachContact).where(
        OutreachContact.ref == contact_ref,
        OutreachContact.patient_id == patient_id,
        OutreachContact.recorded_by_id == viewer.staff_id,
        OutreachContact.outcome != WITHDRAWN,
    )
    old = tx.execute(query).scalar_one_or_none()
    if old is None:
        raise NotFound
    entries = list_entries(tx, patient_id)
    if any(entry.corrects_id == old.id for entry in entries):
        raise Refusal("entry_replaced")
    return entries, old


def _began_at(tx: Session, entries: list[Entry], old: OutreachContact) -> datetime:
    """When the first entry of the chain was written: the tasks that it answered were closed at that instant."""
    first = first_of(entries, old.id)
    return tx.execute(select(OutreachContact.recorded_at).where(OutreachContact.id == first)).scalar_one()


def _close_tasks(tx: Session, viewer: Viewer, patient_id: int, contact: NewContact, now: datetime) -> list[int]:
    """Close what stood on the page, the longest due first; what came after the page was shown stays open."""
    query = select(Task.id, Task.kind).where(
        tasks_visible_to(viewer, now),
        Task.patient_id == patient_id,
        Task.kind.in_(contact.answers),
        Task.closed_at.is_(None),
    )
    for known_at in (contact.shown, contact.said_at):
        if known_at is not None:
            query = query.where(known_at >= SHOWS_SINCE)
    found = tx.execute(query.order_by(Task.due_on, Task.id)).all()
    who, outcome = viewer.staff_id, contact.outcome
    closed = [task for task in found if close_task(tx, task.id, by_id=who, at=now, outcome=outcome)]
    if any(task.kind == DANGER_SIGN for task in closed):
        take_on_person(tx, patient_id, By(who, viewer.actor), now)
    return [task.id for task in closed]


def _add(
    tx: Session, viewer: Viewer, row: dict[str, Any], contact: NewContact, request_key: str, now: datetime
) -> Row[*tuple[Any, ...]]:
    """With somebody whose support has ended no next day is agreed: the visit stands in the book without one."""
    ref, topics = new_ref(), codes_text(contact.topics, TOPICS, LONGEST_TOPICS)
    status = select(SupportFile.status).where(SupportFile.patient_id == row["patient_id"])
    next_on = contact.next_on if tx.execute(status).scalar_one() == "active" else None
    said = {"kind": contact.kind, "outcome": contact.outcome, "topics": topics, "next_on": next_on}
    note = vault_of(tx).seal("outreach_contacts.note", ref, contact.note)
    who = {"recorded_by_id": viewer.staff_id, "recorded_at": now, "request_key": request_key}
    made = insert(OutreachContact).values(ref=ref, note=note, **row, **said, **who)
    entry = tx.execute(made.returning(OutreachContact.id, OutreachContact.ref)).one()
    add_details(tx, entry.id, contact, now)
    return entry


def _recount(tx: Session, patient_id: int, day: date, was: str | None = None) -> None:
    """The file's summary and the next check-in, from all rows; `was`: what an entry of that day said until now."""
    summarise_contacts(tx, patient_id)
    entries = list_entries(tx, patient_id)
    if is_met_on(entries, day):
        note_check_in(tx, patient_id, day)
    elif was in MET:
        take_back_check_in(tx, patient_id, day, last_met_on(entries))


def _note(
    tx: Session, viewer: Viewer, action: str, row: dict[str, Any], details: dict[str, object], now: datetime
) -> None:
    chain, subject = audit.site_chain(row["site_id"]), f"patient:{row['patient_id']}"
    audit.append(tx, chain, viewer.actor, action, subject, details, now)
