"""Who asks for something a second time, after the first was done, is not lost: a call back, or that the team goes."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.tasks import Task
from counseling.services.tasks import close_task
from counseling.services.text_tasks import ask_station, ask_team
from tests.outreach.story import log, someone
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


@pytest.mark.parametrize(("kind", "outcome"), [("look_in", "not_met"), ("check_in", "met_well")])
def test_a_team_that_has_gone_is_asked_once_more_on_the_same_day(
    session: Session, cast: Cast, kind: str, outcome: str
) -> None:
    """Nobody was at home in the morning, and at noon another text comes."""
    person, counselor = someone(session, cast), cast.viewer_of("counselor")

    def ask(hours: int) -> bool:
        return ask_team(session, counselor, person.id, kind, now=REPLIED_AT + timedelta(hours=hours), zone=ZONE)

    for hours in (0, 3, 6):
        assert ask(hours) is True
        assert ask(hours + 1) is False, "they are on their way"
        assert open_tasks(session) == 1
        log(session, cast, person, outcome, now=REPLIED_AT + timedelta(hours=hours + 2), answers=(kind,))
        assert open_tasks(session) == 0
