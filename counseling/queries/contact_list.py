"""The area's supported people by silence, the longest first: who has not been met for longest, and nothing of care."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.names import fold
from counseling.models.counseling import AftercareFile
from counseling.models.patients import SupportFile
from counseling.models.places import Area, OutreachTeam, Site
from counseling.permissions import Viewer
from counseling.queries.given_tasks import list_open_kinds
from counseling.scopes import sites_visible_to, support_files_visible_to
from counseling.support_rows import open_community_name

FIRST_ROWS = 50
# An area of so many people is put in order whole; a larger one is walked along the index until the page is full.
FEW_PEOPLE = 2_000
SORTS = ("silence", "commune", "team")
Walked = aliased(SupportFile)


@dataclass(frozen=True)
class SilenceLine:
    """`silent_since`: the last contact, or where there was none the day from which the person is supported."""

    patient_id: int
    ref: str
    community_name: str
    commune: str | None
    team: str | None
    last_contact_on: date | None
    last_outcome: str | None
    silent_since: date
    silent_days: int
    overdue_days: int  # how long aftercare's check-in has been due; 0 where none is
    waiting: tuple[str, ...]  # kinds of the tasks that are open and have appeared


@dataclass(frozen=True)
class ContactList:
    """The first FIRST_ROWS people by silence, arranged as `sort` says."""

    people: list[SilenceLine]
    has_more: bool
    sort: str


def list_silence(session: AnySession, viewer: Viewer, today: date, now: datetime, sort: str = "silence") -> ContactList:
    """Active people within the reader's area who were met longest ago; ties as they come."""
    rows = _first_rows(session, viewer)
    people = _lines(session, viewer, rows[:FIRST_ROWS], today, now)
    sort = sort if sort in SORTS else SORTS[0]
    return ContactList(sorted(people, key=_ORDERS[sort]), len(rows) > FIRST_ROWS, sort)


def get_silence_line(session: AnySession, viewer: Viewer, patient_id: int, today: date, now: datetime) -> SilenceLine:
    """The line of one person, whatever the file's status. The caller has checked the scope."""
    rows = session.execute(ONE_PERSON, {"patient_id": patient_id}).all()
    return _lines(session, viewer, rows, today, now)[0]


def _lines(session: AnySession, viewer: Viewer, rows: Sequence[Any], today: date, now: datetime) -> list[SilenceLine]:
    vault = vault_of(session)
    waiting = list_open_kinds(session, viewer, [row.patient_id for row in rows], now)
    return [
        SilenceLine(
            row.patient_id,
            row.ref,
            open_community_name(vault, row.ref, row.community_name),
            row.commune,
            row.team,
            row.last_contact_on,
            row.last_outcome,
            row.silent_since,
            max((today - row.silent_since).days, 0),
            max((today - (row.next_check_in_on or today)).days, 0),
            waiting[row.patient_id],
        )
        for row in rows
    ]


def _first_rows(session: AnySession, viewer: Viewer) -> list[Any]:
    """One more than are shown, so that the page can say that there are more; nothing is counted further than needed."""
    database = session.connection()
    if database.execute(_count_few(viewer)).scalar_one() <= FEW_PEOPLE:
        points = list(database.execute(select(Site.id).where(sites_visible_to(viewer))).scalars())
        return list(database.execute(_all_in_order(viewer), {"points": points}))
    return list(database.execute(_along_the_index(viewer)))


@lru_cache(maxsize=1_000)
def _count_few(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    active = select(literal(1)).where(support_files_visible_to(viewer), SupportFile.status == "active")
    return select(func.count()).select_from(active.limit(FEW_PEOPLE + 1).subquery())


@lru_cache(maxsize=1_000)
def _all_in_order(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    first = (
        select(SupportFile.patient_id)
        .where(
            support_files_visible_to(viewer),
            # The same again as plain ids: only these tell PostgreSQL how few people it is about.
            SupportFile.site_id.in_(bindparam("points", expanding=True)),
            SupportFile.status == "active",
        )
        .order_by(SupportFile.silent_since, SupportFile.patient_id)
        .limit(FIRST_ROWS + 1)
    )
    return _with_details(first)


@lru_cache(maxsize=1_000)
def _along_the_index(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """EXISTS keeps SQLite on the index of days: with the scope beside it, it goes through whole points and sorts.

    By the day alone: a second key would make PostgreSQL sort all who were met on one day.
    """
    own = select(literal(1)).where(SupportFile.patient_id == Walked.patient_id, support_files_visible_to(viewer))
    first = select(Walked.patient_id).where(Walked.status == "active", own.exists())
    return _with_details(first.order_by(Walked.silent_since).limit(FIRST_ROWS + 1))


def _with_details(first: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """What a line shows, read for the few people of `first` alone."""
    people, file = first.subquery("people"), SupportFile
    return (
        select(
            file.patient_id,
            file.ref,
            file.community_name,
            file.last_contact_on,
            file.last_outcome,
            file.silent_since,
            Area.name.label("commune"),
            OutreachTeam.name.label("team"),
            AftercareFile.next_check_in_on,
        )
        .select_from(people)
        .join(file, file.patient_id == people.c.patient_id)
        .outerjoin(Area, Area.id == file.area_id)
        .outerjoin(OutreachTeam, (OutreachTeam.id == file.team_id) & OutreachTeam.closed_on.is_(None))
        .outerjoin(
            AftercareFile, (AftercareFile.patient_id == file.patient_id) & AftercareFile.ended_on.is_(None)
        )  # at most one is open
        .order_by(file.silent_since, file.patient_id)
    )


ONE_PERSON = _with_details(select(SupportFile.patient_id).where(SupportFile.patient_id == bindparam("patient_id")))


def _by_silence(line: SilenceLine) -> tuple[date, int]:
    return line.silent_since, line.patient_id


def _by_place(name: str | None, line: SilenceLine) -> tuple[Any, ...]:
    return name is None, fold(name or ""), *_by_silence(line)


_ORDERS: dict[str, Callable[[SilenceLine], Any]] = {
    "silence": _by_silence,
    "commune": lambda line: _by_place(line.commune, line),
    "team": lambda line: _by_place(line.team, line),
}
