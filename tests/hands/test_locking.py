"""A locked session waits for its own person, or ends with the next one."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from counseling.domain.refusal import Refusal
from counseling.services import hand_over
from tests.hands.story import (
    OTHER_PIN,
    PIN,
    actions,
    after,
    at_the_station,
    enrolled,
    session_row,
    take,
    tries,
    with_pin,
)
from tests.support.cast import DONG_KINH, PASSWORD, Cast
from tests.support.settings import MORNING


@pytest.fixture(autouse=True)
def device(session: Session, cast: Cast) -> None:
    enrolled(session, cast)
    with_pin(session, cast, "dispenser")


def test_the_same_person_uncovers_it_and_goes_on(session: Session, cast: Cast) -> None:
    me = at_the_station(cast)
    hand_over.lock(session, me, after(minutes=3))
    hand_over.lock(session, me, after(minutes=4))  # a second window
    assert session_row(session, me.session_id).locked_at == after(minutes=3)
    assert hand_over.unlock_by_pin(session, me, PIN, after(minutes=9)) == 0
    row = session_row(session, me.session_id)
    assert (row.locked_at, row.ended_at, row.last_seen_at) == (None, None, after(minutes=9))
    said = [row for row in actions(session) if row[2].startswith("session.")]
    chain, subject = f"site:{DONG_KINH}", f"session:{me.session_id}"
    assert said == [(chain, me.actor, action, subject) for action in ("session.locked", "session.unlocked")]


def test_a_wrong_pin_leaves_it_locked_and_counts(session: Session, cast: Cast) -> None:
    me = at_the_station(cast)
    hand_over.lock(session, me, MORNING)
    with pytest.raises(Refusal, match="pin_wrong"):
        hand_over.unlock_by_pin(session, me, OTHER_PIN, MORNING)
    assert session_row(session, me.session_id).locked_at == MORNING
    assert tries(session, cast, "dispenser") == 1


def test_the_password_uncovers_it_and_brings_the_pin_back(session: Session, cast: Cast) -> None:
    me = at_the_station(cast)
    hand_over.lock(session, me, MORNING)
    for _ in range(5):
        with pytest.raises(Refusal):
            hand_over.unlock_by_pin(session, me, OTHER_PIN, MORNING)
    with pytest.raises(Refusal, match="pin_off"):
        hand_over.unlock_by_pin(session, me, PIN, MORNING)
    with pytest.raises(Refusal, match="own_signature_wrong"):
        hand_over.unlock_by_password(session, me, "guess", MORNING)
    assert session_row(session, me.session_id).locked_at is not None
    hand_over.unlock_by_password(session, me, PASSWORD, MORNING)
    assert session_row(session, me.session_id).locked_at is None
    take(session, cast, "dispenser")


def test_what_idled_away_behind_the_lock_is_not_brought_back(session: Session, cast: Cast) -> None:
    me = at_the_station(cast)
    hand_over.lock(session, me, after(minutes=3))
    with pytest.raises(Refusal, match="session_over"):
        hand_over.unlock_by_pin(session, me, PIN, after(minutes=16))


def test_the_next_person_ends_it(session: Session, cast: Cast) -> None:
    with_pin(session, cast, "counselor", OTHER_PIN)
    me = at_the_station(cast)
    hand_over.lock(session, me, MORNING)
    take(session, cast, "counselor", OTHER_PIN, me)
    assert session_row(session, me.session_id).end_reason == "handed_over"
    with pytest.raises(Refusal, match="session_over"):
        hand_over.unlock_by_pin(session, me, PIN, MORNING)


def test_no_other_device_locks(session: Session, cast: Cast) -> None:
    me = cast.viewer_of("dispenser")
    with pytest.raises(Refusal, match="no_station_device"):
        hand_over.lock(session, me, MORNING)
    assert session_row(session, me.session_id).locked_at is None
