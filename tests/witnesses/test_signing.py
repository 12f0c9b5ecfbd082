"""A second person signs that they saw a dose: never who gave it, never twice, and never what was reversed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import violated, writing
from counseling.domain.refusal import Refusal
from counseling.domain.witnessing import Unsigned
from counseling.models.people import Staff, StaffRole
from counseling.models.witnesses import DoseWitness, WitnessDuty
from counseling.queries.treatment_events import list_happenings
from counseling.queries.witnesses import count_unsigned, list_unsigned
from counseling.refs import new_request_key
from counseling.services.dose_witnesses import Witnessed
from counseling.services.late_entries import Paper
from counseling.services.paper_doses import enter_paper_dose
from tests.reversals.story import colleague, reverse
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.orders import last_entry
from tests.support.settings import MORNING
from tests.support.treatment import TODAY, dose, opened, ordered, somebody
from tests.witnesses.story import AN_HOUR, asks, given, sign, signatures, waiting

A_DAY = timedelta(days=1)


def test_a_station_that_asks_for_nobody_has_nothing_to_sign(session: Session, cast: Cast) -> None:
    _, dose_id = given(session, cast)
    assert waiting(session, cast) == []
    assert sign(session, cast, [dose_id]) == Witnessed((), {dose_id: Unsigned.NOT_ASKED_FOR})
    assert signatures(session) == []


def test_a_dose_waits_until_another_person_signs(session: Session, cast: Cast) -> None:
    asks(session)
    person, dose_id = given(session, cast)
    (line,) = list_unsigned(session, cast.viewer_of("doctor"))
    assert (line.dose_id, line.name, line.mg_tenths) == (dose_id, "Lý Văn Mẫu", 600)
    assert (line.given_by, line.given_at) == ("Người mẫu dispenser", MORNING)
    result = sign(session, cast, [dose_id], now=MORNING + AN_HOUR)
    assert result == Witnessed((dose_id,), {})
    assert waiting(session, cast) == waiting(session, cast, "doctor") == []
    row = session.execute(select(DoseWitness)).scalar_one()
    assert (row.witness_id, row.witnessed_at) == (cast.staff["doctor"], MORNING + AN_HOUR)
    assert row.session_id == cast.viewer_of("doctor").session_id
    entry = last_entry(session, "dose.witnessed")
    assert (entry.chain, entry.subject) == (f"site:{DONG_KINH}", f"site:{DONG_KINH}")
    assert json.loads(entry.details) == {"doses": [dose_id], "witness": cast.staff["doctor"]}
    (happening,) = list_happenings(session, person.id, VIETNAM).rows
    assert (happening.witness, happening.signed_late_at) == ("Người mẫu doctor", None)


def test_nobody_witnesses_what_they_gave(session: Session, cast: Cast) -> None:
    asks(session)
    _, dose_id = given(session, cast)
    assert sign(session, cast, [dose_id], "dispenser").left == {dose_id: Unsigned.OWN_DOSE}
    assert waiting(session, cast) == [dose_id]


def test_a_colleague_of_the_window_signs_several_at_once(session: Session, cast: Cast) -> None:
    asks(session)
    ids = [given(session, cast, MORNING + number * timedelta(minutes=1))[1] for number in range(3)]
    other = colleague(session, cast)
    assert sign(session, cast, ids[:2], other).signed == tuple(ids[:2])
    assert waiting(session, cast) == ids[2:]
    assert json.loads(last_entry(session, "dose.witnessed").details)["doses"] == ids[:2]


@pytest.mark.parametrize("username", ["dispenser2", "nurse", "counselor", "supervisor", "admin", "volunteer"])
def test_people_of_elsewhere_sign_nothing(session: Session, cast: Cast, username: str) -> None:
    asks(session)
    _, dose_id = given(session, cast)
    assert sign(session, cast, [dose_id], username) == Witnessed((), {dose_id: Unsigned.NOT_OF_THE_TEAM})
    assert waiting(session, cast, username) == [] and signatures(session) == []


def test_whoever_has_left_signs_nothing(session: Session, cast: Cast) -> None:
    asks(session)
    (_, first), (_, second) = given(session, cast), given(session, cast)
    other = colleague(session, cast)
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.id == cast.staff[other]).values(disabled_at=MORNING))
        tx.execute(update(StaffRole).where(StaffRole.staff_id == cast.staff["doctor"]).values(ended_at=MORNING))
    for username in (other, "doctor"):
        assert set(sign(session, cast, [first, second], username).left.values()) == {Unsigned.NOT_OF_THE_TEAM}


def test_what_was_signed_or_reversed_meanwhile_is_said_and_the_others_are_signed(session: Session, cast: Cast) -> None:
    asks(session)
    (_, signed), (person, reversed_), (_, plain) = (given(session, cast) for _ in range(3))
    sign(session, cast, [signed], colleague(session, cast))
    reverse(session, cast, person, reversed_)
    result = sign(session, cast, [signed, reversed_, plain, 987_654])
    assert result.signed == (plain,)
    assert result.left == {
        signed: Unsigned.SIGNED_BY_ANOTHER,
        reversed_: Unsigned.REVERSED,
        987_654: Unsigned.NOT_OF_THE_TEAM,
    }
    assert waiting(session, cast) == []


def test_the_same_form_twice_signs_once_and_answers_the_same(session: Session, cast: Cast) -> None:
    asks(session)
    (_, first), (_, second) = given(session, cast), given(session, cast)
    key = new_request_key()
    assert sign(session, cast, [first], key=key) == sign(session, cast, [first], key=key, now=MORNING + AN_HOUR)
    assert sign(session, cast, [first, second], key=key).signed == (first,)
    assert signatures(session) == [(first, cast.staff["doctor"])]
    assert session.execute(select(DoseWitness.witnessed_at)).scalar_one() == MORNING
    with pytest.raises(Refusal, match="request_key_taken"):
        sign(session, cast, [second], colleague(session, cast), key=key)


def test_a_form_without_a_tick_is_refused(session: Session, cast: Cast) -> None:
    with pytest.raises(Refusal, match="nothing_ticked"):
        sign(session, cast, [])


def test_switched_off_and_on_again_nothing_is_forgotten_and_nothing_invented(session: Session, cast: Cast) -> None:
    """Of four doses, two were given while the station asked: they wait whatever is switched afterwards."""
    times = [MORNING + number * AN_HOUR for number in range(4)]
    half = timedelta(minutes=30)
    asks(session, now=times[1] - half)
    asks(session, False, now=times[2] - half)
    asks(session, now=times[3] - half)
    ids = [given(session, cast, at)[1] for at in times]
    assert waiting(session, cast) == [ids[1], ids[3]]
    asks(session, False, now=times[3] + half)
    assert waiting(session, cast) == [ids[1], ids[3]]
    assert set(sign(session, cast, ids).left) == {ids[0], ids[2]}
    assert waiting(session, cast) == []


def test_the_setting_that_stands_is_not_set_again(session: Session, cast: Cast) -> None:
    assert not asks(session, False)
    assert asks(session) and not asks(session)
    assert asks(session, False) and not asks(session, False)
    assert len(session.execute(select(WitnessDuty.id)).all()) == 1


def test_one_station_asks_and_its_neighbour_does_not(session: Session, cast: Cast) -> None:
    asks(session, site=CAO_LOC)
    given(session, cast)
    assert waiting(session, cast) == waiting(session, cast, "doctor") == []


def test_yesterdays_dose_waits_on_and_is_signed_late(session: Session, cast: Cast) -> None:
    asks(session, now=MORNING - 2 * A_DAY)
    before = MORNING - A_DAY
    opened(session, cast, before.date(), now=before)
    person = somebody(session, cast, now=before)
    order_id = ordered(session, cast, person, starts_on=before.date(), now=before, ends_on=TODAY)
    dose_id = dose(session, cast, person, order_id, day=before.date(), now=before).id
    today_too = given(session, cast)[1]
    assert waiting(session, cast) == [today_too, dose_id], "the day of today stands first"
    viewer = cast.viewer_of("dispenser")
    assert [count_unsigned(session, viewer, day) for day in (before.date(), TODAY, TODAY + A_DAY)] == [2, 1, 0]
    sign(session, cast, [dose_id])
    (happening,) = list_happenings(session, person.id, VIETNAM).rows
    assert (happening.witness, happening.signed_late_at) == ("Người mẫu doctor", MORNING)


def test_a_dose_from_paper_was_signed_on_its_paper(session: Session, cast: Cast) -> None:
    asks(session)
    opened(session, cast)
    person = somebody(session, cast)
    ordered(session, cast, person)
    paper = Paper(sheet="tờ 1", writer_id=None, writer_name="Chị Hạnh")
    viewer = cast.viewer_of("dispenser")
    kept = enter_paper_dose(
        session, patient_id=person.id, mg_tenths=600, site_id=DONG_KINH, day=TODAY, paper=paper, by=viewer.staff_id,
        actor=viewer.actor, request_key=new_request_key(), today=TODAY, now=MORNING, zone=VIETNAM,
    )  # fmt: skip
    assert kept.is_in_ledger and waiting(session, cast) == []


def row(cast: Cast, dose_id: int, username: str = "doctor") -> dict[str, Any]:
    """A signature as somebody writes it who asks none of our rules."""
    return {
        "day_dose_id": dose_id, "witness_id": cast.staff[username], "witnessed_at": MORNING,
        "request_key": new_request_key(),
    }  # fmt: skip


def refused_by_the_database(session: Session, values: dict[str, Any]) -> str:
    with pytest.raises(IntegrityError) as error, writing(session) as tx:
        tx.execute(insert(DoseWitness).values(**values))
    return violated(error.value)


def test_the_database_itself_refuses_the_dispenser_a_second_witness_and_a_voided_dose(
    session: Session, cast: Cast
) -> None:
    asks(session)
    (_, own), (_, signed), (person, voided) = (given(session, cast) for _ in range(3))
    assert "dose_witnesses_are_others" in refused_by_the_database(session, row(cast, own, "dispenser"))
    sign(session, cast, [signed])
    twice = refused_by_the_database(session, row(cast, signed, "counselor"))
    assert "uq_dose_witnesses_day_dose_id" in twice or "dose_witnesses_never_replaced" in twice
    reverse(session, cast, person, voided)
    assert "dose_witnesses_of_standing_doses" in refused_by_the_database(session, row(cast, voided))
    with pytest.raises(IntegrityError, match="dose_witnesses_never_changed"), writing(session) as tx:
        tx.execute(update(DoseWitness).values(witness_id=cast.staff["counselor"]))
    assert signatures(session) == [(signed, cast.staff["doctor"])]


def test_a_duty_ends_once_and_two_never_stand(session: Session, cast: Cast) -> None:
    asks(session)
    with pytest.raises(IntegrityError), writing(session) as tx:
        tx.execute(insert(WitnessDuty).values(site_id=DONG_KINH, since_on=TODAY, since_at=MORNING))
    asks(session, False, now=MORNING)
    with pytest.raises(IntegrityError, match="witness_duties_end_once"), writing(session) as tx:
        tx.execute(update(WitnessDuty).values(until_at=None))
    with pytest.raises(IntegrityError, match="witness_duties_never_changed"), writing(session) as tx:
        tx.execute(update(WitnessDuty).values(since_at=MORNING))
