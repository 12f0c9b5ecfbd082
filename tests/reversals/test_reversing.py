"""A dose that was recorded by mistake: two people, a reason, and nothing deleted."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.domain.reversals import VoidReason
from counseling.models.doses import DayDose, DoseVoid, DoseVoidRequest, DoseVoidWithdrawal, StationVisit
from counseling.models.people import Staff
from counseling.queries.dose_reversals import count_waiting, find_dose, list_waiting
from counseling.queries.orders import find_summary
from counseling.refs import new_request_key
from counseling.services.ledger_verification import verify_ledger
from tests.reversals.story import ask, colleague, is_recounted, reverse, sign, withdraw
from tests.support.cast import DONG_KINH, Cast
from tests.support.orders import last_entry, write
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, Person, dose, opened, ordered, somebody

YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def person(session: Session, cast: Cast) -> Person:
    opened(session, cast)
    return somebody(session, cast)


@pytest.fixture
def order(session: Session, cast: Cast, person: Person) -> int:
    return ordered(session, cast, person)


@pytest.fixture
def dose_id(session: Session, cast: Cast, person: Person, order: int) -> int:
    return dose(session, cast, person, order).id


def refused(code: str) -> Any:
    return pytest.raises(Refusal, match=f"^{code}$")


def test_until_two_have_signed_the_dose_counts_and_no_second_one_is_given(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    request_id = ask(session, cast, person, dose_id)
    with pytest.raises(Refusal, match="already_dosed"):
        dose(session, cast, person, order)
    assert find_summary(session, person.id).is_complete(TODAY)
    sign(session, cast, person, request_id)
    assert not find_summary(session, person.id).is_covered(TODAY)
    again = dose(session, cast, person, order)
    rows = session.execute(select(DayDose.id, DayDose.attempt, DayDose.voided_attempt).order_by(DayDose.id)).all()
    assert rows == [(dose_id, 1, None), (again.id, 2, 1)]
    assert find_summary(session, person.id).is_complete(TODAY) and is_recounted(session, person)
    assert verify_ledger(session) == []


def test_the_second_dose_can_be_reversed_too(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    reverse(session, cast, person, dose_id)
    reverse(session, cast, person, dose(session, cast, person, order).id)
    assert dose(session, cast, person, order).part == 1
    assert session.execute(select(DayDose.attempt).order_by(DayDose.id)).scalars().all() == [1, 2, 3]


def test_the_gap_is_what_it_was_before_the_mistake(session: Session, cast: Cast) -> None:
    opened(session, cast)
    person = somebody(session, cast, elsewhere_until=TODAY - timedelta(days=3))
    given = dose(session, cast, person, ordered(session, cast, person), gap_check=True)
    assert find_summary(session, person.id).covered_through == TODAY
    reverse(session, cast, person, given.id)
    assert find_summary(session, person.id).covered_through == TODAY - timedelta(days=3)


def test_one_part_of_a_split_dose_is_reversed_by_itself(session: Session, cast: Cast, person: Person) -> None:
    order = ordered(session, cast, person, 300, 200)
    first = dose(session, cast, person, order)
    dose(session, cast, person, order, part=2)
    reverse(session, cast, person, first.id)
    summary = find_summary(session, person.id)
    assert summary.is_covered(TODAY) and not summary.is_complete(TODAY)
    with pytest.raises(Refusal, match="already_dosed"):
        dose(session, cast, person, order, part=2)
    assert dose(session, cast, person, order).mg_tenths == 300
    assert find_summary(session, person.id).is_complete(TODAY) and is_recounted(session, person)


def test_nobody_signs_what_they_asked_for(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    request_id = ask(session, cast, person, dose_id, "doctor")
    with refused("signature_is_own"):
        sign(session, cast, person, request_id, "doctor")
    sign(session, cast, person, request_id, "dispenser")


@pytest.mark.parametrize("username", ["dispenser2", "nurse", "counselor", "supervisor", "admin", "volunteer"])
def test_people_of_elsewhere_neither_ask_nor_sign(
    session: Session, cast: Cast, person: Person, dose_id: int, username: str
) -> None:
    with refused("not_of_the_team"):
        ask(session, cast, person, dose_id, username)
    request_id = ask(session, cast, person, dose_id)
    with refused("not_of_the_team"):
        sign(session, cast, person, request_id, username)
    with refused("not_of_the_team"):
        withdraw(session, cast, person, request_id, username)
    assert session.execute(select(DoseVoid.id)).first() is None


def test_a_colleague_who_has_left_signs_nothing(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    username = colleague(session, cast)
    request_id = ask(session, cast, person, dose_id)
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.id == cast.staff[username]).values(disabled_at=MORNING))
    with refused("not_of_the_team"):
        sign(session, cast, person, request_id, username)


def test_a_colleague_of_the_same_window_signs(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    sign(session, cast, person, ask(session, cast, person, dose_id), colleague(session, cast))
    entry = last_entry(session, "dose.reversed")
    said = json.loads(entry.details)
    assert (said["asked_by"], said["signed_by"]) == (cast.staff["dispenser"], cast.staff["counselor"])
    assert (entry.chain, entry.subject) == (f"site:{DONG_KINH}", f"dose:{dose_id}")


def test_a_dose_is_reversed_once(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    request_id = ask(session, cast, person, dose_id)
    with refused("reversal_waiting"):
        ask(session, cast, person, dose_id, "doctor")
    sign(session, cast, person, request_id)
    sign(session, cast, person, request_id)  # the answer was lost: the same signature again changes nothing
    with refused("already_reversed"):
        sign(session, cast, person, request_id, colleague(session, cast))
    with refused("already_reversed"):
        ask(session, cast, person, dose_id)
    with refused("reversal_not_waiting"):
        withdraw(session, cast, person, request_id)
    assert len(session.execute(select(DoseVoid.id)).all()) == 1


def test_the_same_form_twice_is_one_request(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    key = new_request_key()
    assert ask(session, cast, person, dose_id, key=key) == ask(session, cast, person, dose_id, key=key)
    other = somebody(session, cast)
    theirs = dose(session, cast, other, ordered(session, cast, other)).id
    with refused("request_key_taken"):
        ask(session, cast, other, theirs, key=key)


def test_what_was_taken_back_is_kept_and_can_be_asked_again(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    first = ask(session, cast, person, dose_id)
    withdraw(session, cast, person, first)
    withdraw(session, cast, person, first)
    with refused("reversal_not_waiting"):
        sign(session, cast, person, first)
    with pytest.raises(Refusal, match="already_dosed"):
        dose(session, cast, person, order)
    second = ask(session, cast, person, dose_id)
    rows = session.execute(select(DoseVoidRequest.id, DoseVoidRequest.number).order_by(DoseVoidRequest.id)).all()
    assert rows == [(first, 1), (second, 2)]
    assert session.execute(select(DoseVoidWithdrawal.request_id)).scalars().all() == [first]
    with refused("reversal_not_waiting"):
        sign(session, cast, person, first)
    sign(session, cast, person, second)
    assert session.execute(select(DoseVoid.request_id)).scalars().all() == [second]


def test_a_colleague_may_say_that_the_dose_was_right(
    session: Session, cast: Cast, person: Person, dose_id: int
) -> None:
    request_id = ask(session, cast, person, dose_id)
    withdraw(session, cast, person, request_id, "doctor")
    assert json.loads(last_entry(session, "dose.reversal_withdrawn").details)["own"] is False
    assert find_summary(session, person.id).is_complete(TODAY)


def vomited(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    row = {
        "patient_id": person.id, "site_id": DONG_KINH, "visit_on": TODAY, "outcome": "vomited", "day_dose_id": dose_id,
        "recorded_by_id": cast.staff["dispenser"], "recorded_at": MORNING, "request_key": new_request_key(),
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(StationVisit).values(**row))


def test_what_came_up_again_was_swallowed(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    request_id = ask(session, cast, person, dose_id)
    vomited(session, cast, person, dose_id)
    with refused("dose_was_vomited"):
        sign(session, cast, person, request_id)
    withdraw(session, cast, person, request_id)
    with refused("dose_was_vomited"):
        ask(session, cast, person, dose_id)


def test_another_reason_needs_words_and_words_are_sealed(
    session: Session, cast: Cast, person: Person, dose_id: int
) -> None:
    with refused("reason_needs_words"):
        ask(session, cast, person, dose_id, reason=VoidReason.OTHER, note="  ")
    ask(session, cast, person, dose_id, reason=VoidReason.OTHER, note="chai rỗng")
    row = session.execute(select(DoseVoidRequest)).scalar_one()
    assert row.note is not None and b"chai" not in row.note
    assert vault_of(session).open("dose_void_requests.note", row.request_key, row.note) == "chai rỗng"
    facts = find_dose(session, person.id, dose_id)
    assert facts is not None and facts.request is not None and facts.request.note == "chai rỗng"
    assert "chai" not in last_entry(session, "dose.reversal_asked").details


def test_another_persons_dose_is_not_found(session: Session, cast: Cast, person: Person, dose_id: int) -> None:
    other = somebody(session, cast)
    with refused("dose_of_another_person"):
        ask(session, cast, other, dose_id)
    request_id = ask(session, cast, person, dose_id)
    with refused("reversal_not_waiting"):
        sign(session, cast, other, request_id)


def test_what_waits_stands_on_both_desks_and_on_no_other(
    session: Session, cast: Cast, person: Person, dose_id: int
) -> None:
    request_id = ask(session, cast, person, dose_id, reason=VoidReason.WRONG_PERSON)
    for username in ("dispenser", "doctor"):
        (line,) = list_waiting(session, cast.viewer_of(username))
        assert (line.dose_id, line.reason, line.full_name) == (dose_id, "wrong_person", "Lý Văn Mẫu")
        assert count_waiting(session, cast.viewer_of(username)) == 1
    for username in ("dispenser2", "supervisor", "counselor", "admin"):
        assert list_waiting(session, cast.viewer_of(username)) == []
    sign(session, cast, person, request_id)
    assert count_waiting(session, cast.viewer_of("doctor")) == 0


def test_after_a_reversal_the_doctor_may_replace_the_order_of_the_day(
    session: Session, cast: Cast, person: Person, order: int, dose_id: int
) -> None:
    with pytest.raises(Refusal, match="order_after_todays_dose"):
        write(session, cast, person, parts_tenths=(500,))
    reverse(session, cast, person, dose_id)
    new = write(session, cast, person, parts_tenths=(500,))
    assert dose(session, cast, person, new).mg_tenths == 500
    assert is_recounted(session, person)
