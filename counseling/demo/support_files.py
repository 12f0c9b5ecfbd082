"""Rows of the support side's book: files, contacts, sessions, appointments, aftercare."""

from __future__ import annotations

from typing import Any

from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.supported import Booked, Contact, Held, Supported
from counseling.domain.audit_chain import site_chain
from counseling.domain.contacts import WITHDRAWN, Entry, latest_of
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.patients import FileStatusChange, SearchKey, SupportFile
from counseling.services import audit
from counseling.services.contact_summary import TALKED
from counseling.services.visit_consents import ACTOR as BY_CONSENT
from counseling.support_rows import sealed_support_columns
from counseling.treatment_rows import SUPPORT, search_rows


def write_files(book: Book, people: list[Supported]) -> None:
    """The files themselves, with the last contact that their rows give: written after the contacts."""
    files, keys, changes = [], [], []
    for person in sorted(people, key=lambda one: one.registered_at):
        made = {"registered_at": person.registered_at, "registered_by_id": person.registered_by_id}
        made |= {"patient_id": person.patient_id, "ref": person.ref, "request_key": person.request_key}
        files.append(sealed_support_columns(book.vault, person.ref, person.details) | made | _last_contact(person))
        number, name = person.phone.number if person.phone else None, person.details.community_name
        keys += search_rows(book.vault, SUPPORT, person.patient_id, full_name=name, phone=number)
        changes.append(_status_row(person))
        _note_registered(book, person)
    book.put(SupportFile, files)
    book.put(SearchKey, keys)
    book.put(FileStatusChange, changes)


def write_contacts(book: Book, people: list[Supported], dice: Dice) -> None:
    """Entries in the order of time, then those that take another's place; tasks are written before."""
    contacts = sorted((one for person in people for one in person.contacts), key=lambda one: one.at)
    for some in ([one for one in contacts if one.corrects is None], [one for one in contacts if one.corrects]):
        rows = [_contact_row(book, contact, dice) for contact in some]
        for contact, contact_id in zip(some, book.add(OutreachContact, rows), strict=True):
            contact.id = contact_id
            _note_contact(book, contact)


def write_appointments(book: Book, people: list[Supported], dice: Dice) -> None:
    bookings = sorted((one for person in people for one in person.bookings), key=lambda one: one.booked_at)
    rows = [_booked_row(booked, dice) for booked in bookings]
    for booked, booked_id in zip(bookings, book.add(Appointment, rows), strict=True):
        booked.id = booked_id
        facts: dict[str, object] = {"appointment": booked.id, "at": audit.stamp(booked.starts_at)}
        site_id, subject = booked.person.details.site_id, f"patient:{booked.person.patient_id}"
        book.note(booked.booked_at, site_id, booked.staff_id, "appointment.booked", subject, facts)
        if booked.changed_at is not None and booked.state != "kept":  # of those that were kept the session tells
            facts = {"appointment": booked.id}
            book.note(booked.changed_at, site_id, booked.staff_id, f"appointment.{booked.state}", subject, facts)


def write_sessions(book: Book, sessions: list[Held], dice: Dice) -> None:
    """After the appointments that they kept."""
    sessions = sorted(sessions, key=lambda held: held.at)
    rows = [_session_row(book, held, dice) for held in sessions]
    for held, session_id in zip(sessions, book.add(CounselingSession, rows), strict=True):
        facts = {
            "session": session_id, "kind": held.kind, "on": held.on, "appointment": held.kept.id if held.kept else None
        }  # fmt: skip
        subject = f"patient:{held.person.patient_id}" if held.person else f"session:{session_id}"
        book.note(held.at, held.site_id, held.staff_id, "session.logged", subject, facts)


def write_aftercare(book: Book, people: list[Supported], dice: Dice) -> None:
    opened = sorted(people, key=lambda person: person.aftercare.opened_at)
    rows = [_aftercare_row(person, dice) for person in opened]
    for person, file_id in zip(opened, book.add(AftercareFile, rows), strict=True):
        file, site_id, subject = person.aftercare, person.details.site_id, f"patient:{person.patient_id}"
        facts: dict[str, object] = {"aftercare": file_id, "supporter": file.supporter_id, "rhythm": file.rhythm}
        book.note(file.opened_at, site_id, file.staff_id, "aftercare.opened", subject, facts)
        if file.ended_at is not None:
            facts = {"aftercare": file_id, "reason": file.end_reason}
            book.note(file.ended_at, site_id, file.staff_id, "aftercare.ended", subject, facts)


def _last_contact(person: Supported) -> dict[str, object]:
    """As services/contact_summary.py counts it."""
    entries = [Entry(one.id, one.outcome, one.on, one.corrects.id if one.corrects else None) for one in person.contacts]
    latest, session_on = latest_of(entries), max((held.on for held in person.sessions), default=None)
    on, outcome = (latest.contact_on, latest.outcome) if latest else (None, None)
    if session_on is not None and (on is None or session_on > on):
        on, outcome = session_on, TALKED
    return {"last_contact_on": on, "last_outcome": outcome}


def _status_row(person: Supported) -> dict[str, Any]:
    return {
        "patient_id": person.patient_id,
        "side": SUPPORT,
        "status": "active",
        "since_on": person.details.status_since,
        "reason": None,
        "recorded_by_id": person.registered_by_id,
        "recorded_at": person.registered_at,
    }


def _note_registered(book: Book, person: Supported) -> None:
    site_id, subject = person.details.site_id, f"patient:{person.patient_id}"
    if person.by_agreement:
        book.chains.add(person.registered_at, site_chain(site_id), BY_CONSENT, "supported.registered", subject)
    else:
        book.note(person.registered_at, site_id, person.registered_by_id, "supported.registered", subject, {})
    if person.phone is not None:
        book.note(person.phone.added_at, site_id, person.phone.staff_id, "supported.phone_added", subject, {})


def _contact_row(book: Book, contact: Contact, dice: Dice) -> dict[str, Any]:
    ref = dice.ref()
    first = contact.corrects or contact
    return {
        "ref": ref,
        "patient_id": contact.person.patient_id,
        "site_id": contact.person.details.site_id,
        "team_id": contact.team_id,
        "kind": contact.kind,
        "outcome": contact.outcome,
        "topics": contact.topics,
        "note": book.vault.seal("outreach_contacts.note", ref, contact.note),
        "next_on": contact.next_on,
        "contact_on": contact.on,
        "task_id": first.task.id if first.task else None,
        "corrects_id": contact.corrects.id if contact.corrects else None,
        "recorded_by_id": contact.staff_id,
        "recorded_at": contact.at,
        "request_key": dice.request_key(),
    }


def _note_contact(book: Book, contact: Contact) -> None:
    site_id, subject = contact.person.details.site_id, f"patient:{contact.person.patient_id}"
    facts: dict[str, object] = {"contact": contact.id}
    said = {"outcome": contact.outcome, "kind": contact.kind}
    if contact.corrects is None:
        action, facts = "contact.logged", {**facts, **said, "tasks": [contact.task.id] if contact.task else []}
    elif contact.outcome == WITHDRAWN:
        action, facts = "contact.withdrawn", {**facts, "corrects": contact.corrects.id, "tasks": []}
    else:
        action, facts = "contact.corrected", {**facts, "corrects": contact.corrects.id, **said}
    book.note(contact.at, site_id, contact.staff_id, action, subject, facts)


def _booked_row(booked: Booked, dice: Dice) -> dict[str, Any]:
    return {
        "ref": dice.ref(),
        "site_id": booked.person.details.site_id,
        "patient_id": booked.person.patient_id,
        "starts_at": booked.starts_at,
        "state": booked.state,
        "booked_by_id": booked.staff_id,
        "booked_at": booked.booked_at,
        "changed_at": booked.changed_at,
        "changed_by_id": booked.staff_id if booked.changed_at else None,
        "request_key": dice.request_key(),
    }


def _session_row(book: Book, held: Held, dice: Dice) -> dict[str, Any]:
    ref = dice.ref()
    return {
        "ref": ref,
        "site_id": held.site_id,
        "patient_id": held.person.patient_id if held.person else None,
        "sex": held.sex if held.person is None else "unknown",
        "kind": held.kind,
        "form": held.form,
        "topics": held.topics,
        "minutes": held.minutes,
        "agreed": book.vault.seal("counseling_sessions.agreed", ref, held.agreed),
        "held_on": held.on,
        "counselor_id": held.staff_id,
        "recorded_at": held.at,
        "request_key": dice.request_key(),
    }


def _aftercare_row(person: Supported, dice: Dice) -> dict[str, Any]:
    file = person.aftercare
    return {
        "patient_id": person.patient_id,
        "site_id": person.details.site_id,
        "supporter_id": file.supporter_id,
        "rhythm": file.rhythm,
        "next_check_in_on": file.next_on,
        "opened_on": file.opened_on,
        "opened_by_id": file.staff_id,
        "ended_on": file.ends_on,
        "end_reason": file.end_reason,
        "ended_by_id": file.staff_id if file.ends_on else None,
        "request_key": dice.request_key(),
    }
