"""Nobody gets more than three automatic texts a day, whoever sends them."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.domain.message_states import FailureReason
from counseling.models.texts import OutboundMessage
from counseling.services import message_attempts
from counseling.sms.gateway import SmsRejected
from tests.support.cast import Cast
from tests.support.outbox import (
    EIGHT,
    FakeProvider,
    a_line,
    a_person,
    message,
    queued,
    send,
    send_at_the_same_second,
    states,
)

TOMORROW = EIGHT + timedelta(days=1)
OUR_FAULT = SmsRejected(FailureReason.OURS, permanent=True)


def test_nobody_gets_more_than_three_automatic_texts_a_day(session: Session, cast: Cast) -> None:
    gateway, person = FakeProvider(), a_person(session)
    for line in (a_line(session), a_line(session)):  # a second number of the same person changes nothing
        for _ in range(2):
            queued(session, line, patient_id=person, expires_at=TOMORROW + timedelta(hours=12))
    queued(session, a_line(session), patient_id=a_person(session))
    send(session, gateway)
    assert states(session) == ["accepted", "accepted", "accepted", "refused", "accepted"]
    assert message(session, 4).reason == "daily_cap"
    queued(session, a_line(session), patient_id=person, now=TOMORROW)
    assert send(session, gateway, TOMORROW).accepted == 1


def test_the_day_of_the_cap_is_the_stations_day(session: Session, cast: Cast) -> None:
    """23:30 and 00:30 at the station are one day in UTC."""
    gateway, person = FakeProvider(), a_person(session)
    late = EIGHT.replace(hour=23, minute=30)
    for now in (late, late, late, late + timedelta(hours=1)):
        queued(session, a_line(session), patient_id=person, now=now)
        send(session, gateway, now)
    assert states(session) == ["accepted"] * 4


def test_answers_and_what_people_typed_are_not_counted(session: Session, cast: Cast) -> None:
    gateway, person, line = FakeProvider(), a_person(session), a_line(session)
    exempt: list[dict[str, Any]] = [
        {"wording": "help"},
        {"wording": "crisis"},
        {"wording": "typed", "is_automatic": False, "written_by_id": cast.staff["counselor"]},
    ]
    for changes in (*exempt, {}, {}, {}):
        queued(session, line, patient_id=person, **changes)
    assert send(session, gateway).accepted == 6


def test_a_text_that_was_not_sent_leaves_its_place_to_another(session: Session, cast: Cast) -> None:
    gateway, person, line = FakeProvider(), a_person(session), a_line(session)
    gateway.before = OUR_FAULT
    for _ in range(2):
        queued(session, line, patient_id=person)
    send(session, gateway)
    gateway.before = None
    for _ in range(3):
        queued(session, line, patient_id=person)
    send(session, gateway)
    assert states(session) == ["failed", "failed", "accepted", "accepted", "accepted"]


def test_two_senders_at_one_moment_do_not_pass_the_cap_together(session: Session, cast: Cast) -> None:
    gateway, person = FakeProvider(), a_person(session)
    for _ in range(8):
        queued(session, a_line(session), patient_id=person)
    send_at_the_same_second(session, gateway, 4)
    assert Counter(states(session)) == {"accepted": 3, "refused": 5}
    assert len(gateway.sent) == 3


def test_two_senders_who_look_at_one_moment_take_two_places(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both see the first place free; the database gives it to one, and the other looks again. SQLite waits in line."""
    gateway, person = FakeProvider(), a_person(session)
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    for _ in range(2):
        queued(session, a_line(session), patient_id=person)
    both_saw, seen = threading.Barrier(2 if is_postgresql else 1), list[int | None]()
    look = message_attempts._free_places

    def look_together(*of_whom: Any) -> dict[int, int | None]:
        places = look(*of_whom)
        seen.extend(places.values())
        if 1 in places.values():
            both_saw.wait(timeout=30)
        return places

    monkeypatch.setattr(message_attempts, "_free_places", look_together)
    send_at_the_same_second(session, gateway, 2)
    places = session.execute(select(OutboundMessage.count_slot).order_by(OutboundMessage.count_slot)).scalars()
    assert list(places) == [1, 2]
    assert seen == ([1, 1, 2] if is_postgresql else [1, 2])
