"""Who confirmed a number by ringing is told how to stop before anything reminds them, however badly it goes."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.message_states import FailureReason, MessageState
from counseling.domain.station_days import DayState
from counseling.domain.text_purposes import PURPOSE_OF
from counseling.models.patients import PhoneNumber
from counseling.models.texts import OutboundMessage
from counseling.queries.first_texts import FIRST, is_told
from counseling.refs import new_ref
from counseling.services.first_texts import say_how_to_stop
from counseling.services.message_moves import lock_message, move
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.reminder_gates import why_not_now
from counseling.services.sending import send_due
from counseling.services.sweeping import sweep
from counseling.sms.gateway import SmsOutcomeUnknown, SmsRejected, SmsTooLate
from counseling.sms.wording import ANSWERS, KEYS
from counseling.treatment_rows import phone_row
from tests.support.cast import DONG_KINH, Cast
from tests.support.outbox import FakeProvider, a_person
from tests.support.reminding import (
    A_DAY,
    TODAY,
    TOMORROW,
    ZONE,
    at,
    leave_day,
    open_hours,
    plan,
    queue,
    texts,
    yesterday,
)
from tests.support.treatment import Person, opened, somebody

AWAY = SmsRejected(FailureReason.TEMPORARY, permanent=False)
REFUSED = SmsRejected(FailureReason.OURS, permanent=True)


@pytest.fixture
def rang(session: Session, cast: Cast) -> Person:
    """Somebody whose number was confirmed by ringing, and who missed yesterday. No text has gone to them yet."""
    open_hours(session)
    (person,) = yesterday(session, cast)
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == person.id).values(compared_at=None))
    return person


def remind(session: Session, day: date = TODAY) -> None:
    plan(session, at(6, day=day))
    assert queue(session, at(9, day=day)) == 1


def missed_today_too(session: Session, cast: Cast) -> None:
    opened(session, cast, TODAY, now=at(6, 30))
    leave_day(session, cast, DayState.CLOSED, TODAY, now=at(11))


def send(session: Session, gateway: FakeProvider, now: datetime) -> None:
    send_due(session, gateway, now, ZONE)


def came_to(session: Session) -> list[tuple[str, str]]:
    return [(row.wording, row.state) for row in texts(session)]


def arrived(session: Session, gateway: FakeProvider) -> list[str]:
    """What the provider took, in its order."""
    of_ref = {row.ref: row.wording for row in texts(session)}
    return [of_ref[text.ref] for text in gateway.sent]


def test_the_first_text_goes_before_the_reminder(session: Session, rang: Person) -> None:
    remind(session)
    assert came_to(session) == [("first", "queued"), ("missed_yesterday", "queued")]
    gateway = FakeProvider()
    send(session, gateway, at(9))
    assert arrived(session, gateway) == ["first", "missed_yesterday"]


def test_who_agrees_and_is_reminded_in_one_morning_is_told_once(session: Session, rang: Person) -> None:
    file = session.execute(select(OutboundMessage.__table__)).first()
    assert file is None
    remind(session)
    first = texts(session)[0]
    with writing(session) as tx:
        say_how_to_stop(tx, first, at(9))
    assert [wording for wording, _ in came_to(session)] == ["first", "missed_yesterday"]


def test_a_reminder_waits_while_the_first_text_is_tried(session: Session, rang: Person) -> None:
    remind(session)
    gateway = FakeProvider()
    gateway.before = AWAY
    send(session, gateway, at(9))
    gateway.before = None
    with writing(session) as tx:
        assert why_not_now(tx, texts(session)[1], at(9, 1), ZONE) == "wait"
    for minute in range(1, 21):
        send(session, gateway, at(9, minute))
    assert arrived(session, gateway) == ["first", "missed_yesterday"]


def test_a_gateway_that_is_away_for_a_day_loses_nobody_the_first_text(
    session: Session, cast: Cast, rang: Person
) -> None:
    """Both expire. On the morning after it is made anew, and the reminder comes behind it."""
    remind(session)
    gateway = FakeProvider()
    gateway.before = AWAY
    send(session, gateway, at(9))
    missed_today_too(session, cast)
    gateway.before = None
    sweep(session, gateway, at(9, 30, TOMORROW), ZONE)
    remind(session, TOMORROW)
    send(session, gateway, at(9, 40, TOMORROW))
    assert arrived(session, gateway) == ["first", "missed_yesterday"]
    assert came_to(session)[:2] == [("first", "expired"), ("missed_yesterday", "expired")]


@pytest.mark.parametrize("late", [False, True])
def test_a_first_text_that_failed_is_made_again(session: Session, cast: Cast, rang: Person, late: bool) -> None:
    """Refused at once, or taken and reported as lost: after the reminder of that day, perhaps, but before the next."""
    remind(session)
    gateway = FakeProvider()
    gateway.before = None if late else REFUSED
    send(session, gateway, at(9))
    gateway.before = None
    if late:
        with writing(session) as tx:
            row = lock_message(tx, OutboundMessage.wording == "first")
            assert row is not None
            move(tx, row, MessageState.FAILED, at(9, 5), reason="temporary")
    assert came_to(session)[0] == ("first", "failed")
    gateway.sent.clear()
    missed_today_too(session, cast)
    remind(session, TOMORROW)
    send(session, gateway, at(9, 40, TOMORROW))
    assert arrived(session, gateway) == ["first", "missed_yesterday"]


def test_a_first_text_that_may_have_arrived_is_not_sent_again(session: Session, cast: Cast, rang: Person) -> None:
    remind(session)
    gateway = FakeProvider(repeat_safe=False)
    gateway.after = SmsOutcomeUnknown()
    send(session, gateway, at(9))
    gateway.after = None
    assert came_to(session)[0] == ("first", "unknown")
    missed_today_too(session, cast)
    remind(session, TOMORROW)
    send(session, gateway, at(9, 40, TOMORROW))
    assert arrived(session, gateway).count("first") == 1
    assert came_to(session)[-1] == ("missed_yesterday", "accepted")


def test_who_compared_digits_is_reminded_without_it(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    remind(session)
    gateway = FakeProvider()
    send(session, gateway, at(9))
    assert arrived(session, gateway) == ["missed_yesterday"]


def test_digits_that_were_sent_and_never_compared_tell_nobody(session: Session, cast: Cast, rang: Person) -> None:
    """They were asked for, did not come, and the number was rung from instead."""
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == rang.id).values(asked_at=at(8) - A_DAY))
    remind(session)
    assert [wording for wording, _ in came_to(session)] == ["first", "missed_yesterday"]


@pytest.mark.parametrize("wording", sorted(KEYS - ANSWERS))
def test_every_text_that_goes_by_itself_has_a_purpose_that_somebody_can_agree_to(wording: str) -> None:
    """A wording without one is refused to everybody, and nobody hears of it: so the first text once never went."""
    assert wording == FIRST or wording in PURPOSE_OF


def test_one_files_first_text_that_waits_holds_back_nobody_else_of_the_number(
    session: Session, cast: Cast, rang: Person
) -> None:
    """A brother's waits through his own quiet hours; each makes its own, and the second is not needed any more."""
    (line_id,) = session.execute(select(PhoneNumber.line_id).where(PhoneNumber.patient_id == rang.id)).scalars()
    brother = a_person(session)
    with writing(session) as tx:
        theirs = {"line_id": line_id, "patient_id": brother, "side": "treatment", "site_id": DONG_KINH}
        enqueue(tx, NewMessage(**theirs, wording="first", body="-", is_automatic=True, expires_at=at(20)), at(8))
    remind(session)
    assert [wording for wording, _ in came_to(session)] == ["first", "first", "missed_yesterday"]
    gateway = FakeProvider()
    send(session, gateway, at(9))
    assert arrived(session, gateway) == ["first", "missed_yesterday"]


def test_a_second_first_text_is_cleared(session: Session, cast: Cast, rang: Person) -> None:
    remind(session)
    send(session, FakeProvider(), at(9))
    first = texts(session)[0]
    with writing(session) as tx:
        assert why_not_now(tx, first, at(9, 1), ZONE) == "cleared:told"


@pytest.mark.parametrize("change", [{"removed_at": at(8)}, {"compared_at": None}])
def test_a_number_that_has_come_to_somebody_else_was_told_nothing(
    session: Session, cast: Cast, rang: Person, change: dict[str, object]
) -> None:
    """What was compared in the file of the one before, who has it no more, or at whom another answers now."""
    (line_id,) = session.execute(select(PhoneNumber.line_id).where(PhoneNumber.patient_id == rang.id)).scalars()
    assert not session.execute(select(is_told(line_id))).scalar_one()
    before = somebody(session, cast)
    with writing(session) as tx:
        row = phone_row(vault_of(tx), "treatment", before.id, new_ref(), "+84912009999", at(7))
        tx.execute(insert(PhoneNumber).values(**{**row, "line_id": line_id, "compared_at": at(7), **change}))
    remind(session)
    assert came_to(session)[0] == ("first", "queued")


def test_what_is_too_late_for_this_evening_goes_in_the_morning(session: Session, cast: Cast, rang: Person) -> None:
    remind(session)
    gateway = FakeProvider()
    gateway.before = SmsTooLate()
    send(session, gateway, at(19, 59))
    assert came_to(session)[0] == ("first", "queued")
    gateway.before = None
    send(session, gateway, at(20, 0))
    assert came_to(session)[0] == ("first", "queued")
    send(session, gateway, at(7, 0, TOMORROW))
    assert arrived(session, gateway) == ["first"]
