"""A number is compared with its owner again after 90 days, when it fails, and when somebody else answers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.number_confirmation import GOOD_FOR, is_due, is_good
from counseling.domain.refusal import Refusal
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage, PhoneLine
from counseling.permissions import Viewer
from counseling.queries.agreements import list_numbers
from counseling.queries.missed_calls import count_reach
from counseling.queries.numbers_due import find_number_due, list_numbers_due
from counseling.queries.reachable import find_line, is_own_number
from counseling.services.phone_confirmation import confirm_by_call, confirm_by_digits, note_wrong
from counseling.services.phones import add_phone
from counseling.services.receipts import apply_receipt
from tests.agreements.story import ASKS, ask, numbered, person, phone_of, queued, reached, states
from tests.support.cast import Cast
from tests.support.files import by
from tests.support.reminding import choose
from tests.support.settings import MORNING
from tests.support.treatment import somebody

A_DAY = timedelta(days=1)
MISSED = "missed_yesterday"


def after(days: float) -> datetime:
    return MORNING + A_DAY * days


def fail(session: Session, line_id: int) -> None:
    with writing(session) as tx:
        tx.execute(update(PhoneLine).where(PhoneLine.id == line_id).values(permanent_failures=2))


def line(session: Session, patient_id: int, now: datetime) -> int | None:
    session.rollback()
    return find_line(session, patient_id, "treatment", MISSED, now)


def why_due(session: Session, patient_id: int, now: datetime) -> str | None:
    session.rollback()
    due = find_number_due(session, patient_id, "treatment", now)
    return due.why if due else None


def test_good_for_90_days_and_due_two_weeks_before() -> None:
    assert [is_good(MORNING, after(days)) for days in (0, 89.9, 90, 200)] == [True, True, False, False]
    assert [is_due(MORNING, after(days)) for days in (0, 75.9, 76, 90)] == [False, False, True, True]
    assert is_due(None, MORNING) and not is_good(None, MORNING)


@pytest.mark.parametrize("how", ["digits", "call"])
def test_texts_end_after_90_days_and_go_on_after_another_comparison(session: Session, cast: Cast, how: str) -> None:
    patient_id = person(session, cast)
    line_id, phone, who = reached(session, cast, patient_id), numbered(session, patient_id), by(cast, "dispenser")
    assert line(session, patient_id, after(89)) == line_id
    assert line(session, patient_id, after(90)) is None
    assert not is_own_number(session, patient_id, "treatment", line_id, after(90))
    now = after(100)
    if how == "call":
        confirm_by_call(session, phone, by=who, now=now)
    else:
        ask(session, cast, phone, today=now.date(), now=now)
        assert line(session, patient_id, now) is None, "asked is not compared"
        confirm_by_digits(session, phone, phone_of(session, patient_id).check_digits or "", by=who, now=now)
    assert line(session, patient_id, after(189)) == line_id


def test_compared_ahead_of_time_the_texts_are_not_interrupted(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    line_id, phone = reached(session, cast, patient_id), numbered(session, patient_id)
    with pytest.raises(Refusal, match="phone_is_confirmed"):
        ask(session, cast, phone, today=after(70).date(), now=after(70))
    ask(session, cast, phone, today=after(80).date(), now=after(80))
    assert line(session, patient_id, after(80)) == line_id
    confirm_by_digits(
        session, phone, phone_of(session, patient_id).check_digits or "", by=by(cast, "dispenser"), now=after(80)
    )
    assert line(session, patient_id, after(169)) == line_id


def test_a_number_that_fails_is_nobodys_until_it_is_compared(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    line_id, phone = reached(session, cast, patient_id), numbered(session, patient_id)
    fail(session, line_id)
    assert why_due(session, patient_id, after(1)) == "fails"
    ask(session, cast, phone, today=after(1).date(), now=after(1))
    assert line(session, patient_id, after(1)) is None, "the digits have not been seen on the phone yet"
    digits = phone_of(session, patient_id).check_digits or ""
    confirm_by_digits(session, phone, digits, by=by(cast, "dispenser"), now=after(1))
    assert line(session, patient_id, after(1)) == line_id
    fail(session, line_id)
    confirm_by_call(session, phone, by=by(cast, "dispenser"), now=after(2))
    assert line(session, patient_id, after(2)) == line_id


def test_three_texts_in_a_row_that_did_not_arrive_bring_a_number_to_the_desk_and_block_nothing(
    session: Session, cast: Cast
) -> None:
    """A phone with SMS Gate never says that a number does not exist: all that it tells is that nothing arrives."""
    patient_id = person(session, cast)
    line_id, phone, who = reached(session, cast, patient_id), numbered(session, patient_id), by(cast, "dispenser")

    def told(*words: str) -> str | None:
        for word in words:
            state, _, reason = word.partition(":")
            text = queued(session, patient_id, line_id, wording="stopped", state="accepted")
            ref = session.execute(select(OutboundMessage.ref).where(OutboundMessage.id == text)).scalar_one()
            apply_receipt(session, f"event:{text}", ref, state, reason or None, after(1))
            apply_receipt(session, f"part:{text}", ref, state, reason or None, after(1))  # of a long text
        return why_due(session, patient_id, after(1))

    assert told("failed:temporary", "failed:temporary", "failed:ours") is None, "ours is not the number's"
    assert told("delivered", "failed:temporary", "failed:temporary") is None
    assert told("failed:temporary") == "unreached"
    assert line(session, patient_id, after(1)) == line_id, "texts go on"
    (shown,) = list_numbers(session, patient_id, "treatment", after(1))
    assert (shown.is_unreached, shown.is_good, shown.is_due) == (True, True, True)
    ask(session, cast, phone, today=after(1).date(), now=after(1))
    assert (why_due(session, patient_id, after(1)), line(session, patient_id, after(1))) == ("unreached", line_id)
    confirm_by_call(session, phone, by=who, now=after(1))
    assert why_due(session, patient_id, after(1)) is None
    assert told(*["failed:temporary"] * 3) == "unreached"
    assert told("delivered") is None


def test_where_somebody_else_answers_nothing_more_goes(session: Session, cast: Cast) -> None:
    patient_id = person(session, cast)
    line_id, phone, who = reached(session, cast, patient_id), numbered(session, patient_id), by(cast, "dispenser")
    queued(session, patient_id, line_id)
    note_wrong(session, phone, by=who, now=after(1))
    note_wrong(session, phone, by=who, now=after(2))
    assert states(session) == (["cancelled"], ["cancelled"])
    assert line(session, patient_id, after(1)) is None
    assert why_due(session, patient_id, after(1)) == "wrong"
    (shown,) = list_numbers(session, patient_id, "treatment", after(1))
    assert (shown.wrong_at, shown.is_good, shown.is_due) == (after(1), False, True)
    confirm_by_call(session, phone, by=who, now=after(3))
    assert phone_of(session, patient_id).wrong_at is None
    assert why_due(session, patient_id, after(3)) is None


def test_the_desk_has_a_list_of_those_who_are_due(session: Session, cast: Cast) -> None:
    people = {name: somebody(session, cast).id for name in ("good", "stopped", "calls")}
    for number, patient_id in enumerate(people.values()):
        add_phone(session, patient_id, f"+8491234500{number}", by=by(cast, "dispenser"), now=MORNING)
    lines = {name: reached(session, cast, patient_id) for name, patient_id in people.items()}
    without = person(session, cast, number=None)
    with writing(session) as tx:
        tx.execute(update(PhoneLine).where(PhoneLine.id == lines["stopped"]).values(opted_out_at=MORNING))
        tx.execute(update(PhoneNumber).where(PhoneNumber.line_id == lines["calls"]).values(calls_only=True))
    viewer, point = cast.viewer_of("dispenser"), cast.viewer_of("counselor")
    session.rollback()

    def due(days: float) -> list[tuple[int, str]]:
        session.rollback()
        return [(row.patient_id, row.why) for row in list_numbers_due(session, viewer, after(days)).lines]

    assert due(10) == []
    assert due(80) == [(people["good"], "soon")]
    assert due(90) == [(people["good"], "past")]
    assert list_numbers_due(session, point, after(90)).lines == []
    assert list_numbers_due(session, cast.viewer_of("dispenser2"), after(90)).total == 0
    found = list_numbers_due(session, cast.viewer_of("doctor"), after(90))
    assert found.total == 1 and found.lines[0].named is not None
    assert why_due(session, without, after(1)) is None, "who has agreed to nothing is asked nothing"
    assert timedelta(days=90) == GOOD_FOR and set(ASKS) == {"treatment", "support"}


def test_who_is_only_to_be_called_is_on_no_list_of_numbers_and_is_counted_under_calls(
    session: Session, cast: Cast
) -> None:
    """As chosen by the person, whose number itself takes texts."""
    texted, called = (somebody(session, cast).id for _ in range(2))
    for number, patient_id in enumerate((texted, called)):
        add_phone(session, patient_id, f"+8491234510{number}", by=by(cast, "dispenser"), now=MORNING)
        reached(session, cast, patient_id)
    viewer = cast.viewer_of("dispenser")
    assert count(session, viewer) == (2, 0, 0)
    choose(session, cast, called, calls_only=True)
    assert count(session, viewer) == (1, 1, 0)
    assert [row.patient_id for row in list_numbers_due(session, viewer, after(90)).lines] == [texted]
    assert why_due(session, called, after(90)) is None
    choose(session, cast, called, calls_only=False)
    assert count(session, viewer) == (2, 0, 0)
    assert why_due(session, called, after(90)) == "past"


def count(session: Session, viewer: Viewer) -> tuple[int, int, int]:
    session.rollback()
    reach = count_reach(session, viewer, MORNING.date())
    return reach.texts, reach.calls, reach.no_phone
