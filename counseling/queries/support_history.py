"""What happened with one person on the support side, as far as the reader may read it.

A counselor reads all of it. A volunteer reads the contacts of the own team and when somebody asks next. Who supervises
the community reads that there was contact, and how it ended. What was talked about and agreed is the counselor's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select, true

from counseling.database import AnySession, vault_of
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.people import Staff
from counseling.models.places import OutreachTeam
from counseling.permissions import Permission, RoleKind, Viewer, appointments_visible_to, sessions_visible_to
from counseling.queries.aftercare import AftercareLine, list_aftercare
from counseling.queries.counseling import standing_contacts

LAST_ENTRIES = 30


@dataclass(frozen=True)
class ContactLine:
    """`by` and `note` None: not for this reader, or nothing was noted."""

    kind: str
    outcome: str
    contact_on: date
    team: str | None
    by: str | None
    note: str | None
    next_on: date | None


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
    if viewer.may(Permission.RECORD_SESSION):
        return History(
            contacts=_contacts(session, viewer, patient_id, true()),
            next_on=_next_on(session, patient_id, true(), today),
            sessions=_sessions(session, viewer, patient_id),
            appointments=_appointments(session, viewer, patient_id),
            aftercare=list_aftercare(session, patient_id),
        )
    if viewer.kind is RoleKind.VOLUNTEER:
        own = OutreachContact.team_id == viewer.team_id
        return History(
            contacts=_contacts(session, viewer, patient_id, own), next_on=_next_on(session, patient_id, own, today)
        )
    return History(contacts=_contacts(session, viewer, patient_id, true()), next_on=None)


def _contacts(
    session: AnySession, viewer: Viewer, patient_id: int, condition: ColumnElement[bool]
) -> list[ContactLine]:
    vault, row = vault_of(session), OutreachContact
    rows = session.execute(
        select(row, OutreachTeam.name, Staff.display_name)
        .join(Staff, Staff.id == row.recorded_by_id)
        .outerjoin(OutreachTeam, OutreachTeam.id == row.team_id)
        .where(row.patient_id == patient_id, standing_contacts(), condition)
        .order_by(row.contact_on.desc(), row.id.desc())
        .limit(LAST_ENTRIES)
    )
    reads_all, names = viewer.may(Permission.RECORD_SESSION), viewer.may(Permission.LOG_CONTACT)
    return [
        ContactLine(
            kind=one.kind,
            outcome=one.outcome,
            contact_on=one.contact_on,
            team=team,
            by=name if names else None,
            # A note tells more than that there was contact: it is read by counselors and by who wrote it.
            note=vault.open("outreach_contacts.note", one.ref, one.note)
            if reads_all or one.recorded_by_id == viewer.staff_id
            else None,
            next_on=one.next_on if names else None,
        )
        for one, team, name in rows
    ]


def _next_on(session: AnySession, patient_id: int, condition: ColumnElement[bool], today: date) -> date | None:
    """When somebody asks next: what the last contact said, or the check-in of an open aftercare file."""
    row, file = OutreachContact, AftercareFile
    last = (
        select(row.next_on)
        .where(row.patient_id == patient_id, standing_contacts(), condition)
        .order_by(row.contact_on.desc(), row.id.desc())
        .limit(1)
    )
    check_in = select(file.next_check_in_on).where(file.patient_id == patient_id, file.ended_on.is_(None))
    said = session.execute(last).scalar()
    days = [said if said and said >= today else None, session.execute(check_in).scalar()]
    return min((day for day in days if day is not None), default=None)


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
