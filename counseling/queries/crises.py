"""Crises that nobody has taken on: for the line above every page, and for the conversation in which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.models.contacts import OutreachContact
from counseling.models.duty import CrisisAlert, DutyCall
from counseling.models.patients import SupportFile
from counseling.models.people import Staff, StaffRole
from counseling.models.phone_entries import WaitingVisit
from counseling.models.places import OutreachTeam, Site
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.permissions import Desk, RoleKind, Side, Viewer
from counseling.queries.duty import READERS
from counseling.queries.patients import NotFound
from counseling.scopes import alerts_visible_to, texts_visible_to
from counseling.treatment_rows import SUPPORT

MOST_CALLS = 20


@dataclass(frozen=True)
class Waiting:
    """A crisis that waits at one of the reader's desks, and where they sit at that desk: what they may open.

    `text_ref`: the conversation; `task_ref`: the file of somebody of whom a visit tells; `visit_ref`: one that waits.
    `ref` alone: a visit of another point, where nobody is left to read it.
    """

    raised_at: datetime
    desk: Desk
    ref: str | None
    text_ref: str | None
    task_ref: str | None
    visit_ref: str | None


@dataclass(frozen=True)
class Asked:
    """An alert that somebody takes on, and its origin as of `Waiting`."""

    id: int
    ref: str
    text_ref: str | None
    task_ref: str | None
    visit_ref: str | None


@dataclass(frozen=True)
class Whence:
    """Of which point's visit an alert tells and who wrote it, as far as that is known; never whom it is about."""

    site: str
    team: str | None
    writer: str | None


@dataclass(frozen=True)
class Called:
    """Somebody on duty was called. `state` of the text to their phone; None where they have given no number."""

    name: str
    at: datetime
    state: str | None


@dataclass(frozen=True)
class Alert:
    id: int
    ref: str
    raised_at: datetime
    next_call_at: datetime
    taken_at: datetime | None
    taken_by: str | None
    calls: list[Called]


_ORIGINS = InboundMessage.ref.label("text_ref"), SupportFile.ref.label("task_ref"), WaitingVisit.ref.label("visit_ref")
_ALERTS = select(
    CrisisAlert.id, CrisisAlert.ref, CrisisAlert.raised_at, CrisisAlert.next_call_at, CrisisAlert.taken_at,
    Staff.display_name.label("taken_by"),
).outerjoin(Staff, Staff.id == CrisisAlert.taken_by_id)  # fmt: skip


def list_waiting(session: AnySession, viewer: Viewer) -> list[Waiting]:
    """What nobody has taken on at any desk of this person's, the oldest first. Names nobody."""
    alert, role = CrisisAlert, StaffRole
    may_read = or_(*(and_(role.kind == kind, role.side == side) for kind, side in READERS))
    query = (
        _with_origins(
            select(alert.raised_at, alert.ref, alert.side, alert.site_id, role.id, role.kind, Site.name, *_ORIGINS)
        )
        .join(role, and_(role.site_id == alert.site_id, role.side == alert.side))
        .join(Site, Site.id == alert.site_id)
        .where(alert.taken_at.is_(None), role.staff_id == viewer.staff_id, role.ended_at.is_(None), may_read)
        .order_by(alert.raised_at, alert.id)
    )
    own = viewer.site_id, str(viewer.side)
    return [
        Waiting(
            row.raised_at,
            Desk(row.id, RoleKind(row.kind), Side(row.side), row.name),
            *((row.ref, row.text_ref, row.task_ref, row.visit_ref) if (row.site_id, row.side) == own else [None] * 4),
        )
        for row in session.execute(query)
    ]


def find_alert(session: AnySession, viewer: Viewer, asked_id: int) -> Alert | None:
    """The latest alert of the conversation that a text belongs to, within the reader's scope."""
    asked = aliased(InboundMessage)
    query = (
        _ALERTS.join(InboundMessage, InboundMessage.id == CrisisAlert.inbound_id)
        .join(asked, asked.line_id == CrisisAlert.line_id)
        .where(asked.id == asked_id, texts_visible_to(viewer, InboundMessage))
        .where(InboundMessage.patient_id.is_not_distinct_from(asked.patient_id))
    )
    return _latest(session, query)


def find_alert_about(session: AnySession, viewer: Viewer, patient_id: int) -> Alert | None:
    """The latest that a visit to this person has raised, within the reader's scope."""
    query = _ALERTS.join(OutreachContact, OutreachContact.id == CrisisAlert.contact_id)
    query = query.where(OutreachContact.patient_id == patient_id, alerts_visible_to(viewer))
    return _latest(session, query)


def find_alert_of_visit(session: AnySession, viewer: Viewer, visit_ref: str) -> Alert | None:
    """The one of a visit that waits to be matched, within the reader's scope."""
    query = _ALERTS.join(WaitingVisit, WaitingVisit.id == CrisisAlert.waiting_visit_id)
    return _latest(session, query.where(WaitingVisit.ref == visit_ref, alerts_visible_to(viewer)))


def get_alert_from_elsewhere(session: AnySession, viewer: Viewer, ref: str) -> tuple[Alert, Whence]:
    """One of a visit of another point, within the reader's scope. Raises NotFound."""
    alert = _latest(session, _ALERTS.where(CrisisAlert.ref == ref, alerts_visible_to(viewer)))
    role, writer = aliased(StaffRole), aliased(Staff)
    visit, contact = WaitingVisit, OutreachContact
    query = (
        select(Site.name, OutreachTeam.name, writer.display_name)
        .select_from(CrisisAlert)
        .outerjoin(contact, contact.id == CrisisAlert.contact_id)
        .outerjoin(visit, visit.id == CrisisAlert.waiting_visit_id)
        .outerjoin(role, role.id == visit.role_id)
        .join(Site, Site.id == func.coalesce(contact.site_id, visit.site_id))
        .outerjoin(OutreachTeam, OutreachTeam.id == func.coalesce(contact.team_id, visit.team_id))
        .outerjoin(writer, writer.id == func.coalesce(contact.recorded_by_id, role.staff_id))
        .where(CrisisAlert.ref == ref, or_(CrisisAlert.side != SUPPORT, Site.id != CrisisAlert.site_id))
    )
    whence = session.execute(query).first()
    if alert is None or whence is None:
        raise NotFound
    return alert, Whence(*whence)


def get_alert(session: AnySession, viewer: Viewer, ref: str) -> Asked:
    """An alert that somebody takes on. Raises NotFound outside the reader's scope."""
    query = _with_origins(select(CrisisAlert.id, CrisisAlert.ref, *_ORIGINS))
    row = session.execute(query.where(CrisisAlert.ref == ref, alerts_visible_to(viewer))).first()
    if row is None:
        raise NotFound
    return Asked(*row)


def _with_origins(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """Beside what has raised each alert: of these three one is there, unless a visit is of another point by now."""
    here = CrisisAlert.side == SUPPORT
    return (
        query.outerjoin(InboundMessage, InboundMessage.id == CrisisAlert.inbound_id)
        .outerjoin(OutreachContact, OutreachContact.id == CrisisAlert.contact_id)
        .outerjoin(
            SupportFile,
            and_(
                here, SupportFile.patient_id == OutreachContact.patient_id, SupportFile.site_id == CrisisAlert.site_id
            ),
        )
        .outerjoin(
            WaitingVisit,
            and_(here, WaitingVisit.id == CrisisAlert.waiting_visit_id, WaitingVisit.site_id == CrisisAlert.site_id),
        )
    )


def _latest(session: AnySession, query: Select[*tuple[Any, ...]]) -> Alert | None:
    row = session.execute(query.order_by(CrisisAlert.id.desc()).limit(1)).mappings().first()
    return None if row is None else Alert(**row, calls=_calls(session, row["id"]))


def _calls(session: AnySession, alert_id: int) -> list[Called]:
    """The last calls about an alert, in their order."""
    query = (
        select(Staff.display_name, DutyCall.called_at, OutboundMessage.state)
        .join(Staff, Staff.id == DutyCall.staff_id)
        .outerjoin(OutboundMessage, OutboundMessage.id == DutyCall.message_id)
        .where(DutyCall.alert_id == alert_id)
        .order_by(DutyCall.number.desc())
        .limit(MOST_CALLS)
    )
    return [Called(*call) for call in session.execute(query)][::-1]
