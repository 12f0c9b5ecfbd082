"""Two at the same second: an agreement taken back while something is handed on, two desks, one button pressed twice."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.models.contacts import VisitConsent
from counseling.models.patients import SupportFile
from counseling.models.texts import OutboundMessage, SmsConsent
from counseling.refs import new_request_key
from counseling.services.phone_confirmation import MOST_A_DAY
from counseling.services.sms_consents import give_consent
from tests.agreements.story import WORDS, agrees, ask, asks_to_be_called, numbered, person, takes_it_back, tasks
from tests.agreements.test_crossing import looked_in, of_the_points_own
from tests.outreach.story import undo
from tests.support.cast import Cast
from tests.support.files import by, patient_of, registered
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING

ROUNDS = 12


def engine_of(session: Session) -> Engine:
    bind = session.get_bind()
    assert isinstance(bind, Engine)
    return bind


def somebody(session: Session, cast: Cast, number: int) -> int:
    return patient_of(session, registered(session, cast, register_code=f"LS-{number:04d}"))


def test_taken_back_at_the_same_second_nothing_that_was_handed_on_stays_open(session: Session, cast: Cast) -> None:
    for number in range(ROUNDS):
        patient_id = somebody(session, cast, number)
        agrees(session, cast, patient_id)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, patient_id=patient_id: asks_to_be_called(own, patient_id),
            lambda own, patient_id=patient_id: takes_it_back(own, cast, patient_id),
        )
        assert outcomes == [None, None]
    assert [task.id for task in tasks(session, "support") if task.closed_at is None] == []
    assert len(tasks(session, "treatment")) == ROUNDS


def test_taken_back_at_the_second_at_which_a_visit_is_undone_no_team_is_asked_again(
    session: Session, cast: Cast
) -> None:
    later = MORNING + timedelta(days=1, hours=12)
    for number in range(ROUNDS):
        patient_id = somebody(session, cast, number)
        one = of_the_points_own(session, cast, patient_id)
        asks_to_be_called(session, patient_id)
        made = looked_in(session, cast, one)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, one=one, made=made: undo(own, cast, one, made, now=later),
            lambda own, patient_id=patient_id: takes_it_back(own, cast, patient_id, later),
        )
        assert outcomes == [None, None]
    assert [task.id for task in tasks(session, "support") if task.closed_at is None] == []


def test_of_two_desks_that_ask_one_agreement_stands(session: Session, cast: Cast) -> None:
    for number in range(ROUNDS):
        patient_id = somebody(session, cast, number)

        def texts(own: Session, patient_id: int = patient_id) -> None:
            key = new_request_key()
            give_consent(own, patient_id, "treatment", WORDS, by=by(cast, "doctor"), request_key=key, now=MORNING)

        assert at_the_same_second(engine_of(session), texts, texts) == [None, None]
        visits = at_the_same_second(
            engine_of(session), *[lambda own, patient_id=patient_id: agrees(own, cast, patient_id)] * 2
        )
        assert [outcome.code for outcome in visits if isinstance(outcome, Refusal)] == ["visits_agreed"], visits
    session.rollback()
    for table in (SmsConsent, VisitConsent, SupportFile):
        assert session.execute(select(func.count()).select_from(table)).scalar_one() == ROUNDS


def test_two_desks_together_send_no_fourth_text_to_a_number(session: Session, cast: Cast) -> None:
    treated, met = person(session, cast), person(session, cast, "support")
    at_window, at_point = numbered(session, treated), numbered(session, met, "support")
    for number in range(ROUNDS):
        now = MORNING + timedelta(days=number)
        for _ in range(MOST_A_DAY - 1):
            ask(session, cast, at_window, today=now.date(), now=now)
        outcomes = at_the_same_second(
            engine_of(session),
            lambda own, now=now: ask(own, cast, at_window, today=now.date(), now=now),
            lambda own, now=now: ask(own, cast, at_point, today=now.date(), now=now),
        )
        codes = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
        assert codes == ["enough_digits_today"], outcomes
    session.rollback()
    assert session.execute(select(func.count()).select_from(OutboundMessage)).scalar_one() == ROUNDS * MOST_A_DAY
