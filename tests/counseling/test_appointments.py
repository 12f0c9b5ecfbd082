"""Booking, moving, calling off; reminders go with the appointment. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.domain.appointments import NEXT_STATES, ensure_may_become
from counseling.domain.refusal import Refusal
from counseling.models.counseling import APPOINTMENT_STATES, Appointment
from counseling.models.patients import SupportFile
from counseling.models.places import SiteHoursException
from counseling.models.texts import OutboundMessage, Reminder
from counseling.refs import new_ref, new_request_key
from counseling.services.appointments import cancel_appointment, move_appointment, record_outcome
from counseling.services.phones import add_phone
from counseling.services.reminder_planning import plan_reminders
from tests.agreements.story import reached
from tests.counseling.story import TODAY, appointment_of, at, book, hold, how_many, known, last_entry, open_mornings
from tests.orders.test_races import engine_of
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import by
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING
from tests.support.treatment import Person

DAY = timedelta(days=1)
WEDNESDAY = TODAY + 3 * DAY  # today is a Sunday


def refused(act: Callable[[], object]) -> Refusal:
    with pytest.raises(Refusal) as caught:
        act()
    return caught.value


def move(
    session: Session, cast: Cast, ref: str, starts_at: datetime, *, outside_hours: bool = False,
    now: datetime = MORNING, site: int = DONG_KINH,
) -> None:  # fmt: skip
    move_appointment(
        session, appointment_of(session, ref).id, site_id=site, starts_at=starts_at, outside_hours=outside_hours,
        by=by(cast, "counselor"), now=now, zone=VIETNAM,
    )  # fmt: skip


def cancel(session: Session, cast: Cast, ref: str, now: datetime = MORNING) -> None:
    row = appointment_of(session, ref)
    cancel_appointment(session, row.id, site_id=DONG_KINH, by=by(cast, "counselor"), now=now)


def settle(session: Session, cast: Cast, ref: str, state: str, now: datetime) -> None:
    row, who = appointment_of(session, ref), by(cast, "counselor")
    record_outcome(session, row.id, state, site_id=DONG_KINH, by=who, now=now, zone=VIETNAM)


def reminded(session: Session, person: Person, ref: str, state: str = "planned", slot: int = 1) -> int:
    row = {
        "patient_id": person.id, "side": "support", "site_id": DONG_KINH, "kind": "appointment", "rule_version": 1,
        "on_date": TODAY + 2 * DAY, "slot": slot, "due_at": MORNING + 2 * DAY, "expires_at": MORNING + 3 * DAY,
        "state": state, "planned_at": MORNING, "appointment_id": appointment_of(session, ref).id,
    }  # fmt: skip
    with writing(session) as tx:
        return tx.execute(insert(Reminder).values(**row).returning(Reminder.id)).scalar_one()


def in_outbox(session: Session, person: Person, reminder_id: int, line_id: int, state: str) -> int:
    row = {
        "ref": new_ref(), "patient_id": person.id, "side": "support", "site_id": DONG_KINH, "line_id": line_id,
        "wording": "appointment", "is_automatic": True, "queued_at": MORNING, "send_after": MORNING,
        "expires_at": MORNING + DAY, "state": state, "reminder_id": reminder_id,
    }  # fmt: skip
    with writing(session) as tx:
        return tx.execute(insert(OutboundMessage).values(**row).returning(OutboundMessage.id)).scalar_one()


def reminder_state(session: Session, reminder_id: int) -> tuple[str, str | None]:
    session.rollback()
    row = session.execute(select(Reminder.state, Reminder.reason).where(Reminder.id == reminder_id)).one()
    session.rollback()
    return row.state, row.reason


def text_state(session: Session, message_id: int) -> str:
    session.rollback()
    return session.execute(select(OutboundMessage.state).where(OutboundMessage.id == message_id)).scalar_one()


def test_an_appointment_is_booked_with_its_entry_in_the_chain(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    row = appointment_of(session, book(session, cast, person, at(WEDNESDAY, 8)))
    assert (row.patient_id, row.state, row.starts_at) == (person.id, "booked", at(WEDNESDAY, 8))
    entry = last_entry(session)
    assert (entry.action, entry.subject) == ("appointment.booked", f"patient:{person.id}")


@pytest.mark.parametrize(
    ("starts_at", "code"),
    [(MORNING, "appointment_in_past"), (at(TODAY - DAY, 9), "appointment_in_past"),
     (at(TODAY + 400 * DAY, 9), "appointment_too_late")],
)  # fmt: skip
def test_a_moment_that_cannot_be_meant_is_refused(session: Session, cast: Cast, starts_at: datetime, code: str) -> None:
    assert refused(lambda: book(session, cast, known(session, cast), starts_at)).code == code


def test_nobody_is_booked_twice_on_one_day_but_again_once_it_is_called_off(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    first = book(session, cast, person, at(WEDNESDAY, 8))
    refusal = refused(lambda: book(session, cast, person, at(WEDNESDAY, 16)))
    assert (refusal.code, refusal.facts["at"]) == ("appointment_same_day", at(WEDNESDAY, 8))
    book(session, cast, person, at(WEDNESDAY + DAY, 8))
    cancel(session, cast, first)
    book(session, cast, person, at(WEDNESDAY, 16))
    assert how_many(session, Appointment) == [3]


def test_of_two_counselors_at_the_same_second_one_books(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    outcomes = at_the_same_second(
        engine_of(session),
        lambda own: book(own, cast, person, at(WEDNESDAY, 8)),
        lambda own: book(own, cast, person, at(WEDNESDAY, 9)),
    )
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert codes == ["appointment_same_day"], outcomes
    assert how_many(session, Appointment) == [1]


def test_a_form_sent_twice_books_once_and_a_race_of_it_too(session: Session, cast: Cast) -> None:
    person, key = known(session, cast), new_request_key()
    outcomes = at_the_same_second(
        engine_of(session), *[lambda own: book(own, cast, person, at(WEDNESDAY, 8), key=key)] * 2
    )
    assert len(set(map(str, outcomes))) == 1, outcomes
    assert outcomes[0] == book(session, cast, person, at(WEDNESDAY, 8), key=key)
    assert how_many(session, Appointment) == [1]


@pytest.mark.parametrize(
    ("day", "hour", "is_open"),
    [(WEDNESDAY, 8, True), (WEDNESDAY, 11, False), (WEDNESDAY, 14, False), (TODAY + 7 * DAY, 8, False),
     (WEDNESDAY + DAY, 8, False), (WEDNESDAY + DAY, 15, True)],
)  # fmt: skip
def test_outside_opening_hours_somebody_has_to_confirm(
    session: Session, cast: Cast, day: date, hour: int, is_open: bool
) -> None:
    open_mornings(session)
    afternoon = {"is_shut": False, "opens_at": time(14), "closes_at": time(17), "reason": "họp"}
    with writing(session) as tx:
        differs = insert(SiteHoursException)
        tx.execute(differs.values(site_id=DONG_KINH, on_date=WEDNESDAY + DAY, **afternoon))
    person = known(session, cast)
    if is_open:
        book(session, cast, person, at(day, hour))
        return
    assert refused(lambda: book(session, cast, person, at(day, hour))).code == "outside_opening_hours"
    book(session, cast, person, at(day, hour), outside_hours=True)


def test_where_nobody_has_said_the_hours_any_hour_will_do(session: Session, cast: Cast) -> None:
    book(session, cast, known(session, cast), at(TODAY + 7 * DAY, 19))


def test_nobody_is_booked_at_another_point_or_after_the_support_has_ended(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    assert refused(lambda: book(session, cast, person, at(WEDNESDAY, 8), site=CAO_LOC)).code == "not_at_this_point"
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.patient_id == person.id).values(status="moved"))
    assert refused(lambda: book(session, cast, person, at(WEDNESDAY, 8))).code == "support_ended"


def test_moving_cancels_what_was_planned_and_names_both_times(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    ref = book(session, cast, person, at(WEDNESDAY, 8))
    planned, held = reminded(session, person, ref), reminded(session, person, ref, "held", slot=2)
    expired = reminded(session, person, ref, "expired", slot=3)
    move(session, cast, ref, at(WEDNESDAY, 10))
    assert appointment_of(session, ref).starts_at == at(WEDNESDAY, 10)
    for reminder in (planned, held):
        assert reminder_state(session, reminder) == ("cancelled", "appointment_moved")
    assert reminder_state(session, expired)[0] == "expired"
    entry = last_entry(session)
    assert entry.action == "appointment.moved"
    assert "T01:00:00" in entry.details and "T03:00:00" in entry.details


def test_a_text_that_waits_in_the_outbox_is_taken_back_and_one_that_went_out_stays(
    session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    line_id = line_of(session, cast, person)
    ref = book(session, cast, person, at(WEDNESDAY, 8))
    waiting, sent = reminded(session, person, ref, "queued"), reminded(session, person, ref, "queued", slot=2)
    in_queue = in_outbox(session, person, waiting, line_id, "queued")
    delivered = in_outbox(session, person, sent, line_id, "delivered")
    cancel(session, cast, ref)
    assert text_state(session, in_queue) == "cancelled"
    assert text_state(session, delivered) == "delivered"
    assert reminder_state(session, waiting) == ("cancelled", "appointment_cancelled")
    assert reminder_state(session, sent)[0] == "queued"


def test_after_a_move_a_reminder_that_went_out_does_not_stand_for_the_new_day(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    line_id = line_of(session, cast, person)
    ref = book(session, cast, person, at(WEDNESDAY, 8))
    sent = reminded(session, person, ref, "queued")
    delivered = in_outbox(session, person, sent, line_id, "delivered")
    move(session, cast, ref, at(WEDNESDAY + DAY, 8))
    assert reminder_state(session, sent) == ("cancelled", "appointment_moved")
    assert text_state(session, delivered) == "delivered"


def test_the_planner_gives_a_moved_one_another_reminder_also_on_the_same_day(session: Session, cast: Cast) -> None:
    person, dice = known(session, cast), Random(1)
    line_of(session, cast, person)
    ref = book(session, cast, person, at(TODAY + 2 * DAY, 8))
    plan_reminders(session, MORNING, VIETNAM, dice)
    move(session, cast, ref, at(TODAY + 2 * DAY, 10), now=MORNING + DAY / 24)
    plan_reminders(session, MORNING + DAY / 24, VIETNAM, dice)
    session.rollback()
    rows = session.execute(select(Reminder.state, Reminder.on_date).order_by(Reminder.id)).all()
    assert [tuple(row) for row in rows] == [("cancelled", TODAY + DAY), ("planned", TODAY + DAY)]


def line_of(session: Session, cast: Cast, person: Person) -> int:
    add_phone(session, person.id, "+84912345678", by=by(cast, "counselor"), now=MORNING, side="support")
    return reached(session, cast, person.id, "support")


def test_moving_to_where_it_is_changes_nothing(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    ref = book(session, cast, person, at(WEDNESDAY, 8))
    reminder = reminded(session, person, ref)
    move(session, cast, ref, at(WEDNESDAY, 8))
    assert reminder_state(session, reminder)[0] == "planned"
    assert appointment_of(session, ref).changed_at is None


def test_a_moved_one_meets_the_same_rules(session: Session, cast: Cast) -> None:
    open_mornings(session)
    person = known(session, cast)
    ref = book(session, cast, person, at(WEDNESDAY, 8))
    book(session, cast, person, at(WEDNESDAY + DAY, 8))
    for starts_at, code in (
        (at(TODAY - DAY, 8), "appointment_in_past"),
        (at(WEDNESDAY + DAY, 9), "appointment_same_day"),
        (at(WEDNESDAY, 15), "outside_opening_hours"),
    ):
        assert refused(lambda starts_at=starts_at: move(session, cast, ref, starts_at)).code == code
    move(session, cast, ref, at(WEDNESDAY, 15), outside_hours=True)
    assert refused(lambda: move(session, cast, ref, at(WEDNESDAY, 9), site=CAO_LOC)).code == "not_at_this_point"


def test_one_of_an_earlier_day_is_not_moved_out_of_the_book(session: Session, cast: Cast) -> None:
    ref = book(session, cast, known(session, cast), at(WEDNESDAY, 8))
    late = at(WEDNESDAY + DAY, 7)
    assert refused(lambda: move(session, cast, ref, at(WEDNESDAY + 2 * DAY, 8), now=late)).code == (
        "appointment_has_passed"
    )
    move(session, cast, ref, at(WEDNESDAY + 2 * DAY, 8), now=at(WEDNESDAY, 12))


def test_how_it_went_is_said_once_it_is_known_and_can_be_corrected(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    ref = book(session, cast, person, at(WEDNESDAY, 8))
    reminder = reminded(session, person, ref)
    assert refused(lambda: settle(session, cast, ref, "kept", at(WEDNESDAY - DAY, 8))).code == "appointment_not_yet"
    assert refused(lambda: settle(session, cast, ref, "missed", at(WEDNESDAY, 7))).code == "appointment_not_yet"
    settle(session, cast, ref, "missed", at(WEDNESDAY, 9))
    settle(session, cast, ref, "missed", at(WEDNESDAY, 9))
    assert reminder_state(session, reminder)[0] == "cancelled"
    settle(session, cast, ref, "kept", at(WEDNESDAY, 9, 30))
    assert appointment_of(session, ref).state == "kept"
    assert refused(lambda: cancel(session, cast, ref)).code == "appointment_is_settled"
    assert refused(lambda: move(session, cast, ref, at(WEDNESDAY + DAY, 8))).code == "appointment_is_settled"


def test_a_cancelled_one_stays_cancelled(session: Session, cast: Cast) -> None:
    ref = book(session, cast, known(session, cast), at(WEDNESDAY, 8))
    cancel(session, cast, ref)
    cancel(session, cast, ref)
    assert refused(lambda: settle(session, cast, ref, "kept", at(WEDNESDAY, 9))).code == "appointment_is_settled"


def test_a_session_before_the_hour_takes_back_the_reminder_of_that_day(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    ref = book(session, cast, person, at(WEDNESDAY, 16))
    reminder = reminded(session, person, ref)
    hold(session, cast, person, now=at(WEDNESDAY, 8))
    assert appointment_of(session, ref).state == "kept"
    assert reminder_state(session, reminder) == ("cancelled", "appointment_kept")


def test_every_state_stands_in_the_table() -> None:
    assert set(NEXT_STATES) == set(APPOINTMENT_STATES)
    for current, following in NEXT_STATES.items():
        for state in APPOINTMENT_STATES:
            if state in following:
                ensure_may_become(current, state)
            else:
                with pytest.raises(Refusal, match="appointment_is_settled"):
                    ensure_may_become(current, state)
