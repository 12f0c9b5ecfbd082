"""Crises that nobody has taken on: for the line above every page, and for the conversation in which they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession
from counseling.models.duty import CrisisAlert, DutyCall
from counseling.models.people import Staff, StaffRole
from counseling.models.places import Site
from counseling.models.texts import InboundMessage, OutboundMessage
from counseling.permissions import Desk, RoleKind, Side, Viewer
from counseling.queries.duty import READERS
from counseling.queries.patients import NotFound
from counseling.scopes import texts_visible_to

MOST_CALLS = 20


@dataclass(frozen=True)
class Waiting:
    """A crisis that waits at one of the reader's desks. `text_ref` where they sit at that desk: they may open it."""

    raised_at: datetime
    desk: Desk
    text_ref: str | None


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


def list_waiting(session: AnySession, viewer: Viewer) -> list[Waiting]:
    """What nobody has taken on at any desk of this person's, the oldest first. Names nobody."""
    alert, role = CrisisAlert, StaffRole
    may_read = or_(*(and_(role.kind == kind, role.side == side) for kind, side in READERS))
    query = (
        select(alert.raised_at, alert.side, alert.site_id, role.id, role.kind, Site.name, InboundMessage.ref)
        .join(role, and_(role.site_id == alert.site_id, role.side == alert.side))
        .join(Site, Site.id == alert.site_id)
        .join(InboundMessage, InboundMessage.id == alert.inbound_id)
        .where(alert.taken_at.is_(None), role.staff_id == viewer.staff_id, role.ended_at.is_(None), may_read)
        .order_by(alert.raised_at, alert.id)
    )
    return [
        Waiting(
            row.raised_at,
            Desk(row.id, RoleKind(row.kind), Side(row.side), row.name),
            row.ref if (row.site_id, row.side) == (viewer.site_id, str(viewer.side)) else None,
        )
        for row in session.execute(query)
    ]


def find_alert(session: AnySession, viewer: Viewer, asked_id: int) -> Alert | None:
    """The latest alert of the conversation that a text belongs to, within the reader's scope."""
    alert, asked = CrisisAlert, aliased(InboundMessage)
    query = (
        select(alert.id, alert.ref, alert.raised_at, alert.next_call_at, alert.taken_at, Staff.display_name)
        .join(InboundMessage, InboundMessage.id == alert.inbound_id)
        .join(asked, asked.line_id == alert.line_id)
        .outerjoin(Staff, Staff.id == alert.taken_by_id)
        .where(asked.id == asked_id, texts_visible_to(viewer, InboundMessage))
        .where(InboundMessage.patient_id.is_not_distinct_from(asked.patient_id))
        .order_by(alert.id.desc())
        .limit(1)
    )
    row = session.execute(query).first()
    return None if row is None else Alert(*row, calls=_calls(session, row.id))


def get_alert(session: AnySession, viewer: Viewer, ref: str) -> tuple[int, str]:
    """Id of an alert, and the text that raised it. Raises NotFound outside the reader's scope."""
    query = (
        select(CrisisAlert.id, InboundMessage.ref)
        .join(InboundMessage, InboundMessage.id == CrisisAlert.inbound_id)
        .where(CrisisAlert.ref == ref, texts_visible_to(viewer, InboundMessage))
    )
    row = session.execute(query).first()
    if row is None:
        raise NotFound
    return row.id, row.ref


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
