"""What a person of the site changes by hand stays so: what was taken out is not planned anew by the next tick."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.domain.refusal import Refusal
from counseling.domain.text_choices import OwnHours
from counseling.services.appointments import move_appointment
from counseling.services.queue_changes import Waiting, change_hour, take_back
from tests.reminders.test_silence import arrived
from tests.support.cast import DONG_KINH, Cast
from tests.support.files import by
from tests.support.reminding import (
    A_DAY,
    TODAY,
    TOMORROW,
    at,
    booked,
    choose,
    in_aftercare,
    open_hours,
    plan,
    queue,
    reminders,
    texts,
    turn,
    yesterday,
)


def test_an_appointments_reminder_taken_back_stays_taken_back(session: Session, cast: Cast) -> None:
    booked(session, cast, at(9, day=TOMORROW))
    assert plan(session, at(7, 30)) >= 1
    (one,) = [row for row in reminders(session) if row.kind == "appointment"]
    session.rollback()
    take_back(session, Waiting("reminder", one.id, DONG_KINH, "support"), by=by(cast, "counselor"), now=at(7, 31))
    plan(session, at(7, 36))
    rows = [(row.slot, row.state, row.reason) for row in reminders(session) if row.kind == "appointment"]
    assert rows == [(1, "cancelled", "by_staff")], rows


def test_a_missed_yesterday_taken_back_is_not_planned_anew_by_a_changed_rule(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast, missed=1, came=4)
    plan(session, at(6))
    (one,) = reminders(session)
    session.rollback()
    take_back(session, Waiting("reminder", one.id, DONG_KINH, "treatment"), by=by(cast, "dispenser"), now=at(6, 1))
    plan(session, at(6, 6))
    assert [row.state for row in reminders(session)] == ["cancelled"]
    assert turn(session, cast, "missed_yesterday", not_after=time(9, 45))
    plan(session, at(6, 11))
    assert [row.state for row in reminders(session)] == ["cancelled"]


def test_a_check_in_taken_back_is_not_asked_the_next_day(session: Session, cast: Cast) -> None:
    in_aftercare(session, cast, TODAY)
    plan(session, at(7, 30))
    rows = [row for row in reminders(session) if row.kind == "check_in"]
    (one,) = rows
    session.rollback()
    take_back(session, Waiting("reminder", one.id, DONG_KINH, "support"), by=by(cast, "counselor"), now=at(7, 31))
    plan(session, at(7, 36))
    plan(session, at(7, 36, day=TOMORROW))
    rows = [(row.on_date, row.state) for row in reminders(session) if row.kind == "check_in"]
    assert len(rows) == 1, rows


def test_an_appointment_that_is_moved_after_that_is_reminded_of_anew(session: Session, cast: Cast) -> None:
    _, appointment = booked(session, cast, at(9, day=TOMORROW))
    plan(session, at(7, 30))
    (one,) = [row for row in reminders(session) if row.kind == "appointment"]
    session.rollback()
    take_back(session, Waiting("reminder", one.id, DONG_KINH, "support"), by=by(cast, "counselor"), now=at(7, 31))
    move_appointment(
        session, appointment, site_id=DONG_KINH, starts_at=at(14, day=TOMORROW), outside_hours=True,
        by=by(cast, "counselor"), now=at(7, 32), zone=VIETNAM,
    )  # fmt: skip
    plan(session, at(7, 36))
    rows = [row.state for row in reminders(session) if row.kind == "appointment"]
    assert sorted(rows) == ["cancelled", "planned"], rows


def test_a_queued_text_taken_back_stays_so(session: Session, cast: Cast) -> None:
    booked(session, cast, at(9, day=TOMORROW))
    plan(session, at(6))
    (row,) = reminders(session)
    queue(session, row.due_at)
    (text,) = texts(session)
    take_back(session, Waiting("text", text.id, DONG_KINH, "support"), by=by(cast, "counselor"), now=row.due_at)
    plan(session, row.due_at + timedelta(minutes=1))
    assert [row.state for row in reminders(session)] == ["cancelled"]


def test_a_second_text_taken_back_is_not_planned_the_next_day(session: Session, cast: Cast) -> None:
    turn(session, cast, "second_text", "support")
    in_aftercare(session, cast, TODAY)
    plan(session, at(8))
    queue(session, at(17))
    arrived(session)
    third = TODAY + 3 * A_DAY
    plan(session, at(8, day=third))
    (row,) = [row for row in reminders(session) if row.kind == "second_text"]
    session.rollback()
    which = Waiting("reminder", row.id, DONG_KINH, "support")
    take_back(session, which, by=by(cast, "counselor"), now=at(8, 1, day=third))
    plan(session, at(8, day=third + A_DAY))
    assert [row.state for row in reminders(session) if row.kind == "second_text"] == ["cancelled"]


def test_an_hour_within_the_persons_own_quiet_hours_is_refused(session: Session, cast: Cast) -> None:
    """It would wait there until it is too late, and the page had said that the hour was changed."""
    person, _ = booked(session, cast, at(9, day=TOMORROW))
    choose(session, cast, person, "support", hours=OwnHours(None, time(12), time(18)))
    plan(session, at(6))
    (row,) = reminders(session)
    session.rollback()
    which, who = Waiting("reminder", row.id, DONG_KINH, "support"), by(cast, "counselor")
    with pytest.raises(Refusal, match="own_quiet_hour"):
        change_hour(session, which, time(14), by=who, now=at(7), zone=VIETNAM)
    assert change_hour(session, which, time(18), by=who, now=at(7), zone=VIETNAM) == at(18)


def test_an_hour_chosen_at_the_desk_moves_what_is_planned_for_the_next_days(session: Session, cast: Cast) -> None:
    person, _ = booked(session, cast, at(9, day=TOMORROW + A_DAY))
    asked = in_aftercare(session, cast, TOMORROW)
    plan(session, at(6))
    before = {row.patient_id: row.due_at for row in reminders(session)}
    for somebody in (person, asked):
        hour = 9 if before[somebody].astimezone(VIETNAM).hour != 9 else 10
        assert choose(session, cast, somebody, "support", now=at(6, 5), hours=OwnHours(hour))
        (row,) = [row for row in reminders(session) if row.patient_id == somebody]
        assert (row.on_date, row.state, row.due_at.astimezone(VIETNAM).hour) == (TOMORROW, "planned", hour)
    plan(session, at(6, 10))
    assert len(reminders(session)) == 2


def test_quiet_hours_chosen_at_the_desk_move_only_what_lies_in_them(session: Session, cast: Cast) -> None:
    person, _ = booked(session, cast, at(9, day=TOMORROW))
    plan(session, at(6))
    (row,) = reminders(session)
    due = row.due_at.astimezone(VIETNAM).time()
    choose(session, cast, person, "support", now=at(6, 5), hours=OwnHours(None, time(due.hour), time(due.hour, 59, 59)))
    (moved,) = reminders(session)
    assert moved.due_at.astimezone(VIETNAM).hour != due.hour
    choose(session, cast, person, "support", now=at(6, 6), hours=OwnHours(None, time(7), time(7, 1)))
    (kept,) = reminders(session)
    assert kept.due_at == moved.due_at


def test_where_the_day_leaves_no_minute_a_planned_text_waits_where_it_is(session: Session, cast: Cast) -> None:
    person, _ = booked(session, cast, at(9, day=TOMORROW))
    plan(session, at(6))
    (before,) = reminders(session)
    choose(session, cast, person, "support", now=at(6, 5), hours=OwnHours(None, time(0), time(23, 59, 59)))
    (after,) = reminders(session)
    assert (after.due_at, after.state) == (before.due_at, "planned")


def test_a_same_day_reminder_still_comes_before_the_appointment(session: Session, cast: Cast) -> None:
    turn(session, cast, "appointment_today", "support", not_before=time(7), not_after=time(12))
    person, _ = booked(session, cast, at(12, day=TOMORROW))
    plan(session, at(6, 30, day=TOMORROW))
    (row,) = [row for row in reminders(session) if row.kind == "appointment_today"]
    for hour in (9, 11):
        choose(session, cast, person, "support", now=at(6, 35, day=TOMORROW), hours=OwnHours(hour))
        (row,) = [row for row in reminders(session) if row.kind == "appointment_today"]
        due = row.due_at.astimezone(VIETNAM)
        assert due <= at(10, 30, day=TOMORROW) and (due.hour == 9 or hour != 9)


def test_the_stations_text_of_today_moves_too_and_stays_true_as_long(session: Session, cast: Cast) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast, missed=1, came=4)
    plan(session, at(6))
    (row,) = reminders(session)
    hour = 8 if row.due_at.astimezone(VIETNAM).hour != 8 else 7
    choose(session, cast, person.id, now=at(6, 5), hours=OwnHours(hour))
    (moved,) = reminders(session)
    assert (moved.due_at.astimezone(VIETNAM).hour, moved.expires_at) == (hour, at(10, 30))


def test_what_is_in_the_outbox_already_is_not_drawn_anew(session: Session, cast: Cast) -> None:
    person, _ = booked(session, cast, at(9, day=TOMORROW))
    plan(session, at(6))
    (row,) = reminders(session)
    queue(session, row.due_at)
    choose(session, cast, person, "support", now=row.due_at, hours=OwnHours(19))
    (after,) = reminders(session)
    assert (after.state, after.due_at) == ("queued", row.due_at)
