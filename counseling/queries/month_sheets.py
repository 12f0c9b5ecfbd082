"""One volunteer's month on one page: how many visits, kilometres and hours, and of nobody whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select

from counseling.database import AnySession
from counseling.models.contacts import OutreachContact
from counseling.models.patients import SupportFile
from counseling.models.people import Staff, StaffRole
from counseling.models.phone_entries import ContactDetails, PhoneEntry, WaitingVisit
from counseling.models.places import OutreachTeam
from counseling.models.texts import InboundMessage
from counseling.permissions import RoleKind, Viewer
from counseling.queries.actors import find_in_team
from counseling.queries.contacts import COUNTS, is_in_book
from counseling.queries.patients import NotFound
from counseling.queries.waiting_visits import said_in
from counseling.scopes import teams_visible_to

_VISITS: Select[*tuple[Any, ...]] = (
    select(WaitingVisit.ref, WaitingVisit.said, WaitingVisit.state, WaitingVisit.role_id, WaitingVisit.visited_on)
    .add_columns(StaffRole.staff_id, PhoneEntry.entry_id, PhoneEntry.kind)
    .join(StaffRole, StaffRole.id == WaitingVisit.role_id)
    .outerjoin(PhoneEntry, PhoneEntry.id == WaitingVisit.entry_id)
)
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


@dataclass(frozen=True)
class Volunteer:
    """Somebody whose month can be printed. `left_at`: when they left the team, None while they are in it."""

    role_id: int
    name: str
    team: str
    left_at: datetime | None


def list_volunteers(session: AnySession, viewer: Viewer, today: date, zone: ZoneInfo) -> list[Volunteer]:
    """The volunteers of the reader's teams, by team and name, with those who have left since last month began.

    A sheet is handed in after its month is over. Whoever came back stands there once.
    """
    this_month = today.replace(day=1)
    since = datetime.combine((this_month - timedelta(days=1)).replace(day=1), time(), zone)
    role = StaffRole
    query = (
        select(role.id, role.staff_id, role.team_id, role.ended_at, Staff.disabled_at, Staff.display_name)
        .add_columns(OutreachTeam.name.label("team_name"))
        .join(Staff, Staff.id == role.staff_id)
        .join(OutreachTeam, OutreachTeam.id == role.team_id)
        .where(teams_visible_to(viewer))
        .where(or_(role.ended_at.is_(None), role.ended_at >= since))
        .where(or_(Staff.disabled_at.is_(None), Staff.disabled_at >= since))
        .order_by(OutreachTeam.name, Staff.display_name, role.ended_at.desc().nulls_first(), role.id)
    )
    found: dict[tuple[int, int], Volunteer] = {}
    for row in session.execute(query):
        left_at = min((at for at in (row.ended_at, row.disabled_at) if at), default=None)
        found.setdefault((row.staff_id, row.team_id), Volunteer(row.id, row.display_name, row.team_name, left_at))
    return list(found.values())


def month_sheet(session: AnySession, role_id: int, first: date, zone: ZoneInfo) -> MonthSheet:
    """The month that begins on `first`. The caller has checked that the desk is the reader's own or of their teams.

    A meeting stands on one sheet, whole: that of whom the first of its rows was written for.
    """
    desk = _desk(session, role_id)
    until = next_month(first)
    details, row = ContactDetails, OutreachContact
    whose = func.coalesce(details.behalf_of_id, row.recorded_by_id)
    query = (
        select(row.id, row.contact_on, row.kind, row.outcome, details.group_key, details.minutes, details.km)
        .add_columns(whose.label("whose"))
        .outerjoin(details, details.contact_id == row.id)
        .where(COUNTS, row.team_id == desk.team_id, row.contact_on >= first, row.contact_on < until)
        .where((whose == desk.staff_id) | details.group_key.is_not(None))
    )
    days: dict[date, list[Any]] = {}
    meetings: dict[str, int] = {}
    for contact in session.execute(query.order_by(row.contact_on, row.id)):
        key = contact.group_key
        if (meetings.setdefault(key, contact.whose) if key else contact.whose) == desk.staff_id:
            days.setdefault(contact.contact_on, []).append(contact)
    sheet = [_day(on, contacts) for on, contacts in sorted(days.items())]
    well = _well(session, desk.team_id, first, until, zone)
    apart = _apart(session, desk, first, until)
    counts = {"well": well, "waiting": apart["waiting"], "put_away": apart["dismissed"]}
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
    """A meeting of several people is one: its hours and its way are counted once, the most that any row of it says.

    Who corrects the row of one person does not speak of the others.
    """
    once: dict[str | int, list[Any]] = {}
    for contact in contacts:
        once.setdefault(contact.group_key or contact.id, []).append(contact)
    alone = [rows[0] for rows in once.values() if rows[0].group_key is None]
    return SheetDay(
        on=on,
        visits=sum(contact.kind != "phone" for contact in alone),
        calls=sum(contact.kind == "phone" for contact in alone),
        groups=len(once) - len(alone),
        not_met=sum(contact.outcome == "not_met" for contact in alone),
        minutes=sum(max(row.minutes or 0 for row in rows) for rows in once.values()),
        km=sum(max(row.km or 0 for row in rows) for rows in once.values()),
    )


def _sum(first: date, days: list[SheetDay]) -> SheetDay:
    names = ("visits", "calls", "groups", "not_met", "minutes", "km")
    return SheetDay(first, **{name: sum(getattr(day, name) for day in days) for name in names})


def _apart(session: AnySession, desk: Any, first: date, until: date) -> Counter[str]:
    """How many visits that belong on this sheet stand in no book, by their state. A meeting is one, as on the sheet.

    So is a visit with what corrects it: its last word that waits says whose it is.
    """
    query = _VISITS.where(WaitingVisit.team_id == desk.team_id, WaitingVisit.state != "matched")
    query = query.where(WaitingVisit.visited_on >= first)  # and later: a correction of it
    visits: dict[tuple[int, str], tuple[int, str]] = {}
    for row in session.execute(query.order_by(WaitingVisit.state == "waiting", WaitingVisit.id)).all():
        told, on, behalf_of = _told(session, row)
        if first <= on < until and not _is_counted(session, row, told):
            visits[row.role_id, told[-1]] = _whose(session, desk.team_id, row, behalf_of), row.state
    return Counter(state for whose, state in visits.values() if whose == desk.staff_id)


def _told(session: AnySession, row: Any) -> tuple[list[str], date, str | None]:
    """The entries that tell of a visit, from this one back to the first; its day; the colleague whose it was."""
    told, on, said = [row.entry_id or row.ref], row.visited_on, said_in(session, row)
    words = [said] if said else []
    while said is not None and said.corrects is not None and said.corrects not in told:
        told.append(said.corrects)
        query = _VISITS.where(PhoneEntry.entry_id == said.corrects, WaitingVisit.role_id == row.role_id)
        before = session.execute(query.order_by(WaitingVisit.id).limit(1)).first()
        said = said_in(session, before) if before else None
        on = before.visited_on if before else on
        words += [said] if said else []
    return told, on, next((word.behalf_of for word in words if word.is_own or word.behalf_of), None)


def _is_counted(session: AnySession, row: Any, told: list[str]) -> bool:
    """Whether the visit stands in a book and only a word about it waits: what was corrected, or one more who came."""
    return any(is_in_book(session, row.staff_id, one) for one in told[0 if row.kind == "group" else 1 :])


def _whose(session: AnySession, team_id: int, row: Any, behalf_of: str | None) -> int:
    """On whose sheet a visit will stand: that of the colleague for whom it was written, else its writer's."""
    colleague = find_in_team(session, team_id, behalf_of) if behalf_of else None
    whose: int = colleague.staff_id if colleague else row.staff_id
    return whose


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
