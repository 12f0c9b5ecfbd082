"""What SQLite does for a large area. Its plan does not depend on how many rows there are; PostgreSQL's does, and is
measured with 80,000 people (benchmarks/lists.py)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from counseling.queries import adherence_list, contact_list, given_tasks
from tests.supervision.story import statements_of, supported, treated
from tests.support.cast import Cast
from tests.support.settings import MORNING


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def plan_of(session: Session, statement: Any) -> list[str]:
    text = str(statement.compile(session.connection(), compile_kwargs={"literal_binds": True}))
    return [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]


def test_a_large_area_is_walked_along_the_index_of_the_last_covered_day(session: Session, cast: Cast) -> None:
    plan = plan_of(session, adherence_list._along_the_index(cast.viewer_of("province")))
    assert any(
        "adherence_summaries USING COVERING INDEX ix_adherence_summaries_is_active_covered_through" in s for s in plan
    ), plan
    assert not any(step.startswith(("SCAN treatment_files", "SCAN adherence_summaries")) for step in plan), plan


def test_a_large_area_is_walked_along_the_index_of_silence(session: Session, cast: Cast) -> None:
    plan = plan_of(session, contact_list._along_the_index(cast.viewer_of("province", 1)))
    assert any("INDEX ix_support_files_status_silent_since" in step for step in plan), plan
    assert not any(step.startswith("SCAN support_files") for step in plan), plan


def test_tasks_are_found_by_the_few_people_asked_for(session: Session, cast: Cast) -> None:
    people = [treated(session, cast, "MS-1"), supported(session, cast, "Anh Ba")]
    for desk in (0, 1):
        viewer = cast.viewer_of("province", desk)
        with statements_of(session) as asked_for:
            given_tasks.list_open_kinds(session, viewer, people, MORNING)
        marks = [len(people), *[0] * asked_for[-1].count("?")]
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {asked_for[-1]}", tuple(marks[: asked_for[-1].count("?")])
        )
        assert any("ix_tasks_patient_id" in step for *_, step in plan)
