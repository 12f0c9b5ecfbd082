"""What happened with one person on the support side, as far as the reader may read it.

A counselor reads all of it. A volunteer reads the contacts of the own team and when somebody asks next. Who supervises
the community reads that there was contact, and how it ended. What was talked about and agreed is the counselor's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from counseling.database import AnySession, vault_of
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.patients import SupportFile
from counseling.models.people import Staff
from counseling.permissions import Permission, Viewer
from counseling.queries.aftercare import AftercareLine, list_aftercare
from counseling.queries.contacts import ContactLine, list_agreed, list_contacts
from counseling.scopes import appointments_visible_to, sessions_visible_to

LAST_ENTRIES = 30


@dataclass(frozen=True)
class HeldLine:
    kind: str
    form: str
    topics: tuple[str, ...]
    minutes: int
    agreed: str | None
    held_on: date
    counselor: str


@dataclass(frozen=True)
class PlannedLine:
    ref: str
    starts_at: datetime
    state: str


@dataclass(frozen=True)
class History:
    """None: that part is not for this reader."""

    contacts: list[ContactLine]
    next_on: date | None
    sessions: list[HeldLine] | None = None
    appointments: list[PlannedLine] | None = None
    aftercare: list[AftercareLine] | None = None


def load_history(session: AnySession, viewer: Viewer, patient_id: int, today: date) -> History:
    """The last entries about a person whose support file the reader has opened."""
    contacts = list_contacts(session, viewer, patient_id)
    if viewer.may(Permission.RECORD_SESSION):
        return History(
            contacts=contacts,
            next_on=_next_on(session, patient_id, today),
            sessions=_sessions(session, viewer, patient_id),
            appointments=_appointments(session, viewer, patient_id),
            aftercare=list_aftercare(session, patient_id),
        )
    logs = viewer.may(Permission.LOG_CONTACT)
    return History(contacts=contacts, next_on=_next_on(session, patient_id, today) if logs else None)


def _next_on(session: AnySession, patient_id: int, today: date) -> date | None:
    """When somebody asks next: what the last contact has agreed, or the check-in of an open aftercare file."""
    file = AftercareFile
    check_in = select(file.next_check_in_on).where(file.patient_id == patient_id, file.ended_on.is_(None))
    agreed = list_agreed(session, SupportFile.patient_id == patient_id).get(patient_id)
    said = [agreed] if agreed and agreed >= today else []
    due = session.execute(check_in).scalar()
    return min([*said, due] if due else said, default=None)


def _sessions(session: AnySession, viewer: Viewer, patient_id: int) -> list[HeldLine]:
    vault, row = vault_of(session), CounselingSession
    rows = session.execute(
        select(row, Staff.display_name)
        .join(Staff, Staff.id == row.counselor_id)
        .where(sessions_visible_to(viewer), row.patient_id == patient_id)
        .order_by(row.held_on.desc(), row.id.desc())
        .limit(LAST_ENTRIES)
    )
    return [
        HeldLine(
            held.kind,
            held.form,
            tuple(held.topics.split(",")) if held.topics else (),
            held.minutes,
            vault.open("counseling_sessions.agreed", held.ref, held.agreed),
            held.held_on,
            counselor,
        )
        for held, counselor in rows
    ]


def _appointments(session: AnySession, viewer: Viewer, patient_id: int) -> list[PlannedLine]:
    row = Appointment
    rows = session.execute(
        select(row.ref, row.starts_at, row.state)
        .where(appointments_visible_to(viewer), row.patient_id == patient_id)
        .order_by(row.starts_at.desc(), row.id.desc())
        .limit(LAST_ENTRIES)
    )
    return [PlannedLine(*found) for found in rows]
