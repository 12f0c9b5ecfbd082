"""None at night, also where the phone that sends has no signal when it is handed a text, and finds one at half past
eleven. What may still go tomorrow goes tomorrow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.patients import PhoneNumber
from counseling.refs import new_request_key
from counseling.services.phone_confirmation import confirm_by_call
from counseling.services.receipts import apply_receipt
from counseling.services.sending import send_due
from counseling.services.sms_consents import give_consent
from counseling.sms.reports import Fate
from counseling.sms.smsgate import SmsGate
from counseling.sms.smsgate_events import read_event
from tests.agreements.story import WORDS, numbered, person, phone_of
from tests.support.cast import Cast
from tests.support.fake_phone import FakePhone, running_phone
from tests.support.files import by
from tests.support.outbox import FakeProvider, a_line, nothing_against, queued
from tests.support.reminding import (
    A_DAY,
    TOMORROW,
    ZONE,
    at,
    open_hours,
    plan,
    queue,
    texts,
    yesterday,
)

EVENING, NIGHT = at(19, 55), at(23, 30)
EVENTS = ("sms:sent", "sms:delivered", "sms:failed")


class Hour:
    """What the clocks show, the phone's and ours."""

    now: datetime = EVENING


@pytest.fixture
def hour() -> Hour:
    return Hour()


@pytest.fixture
def phone(hour: Hour) -> Iterator[FakePhone]:
    with running_phone(lambda: hour.now) as phone:
        phone.webhooks = dict.fromkeys(EVENTS, "here")
        yield phone


def send(session: Session, phone: FakePhone, hour: Hour) -> None:
    send_due(session, SmsGate(phone.account, "here", lambda: hour.now), hour.now, ZONE)


def finds_a_signal(session: Session, phone: FakePhone, hour: Hour, now: datetime) -> None:
    """The phone sends what it still may, and says what became of each text."""
    hour.now = now
    phone.deliver()
    for report in phone.reports:
        fate = read_event(report.body)
        assert isinstance(fate, Fate)
        apply_receipt(session, fate.event_key, fate.message_ref, fate.state.value, fate.reason, now)
    phone.reports.clear()


def came_to(session: Session) -> list[tuple[str, str]]:
    return [(row.wording, row.state) for row in texts(session)]


def test_a_first_text_of_the_evening_dies_on_the_phone_at_eight(
    session: Session, cast: Cast, phone: FakePhone, hour: Hour
) -> None:
    patient_id, who = person(session, cast), by(cast, "dispenser")
    confirm_by_call(session, numbered(session, patient_id), by=who, now=at(19, 50))
    give_consent(session, patient_id, "treatment", WORDS, by=who, request_key=new_request_key(), now=at(19, 50))
    send(session, phone, hour)
    assert [kept.ttl for kept in phone.kept.values()] == [300]
    finds_a_signal(session, phone, hour, NIGHT)
    assert [kept.times_sent for kept in phone.kept.values()] == [0]
    assert came_to(session) == [("first", "failed")]
    (text,) = texts(session)
    assert text.expires_at == at(19, 50) + A_DAY


def test_one_that_waits_for_the_morning_is_good_until_the_next_evening(session: Session, cast: Cast) -> None:
    """The row keeps its own life, of which the night is a part."""
    patient_id, who = person(session, cast), by(cast, "dispenser")
    confirm_by_call(session, numbered(session, patient_id), by=who, now=at(19, 59))
    give_consent(session, patient_id, "treatment", WORDS, by=who, request_key=new_request_key(), now=at(20))
    gateway = FakeProvider()
    for now in (at(20), NIGHT, at(6, 59, TOMORROW)):
        send_due(session, gateway, now, ZONE)
    assert gateway.sent == []
    send_due(session, gateway, at(7, 5, TOMORROW), ZONE)
    assert [text.expires_at for text in gateway.sent] == [at(20, day=TOMORROW)]


def test_one_that_died_on_the_phone_is_made_again_before_the_next_reminder(
    session: Session, cast: Cast, phone: FakePhone, hour: Hour
) -> None:
    open_hours(session)
    (missed,) = yesterday(session, cast)
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == missed.id).values(compared_at=None))
    line_id = phone_of(session, missed.id).line_id
    assert line_id is not None
    queued(session, line_id, patient_id=missed.id, wording="first", now=EVENING - A_DAY, expires_at=EVENING)
    hour.now = EVENING - A_DAY
    send(session, phone, hour)
    finds_a_signal(session, phone, hour, NIGHT - A_DAY)
    plan(session, at(6))
    assert queue(session, at(9)) == 1
    hour.now = at(9, 1)
    send(session, phone, hour)
    finds_a_signal(session, phone, hour, at(9, 2))
    assert came_to(session) == [("first", "failed"), ("first", "delivered"), ("missed_yesterday", "delivered")]
    sent = [(kept.times_sent, kept.sent_at) for kept in phone.kept.values()]
    assert sent == [(0, None), (1, at(9, 2)), (1, at(9, 2))]


def test_what_somebody_typed_lives_on_over_the_evening(session: Session, cast: Cast) -> None:
    """They wait for it; and an answer to who has just written has no quiet hours either."""
    line_id = a_line(session)
    for wording, typed in (("typed", True), ("help", False), ("check_in", False)):
        queued(session, line_id, wording=wording, is_automatic=not typed, now=EVENING, expires_at=EVENING + A_DAY)
    gateway = FakeProvider()
    send_due(session, gateway, EVENING, ZONE, look_again=nothing_against)
    assert sorted(text.expires_at for text in gateway.sent) == [at(20), EVENING + A_DAY, EVENING + A_DAY]
