"""Who asked to be called back: tasks of the station or the point, and what was handed on to a team."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from counseling.demo import inbox
from counseling.demo.book import Book
from counseling.demo.dice import Dice
from counseling.demo.phones import Phone, day_of
from counseling.demo.plan import A_DAY
from counseling.demo.told import Asked, LooksIn, Told
from counseling.domain.audit_chain import site_chain
from counseling.models.tasks import Task
from counseling.services.crossing import ACTOR, appears_at
from counseling.treatment_rows import SUPPORT, TREATMENT

REACHED = 0.85  # of those who are called back


def ask_for_call(book: Book, told: Told, phone: Phone, at: datetime, dice: Dice, *, stays_open: bool = False) -> None:
    """As services/crossing.py does; then the people of the site call, unless it `stays_open` for whoever looks now."""
    kind, day = "call_back" if phone.side == TREATMENT else "call_by_phone", day_of(at, book)
    if any((one.patient_id, one.kind, one.due_on) == (phone.patient_id, kind, day) for one in told.tasks):
        return
    task = Asked(phone.side, kind, phone.patient_id, phone.site_id, day, at)
    told.tasks.append(task)
    agreed = told.visits.get(phone.patient_id) if phone.side == TREATMENT else None
    if agreed is not None and agreed.stands(at) and _nothing_waits(agreed):
        _hand_on(book, told, agreed, task, at, dice)
        task.stays_open = stays_open
    elif not stays_open:
        settle(book, task, phone, inbox.when_somebody_looks(book, phone.side, at, dice), dice)


def settle(book: Book, task: Asked, phone: Phone, at: datetime, dice: Dice) -> None:
    """Somebody of the site has called, or tried to; nothing of what lies after the demo's moment."""
    if at < book.frame.now - timedelta(minutes=10):
        task.closed_at, task.closed_by_id = at, inbox.who_is_there(book, phone, at)
        task.outcome = "done" if dice.chance(REACHED) else "not_met"


def settle_after_visit(book: Book, told: Told, agreed: LooksIn, dice: Dice) -> None:
    """The morning after the team has been there, the station reads how it went and is done with it."""
    task = agreed.call_back
    if task is None or task.stays_open or task.handed_to is None or task.handed_to.closed_at is None:
        return
    phone = next(one for one in told.phones if (one.patient_id, one.side) == (task.patient_id, TREATMENT))
    morning = book.frame.at(day_of(task.handed_to.closed_at, book) + A_DAY, dice.between(7 * 60 + 5, 9 * 60 + 30))
    settle(book, task, phone, morning, dice)


def write_tasks(book: Book, told: Told) -> None:
    """Rows in the order of time, those of the station first: what was handed on names the task that it comes from."""
    handed = [task.handed_to for task in told.tasks if task.handed_to is not None]
    first = sorted(
        (task for task in told.tasks if not any(task is one for one in handed)), key=lambda task: task.opened_at
    )
    _add(book, [(task, _key(task)) for task in first])
    sources = sorted((task for task in first if task.handed_to), key=lambda task: task.opened_at)
    _add(book, [(one.handed_to, f"look_in:{one.patient_id}:for:{one.id}") for one in sources if one.handed_to])
    for source in sources:
        if source.handed_to:
            book.change(Task, source.id, handed_to_id=source.handed_to.id)


def _nothing_waits(agreed: LooksIn) -> bool:
    """Asked twice, nobody is visited twice."""
    last = agreed.call_back.handed_to if agreed.call_back else None
    return last is None or last.closed_at is not None


def _hand_on(book: Book, told: Told, agreed: LooksIn, task: Asked, at: datetime, dice: Dice) -> None:
    visible_from = appears_at(day_of(at, book), book.frame.zone, dice.random)
    appears_on = day_of(visible_from, book)
    look_in = Asked(SUPPORT, "look_in", task.patient_id, agreed.point_id, appears_on, visible_from)
    look_in.team_id, look_in.visible_from, look_in.noted_at = agreed.team_id, visible_from, at
    task.handed_to, agreed.call_back = look_in, task
    told.tasks.append(look_in)


def _add(book: Book, tasks: list[tuple[Asked, str]]) -> None:
    rows = [_row(task, key) for task, key in tasks]
    for (task, _), task_id in zip(tasks, book.add(Task, rows), strict=True):
        task.id = task_id
        _note(book, task)


def _note(book: Book, task: Asked) -> None:
    at, subject = task.noted_at or task.opened_at, f"patient:{task.patient_id}"
    if task.opened_by_id is None:
        book.chains.add(at, site_chain(task.site_id), ACTOR, "task.opened", subject, {"task": task.id})
    else:
        facts = {"task": task.id, "kind": task.kind}
        book.note(at, task.site_id, task.opened_by_id, "task.opened", subject, facts)
    if task.closed_at is not None and task.closed_by_id is not None and not task.closed_by_contact:
        facts = {"outcome": task.outcome}
        book.note(task.closed_at, task.site_id, task.closed_by_id, "task.closed", f"task:{task.id}", facts)


def _key(task: Asked) -> str:
    return f"{task.kind}:{task.patient_id}:{task.due_on}"


def _row(task: Asked, key: str) -> dict[str, Any]:
    return {
        "side": task.side,
        "kind": task.kind,
        "patient_id": task.patient_id,
        "site_id": task.site_id,
        "team_id": task.team_id,
        "due_on": task.due_on,
        "dedupe_key": key,
        "opened_at": task.opened_at,
        "opened_by_id": task.opened_by_id,
        "visible_from": task.visible_from,
        "closed_at": task.closed_at,
        "closed_by_id": task.closed_by_id,
        "outcome": task.outcome,
    }
