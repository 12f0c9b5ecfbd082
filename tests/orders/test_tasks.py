"""Tasks: opened once a day, closed once, and by the order that they ask for."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.tasks import Task
from counseling.queries.doctor_desk import has_task, list_tasks_of
from counseling.services.tasks import close_task, open_task, settle_task
from tests.support.cast import FACILITY, Cast
from tests.support.orders import last_entry, write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, somebody

ASKED_BY_A_DOCTOR = ("order_review", "withheld_review", "consider_ending", "renewal", "call_back")


def open_one(session: Session, person: Person, kind: str = "order_review", **changes: Any) -> int | None:
    values: dict[str, Any] = {
        "side": "treatment",
        "kind": kind,
        "patient_id": person.id,
        "site_id": FACILITY,
        "due_on": TODAY,
        "dedupe_key": f"{kind}:{person.id}:{TODAY.isoformat()}",
        "opened_by_id": None,
        "at": MORNING,
    }
    with writing(session) as tx:
        return open_task(tx, **{**values, **changes})


def open_kinds(session: Session, person: Person) -> list[str]:
    session.rollback()
    query = select(Task.kind).where(Task.patient_id == person.id, Task.closed_at.is_(None)).order_by(Task.id)
    return list(session.execute(query).scalars())


def test_a_task_of_one_key_is_opened_once_even_after_it_was_closed(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    task_id = open_one(session, person)
    assert task_id is not None
    assert open_one(session, person) is None
    with writing(session) as tx:
        assert close_task(tx, task_id, by_id=cast.staff["doctor"], at=MORNING) is True
        assert close_task(tx, task_id, by_id=cast.staff["dispenser"], at=MORNING) is False
    assert open_one(session, person) is None
    assert (
        session.execute(select(Task.closed_by_id).where(Task.kind == "order_review")).scalar_one()
        == cast.staff["doctor"]
    )


def test_an_order_closes_what_asked_for_it_and_nothing_else(session: Session, cast: Cast) -> None:
    person, other = somebody(session, cast), somebody(session, cast)
    for kind in ASKED_BY_A_DOCTOR:
        open_one(session, person, kind)
    open_one(session, person, "order_review", side="support", dedupe_key="another side")
    open_one(session, other)
    write(session, cast, person)
    assert open_kinds(session, person) == ["consider_ending", "call_back", "order_review"]
    assert open_kinds(session, other) == ["order_review"]


def test_a_settled_task_is_closed_once_and_audited(session: Session, cast: Cast) -> None:
    person, viewer = somebody(session, cast), cast.viewer_of("doctor")
    open_one(session, person, "consider_ending")
    (task,) = list_tasks_of(session, viewer, person.id)
    who = {"by": viewer.staff_id, "actor": viewer.actor, "now": MORNING}
    assert settle_task(session, task.id, **who) is True
    assert settle_task(session, task.id, **who) is False
    entry = last_entry(session, "task.closed")
    assert (entry.chain, entry.subject, entry.actor) == (f"site:{FACILITY}", f"task:{task.id}", viewer.actor)
    assert list_tasks_of(session, viewer, person.id) == []


@pytest.mark.parametrize(("username", "sees"), [("doctor", True), ("dispenser2", False), ("counselor", False)])
def test_a_task_exists_only_within_the_scope(session: Session, cast: Cast, username: str, sees: bool) -> None:
    open_one(session, somebody(session, cast))
    task_id = session.execute(select(Task.id).where(Task.kind == "order_review")).scalar_one()
    assert has_task(session, cast.viewer_of(username), task_id) is sees
