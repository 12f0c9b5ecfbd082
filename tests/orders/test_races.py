"""Two doctors at the same second, and what the database refuses whoever writes."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from counseling.database import violated, writing
from counseling.domain.refusal import Refusal
from counseling.models.orders import DoseOrder
from counseling.refs import new_request_key
from tests.support.cast import Cast
from tests.support.orders import A_DAY, how_many_orders, make_doctor, write
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, somebody

ROUNDS = 5


def bare_order(session: Session, cast: Cast, person: Person, starts_on: date, ends_on: date) -> int:
    """A row put there by somebody who asks none of our rules."""
    with writing(session) as tx:
        row = insert(DoseOrder).values(
            patient_id=person.id,
            drug_id=1,
            phase="maintenance",
            starts_on=starts_on,
            ends_on=ends_on,
            last_on=ends_on,
            origin="doctor",
            written_by_id=cast.staff["doctor"],
            written_at=MORNING,
            request_key=new_request_key(),
        )
        return tx.execute(row.returning(DoseOrder.id)).scalar_one()


def engine_of(session: Session) -> Engine:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


def test_of_two_doctors_at_the_same_second_one_is_told_of_the_other(session: Session, cast: Cast) -> None:
    colleague = make_doctor(session, cast, "counselor")
    for _ in range(ROUNDS):
        person = somebody(session, cast)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, person=person: write(own, cast, person, latest_seen=0),
            lambda own, person=person: write(own, cast, person, latest_seen=0, by=colleague, parts_tenths=(700,)),
        )
        codes = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
        assert codes == ["order_written_meanwhile"], outcomes
    assert how_many_orders(session) == ROUNDS


def test_one_form_sent_twice_at_the_same_second_is_one_order(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        person, key = somebody(session, cast), new_request_key()
        first, second = at_the_same_second(
            engine_of(session),
            *[lambda own, person=person, key=key: write(own, cast, person, latest_seen=0, request_key=key)] * 2,
        )
        assert isinstance(first, int) and first == second
    assert how_many_orders(session) == ROUNDS


def test_the_database_refuses_the_second_of_two_overlapping_orders(session: Session, cast: Cast) -> None:
    for _ in range(ROUNDS):
        person = somebody(session, cast)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, person=person: bare_order(own, cast, person, TODAY, TODAY + 5 * A_DAY),
            lambda own, person=person: bare_order(own, cast, person, TODAY + 5 * A_DAY, TODAY + 9 * A_DAY),
        )
        (refused,) = [outcome for outcome in outcomes if isinstance(outcome, DBAPIError)]
        # Two that wait for each other's row are a deadlock to PostgreSQL; one of them is refused all the same.
        overlaps = isinstance(refused, IntegrityError) and "dose_orders_never_overlap" in violated(refused)
        assert overlaps or "deadlock" in str(refused.orig), refused
    assert how_many_orders(session) == ROUNDS


def test_an_order_that_slips_past_the_lock_is_refused_in_the_words_of_the_rules(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = somebody(session, cast)
    write(session, cast, person)
    monkeypatch.setattr("counseling.services.orders._end_what_overlaps", lambda *_: [])
    with pytest.raises(Refusal, match="order_overlaps"):
        write(session, cast, person, parts_tenths=(700,))
    assert how_many_orders(session) == 1


def test_a_dose_and_a_new_order_at_the_same_second_agree(session: Session, cast: Cast) -> None:
    opened(session, cast)
    for _ in range(ROUNDS):
        person = somebody(session, cast)
        running = write(session, cast, person)
        given, replaced = at_the_same_second(
            engine_of(session),
            lambda own, person=person, running=running: dose(own, cast, person, running, mg_tenths=600),
            lambda own, person=person: write(own, cast, person, parts_tenths=(700,)),
        )
        # Whichever comes second is refused in the rules' words, also when the database itself had to refuse it.
        refused = [str(outcome) for outcome in (given, replaced) if isinstance(outcome, Exception)]
        assert refused in (["order_changed"], ["order_after_todays_dose"]), refused


def test_the_database_holds_that_last_on_is_only_lowered(session: Session, cast: Cast) -> None:
    new = write(session, cast, somebody(session, cast), ends_on=TODAY + A_DAY)
    with pytest.raises(IntegrityError), writing(session) as tx:
        row = tx.execute(select(DoseOrder).where(DoseOrder.id == new)).scalar_one()
        row.last_on = TODAY + 2 * A_DAY
