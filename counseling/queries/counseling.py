"""The counseling point's day: who comes, who was talked with, what its teams brought back, who is to be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.appointments import bounds_of
from counseling.domain.contacts import place_of
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import AftercareFile, Appointment, CounselingSession
from counseling.models.patients import SupportFile
from counseling.models.people import Staff
from counseling.models.phone_entries import ContactDetails
from counseling.models.places import OutreachTeam
from counseling.permissions import Viewer
from counseling.queries.contacts import COUNTS
from counseling.queries.patients import NotFound
from counseling.scopes import appointments_visible_to, sessions_visible_to, support_files_visible_to
from counseling.support_rows import open_community_name
from counseling.vault import Vault

DAYS_AHEAD = 7
DAYS_BACK = 7
MOST_DUE = 50


@dataclass(frozen=True)
class WhoLine:
    """Whom a line is about, by the name that they chose."""

    patient_id: int
    person_ref: str
    name: str


@dataclass(frozen=True)
class AppointmentLine:
    who: WhoLine
    id: int
    ref: str
    starts_at: datetime
    state: str


@dataclass(frozen=True)
class SessionLine:
    """`who` None: somebody who gave no name."""

    who: WhoLine | None
    kind: str
    form: str
    minutes: int
    counselor: str


@dataclass(frozen=True)
class VisitLine:
    """`volunteer` has written it, `behalf_of` somebody else who made the visit."""

    who: WhoLine
    place: str
    outcome: str
    contact_on: date
    team: str
    volunteer: str
    behalf_of: str | None


@dataclass(frozen=True)
class CheckInLine:
    who: WhoLine
    due_on: date
    supporter: str | None


@dataclass(frozen=True)
class PointDay:
    today: list[AppointmentLine]
    coming: list[AppointmentLine]  # of the next days, booked ones only
    sessions: list[SessionLine]
    visits: list[VisitLine]
    check_ins: list[CheckInLine]

    @property
    def patient_ids(self) -> list[int]:
        """Everybody who stands on the page."""
        known = [line.who for line in self.sessions if line.who is not None]
        known += [line.who for line in [*self.today, *self.coming]] + [line.who for line in self.visits]
        return [who.patient_id for who in [*known, *(line.who for line in self.check_ins)]]


def load_day(session: AnySession, viewer: Viewer, today: date, zone: ZoneInfo) -> PointDay:
    """What the counselors of a point look at when they sit down."""
    begins, ends = bounds_of(today, zone)
    until = bounds_of(today + timedelta(days=DAYS_AHEAD), zone)[1]
    return PointDay(
        today=_appointments(session, viewer, between(begins, ends)),
        coming=_appointments(session, viewer, and_(between(ends, until), Appointment.state == "booked")),
        sessions=_sessions(session, viewer, today),
        visits=_visits(session, viewer, today - timedelta(days=DAYS_BACK - 1)),
        check_ins=_check_ins(session, viewer, today),
    )


def get_appointment(session: AnySession, viewer: Viewer, ref: str) -> AppointmentLine:
    """One appointment of the reader's point. Raises NotFound."""
    found = _appointments(session, viewer, Appointment.ref == ref)
    if not found:
        raise NotFound
    return found[0]


def between(since: datetime, until: datetime) -> ColumnElement[bool]:
    return and_(Appointment.starts_at >= since, Appointment.starts_at < until)


def _appointments(session: AnySession, viewer: Viewer, condition: ColumnElement[bool]) -> list[AppointmentLine]:
    vault, file, row = vault_of(session), SupportFile, Appointment
    rows = session.execute(
        select(row.id, row.ref, row.starts_at, row.state, file.patient_id, file.ref, file.community_name)
        .join(file, file.patient_id == row.patient_id)
        .where(appointments_visible_to(viewer), support_files_visible_to(viewer), condition)
        .order_by(row.starts_at, row.id)
    )
    return [
        AppointmentLine(_who(vault, patient_id, person_ref, name), id_, ref, starts_at, state)
        for id_, ref, starts_at, state, patient_id, person_ref, name in rows
    ]


def _sessions(session: AnySession, viewer: Viewer, today: date) -> list[SessionLine]:
    vault, file, row = vault_of(session), SupportFile, CounselingSession
    rows = session.execute(
        select(row, file.patient_id, file.ref, file.community_name, Staff.display_name)
        .join(Staff, Staff.id == row.counselor_id)
        .outerjoin(file, file.patient_id == row.patient_id)
        .where(sessions_visible_to(viewer), row.held_on == today)
        .order_by(row.id.desc())
    )
    return [
        SessionLine(
            None if patient_id is None else _who(vault, patient_id, ref, name),
            held.kind,
            held.form,
            held.minutes,
            counselor,
        )
        for held, patient_id, ref, name, counselor in rows
    ]


def _visits(session: AnySession, viewer: Viewer, since: date) -> list[VisitLine]:
    """What volunteers logged about the point's people; whoever needs help stands first, then the latest."""
    vault, file, row, details, behalf = vault_of(session), SupportFile, OutreachContact, ContactDetails, aliased(Staff)
    rows = session.execute(
        select(
            row.kind,
            details.company,
            behalf.display_name.label("behalf_of"),
            row.outcome,
            row.contact_on,
            OutreachTeam.name.label("team"),
            Staff.display_name,
            file.patient_id,
            file.ref,
            file.community_name,
        )
        .join(file, file.patient_id == row.patient_id)
        .join(OutreachTeam, OutreachTeam.id == row.team_id)
        .join(Staff, Staff.id == row.recorded_by_id)
        .outerjoin(details, details.contact_id == row.id)
        .outerjoin(behalf, behalf.id == details.behalf_of_id)
        .where(
            support_files_visible_to(viewer),
            row.contact_on >= since,
            COUNTS,
        )
        .order_by(row.outcome != "met_needs_help", row.contact_on.desc(), row.id.desc())
    )
    return [
        VisitLine(
            _who_of(vault, found),
            place_of(found.kind, found.company),
            found.outcome,
            found.contact_on,
            found.team,
            found.display_name,
            found.behalf_of,
        )
        for found in rows
    ]


def _check_ins(session: AnySession, viewer: Viewer, today: date) -> list[CheckInLine]:
    """Open aftercare files whose day has come, longest waiting first."""
    vault, file, row = vault_of(session), SupportFile, AftercareFile
    rows = session.execute(
        select(row.next_check_in_on, Staff.display_name, file.patient_id, file.ref, file.community_name)
        .select_from(row)
        .join(file, file.patient_id == row.patient_id)
        .outerjoin(Staff, Staff.id == row.supporter_id)
        .where(
            support_files_visible_to(viewer),
            row.site_id == viewer.site_id,
            row.ended_on.is_(None),
            row.next_check_in_on <= today,
        )
        .order_by(row.next_check_in_on, row.id)
        .limit(MOST_DUE)
    )
    return [CheckInLine(_who_of(vault, found), found.next_check_in_on, found.display_name) for found in rows]


def _who_of(vault: Vault, found: Row[*tuple[object, ...]]) -> WhoLine:
    return _who(vault, found.patient_id, found.ref, found.community_name)


def _who(vault: Vault, patient_id: int, ref: str, sealed: bytes) -> WhoLine:
    return WhoLine(patient_id, ref, open_community_name(vault, ref, sealed))
