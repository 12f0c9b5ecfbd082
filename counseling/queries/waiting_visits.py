"""Visits that wait until somebody of the point says whose they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, case, func, or_, select

from counseling.database import AnySession, vault_of
from counseling.domain.phone_entries import Said, said_of_text
from counseling.models.patients import SupportFile
from counseling.models.people import Staff, StaffRole
from counseling.models.phone_entries import PhoneEntry, WaitingVisit
from counseling.models.places import OutreachTeam, Site
from counseling.permissions import Viewer
from counseling.queries.actors import find_in_team
from counseling.queries.patients import NotFound
from counseling.scopes import support_files_visible_to, teams_visible_to, waiting_visits_visible_to
from counseling.support_rows import open_community_name

MOST_ROWS = 200


@dataclass(frozen=True)
class Waiting:
    """`said` None: nothing could be read of it. `person`: the name of whom it names, where the reader may see that.

    `people`: likewise of a whole meeting in one row, as they were kept before each who came waited alone. `shown_ids`:
    of everybody whose name is here.

    `corrects_ref`: the visit that this one corrects, while it waits as well; `behalf_of`: for whom it was written.
    """

    ref: str
    code: str
    said: Said | None
    danger: tuple[str, ...]
    visited_on: date
    came_at: datetime
    who: str | None
    team: str | None
    is_author_known: bool
    person: str | None
    person_ref: str | None
    corrects_ref: str | None = None
    behalf_of: str | None = None
    people: tuple[str, ...] = ()
    shown_ids: tuple[int, ...] = ()

    @property
    def named_refs(self) -> tuple[str, ...]:
        return self.said.people or ((self.person_ref,) if self.person_ref else ()) if self.said else ()

    @property
    def next_on(self) -> date | None:
        return date.fromisoformat(self.said.next_on) if self.said and self.said.next_on else None


@dataclass(frozen=True)
class Supported:
    """Somebody to whom a visit may belong. `is_named`: the phone has said that it is this one."""

    patient_id: int
    ref: str
    name: str
    hamlet: str | None
    status: str
    is_named: bool


def list_waiting_visits(session: AnySession, viewer: Viewer) -> list[Waiting]:
    """Signs of danger first, then the longest waiting."""
    query = _VISITS.where(waiting_visits_visible_to(viewer), WaitingVisit.state == "waiting")
    rows = session.execute(query.order_by(WaitingVisit.danger == "", WaitingVisit.id).limit(MOST_ROWS)).all()
    return [_line(session, viewer, row) for row in rows]


def get_waiting_visit(session: AnySession, viewer: Viewer, ref: str) -> Waiting:
    """One that waits. Raises NotFound, also for one that somebody has decided on."""
    query = _VISITS.where(waiting_visits_visible_to(viewer), WaitingVisit.ref == ref, WaitingVisit.state == "waiting")
    row = session.execute(query).first()
    if row is None:
        raise NotFound
    line = _line(session, viewer, row)
    behalf_of = find_in_team(session, row.team_id, line.said.behalf_of) if line.said and line.said.behalf_of else None
    return replace(
        line,
        corrects_ref=_corrected_by(session, viewer, row, line.said),
        behalf_of=behalf_of.name if behalf_of else None,
    )


def _corrected_by(session: AnySession, viewer: Viewer, row: Any, said: Said | None) -> str | None:
    """Of a meeting, what was told of the same person."""
    if said is None or said.corrects is None:
        return None
    query = select(WaitingVisit.ref, WaitingVisit.said, PhoneEntry.kind)
    query = query.join(PhoneEntry, PhoneEntry.id == WaitingVisit.entry_id).order_by(WaitingVisit.id)
    own = PhoneEntry.entry_id == said.corrects, WaitingVisit.role_id == row.role_id, WaitingVisit.state == "waiting"
    for before in session.execute(query.where(waiting_visits_visible_to(viewer), *own)):
        told = said_in(session, before)
        if before.kind != "group" or (told is not None and told.who == said.who and not told.people):
            return str(before.ref)
    return None


def count_waiting(session: AnySession, viewer: Viewer) -> tuple[int, int]:
    """How many wait at the reader's point, and how many of them tell of danger."""
    is_waiting = waiting_visits_visible_to(viewer), WaitingVisit.state == "waiting"
    in_danger = func.coalesce(func.sum(case((WaitingVisit.danger != "", 1), else_=0)), 0)
    count, danger = session.execute(select(func.count(), in_danger).where(*is_waiting)).one()
    return count, danger


def count_by_point(session: AnySession, viewer: Viewer) -> list[tuple[str, int]]:
    """How many wait at each point of the reader's teams, and nothing of what they say."""
    points = select(OutreachTeam.site_id).where(teams_visible_to(viewer))
    query = select(Site.name, func.count()).join(WaitingVisit, WaitingVisit.site_id == Site.id)
    query = query.where(WaitingVisit.state == "waiting", Site.id.in_(points)).group_by(Site.id, Site.name)
    return [(name, count) for name, count in session.execute(query.order_by(Site.name))]


def list_supported(session: AnySession, viewer: Viewer, named_refs: Collection[str] = ()) -> list[Supported]:
    """The people of the reader's point of whom a visit may be: those whom it names first, then the active ones.

    Whom it names may have left since: the visit was all the same.
    """
    file, vault = SupportFile, vault_of(session)
    query = select(file.patient_id, file.ref, file.community_name, file.hamlet, file.status)
    rows = session.execute(
        query.where(support_files_visible_to(viewer), or_(file.status == "active", file.ref.in_(named_refs)))
    )
    people = [
        Supported(
            row.patient_id,
            row.ref,
            open_community_name(vault, row.ref, row.community_name),
            row.hamlet,
            row.status,
            row.ref in named_refs,
        )
        for row in rows
    ]
    return sorted(people, key=lambda one: (not one.is_named, one.name.casefold(), one.patient_id))


_VISITS: Select[*tuple[Any, ...]] = (
    select(
        *WaitingVisit.__table__.columns,
        Staff.display_name.label("author_name"),
        OutreachTeam.name.label("team_name"),
    )
    .outerjoin(StaffRole, StaffRole.id == WaitingVisit.role_id)
    .outerjoin(Staff, Staff.id == StaffRole.staff_id)
    .outerjoin(OutreachTeam, OutreachTeam.id == WaitingVisit.team_id)
)


def said_in(session: AnySession, row: Any) -> Said | None:
    """What a row with `ref` and `said` of a waiting visit says; None where nothing could be read of it."""
    text = vault_of(session).open("waiting_visits.said", row.ref, row.said)
    return said_of_text(text) if text else None


def _line(session: AnySession, viewer: Viewer, row: Any) -> Waiting:
    vault, said = vault_of(session), said_in(session, row)
    person = next(iter(_named(session, viewer, [said.who])), None) if said and said.who else None
    people = _named(session, viewer, said.people) if said and said.people else []
    return Waiting(
        ref=row.ref,
        code=row.code,
        said=said,
        danger=tuple(row.danger.split(",")) if row.danger else (),
        visited_on=row.visited_on,
        came_at=row.came_at,
        who=row.author_name,
        team=row.team_name,
        is_author_known=row.role_id is not None,
        person=open_community_name(vault, person.ref, person.community_name) if person else None,
        person_ref=person.ref if person else None,
        people=tuple(open_community_name(vault, one.ref, one.community_name) for one in people),
        shown_ids=tuple(one.patient_id for one in (person, *people) if one is not None),
    )


def _named(session: AnySession, viewer: Viewer, refs: Collection[str]) -> Sequence[Any]:
    query = select(SupportFile.patient_id, SupportFile.ref, SupportFile.community_name)
    query = query.where(support_files_visible_to(viewer), SupportFile.ref.in_(refs))
    return session.execute(query.order_by(SupportFile.patient_id)).all()
