"""A follow-up that a mistaken dose had closed stands on the station's list again."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.models.tasks import FOLLOW_UP, Task
from counseling.queries.tasks import list_waiting
from counseling.services.tasks import settle_waiting
from tests.outreach.story import ALL_SHOWN
from tests.reversals.story import ask, reverse, sign, withdraw
from tests.support.cast import Cast
from tests.support.orders import last_entry
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, came, dose, opened, ordered, somebody

MINUTE = timedelta(minutes=1)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    """Somebody who refused at first."""
    opened(session, cast)
    person = somebody(session, cast)
    came(session, cast, person, "refused")
    return person


@pytest.fixture
def order(session: Session, cast: Cast, person: Person) -> int:
    return ordered(session, cast, person)


def followed_up(session: Session, cast: Cast) -> list[str]:
    session.rollback()
    return [row.kind for row in list_waiting(session, cast.viewer_of("dispenser"), TODAY, MORNING)]


def test_it_stands_again_when_both_have_signed(session: Session, cast: Cast, person: Person, order: int) -> None:
    assert followed_up(session, cast) == [FOLLOW_UP]
    given = dose(session, cast, person, order, now=MORNING + MINUTE)
    assert followed_up(session, cast) == []
    request_id = ask(session, cast, person, given.id)
    assert followed_up(session, cast) == [], "until two have signed the dose counts"
    sign(session, cast, person, request_id)
    assert followed_up(session, cast) == [FOLLOW_UP]
    task_id = session.execute(select(Task.id).where(Task.kind == FOLLOW_UP)).scalar_one()
    assert json.loads(last_entry(session, "dose.reversed").details)["reopens"] == [task_id]
    dose(session, cast, person, order, now=MORNING + 2 * MINUTE)
    assert followed_up(session, cast) == []


def test_a_request_that_is_taken_back_opens_nothing(session: Session, cast: Cast, person: Person, order: int) -> None:
    given = dose(session, cast, person, order, now=MORNING + MINUTE)
    withdraw(session, cast, person, ask(session, cast, person, given.id))
    assert followed_up(session, cast) == []


def test_whoever_was_met_is_not_followed_up_again(session: Session, cast: Cast, person: Person, order: int) -> None:
    dispenser = cast.viewer_of("dispenser")
    settle_waiting(session, dispenser, person.id, FOLLOW_UP, shown=ALL_SHOWN, outcome="done", now=MORNING)
    given = dose(session, cast, person, order, now=MORNING + MINUTE)
    reverse(session, cast, person, given.id)
    assert followed_up(session, cast) == []


def test_whoever_was_dosed_since_is_not_followed_up_again(session: Session, cast: Cast, person: Person) -> None:
    """The first part was a mistake, the second was drunk: it would have closed the task just as well."""
    order = ordered(session, cast, person, 300, 200)
    first = dose(session, cast, person, order, now=MORNING + MINUTE)
    dose(session, cast, person, order, part=2, now=MORNING + 2 * MINUTE)
    reverse(session, cast, person, first.id)
    assert followed_up(session, cast) == []


def test_a_later_part_that_was_a_mistake_had_closed_nothing(session: Session, cast: Cast, person: Person) -> None:
    order = ordered(session, cast, person, 300, 200)
    dose(session, cast, person, order, now=MORNING + MINUTE)
    second = dose(session, cast, person, order, part=2, now=MORNING + 2 * MINUTE)
    reverse(session, cast, person, second.id)
    assert followed_up(session, cast) == []


def test_of_two_mistakes_the_second_reversal_opens_it(session: Session, cast: Cast, person: Person) -> None:
    order = ordered(session, cast, person, 300, 200)
    first = dose(session, cast, person, order, now=MORNING + MINUTE)
    second = dose(session, cast, person, order, part=2, now=MORNING + 2 * MINUTE)
    reverse(session, cast, person, first.id)
    assert followed_up(session, cast) == []
    reverse(session, cast, person, second.id)
    assert followed_up(session, cast) == [FOLLOW_UP]
