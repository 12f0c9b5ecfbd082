"""Two people at the same second, and an answer that was lost: at most one dose that counts, and one reversal."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.doses import DayDose, DoseVoid, DoseVoidRequest
from counseling.refs import new_request_key
from counseling.services.doses import RecordedDose
from tests.reversals.story import ask, colleague, is_recounted, sign, withdraw
from tests.support.cast import Cast
from tests.support.races import at_the_same_second
from tests.support.treatment import Person, dose, opened, ordered, somebody

ROUNDS = 5


def engine_of(session: Session) -> Engine:
    session.rollback()
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


def somebody_dosed(session: Session, cast: Cast) -> tuple[Person, int, int]:
    opened(session, cast)
    person = somebody(session, cast)
    order = ordered(session, cast, person)
    return person, order, dose(session, cast, person, order).id


def how_many(session: Session, column: object) -> int:
    session.rollback()
    return session.execute(select(func.count(column))).scalar_one()  # type: ignore[arg-type]  # any mapped column


def live_doses(session: Session, person: Person) -> int:
    session.rollback()
    query = select(func.count(DayDose.id)).outerjoin(DoseVoid, DoseVoid.day_dose_id == DayDose.id)
    return session.execute(query.where(DayDose.patient_id == person.id, DoseVoid.id.is_(None))).scalar_one()


def test_a_dose_and_the_signature_at_the_same_second(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        person, order, dose_id = somebody_dosed(session, cast)
        request_id = ask(session, cast, person, dose_id)
        given, signed = at_the_same_second(
            engine_of(session),
            lambda own, person=person, order=order: dose(own, cast, person, order, mg_tenths=600),
            lambda own, person=person, request_id=request_id: sign(own, cast, person, request_id),
        )
        assert signed is None
        # Either the dose came first and was refused, or the part was free already: never two that count.
        dosed_again = isinstance(given, RecordedDose)
        assert dosed_again or str(given) == "already_dosed", given
        assert live_doses(session, person) == int(dosed_again)
        assert is_recounted(session, person)


def test_two_signatures_at_the_same_second_are_one_reversal(session: Session, cast: Cast) -> None:
    other = colleague(session, cast)
    for number in range(ROUNDS):
        person, _, dose_id = somebody_dosed(session, cast)
        request_id = ask(session, cast, person, dose_id)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, person=person, request_id=request_id: sign(own, cast, person, request_id, "doctor"),
            lambda own, person=person, request_id=request_id: sign(own, cast, person, request_id, other),
        )
        assert sorted(str(outcome) for outcome in outcomes) == ["None", "already_reversed"]
        assert how_many(session, DoseVoid.id) == number + 1 and is_recounted(session, person)


def test_two_requests_at_the_same_second_are_one(session: Session, cast: Cast) -> None:
    for number in range(ROUNDS):
        person, _, dose_id = somebody_dosed(session, cast)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, person=person, dose_id=dose_id: ask(own, cast, person, dose_id, "doctor"),
            lambda own, person=person, dose_id=dose_id: ask(own, cast, person, dose_id, "dispenser"),
        )
        assert [str(o) for o in outcomes if isinstance(o, Exception)] == ["reversal_waiting"], outcomes
        assert how_many(session, DoseVoidRequest.id) == number + 1


def test_the_same_form_twice_at_the_same_second_is_one_request(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        person, _, dose_id = somebody_dosed(session, cast)
        key = new_request_key()
        first, second = at_the_same_second(
            engine_of(session),
            *[lambda own, person=person, dose_id=dose_id, key=key: ask(own, cast, person, dose_id, key=key)] * 2,
        )
        assert isinstance(first, int) and first == second


def test_signing_and_taking_back_at_the_same_second_agree(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        person, _, dose_id = somebody_dosed(session, cast)
        request_id = ask(session, cast, person, dose_id)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, person=person, request_id=request_id: sign(own, cast, person, request_id),
            lambda own, person=person, request_id=request_id: withdraw(own, cast, person, request_id),
        )
        assert sorted(str(outcome) for outcome in outcomes) == ["None", "reversal_not_waiting"], outcomes
        assert live_doses(session, person) == int(outcomes[1] is None)


class LineError(Exception):
    """What the browser meets when the answer does not arrive."""


def test_an_answer_that_was_lost_after_the_commit_is_given_again(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, order, dose_id = somebody_dosed(session, cast)
    key = new_request_key()
    commit = Session.commit

    def commit_and_lose(self: Session) -> None:
        commit(self)
        raise LineError

    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", commit_and_lose)
        with pytest.raises(LineError):
            ask(session, cast, person, dose_id, key=key)
    request_id = ask(session, cast, person, dose_id, key=key)
    assert how_many(session, DoseVoidRequest.id) == 1
    with monkeypatch.context() as broken:
        broken.setattr(Session, "commit", commit_and_lose)
        with pytest.raises(LineError):
            sign(session, cast, person, request_id)
    sign(session, cast, person, request_id)
    assert how_many(session, DoseVoid.id) == 1
    # Pressing the lost button again after the part was dosed again does not reverse the second dose.
    dose(session, cast, person, order)
    sign(session, cast, person, request_id)
    assert live_doses(session, person) == 1


def test_whoever_writes_behind_our_back_is_refused_in_our_words(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, _, dose_id = somebody_dosed(session, cast)
    ask(session, cast, person, dose_id)
    monkeypatch.setattr("counseling.services.dose_reversals.ensure_may_be_asked", lambda *_: None)
    with pytest.raises((Refusal, DBAPIError)):
        ask(session, cast, person, dose_id, "doctor")
    assert how_many(session, DoseVoidRequest.id) == 1
