"""Whoever asks to be called back a second time, after the first call was made, is not lost."""

from __future__ import annotations

import random
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.tasks import Task
from counseling.services.tasks import close_task
from counseling.services.text_tasks import ask_station
from tests.replies.story import REPLIED_AT, ZONE, texted
from tests.support.cast import DONG_KINH, Cast


def open_tasks(session: Session) -> int:
    session.rollback()
    return len(session.execute(select(Task.id).where(Task.closed_at.is_(None))).all())


def close_all(session: Session, cast: Cast) -> None:
    ids = session.execute(select(Task.id).where(Task.closed_at.is_(None))).scalars().all()
    session.rollback()
    at = REPLIED_AT + timedelta(minutes=20)
    with writing(session) as tx:
        for one in ids:
            assert close_task(tx, one, by_id=cast.staff["dispenser"], at=at, outcome="done")


def test_a_conversation_handed_over_after_the_first_was_called(
    session: Session, cast: Cast, treated: int, line: int
) -> None:
    for at in (REPLIED_AT, REPLIED_AT + timedelta(hours=3)):
        ask_station(session, treated, DONG_KINH, now=at, zone=ZONE, dice=random.Random(1))
        assert open_tasks(session) == 1
        close_all(session, cast)


def test_a_second_number_of_one_day_that_is_wrong_too(session: Session, cast: Cast, treated: int, line: int) -> None:
    """The desk wrote down another number in the morning, and that one is not theirs either."""
    for hours in (0, 1, 3):
        texted(session, "nhầm số rồi", at=REPLIED_AT + timedelta(hours=hours))
        assert open_tasks(session) == 1
        if hours:
            close_all(session, cast)
