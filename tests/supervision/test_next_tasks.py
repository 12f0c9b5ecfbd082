"""A supervisor gives the next task, within the own area and side, once per person, kind and day."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.places import OutreachTeam
from counseling.models.tasks import Task
from counseling.services.next_tasks import give_station_task, give_support_task
from counseling.services.tasks import close_task
from tests.supervision.story import ago, asked, far_station, supported, treated
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, Cast
from tests.support.settings import MORNING

TODAY = MORNING.date()
TOMORROW = MORNING + timedelta(days=1)


def give(session: Session, cast: Cast, person: int, kind: str = "see_soon", username: str = "supervisor", desk: int = 0,
         now=MORNING) -> bool:  # type: ignore[no-untyped-def]  # fmt: skip
    return give_station_task(session, cast.viewer_of(username, desk), person, kind, today=now.date(), now=now)


def give_support(session: Session, cast: Cast, person: int, username: str = "community", desk: int = 0) -> bool:
    return give_support_task(session, cast.viewer_of(username, desk), person, today=TODAY, now=MORNING)


def tasks(session: Session) -> list[Task]:
    session.rollback()
    return list(session.execute(select(Task).order_by(Task.id)).scalars())


def last_entry(session: Session) -> AuditEntry:
    session.rollback()
    query = select(AuditEntry).where(AuditEntry.action == "task.opened").order_by(AuditEntry.id.desc())
    return session.execute(query.limit(1)).scalar_one()


@pytest.mark.parametrize("kind", ["see_soon", "call_back"])
def test_the_station_gets_the_task_for_today(session: Session, cast: Cast, kind: str) -> None:
    person = treated(session, cast, "MS-1", {ago(4)}, station=CAO_LOC)
    assert give(session, cast, person, kind) is True
    (task,) = tasks(session)
    assert (task.side, task.kind, task.patient_id, task.site_id, task.due_on) == (
        "treatment", kind, person, CAO_LOC, TODAY,
    )  # fmt: skip
    assert (task.team_id, task.handed_to_id, task.opened_by_id) == (None, None, cast.staff["supervisor"])
    entry = last_entry(session)
    assert (entry.chain, entry.subject) == (f"site:{CAO_LOC}", f"patient:{person}")
    assert entry.actor == cast.viewer_of("supervisor").actor
    assert json.loads(entry.details) == {"kind": kind, "task": task.id}


def test_one_task_per_person_kind_and_day(session: Session, cast: Cast) -> None:
    person, other = treated(session, cast, "MS-1"), treated(session, cast, "MS-2")
    assert give(session, cast, person) is True
    assert give(session, cast, person) is False
    assert give(session, cast, person, username="province") is False
    assert give(session, cast, person, "call_back") is True
    assert give(session, cast, other) is True
    assert len(tasks(session)) == 3
    with writing(session) as tx:
        close_task(tx, tasks(session)[0].id, by_id=cast.staff["dispenser"], at=MORNING)
    assert give(session, cast, person) is False
    assert give(session, cast, person, now=TOMORROW) is True


def test_the_persons_team_is_asked_to_look_in(session: Session, cast: Cast) -> None:
    person = supported(session, cast, "Anh Ba", ago(40))
    assert give_support(session, cast, person) is True
    assert give_support(session, cast, person) is False
    (task,) = tasks(session)
    assert (task.side, task.kind, task.site_id, task.team_id) == ("support", "look_in", DONG_KINH, TEAM)
    assert (task.due_on, task.visible_from, task.opened_by_id) == (TODAY, None, cast.staff["community"])
    assert last_entry(session).chain == f"site:{DONG_KINH}"


@pytest.mark.parametrize("why", ["no team", "the team was closed"])
def test_where_no_team_is_at_work_the_point_is_asked_to_call(session: Session, cast: Cast, why: str) -> None:
    person = supported(session, cast, "Anh Ba", ago(40), team_id=None if why == "no team" else TEAM)
    with writing(session) as tx:
        tx.execute(update(OutreachTeam).values(closed_on=ago(1)))
    assert give_support(session, cast, person) is True
    (task,) = tasks(session)
    assert (task.kind, task.site_id, task.team_id) == ("call_by_phone", DONG_KINH, None)


def test_a_task_that_has_crossed_over_and_waits_for_its_hour_changes_no_answer(session: Session, cast: Cast) -> None:
    """Else "there is one already" would say that the station had asked for it."""
    person = supported(session, cast, "Anh Ba", ago(40))
    crossed = f"look_in:{person}:for:17"
    asked(session, person, "look_in", "support", team_id=TEAM, visible_from=TOMORROW, dedupe_key=crossed)
    assert give_support(session, cast, person) is True


def test_the_other_area_and_the_other_side_do_not_exist(session: Session, cast: Cast) -> None:
    far = far_station(session)
    treated_far, treated_near = treated(session, cast, "XA-1", station=far), treated(session, cast, "MS-1")
    met_far, met_near = supported(session, cast, "Xa", site=far), supported(session, cast, "Gần")
    for username, desk, person in (
        ("supervisor", 0, treated_far), ("supervisor", 0, met_near), ("province", 0, met_near),
        ("community", 0, treated_near), ("province", 1, treated_near), ("dispenser2", 0, treated_near),
        ("supervisor", 0, 987_654),
    ):  # fmt: skip
        with pytest.raises(Refusal, match="not_in_the_area"):
            give(session, cast, person, username=username, desk=desk)
    for username, desk, person in (
        ("community", 0, met_far), ("community", 0, treated_near), ("province", 1, treated_near),
        ("supervisor", 0, met_near), ("province", 0, met_near), ("community", 0, 987_654),
    ):  # fmt: skip
        with pytest.raises(Refusal, match="not_in_the_area"):
            give_support(session, cast, person, username, desk)
    assert tasks(session) == []


def test_no_task_is_given_for_a_file_that_has_ended(session: Session, cast: Cast) -> None:
    left = treated(session, cast, "MS-1", status="discharged")
    moved = supported(session, cast, "Anh Ba", status="moved")
    with pytest.raises(Refusal, match="file_not_active"):
        give(session, cast, left)
    with pytest.raises(Refusal, match="file_not_active"):
        give_support(session, cast, moved)
    assert tasks(session) == []


@pytest.mark.parametrize("kind", ["order_review", "look_in", "call_by_phone", "", "x"])
def test_only_kinds_of_the_station_are_given_to_it(session: Session, cast: Cast, kind: str) -> None:
    with pytest.raises(Refusal, match="task_kind_unknown"):
        give(session, cast, treated(session, cast, "MS-1"), kind)
