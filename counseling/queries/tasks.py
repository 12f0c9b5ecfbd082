"""What waits for the people of a station or a counseling point. What was handed on comes back as its outcome alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, null, select
from sqlalchemy.orm import aliased

from counseling.database import AnySession, vault_of
from counseling.domain.contacts import ANSWERS
from counseling.models.doses import FIRST_REPLACEMENT_PART, DayDose, DoseVoid
from counseling.models.patients import SupportFile, TreatmentFile
from counseling.models.tasks import DANGER_SIGN, FOLLOW_UP, SHOWS_SINCE, Task
from counseling.permissions import Side, Viewer
from counseling.scopes import support_files_visible_to, tasks_visible_to, treatment_files_visible_to
from counseling.support_rows import open_community_name
from counseling.treatment_rows import SUPPORT, open_text

MOST_ROWS = 200
HandedOn, _Supported = aliased(Task), aliased(SupportFile)


@dataclass(frozen=True)
class TaskRow:
    """What waits for one person, of one kind. `handed_on`: "waiting", or how it ended; None where it was not.

    `birth_year` stands on the treatment side only, `given` too: somebody who had the dose of today. `newest`: since
    when the last of them stands there, so that a page settles no more than it has shown.
    """

    patient_id: int
    ref: str
    name: str
    birth_year: int | None
    kind: str
    since: datetime
    due_on: date
    newest: datetime
    handed_on: str | None = None
    given: bool = False
    outcome: str | None = None

    @property
    def is_follow_up(self) -> bool:
        """Somebody was stopped at the window, and the station goes on with it."""
        return self.kind == FOLLOW_UP

    @property
    def is_danger(self) -> bool:
        """A visit tells of danger."""
        return self.kind == DANGER_SIGN


@dataclass(frozen=True)
class HelpRow:
    """Somebody of whom the last contact says that they need help."""

    patient_id: int
    ref: str
    community_name: str
    said_on: date | None


def is_waiting(side: str | None) -> ColumnElement[bool]:
    """Whether a task of this side is open, and asks for somebody who is supported still or for a look at a danger.

    Whoever was said to have died, moved or left by mistake is waited for again as soon as the file says so.
    """
    is_open = Task.closed_at.is_(None)
    if side != SUPPORT:  # what a point knows of somebody is not the station's
        return is_open
    is_supported = exists().where(_Supported.patient_id == Task.patient_id, _Supported.status == "active")
    return is_open & ((Task.kind == DANGER_SIGN) | is_supported)


def list_waiting(
    session: AnySession, viewer: Viewer, today: date, now: datetime, patient_id: int | None = None
) -> list[TaskRow]:
    """Open tasks within the reader's scope, the longest due first; for each person and kind one row."""
    query = _people(viewer).where(tasks_visible_to(viewer, now), is_waiting(viewer.side))
    if patient_id is not None:
        query = query.where(Task.patient_id == patient_id)
    found = session.execute(query.order_by(Task.due_on, Task.id).limit(MOST_ROWS)).all()
    latest = {(row.patient_id, row.kind): row for row in found if row.handed_id is not None}
    newest: dict[tuple[int, str], datetime] = {}
    for row in found:
        place = row.patient_id, row.kind
        newest[place] = max(row.since, newest.get(place, row.since))
    given = _given_today(session, viewer, (row.patient_id for row in found), today)
    rows: dict[tuple[int, str], TaskRow] = {}
    for row in found:
        place = row.patient_id, row.kind
        if place not in rows:
            handed_on = _handed_on(latest.get(place))
            rows[place] = _row(session, viewer, row, newest[place], handed_on=handed_on, given=row.patient_id in given)
    return list(rows.values())


def list_settled(session: AnySession, viewer: Viewer, since: datetime, now: datetime) -> list[TaskRow]:
    """What was closed since a moment, the last first."""
    query = _people(viewer).where(tasks_visible_to(viewer, now), Task.closed_at >= since)
    found = session.execute(query.order_by(Task.closed_at.desc(), Task.id).limit(MOST_ROWS)).all()
    return [_row(session, viewer, row, row.since, outcome=row.outcome) for row in found]


def list_in_need(session: AnySession, viewer: Viewer) -> list[HelpRow]:
    """People of whom the last word is that they need help, the oldest word first. Nobody on the treatment side."""
    query = select(SupportFile.patient_id, SupportFile.ref, SupportFile.community_name, SupportFile.last_contact_on)
    query = query.where(
        support_files_visible_to(viewer), SupportFile.status == "active", SupportFile.last_outcome == "met_needs_help"
    )
    found = session.execute(query.order_by(SupportFile.last_contact_on, SupportFile.patient_id).limit(MOST_ROWS))
    vault = vault_of(session)
    return [
        HelpRow(patient_id, ref, open_community_name(vault, ref, sealed), said_on)
        for patient_id, ref, sealed, said_on in found
    ]


def _people(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    """Tasks with the file of the reader's own side: whoever may not see the file does not see the task."""
    treats = viewer.side is Side.TREATMENT
    file = TreatmentFile if treats else SupportFile
    return (
        select(
            file.patient_id,
            file.ref,
            (TreatmentFile.full_name if treats else SupportFile.community_name).label("name"),
            (TreatmentFile.birth_year if treats else null()).label("birth_year"),
            Task.kind,
            SHOWS_SINCE.label("since"),
            Task.due_on,
            Task.outcome,
            HandedOn.id.label("handed_id"),
            HandedOn.closed_at.label("answered_at"),
            HandedOn.outcome.label("answer"),
        )
        .join(Task, Task.patient_id == file.patient_id)
        .outerjoin(HandedOn, HandedOn.id == Task.handed_to_id)
        .where(treatment_files_visible_to(viewer) if treats else support_files_visible_to(viewer))
    )


def _row(session: AnySession, viewer: Viewer, row: Any, newest: datetime, **more: Any) -> TaskRow:
    vault = vault_of(session)
    if viewer.side is Side.TREATMENT:
        name = open_text(vault, row.ref, "full_name", row.name) or ""
    else:
        name = open_community_name(vault, row.ref, row.name)
    return TaskRow(row.patient_id, row.ref, name, row.birth_year, row.kind, row.since, row.due_on, newest, **more)


def _handed_on(row: Any) -> str | None:
    """How the latest request to look in ended; None also where it ended without anybody having gone."""
    if row is None:
        return None
    if row.answered_at is None:
        return "waiting"
    return str(row.answer) if row.answer in ANSWERS else None


def _given_today(session: AnySession, viewer: Viewer, patient_ids: Iterable[int], today: date) -> set[int]:
    """Who of these has had a dose of today that counts, at any station."""
    if viewer.side is not Side.TREATMENT:
        return set()
    query = select(DayDose.patient_id).outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
    of_today = DayDose.dose_on == today, DayDose.part < FIRST_REPLACEMENT_PART, DoseVoid.id.is_(None)
    return set(session.execute(query.where(DayDose.patient_id.in_(set(patient_ids)), *of_today)).scalars())
