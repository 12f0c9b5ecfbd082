"""Two people at the same second: one signature for each dose, and none on a dose that was reversed."""

from __future__ import annotations

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from counseling.domain.witnessing import Unsigned
from counseling.models.doses import DoseVoid
from counseling.models.witnesses import DoseWitness
from counseling.refs import new_request_key
from counseling.services.dose_witnesses import Witnessed
from counseling.services.doses import RecordedDose
from tests.reversals.story import ask, colleague
from tests.reversals.story import sign as sign_reversal
from tests.support.cast import Cast
from tests.support.races import at_the_same_second
from tests.support.treatment import dose, ordered, somebody
from tests.witnesses.story import asks, given, sign, signatures

ROUNDS = 5


def engine_of(session: Session) -> Engine:
    session.rollback()
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


def test_two_witnesses_at_the_same_second_are_one(session: Session, cast: Cast) -> None:
    asks(session)
    other = colleague(session, cast)
    for number in range(ROUNDS):
        ids = [given(session, cast)[1] for _ in range(3)]
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, ids=ids: sign(own, cast, ids, "doctor"),
            lambda own, ids=ids: sign(own, cast, ids[::-1], other),
        )
        assert all(isinstance(outcome, Witnessed) for outcome in outcomes), outcomes
        first, second = sorted(outcomes, key=lambda outcome: len(outcome.left))  # type: ignore[attr-defined]
        assert first == Witnessed(tuple(ids), {})
        assert second == Witnessed((), dict.fromkeys(ids, Unsigned.SIGNED_BY_ANOTHER))
        assert len(signatures(session)) == 3 * (number + 1)


def test_the_same_form_twice_at_the_same_second(session: Session, cast: Cast) -> None:
    asks(session)
    for number in range(ROUNDS):
        _, dose_id = given(session, cast)
        key = new_request_key()
        outcomes = at_the_same_second(
            engine_of(session), *[lambda own, dose_id=dose_id, key=key: sign(own, cast, [dose_id], key=key)] * 2
        )
        assert outcomes == [Witnessed((dose_id,), {})] * 2
        assert len(signatures(session)) == number + 1


def test_a_witness_and_the_signature_of_a_reversal_agree(session: Session, cast: Cast) -> None:
    """Either the dose was signed before it was reversed, or the witness is told. Never is it signed afterwards."""
    asks(session)
    other = colleague(session, cast)
    for _ in range(ROUNDS):
        person, dose_id = given(session, cast)
        request_id = ask(session, cast, person, dose_id)
        witnessed, reversed_ = at_the_same_second(
            engine_of(session),
            lambda own, dose_id=dose_id: sign(own, cast, [dose_id], other),
            lambda own, person=person, request_id=request_id: sign_reversal(own, cast, person, request_id),
        )
        assert reversed_ is None
        assert session.execute(select(DoseVoid.id).where(DoseVoid.day_dose_id == dose_id)).first() is not None
        row = session.execute(select(DoseWitness.id).where(DoseWitness.day_dose_id == dose_id)).first()
        assert witnessed == (Witnessed((dose_id,), {}) if row else Witnessed((), {dose_id: Unsigned.REVERSED}))


def test_signing_a_mornings_doses_keeps_no_next_dose_away(session: Session, cast: Cast) -> None:
    asks(session)
    for _ in range(ROUNDS):
        ids = [given(session, cast)[1] for _ in range(4)]
        person = somebody(session, cast)
        order_id = ordered(session, cast, person)
        witnessed, recorded = at_the_same_second(
            engine_of(session),
            lambda own, ids=ids: sign(own, cast, ids),
            lambda own, person=person, order_id=order_id: dose(own, cast, person, order_id, mg_tenths=600),
        )
        assert isinstance(recorded, RecordedDose) and witnessed == Witnessed(tuple(ids), {})
