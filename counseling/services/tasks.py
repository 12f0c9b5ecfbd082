"""What somebody must do next: opened inside other services' transactions, closed by them or by whoever has done it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import Update, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from counseling.database import AnySession, Transaction, writing
from counseling.domain.refusal import Refusal
from counseling.models.contacts import VisitConsent
from counseling.models.patients import SupportFile
from counseling.models.tasks import DANGER_SIGN, SHOWS_SINCE, Task
from counseling.permissions import Viewer
from counseling.scopes import tasks_visible_to
from counseling.services import audit
from counseling.services.treatment_files import By
from counseling.services.visit_alerts import take_on_person

SETTLED = ("done", "not_met")  # how a task ends that no contact answers
_ASKING = aliased(Task)  # of a station, which a team was asked to answer


def open_task(
    tx: Session,
    *,
    side: str,
    kind: str,
    patient_id: int,
    site_id: int,
    due_on: date,
    dedupe_key: str,
    opened_by_id: int | None,
    at: datetime,
    team_id: int | None = None,
    visible_from: datetime | None = None,
) -> int | None:
    """Put a task on a site's list inside the caller's transaction; its id, None when one of this key was ever there.

    Keys are readable and name the day (`order_review:17:2026-11-22`), so a task that was closed comes back only on
    another day. `opened_by_id` None: opened by a rule that runs by the clock. `team_id`: the team whose volunteers
    see it too. `visible_from`: until then the support side does not see it.
    """
    dialect = postgresql if tx.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        dialect.insert(Task)
        .values(
            side=side,
            kind=kind,
            patient_id=patient_id,
            site_id=site_id,
            due_on=due_on,
            dedupe_key=dedupe_key,
            opened_at=at,
            opened_by_id=opened_by_id,
            team_id=team_id,
            visible_from=visible_from,
        )
        .on_conflict_do_nothing(index_elements=["dedupe_key"])
        .returning(Task.id)
    )
    return tx.execute(statement).scalar_one_or_none()


def key_when_asked(tx: Session, key: str) -> str | None:
    """The key under which a task is opened that somebody asks for; None while one that they asked for is still open.

    Asked once more after that one was settled, the next has a number.
    """
    asked = or_(Task.dedupe_key == key, Task.dedupe_key.startswith(f"{key}:", autoescape=True))
    before = tx.execute(select(Task.closed_at).where(asked)).scalars().all()
    if None in before:
        return None
    return f"{key}:{len(before) + 1}" if before else key


def close_task(tx: Session, task_id: int, *, by_id: int, at: datetime, outcome: str | None = None) -> bool:
    """Close one task inside the caller's transaction; False when it was closed before: the first closing stands."""
    closed = update(Task).where(Task.id == task_id, Task.closed_at.is_(None)).returning(Task.id)
    return tx.execute(closed.values(closed_at=at, closed_by_id=by_id, outcome=outcome)).first() is not None


def reopen_answered(tx: Session, patient_id: int, *, by_id: int, at: datetime) -> list[int]:
    """Open again what one contact had closed, because it was undone; gives the ids. A contact closes at its instant.

    What had been handed on with an agreement that was taken back since stays closed, and without a word.
    """
    answered = _answered(patient_id, by_id, at)
    tx.execute(answered.values(outcome=None))
    if _is_taken_back(tx, patient_id, at):
        answered = answered.where(~exists().where(_ASKING.handed_to_id == Task.id))
    again = answered.values(closed_at=None, closed_by_id=None)
    return sorted(tx.execute(again.returning(Task.id)).scalars())


def change_answer(tx: Session, patient_id: int, outcome: str, *, by_id: int, at: datetime) -> None:
    """What one contact had closed gets the outcome that the contact was corrected to."""
    tx.execute(_answered(patient_id, by_id, at).values(outcome=outcome))


def _is_taken_back(tx: Session, patient_id: int, at: datetime) -> bool:
    """Whether the agreement of that moment to be visited has ended; whoever ends it locks the support file first."""
    given = select(VisitConsent.withdrawn_at).where(VisitConsent.patient_id == patient_id, VisitConsent.given_at <= at)
    last = given.order_by(VisitConsent.given_at.desc(), VisitConsent.id.desc()).limit(1)
    return tx.execute(last).scalar() is not None


def _answered(patient_id: int, by_id: int, at: datetime) -> Update:
    return update(Task).where(
        Task.patient_id == patient_id, Task.side == "support", Task.closed_by_id == by_id, Task.closed_at == at
    )


def close_tasks_of(tx: Transaction, patient_id: int, kinds: Collection[str], *, by_id: int, at: datetime) -> list[int]:
    """Close a person's open tasks of these kinds on the treatment side; gives their ids, lowest first."""
    closed = (
        update(Task)
        .where(
            Task.patient_id == patient_id,
            Task.side == "treatment",
            Task.kind.in_(kinds),
            Task.closed_at.is_(None),
        )
        .values(closed_at=at, closed_by_id=by_id)
        .returning(Task.id)
    )
    return sorted(tx.execute(closed).scalars())


def settle_task(
    session: AnySession, task_id: int, *, by: int, actor: str, now: datetime, outcome: str | None = None
) -> bool:
    """Somebody has dealt with a task: close it and say so in its site's chain; False when it was closed before.

    The caller has checked that the task stands within the person's scope.
    """
    with writing(session) as tx:
        if not close_task(tx, task_id, by_id=by, at=now, outcome=outcome):
            return False
        site_id = tx.execute(select(Task.site_id).where(Task.id == task_id)).scalar_one()
        details = {"outcome": outcome} if outcome else {}
        audit.append(tx, audit.site_chain(site_id), actor, "task.closed", f"task:{task_id}", details, now)
        return True


def settle_waiting(
    session: AnySession, viewer: Viewer, patient_id: int, kind: str, *, shown: datetime, outcome: str, now: datetime
) -> int:
    """Close everything of one kind that waits for a person on this reader's list; gives how many, 0 for a repeat.

    `shown`: since when the last of them has stood on their page; what came after it stays open.

    The caller has checked that the person stands within the reader's scope. Refuses outcome_unknown.
    """
    if outcome not in SETTLED:
        raise Refusal("outcome_unknown")
    theirs = Task.patient_id == patient_id, Task.kind == kind, shown >= SHOWS_SINCE
    waiting = tasks_visible_to(viewer, now), Task.closed_at.is_(None), *theirs
    with writing(session) as tx, audit.gathered(tx):
        if (
            kind == DANGER_SIGN
        ):  # as a visit does: one that tells of danger at this moment comes before, or finds what is done here
            tx.execute(select(SupportFile.ref).where(SupportFile.patient_id == patient_id).with_for_update())
        found = tx.execute(select(Task.id, Task.site_id).where(*waiting).order_by(Task.id).with_for_update()).all()
        for task in found:
            close_task(tx, task.id, by_id=viewer.staff_id, at=now, outcome=outcome)
        if found and kind == DANGER_SIGN:
            take_on_person(tx, patient_id, By(viewer.staff_id, viewer.actor), now)
        for task in found:
            chain, details = audit.site_chain(task.site_id), {"outcome": outcome}
            audit.append(tx, chain, viewer.actor, "task.closed", f"task:{task.id}", details, now)
        return len(found)
