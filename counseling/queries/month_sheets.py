"""One volunteer's month on one page: how many visits, kilometres and hours, and of nobody whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from counseling.database import AnySession
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.people import Staff, StaffRole
from counseling.models.phone_entries import ContactDetails, WaitingVisit
from counseling.models.places import OutreachTeam
from counseling.models.texts import InboundMessage
from counseling.permissions import RoleKind, Viewer
from counseling.queries.contacts import COUNTS
from counseling.queries.patients import NotFound
from counseling.scopes import teams_visible_to

# Fewer answers than these could be traced to somebody.
FEWEST_THANKS = 3


@dataclass(frozen=True)
class SheetDay:
    """`visits` in person, `calls` by phone, `groups` meetings; of these so many without meeting anybody."""

    on: date
    visits: int
    calls: int
    groups: int
    not_met: int
    minutes: int
    km: int


@dataclass(frozen=True)
class MonthSheet:
    name: str
    team: str
    first: date
    days: list[SheetDay]
    total: SheetDay
    well: int  # how many answered that they are well; 0 where there were too few to be told
    waiting: int  # entries of the month that wait to be matched: they are not counted yet
    put_away: int  # and those of which the point has said that they are in no book, or in one already


def month_sheet(session: AnySession, role_id: int, first: date, zone: ZoneInfo) -> MonthSheet:
    """The month that begins on `first`. The caller has checked that the desk is the reader's own or of their teams."""
    desk = _desk(session, role_id)
    until = next_month(first)
    details, row = ContactDetails, OutreachContact
    theirs = (row.recorded_by_id == desk.staff_id) & details.behalf_of_id.is_(None)
    query = (
        select(row.id, row.contact_on, row.kind, row.outcome, details.group_key, details.minutes, details.km)
        .outerjoin(details, details.contact_id == row.id)
        .where(COUNTS, row.team_id == desk.team_id, row.contact_on >= first, row.contact_on < until)
        .where(theirs | (details.behalf_of_id == desk.staff_id))
    )
    days: dict[date, list[Any]] = {}
    for contact in session.execute(query.order_by(row.contact_on, row.id)):
        days.setdefault(contact.contact_on, []).append(contact)
    sheet = [_day(on, contacts) for on, contacts in sorted(days.items())]
    well = _well(session, desk.team_id, first, until, zone)
    apart = _apart(session, desk, first, until)
    counts = {"well": well, "waiting": apart.get("waiting", 0), "put_away": apart.get("dismissed", 0)}
    return MonthSheet(desk.display_name, desk.name, first, sheet, _sum(first, sheet), **counts)


def get_own_team_role(session: AnySession, viewer: Viewer, role_id: int) -> int:
    """A volunteer's desk in one of the reader's teams. Raises NotFound."""
    query = select(StaffRole.id).join(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
    found = session.execute(query.where(teams_visible_to(viewer), StaffRole.id == role_id)).scalar()
    if found is None:
        raise NotFound
    return found


def next_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1)


def _desk(session: AnySession, role_id: int) -> Any:
    query = (
        select(StaffRole.staff_id, StaffRole.team_id, Staff.display_name, OutreachTeam.name)
        .join(Staff, Staff.id == StaffRole.staff_id)
        .join(OutreachTeam, OutreachTeam.id == StaffRole.team_id)
        .where(StaffRole.id == role_id, StaffRole.kind == RoleKind.VOLUNTEER)
    )
    found = session.execute(query).first()
    if found is None:
        raise NotFound
    return found


def _day(on: date, contacts: Iterable[Any]) -> SheetDay:
    """A meeting of several people is one: its hours and its way are counted once."""
    once = {contact.group_key or contact.id: contact for contact in contacts}.values()
    alone = [contact for contact in once if contact.group_key is None]
    return SheetDay(
        on=on,
        visits=sum(contact.kind != "phone" for contact in alone),
        calls=sum(contact.kind == "phone" for contact in alone),
        groups=sum(contact.group_key is not None for contact in once),
        not_met=sum(contact.outcome == "not_met" for contact in alone),
        minutes=sum(contact.minutes or 0 for contact in once),
        km=sum(contact.km or 0 for contact in once),
    )


def _sum(first: date, days: list[SheetDay]) -> SheetDay:
    names = ("visits", "calls", "groups", "not_met", "minutes", "km")
    return SheetDay(first, **{name: sum(getattr(day, name) for day in days) for name in names})


def _apart(session: AnySession, desk: Any, first: date, until: date) -> dict[str, int]:
    """How many visits that this volunteer has handed in stand in no book, by their state."""
    visit, theirs = WaitingVisit, select(StaffRole.id).where(StaffRole.staff_id == desk.staff_id)
    query = select(visit.state, func.count()).where(visit.role_id.in_(theirs), visit.team_id == desk.team_id)
    found = query.where(visit.state != "matched", visit.visited_on >= first, visit.visited_on < until)
    return {str(state): count for state, count in session.execute(found.group_by(visit.state))}


def _well(session: AnySession, team_id: int, first: date, until: date, zone: ZoneInfo) -> int:
    since, to = (datetime.combine(day, time(), zone) for day in (first, until))
    text, file = InboundMessage, SupportFile
    query = (
        select(func.count())
        .select_from(text)
        .join(file, file.patient_id == text.patient_id)
        .where(text.side == "support", text.meaning == "answer", text.answer == "well")
        .where(file.team_id == team_id, text.received_at >= since, text.received_at < to)
    )
    found = session.execute(query).scalar_one()
    return found if found >= FEWEST_THANKS else 0
