"""A team's people in the order in which somebody should go to them. Never why: a task says what, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select

from counseling.database import AnySession, vault_of
from counseling.domain.names import fold, fold_hamlet, in_counting_order, short_hamlet
from counseling.models.counseling import AftercareFile
from counseling.models.patients import SupportFile
from counseling.models.tasks import SHOWS_SINCE, SUPPORT_TASKS, Task
from counseling.permissions import Viewer
from counseling.queries.contacts import list_agreed
from counseling.scopes import support_files_visible_to, tasks_visible_to
from counseling.support_rows import open_community_name

# A volunteer has up to 60 people, and a phone keeps one page: without a line nobody may be out of reach.
WORK_ROWS = 100
# So many lines of two stand on a small phone at once; a longer list is split by hamlet.
ONE_SCREEN = 7


@dataclass(frozen=True)
class OpenTask:
    """What is to be done for somebody, of one kind; `due_on` the earliest day where it was asked more than once.

    `newest`: since when the last of them stands there, so that a page answers no more than it has shown.
    """

    kind: str
    due_on: date
    newest: datetime


@dataclass(frozen=True)
class WorkRow:
    """One person. `task`: what is most pressing; `answers`: the kinds of all that is open, which one visit answers.

    `due_on`: since when the next contact is due; None while nobody has to go yet.
    """

    patient_id: int
    ref: str
    community_name: str
    hamlet: str | None
    task: OpenTask | None
    answers: tuple[str, ...]
    due_on: date | None
    last_contact_on: date | None
    last_outcome: str | None

    @property
    def folded(self) -> str:
        """What the field over the list finds somebody by."""
        return fold(f"{self.community_name} {self.hamlet or ''}")

    @property
    def place(self) -> str | None:
        """The hamlet as short as a line of the list needs it."""
        return short_hamlet(self.hamlet) if self.hamlet else None

    @property
    def hamlet_key(self) -> str:
        """By which the rows of one hamlet are found; empty where none is written down."""
        return fold_hamlet(self.hamlet or "")


@dataclass(frozen=True)
class Worklist:
    """One page of those who wait, and everybody with whom there was contact today; `total` counts all who wait."""

    waiting: list[WorkRow]
    done: list[WorkRow]
    total: int
    page: int

    @property
    def hamlets(self) -> dict[str, str | None]:
        """Where to go, by key: its name, and the unknown last.

        Empty where the list is short, all of it one place, or longer than a page: of a hamlet nobody may be missing.
        """
        found = {row.hamlet_key: row.place for row in reversed(self.waiting)}
        if not ONE_SCREEN < len(self.waiting) == self.total or len(found) == 1:
            return {}
        return dict(sorted(found.items(), key=lambda hamlet: (not hamlet[0], in_counting_order(hamlet[0]))))

    @property
    def pages(self) -> int:
        return max((self.total + WORK_ROWS - 1) // WORK_ROWS, 1)


def list_work(session: AnySession, viewer: Viewer, today: date, now: datetime, page: int = 1) -> Worklist:
    """Tasks first, then check-ins that are due, then whoever was not met at the last try, then by silence."""
    tasks, due = _tasks(session, viewer, now), _due(session, viewer, today)
    files = session.execute(
        select(
            SupportFile.patient_id,
            SupportFile.ref,
            SupportFile.community_name,
            SupportFile.hamlet,
            SupportFile.last_contact_on,
            SupportFile.last_outcome,
            SupportFile.registered_at,
        ).where(support_files_visible_to(viewer), SupportFile.status == "active")
    ).all()
    done = [file for file in files if file.last_contact_on == today and file.patient_id not in tasks]
    waiting = [file for file in files if file.last_contact_on != today or file.patient_id in tasks]
    waiting.sort(key=lambda file: _urgency(file, tasks.get(file.patient_id, []), due.get(file.patient_id)))
    done.sort(key=lambda file: int(file.patient_id))
    page = min(max(page, 1), max((len(waiting) + WORK_ROWS - 1) // WORK_ROWS, 1))
    shown = waiting[(page - 1) * WORK_ROWS : page * WORK_ROWS]
    return Worklist(_opened(session, shown, tasks, due), _opened(session, done, tasks, {}), len(waiting), page)


def list_open_tasks(session: AnySession, viewer: Viewer, now: datetime, patient_id: int) -> list[OpenTask]:
    """What is to be done for one person, the kind that asks most first."""
    return _of_each_kind(session.execute(_open_tasks(viewer, now).where(Task.patient_id == patient_id)))


def _open_tasks(viewer: Viewer, now: datetime) -> Any:
    query = select(Task.patient_id, Task.kind, Task.due_on, SHOWS_SINCE.label("since"))
    query = query.where(tasks_visible_to(viewer, now), Task.closed_at.is_(None))
    return query.order_by(Task.due_on, Task.id)


def _tasks(session: AnySession, viewer: Viewer, now: datetime) -> dict[int, list[OpenTask]]:
    """For each person the kinds that are open, by the order of SUPPORT_TASKS."""
    found: dict[int, list[Row[*tuple[Any, ...]]]] = {}
    for task in session.execute(_open_tasks(viewer, now)):
        found.setdefault(task.patient_id, []).append(task)
    return {patient_id: _of_each_kind(tasks) for patient_id, tasks in found.items()}


def _of_each_kind(tasks: Iterable[Row[*tuple[Any, ...]]]) -> list[OpenTask]:
    kinds: dict[str, OpenTask] = {}
    for task in tasks:  # the longest due first
        first = kinds.get(task.kind, OpenTask(task.kind, task.due_on, task.since))
        kinds[task.kind] = replace(first, newest=max(first.newest, task.since))
    return [kinds[kind] for kind in SUPPORT_TASKS if kind in kinds]


def _due(session: AnySession, viewer: Viewer, today: date) -> dict[int, date]:
    """Since when somebody is to be asked: by the rhythm of aftercare, or as the last contact agreed."""
    aftercare = (
        select(AftercareFile.patient_id, AftercareFile.next_check_in_on)
        .join(SupportFile, SupportFile.patient_id == AftercareFile.patient_id)
        .where(support_files_visible_to(viewer), AftercareFile.ended_on.is_(None))
        .where(AftercareFile.next_check_in_on <= today)
    )
    agreed = list_agreed(session, support_files_visible_to(viewer))
    due = {patient_id: day for patient_id, day in agreed.items() if day <= today}
    for patient_id, day in session.execute(aftercare):
        due[patient_id] = min(day, due.get(patient_id, day))
    return due


def _urgency(file: Any, tasks: Sequence[OpenTask], due_on: date | None) -> tuple[Any, ...]:
    if tasks:
        return (0, SUPPORT_TASKS.index(tasks[0].kind), tasks[0].due_on, file.patient_id)
    if due_on is not None:
        return (1, 0, due_on, file.patient_id)
    silent_since = file.last_contact_on or file.registered_at.date()
    return (2, file.last_outcome != "not_met", silent_since, file.patient_id)


def _opened(
    session: AnySession, files: Sequence[Any], tasks: dict[int, list[OpenTask]], due: dict[int, date]
) -> list[WorkRow]:
    """Names are opened only for the rows that are shown."""
    vault = vault_of(session)
    return [
        WorkRow(
            patient_id=file.patient_id,
            ref=file.ref,
            community_name=open_community_name(vault, file.ref, file.community_name),
            hamlet=file.hamlet,
            task=next(iter(tasks.get(file.patient_id, [])), None),
            answers=tuple(task.kind for task in tasks.get(file.patient_id, [])),
            due_on=due.get(file.patient_id),
            last_contact_on=file.last_contact_on,
            last_outcome=file.last_outcome,
        )
        for file in files
    ]
