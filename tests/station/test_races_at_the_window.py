"""Eight processes, the same people, the same second: at most what the order says, on both databases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.models.doses import DayDose
from tests.support.cast import Cast
from tests.support.forked import FORKS
from tests.support.treatment import opened, ordered, somebody
from tests.support.windows import Orders, press_all_buttons

PROCESSES, PEOPLE = 8, 12


@pytest.fixture
def orders(session: Session, cast: Cast) -> Orders:
    opened(session, cast)
    people = [somebody(session, cast) for _ in range(PEOPLE)]
    return [(person.ref, ordered(session, cast, person)) for person in people]


def test_eight_windows_at_the_same_second_give_one_dose_each(
    session: Session, cast: Cast, orders: Orders, database_url: str, tmp_path: Path
) -> None:
    session.rollback()
    gate, results = FORKS.Barrier(PROCESSES), FORKS.Queue()
    windows = [
        FORKS.Process(
            target=press_all_buttons,
            args=(database_url, tmp_path / "instance", orders, cast.staff["dispenser"], gate, results),
        )
        for _ in range(PROCESSES)
    ]
    for window in windows:
        window.start()
    outcomes = sum((results.get(timeout=120) for _ in windows), Counter[str]())
    for window in windows:
        window.join(timeout=60)
    assert outcomes == {"recorded": PEOPLE, "already_dosed": PEOPLE * (PROCESSES - 1)}
    session.rollback()
    per_person = select(func.count(DayDose.id)).group_by(DayDose.patient_id)
    assert session.execute(per_person).scalars().all() == [1] * PEOPLE
