"""Looking again just before a text goes out: is it still true, wanted and allowed?"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.station_days import DayState
from counseling.models.counseling import AftercareFile, Appointment
from counseling.models.patients import PhoneNumber, SupportFile, TreatmentFile
from counseling.models.texts import PhoneLine, SmsConsent
from counseling.services.aftercare import note_check_in
from counseling.services.appointments import cancel_appointment, move_appointment
from counseling.services.inbound import read_inbound, store_inbound
from counseling.services.outbox import NewMessage, enqueue
from counseling.services.reminder_gates import why_not_now
from tests.support.cast import DONG_KINH, Cast
from tests.support.reminding import (
    A_DAY,
    TODAY,
    TOMORROW,
    YESTERDAY,
    ZONE,
    at,
    booked,
    expected,
    in_aftercare,
    leave_day,
    open_hours,
    plan,
    queue,
    reach,
    shut_on,
    texts,
    yesterday,
)
from tests.support.settings import MORNING
from tests.support.treatment import Person, by, came, dose, opened

NINE = at(9)


def verdict(session: Session, now: datetime = NINE, number: int = 0) -> str | None:
    """What the sender is told about the oldest text, or another one."""
    row = texts(session)[number]
    with writing(session) as tx:
        return why_not_now(tx, row, now, ZONE)


@pytest.fixture
def missed(session: Session, cast: Cast) -> Person:
    """Somebody who missed yesterday; their text waits in the outbox since this morning."""
    open_hours(session)
    (person,) = yesterday(session, cast)
    plan(session, at(6))
    assert queue(session, at(8, 59)) == 1
    return person


def change(session: Session, model: Any, where: Any, **values: object) -> None:
    with writing(session) as tx:
        tx.execute(update(model).where(where).values(**values))


def test_what_is_still_true_goes(session: Session, missed: Person) -> None:
    assert verdict(session) is None


def test_a_text_that_is_too_late_has_expired(session: Session, missed: Person) -> None:
    assert verdict(session, at(10, 30)) == "expired"
    assert verdict(session, NINE + 3 * A_DAY) == "expired"


def test_nothing_goes_at_night(session: Session, cast: Cast) -> None:
    in_aftercare(session, cast, TODAY)
    plan(session, at(6))
    queue(session, at(17))
    assert verdict(session, at(19, 59)) is None
    assert verdict(session, at(6, 59)) == "wait"


@pytest.mark.parametrize(
    ("model", "column", "values", "code"),
    [
        (SmsConsent, SmsConsent.patient_id, {"withdrawn_at": MORNING, "withdrawn_how": "desk"}, "refused:no_consent"),
        (PhoneNumber, PhoneNumber.patient_id, {"removed_at": MORNING}, "refused:not_their_number"),
        (PhoneNumber, PhoneNumber.patient_id, {"confirmed_at": None}, "refused:not_their_number"),
        (PhoneNumber, PhoneNumber.patient_id, {"calls_only": True}, "refused:not_their_number"),
        (TreatmentFile, TreatmentFile.patient_id, {"status": "discharged"}, "refused:discharged"),
        (TreatmentFile, TreatmentFile.patient_id, {"status": "died"}, "refused:died"),
        (TreatmentFile, TreatmentFile.patient_id, {"status": "moved"}, "refused:moved"),
    ],
)
def test_who_may_not_be_texted_any_more_is_not(
    session: Session, missed: Person, model: Any, column: Any, values: dict[str, object], code: str
) -> None:
    """The plain row is changed here: the services cancel the text, and the sender must not rely on it."""
    change(session, model, column == missed.id, **values)
    assert verdict(session) == code


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"opted_out_at": MORNING}, "refused:opted_out"),
        ({"permanent_failures": 2}, "refused:number_fails"),
        ({"denied_at": MORNING}, "refused:denied"),
    ],
)
def test_a_number_that_stopped_or_fails_gets_nothing(
    session: Session, missed: Person, values: dict[str, object], code: str
) -> None:
    change(session, PhoneLine, PhoneLine.id == texts(session)[0].line_id, **values)
    assert verdict(session) == code


def test_one_failure_is_no_reason(session: Session, missed: Person) -> None:
    change(session, PhoneLine, PhoneLine.id == texts(session)[0].line_id, permanent_failures=1)
    assert verdict(session) is None


def test_who_was_dosed_since_is_cleared(session: Session, cast: Cast) -> None:
    open_hours(session)
    (person, order), *others = [expected(session, cast) for _ in range(5)]
    reach(session, cast, person.id)
    opened(session, cast, YESTERDAY, now=MORNING - A_DAY)
    for other, other_order in others:
        dose(session, cast, other, other_order, day=YESTERDAY, now=MORNING - A_DAY)
    leave_day(session, cast, DayState.CLOSED)
    plan(session, at(6))
    queue(session, at(8, 59))
    opened(session, cast, TODAY, now=at(6, 30))
    dose(session, cast, person, order, day=TODAY, now=at(8, 59))
    assert verdict(session) == "cleared:dosed"


def test_who_came_and_was_not_dosed_is_not_asked_to_come(session: Session, cast: Cast, missed: Person) -> None:
    came(session, cast, missed, "refused", now=at(8))
    assert verdict(session) == "cleared:seen"


def test_a_paper_morning_and_a_shut_station_stop_the_text(session: Session, cast: Cast, missed: Person) -> None:
    opened(session, cast, TODAY, now=at(6, 30))
    leave_day(session, cast, DayState.ON_PAPER, TODAY, now=at(8, 50))
    assert verdict(session) == "wait"
    leave_day(session, cast, DayState.RECORDING, TODAY, now=at(8, 55))
    assert verdict(session) is None
    shut_on(session, TODAY)
    assert verdict(session) == "cleared:shut"


def test_an_appointment_that_was_called_off_or_moved_is_not_reminded_of(session: Session, cast: Cast) -> None:
    who = by(cast, "counselor")
    for hour in (8, 9, 10):
        booked(session, cast, at(hour, day=TOMORROW))
    plan(session, at(6))
    assert queue(session, at(17)) == 3
    kept, moved, cancelled = sorted(texts(session), key=lambda text: text.reminder_id)
    assert verdict(session, at(17)) is None
    ids = session.scalars(
        Appointment.__table__.select().with_only_columns(Appointment.id).order_by(Appointment.id)
    ).all()
    session.rollback()
    change(session, Appointment, Appointment.id == ids[0], changed_at=at(17), starts_at=at(11, day=TOMORROW))
    move_appointment(
        session, ids[1], site_id=DONG_KINH, starts_at=at(7, day=TOMORROW + A_DAY), outside_hours=True, by=who,
        now=at(17), zone=ZONE,
    )  # fmt: skip
    cancel_appointment(session, ids[2], site_id=DONG_KINH, by=who, now=at(17))
    said = {text.reminder_id: verdict(session, at(17), number) for number, text in enumerate(texts(session))}
    assert said[kept.reminder_id] == "cleared:appointment_moved"
    assert all(str(said[text.reminder_id]).startswith("cleared:") for text in (moved, cancelled))


def test_who_was_met_or_has_left_aftercare_is_not_asked_how_they_are(session: Session, cast: Cast) -> None:
    patient_id = in_aftercare(session, cast, TODAY)
    plan(session, at(6))
    queue(session, at(17))
    assert verdict(session, at(17)) is None
    with writing(session) as tx:
        note_check_in(tx, patient_id, TODAY)
    assert verdict(session, at(17)) == "cleared:met"
    ended = {"ended_on": TODAY, "end_reason": "own_wish", "ended_by_id": cast.staff["counselor"]}
    change(session, AftercareFile, AftercareFile.patient_id == patient_id, **ended)
    assert verdict(session, at(17)) == "cleared:aftercare_ended"
    change(session, SupportFile, SupportFile.patient_id == patient_id, status="died")
    assert verdict(session, at(17)) == "refused:died"


def said(session: Session, line_id: int, **changes: Any) -> None:
    """A text without a reminder joins the queue."""
    values: dict[str, Any] = {
        "line_id": line_id, "side": "treatment", "site_id": DONG_KINH, "wording": "typed", "body": "Mai den nhe.",
        "is_automatic": False, "expires_at": NINE + A_DAY, **changes,
    }  # fmt: skip
    with writing(session) as tx:
        enqueue(tx, NewMessage(**values), changes.get("send_after", at(8, 30)))


def test_automatic_texts_wait_while_people_write_to_each_other(session: Session, cast: Cast, missed: Person) -> None:
    said(session, texts(session)[0].line_id, written_by_id=cast.staff["dispenser"])
    assert verdict(session) == "wait"
    assert verdict(session, number=1) is None, "what a person typed does not wait for itself"
    assert verdict(session, at(9, 30)) is None


def test_a_text_from_the_number_is_read_before_anything_is_sent_to_it(
    session: Session, cast: Cast, missed: Person, number_of: Any
) -> None:
    came_at = at(8, 20)
    store_inbound(session, gateway="simulator", event_key="1", number=number_of(0), body="NGUNG", received_at=came_at)
    assert verdict(session, at(9, 59)) == "wait"
    read_inbound(session, at(10), ZONE, random.Random(1))
    assert verdict(session, at(10)) in ("refused:opted_out", "cleared:opted_out")


def test_what_answers_somebody_goes_at_night_and_after_a_stop(session: Session, cast: Cast, missed: Person) -> None:
    line_id = texts(session)[0].line_id
    automatic = {"is_automatic": True, "patient_id": missed.id}
    said(session, line_id, wording="stopped", answer_hour="2026-11-22T14", **automatic)
    said(session, line_id, wording="number", **automatic)
    said(session, line_id, written_by_id=cast.staff["dispenser"], patient_id=missed.id)
    change(session, SmsConsent, SmsConsent.patient_id == missed.id, withdrawn_at=MORNING, withdrawn_how="desk")
    night = at(22)
    assert [verdict(session, night, number) for number in (1, 2, 3)] == [None, None, None]
    change(session, PhoneLine, PhoneLine.id == line_id, opted_out_at=night)
    assert [verdict(session, night, number) for number in (1, 2, 3)] == [None, None, "refused:opted_out"]
    change(session, PhoneLine, PhoneLine.id == line_id, permanent_failures=2)
    assert [verdict(session, night, number) for number in (1, 2, 3)] == ["refused:number_fails"] * 3


@pytest.fixture
def number_of(session: Session) -> Any:
    """The number behind the line of a text."""
    from counseling.database import vault_of
    from counseling.services.phone_lines import open_line_number

    def number(index: int) -> str:
        line = session.get_one(PhoneLine, texts(session)[index].line_id)
        session.rollback()
        return open_line_number(vault_of(session), line.ref, line.number)

    return number
