"""A sheet and a window, two sheets, one form twice, an answer that was lost: each dose stands once."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.doses import LateEntry
from counseling.refs import new_request_key
from counseling.services.late_entries import Entered
from tests.late_entries.story import YESTERDAY, doses_of, enter, here_since_last_week, keep, lines
from tests.reversals.story import is_recounted
from tests.support.cast import Cast
from tests.support.races import at_the_same_second
from tests.support.treatment import TODAY, Person, dose, opened

ROUNDS = 4


def engine_of(session: Session) -> Engine:
    session.rollback()
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


def a_few(session: Session, cast: Cast) -> list[tuple[Person, int]]:
    return [here_since_last_week(session, cast, elsewhere_until=YESTERDAY) for _ in range(4)]


def each_once(session: Session, people: list[tuple[Person, int]]) -> bool:
    return all(len(doses_of(session, person)) == 1 and is_recounted(session, person) for person, _ in people)


def test_a_sheet_and_the_window_at_the_same_second(session: Session, cast: Cast) -> None:
    opened(session, cast)
    for _ in range(ROUNDS):
        people = a_few(session, cast)
        seen, last = lines(session, *people), people[-1]
        sheet, window = at_the_same_second(
            engine_of(session),
            lambda own, seen=seen: enter(own, cast, seen, day=TODAY),
            lambda own, last=last: dose(own, cast, *last, mg_tenths=600),
        )
        assert isinstance(sheet, Entered), sheet
        refused = isinstance(window, Refusal)
        assert not refused or window.code == "already_dosed"  # type: ignore[union-attr]  # a refusal has a code
        assert sheet.given == (4 if refused else 3) and each_once(session, people)


def test_two_sheets_of_the_same_people_in_other_orders(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        people = a_few(session, cast)
        seen = lines(session, *people)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, seen=seen: enter(own, cast, seen, day=TODAY),
            lambda own, seen=seen: enter(own, cast, seen[::-1], day=TODAY),
        )
        assert sorted(outcome.given for outcome in outcomes if isinstance(outcome, Entered)) == [0, 4], outcomes
        assert each_once(session, people)


def test_one_form_twice_at_the_same_second_is_one_sheet(session: Session, cast: Cast) -> None:
    for number in range(ROUNDS):
        people, key = a_few(session, cast), new_request_key()
        seen = lines(session, *people)
        outcomes = at_the_same_second(
            engine_of(session), *[lambda own, seen=seen, key=key: enter(own, cast, seen, day=TODAY, key=key)] * 2
        )
        ids = {outcome.id for outcome in outcomes if isinstance(outcome, Entered)}
        assert len(ids) == 1 and each_once(session, people)
        session.rollback()
        assert session.execute(select(func.count(LateEntry.id))).scalar_one() == number + 1


def test_one_key_for_two_sheets_without_anybody_in_common(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        (one, two, *_), key = a_few(session, cast), new_request_key()
        first, second = lines(session, one), lines(session, two)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, first=first, key=key: enter(own, cast, first, day=TODAY, key=key),
            lambda own, second=second, key=key: enter(own, cast, second, day=TODAY, key=key),
        )
        assert len({outcome.id for outcome in outcomes if isinstance(outcome, Entered)}) == 1, outcomes
        assert len(doses_of(session, one[0])) + len(doses_of(session, two[0])) == 1


def test_one_paper_dose_twice_at_the_same_second(session: Session, cast: Cast) -> None:
    for amount in (600, 800):
        person, _ = here_since_last_week(session, cast, elsewhere_until=YESTERDAY)
        key = new_request_key()
        first, second = at_the_same_second(
            engine_of(session),
            *[lambda own, person=person, key=key, mg=amount: keep(own, cast, person, mg, day=TODAY, key=key)] * 2,
        )
        assert not isinstance(first, Exception) and not isinstance(second, Exception), (first, second)
        assert len(doses_of(session, person)) == int(amount == 600)


class LineError(Exception):
    """What the browser meets when the answer does not arrive."""


def test_an_answer_that_was_lost_after_the_commit_is_given_again(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    people, key = a_few(session, cast), new_request_key()
    seen, commit = lines(session, *people), Session.commit

    def commit_and_lose(self: Session) -> None:
        commit(self)
        raise LineError

    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", commit_and_lose)
        with pytest.raises(LineError):
            enter(session, cast, seen, day=TODAY, key=key)
    assert enter(session, cast, seen, day=TODAY, key=key).given == 4 and each_once(session, people)


def test_nothing_of_a_sheet_stands_when_its_last_row_fails(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = a_few(session, cast)
    seen = lines(session, *people)

    def fail(*_: object) -> None:
        raise LineError

    with monkeypatch.context() as broken:
        broken.setattr("counseling.services.late_entries.audit.append", fail)
        with pytest.raises(LineError):
            enter(session, cast, seen, day=TODAY)
    assert all(doses_of(session, person) == [] and is_recounted(session, person) for person, _ in people)
