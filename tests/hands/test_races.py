"""Two at once, on both databases."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.hands import DevicePin
from counseling.models.people import StaffSession
from counseling.services import hand_over
from counseling.services.station_devices import revoke_device
from tests.hands.story import OTHER_PIN, PIN, actions, at_the_station, enrolled, tries, with_pin
from tests.support.cast import Cast
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING


@pytest.fixture
def engine(session: Session, cast: Cast) -> Engine:
    enrolled(session, cast)
    with_pin(session, cast, "dispenser")
    with_pin(session, cast, "counselor", OTHER_PIN)
    session.rollback()
    return session.get_bind()  # type: ignore[return-value]


def test_eight_guessers_at_once_never_get_a_sixth_try(session: Session, cast: Cast, engine: Engine) -> None:
    looked, lock = [], threading.Lock()

    def count(pin_hash: str | None, pin: str) -> bool:
        with lock:
            looked.append(pin)
        return False

    def guess(own: Session) -> None:
        for number in range(4):
            try:
                hand_over.take_over(own, cast.device, cast.staff["dispenser"], f"90000{number}", None, MORNING, count)
            except Refusal as refusal:
                assert refusal.code in ("pin_wrong", "pin_off"), refusal.code

    assert at_the_same_second(engine, *[guess] * 8) == [None] * 8
    assert len(looked) == 5
    assert tries(session, cast, "dispenser") == 5
    assert [action for _, _, action, _ in actions(session)].count("pin.locked") == 1


def test_the_database_itself_holds_the_number_of_tries(session: Session, cast: Cast, engine: Engine) -> None:
    with pytest.raises(IntegrityError), writing(session) as tx:
        tx.execute(DevicePin.__table__.update().values(wrong_tries=6))


def test_the_right_pin_from_eight_windows_opens_sessions_and_loses_nothing(
    session: Session, cast: Cast, engine: Engine
) -> None:
    """At most four of them overlap with the count of five; whoever is let in is let in whole."""

    def come(own: Session) -> str:
        return hand_over.take_over(own, cast.device, cast.staff["dispenser"], PIN, None, MORNING).token

    outcomes = at_the_same_second(engine, *[come] * 4)
    assert all(isinstance(outcome, str) for outcome in outcomes), outcomes
    assert tries(session, cast, "dispenser") == 0


def test_of_two_who_take_over_at_once_each_ends_what_was_before_once(
    session: Session, cast: Cast, engine: Engine
) -> None:
    before = at_the_station(cast)

    def come(username: str, pin: str):  # type: ignore[no-untyped-def]
        return lambda own: hand_over.take_over(own, cast.device, cast.staff[username], pin, before, MORNING).staff_id

    outcomes = at_the_same_second(engine, come("dispenser", PIN), come("counselor", OTHER_PIN))
    assert sorted(outcomes) == sorted([cast.staff["dispenser"], cast.staff["counselor"]])  # type: ignore[type-var]


def test_a_hand_over_beside_a_revocation_leaves_no_session_open(session: Session, cast: Cast, engine: Engine) -> None:
    admin = cast.viewer_of("admin")

    def come(own: Session) -> str:
        return hand_over.take_over(own, cast.device, cast.staff["dispenser"], PIN, None, MORNING).token

    at_the_same_second(engine, come, lambda own: revoke_device(own, admin, cast.device, MORNING), come)
    session.rollback()
    still = select(StaffSession.id).where(StaffSession.device_id == cast.device, StaffSession.ended_at.is_(None))
    assert session.execute(still).first() is None
