"""A station's own reminders: before closing, the evening before, before days off, of an order that ends."""

from __future__ import annotations

import random
from datetime import date, time, timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.orders import Phase
from counseling.domain.station_days import DayState
from counseling.models.doses import AdherenceSummary
from counseling.models.places import SiteHours, SiteHoursException
from counseling.models.texts import Reminder
from counseling.refs import new_request_key
from counseling.services.doses import SeenDose
from counseling.services.held_reminders import release_held
from counseling.services.holds import set_hold
from counseling.services.patients import change_status
from counseling.services.pours import pour_dose
from counseling.services.reminder_gates import why_not_now
from counseling.services.reminder_rows import Moment
from counseling.services.sending import send_due
from counseling.services.station_reminders import is_crowd
from tests.support.cast import DONG_KINH, Cast
from tests.support.outbox import FakeProvider
from tests.support.reminding import (
    A_DAY,
    TODAY,
    TOMORROW,
    ZONE,
    at,
    bodies,
    expected,
    leave_day,
    open_hours,
    outcomes,
    plan,
    queue,
    reach,
    reconsider,
    reminders,
    shut_on,
    texts,
    turn,
)
from tests.support.settings import MORNING
from tests.support.treatment import Person, by, came, dose, opened, ordered, somebody, window

LAST_CALL = at(9, 20)


def alone(session: Session, cast: Cast, kind: str, **changes: object) -> None:
    """This kind and no other, of those that the station has."""
    turn(session, cast, "missed_yesterday", is_on=False)
    turn(session, cast, kind, **changes)


def late_morning(
    session: Session, cast: Cast, *, missing: int = 1, dosed: int = 4, last_at: int = 15
) -> list[tuple[Person, int]]:
    """Today at the station: `dosed` were there, the last of them so many minutes after nine; gives those who have not
    come, with their orders."""
    open_hours(session)
    alone(session, cast, "dose_today")
    people = [expected(session, cast) for _ in range(missing + dosed)]
    opened(session, cast)
    for person, order in people[missing:]:
        dose(session, cast, person, order, now=at(9, last_at))
    for person, _ in people[:missing]:
        reach(session, cast, person.id)
    return people[:missing]


def test_who_has_not_come_is_told_while_there_is_time(session: Session, cast: Cast) -> None:
    ((person, _),) = late_morning(session, cast)
    assert plan(session, at(9, 10)) == 0  # the morning is not over
    assert plan(session, LAST_CALL) == 1
    assert plan(session, LAST_CALL) == 0
    (row,) = reminders(session)
    assert (row.patient_id, row.kind, row.state) == (person.id, "dose_today", "planned")
    assert LAST_CALL <= row.due_at < at(10, 5) and row.expires_at == at(10, 30)
    assert queue(session, row.due_at) == 1
    assert bodies(session)[0].startswith("Nhac viec: viec hang ngay hom nay chua xong, con kip truoc 10h30.")


def test_a_quiet_book_holds_it_and_the_next_entry_lets_it_go(session: Session, cast: Cast) -> None:
    late_morning(session, cast, last_at=0)
    other, order = expected(session, cast)
    assert plan(session, at(9, 31)) == 1
    assert outcomes(session) == [("held", "not_recorded")]
    assert reconsider(session, at(9, 32)) == 0
    dose(session, cast, other, order, now=at(9, 33))
    assert reconsider(session, at(9, 34)) == 1
    assert outcomes(session) == [("planned", None)]


def test_a_paper_morning_holds_it_until_it_is_stale(session: Session, cast: Cast) -> None:
    late_morning(session, cast)
    leave_day(session, cast, DayState.ON_PAPER, TODAY, at(9, 16))
    plan(session, LAST_CALL)
    assert outcomes(session) == [("held", "on_paper")]
    queue(session, at(10, 31))
    assert outcomes(session) == [("expired", "on_paper")]


def test_a_crowd_waits_for_a_person(session: Session, cast: Cast) -> None:
    late_morning(session, cast, missing=3, dosed=5)
    assert plan(session, LAST_CALL) == 3
    assert set(outcomes(session)) == {("held", "too_many")}
    who = by(cast, "dispenser")
    assert release_held(session, DONG_KINH, 3, by=who, now=at(9, 30), zone=ZONE, dice=random.Random(1)) == 3
    assert all(at(9, 30) <= row.due_at < at(10, 5) for row in reminders(session))


def test_what_a_person_has_let_go_waits_for_nobody_a_second_time(session: Session, cast: Cast) -> None:
    """The book is quiet when they come due, which holds them; with its next entry they go, crowd as they are."""
    late_morning(session, cast, missing=3, dosed=5, last_at=14)
    other, order = expected(session, cast)
    reach(session, cast, other.id)
    plan(session, LAST_CALL)
    who = by(cast, "dispenser")
    assert release_held(session, DONG_KINH, 4, by=who, now=at(9, 21), zone=ZONE, dice=random.Random(1)) == 4
    assert queue(session, at(10, 4)) == 0
    assert set(outcomes(session)) == {("held", "not_recorded")}
    dose(session, cast, other, order, now=at(10, 4))
    assert reconsider(session, at(10, 4)) == 4
    assert set(outcomes(session)) == {("planned", None)}
    queue(session, at(10, 5))
    gateway = FakeProvider()
    send_due(session, gateway, at(10, 5), ZONE)
    assert [row.state for row in texts(session)] == ["accepted"] * 3
    assert sorted(row.state for row in reminders(session)) == ["cleared", *["queued"] * 3]


def test_whoever_joins_a_crowd_that_was_let_go_is_planned_with_it(session: Session, cast: Cast) -> None:
    late_morning(session, cast, missing=3, dosed=5)
    plan(session, LAST_CALL)
    who = by(cast, "dispenser")
    release_held(session, DONG_KINH, 3, by=who, now=at(9, 21), zone=ZONE, dice=random.Random(1))
    reach(session, cast, expected(session, cast)[0].id)
    assert plan(session, at(9, 22)) == 1
    assert set(outcomes(session)) == {("planned", None)}


def test_a_crowd_of_another_kind_or_day_waits_all_the_same(session: Session, cast: Cast) -> None:
    late_morning(session, cast, missing=3, dosed=5)
    plan(session, LAST_CALL)
    who = by(cast, "dispenser")
    release_held(session, DONG_KINH, 3, by=who, now=at(9, 21), zone=ZONE, dice=random.Random(1))
    assert not is_crowd(session, DONG_KINH, "dose_today", Moment(at(9, 22), ZONE))
    with writing(session) as tx:
        tx.execute(update(Reminder).values(kind="missed_yesterday"))
    assert is_crowd(session, DONG_KINH, "dose_today", Moment(at(9, 22), ZONE))
    with writing(session) as tx:
        tx.execute(update(Reminder).values(kind="dose_today", on_date=TODAY - A_DAY))
    assert is_crowd(session, DONG_KINH, "dose_today", Moment(at(9, 22), ZONE))


VERDICTS = {
    "dosed": "cleared:dosed",
    "came": "cleared:seen",
    "poured": "cleared:seen",
    "held": "cleared:no_order",
    "discharged": "cleared:discharged",
}


@pytest.mark.parametrize("what", sorted(VERDICTS))
def test_whoever_was_seen_or_is_looked_after_gets_no_such_text(session: Session, cast: Cast, what: str) -> None:
    """Whatever happens between queueing and sending."""
    ((person, order),) = late_morning(session, cast)
    plan(session, LAST_CALL)
    due = reminders(session)[0].due_at
    assert queue(session, due) == 1
    happens(session, cast, person, order, what)
    (text,) = texts(session)
    with writing(session) as tx:
        verdict = why_not_now(tx, text, due, ZONE)
    # What cancels in its own transaction leaves nothing to be asked about.
    assert (f"cleared:{text.reason}" if text.state == "cancelled" else verdict) == VERDICTS[what]


def happens(session: Session, cast: Cast, person: Person, order: int, what: str) -> None:
    now, doctor = at(9, 25), by(cast, "doctor")
    if what == "dosed":
        dose(session, cast, person, order, now=now)
    elif what == "came":
        came(session, cast, person, "refused", now=now)
    elif what == "poured":
        cup = SeenDose(TODAY, order, 1, 600, False)
        pour_dose(session, person.ref, cup, request_key=new_request_key(), **window(cast, now=now))
    elif what == "held":
        why = {"by_doctor": True, "by": doctor, "request_key": new_request_key(), "now": now}
        set_hold(session, person.id, "hold", "chờ bác sĩ khám", **why)
    else:
        why = {"status": "discharged", "since_on": TODAY, "reason": None, "by": doctor, "today": TODAY, "now": now}
        change_status(session, person.id, **why)


def test_somebody_who_has_been_away_for_long_is_not_told_every_day(session: Session, cast: Cast) -> None:
    """Their order has ended by its gap: they stand on the doctor's list, and a text each morning would only hurt."""
    late_morning(session, cast, missing=0)
    then = TODAY - 9 * A_DAY
    person = somebody(session, cast, elsewhere_until=then - A_DAY, now=MORNING - 9 * A_DAY)
    ordered(session, cast, person, starts_on=then, ends_on=TODAY + A_DAY, now=MORNING - 9 * A_DAY)
    reach(session, cast, person.id)
    assert plan(session, LAST_CALL) == 0
    anew = {"phase": Phase.INDUCTION, "ends_on": TODAY + 3 * A_DAY, "restart_examined": True}
    ordered(session, cast, person, 200, **anew)  # type: ignore[arg-type]  # a doctor has seen them since
    assert plan(session, LAST_CALL) == 1


def test_the_evening_before_names_tomorrows_hours(session: Session, cast: Cast) -> None:
    open_hours(session)
    alone(session, cast, "evening_before")
    (person, _), (at_home, _) = expected(session, cast), expected(session, cast)
    for one in (person, at_home):
        reach(session, cast, one.id)
    dosed_until(session, at_home, TOMORROW)
    assert plan(session, at(8)) == 1  # tomorrow's dose of the other is covered already
    (row,) = reminders(session)
    assert (row.patient_id, row.kind, row.on_date) == (person.id, "evening_before", TODAY)
    assert at(18) <= row.due_at < at(19, 45) and row.expires_at == at(20)
    queue(session, row.due_at)
    assert bodies(session) == [
        "Nhac viec: ngay mai van nhu thuong le, tu 6h30 den 10h30. Tra loi 1 = da ro, 2 = nho goi lai."
    ]


def dosed_until(session: Session, person: Person, day: date) -> None:
    """As a guest, or at home: what counts is how far the doses reach."""
    with writing(session) as tx:
        own = AdherenceSummary.patient_id == person.id
        tx.execute(update(AdherenceSummary).where(own).values(covered_through=day))


def test_a_storm_that_shuts_tomorrow_takes_the_evenings_text_away(session: Session, cast: Cast) -> None:
    open_hours(session)
    alone(session, cast, "evening_before")
    person, _ = expected(session, cast)
    reach(session, cast, person.id)
    plan(session, at(8))
    due = reminders(session)[0].due_at
    shut_on(session, TOMORROW)
    assert queue(session, due) == 0
    assert outcomes(session) == [("cleared", "shut")]


def test_the_eve_of_a_holiday_waits_for_the_stations_own_word_and_takes_the_evenings_place(
    session: Session, cast: Cast
) -> None:
    """Tuesday 24/11/2026 is a day off by law; the station's week says that it is open as on any Tuesday."""
    open_hours(session)
    alone(session, cast, "weekend", not_before=time(18), not_after=time(19, 45))
    turn(session, cast, "evening_before")
    person, _ = expected(session, cast)
    reach(session, cast, person.id)
    eight = at(8, day=TOMORROW)
    assert plan(session, eight) == 1
    (row,) = reminders(session)
    assert (row.kind, row.state, row.reason) == ("weekend", "held", "holiday_unsaid")
    with writing(session) as tx:
        on = {"site_id": DONG_KINH, "on_date": TOMORROW + A_DAY, "is_shut": False, "reason": "lễ"}
        tx.execute(insert(SiteHoursException).values(**on, opens_at=time(7), closes_at=time(9)))
    assert reconsider(session, eight) == 1
    (row,) = reminders(session)
    queue(session, row.due_at)
    assert bodies(session)[0].startswith("Nhac viec: mai thu Ba van nhu thuong le, gio tu 7h den 9h.")


def test_a_weekend_without_an_hour_in_common_is_spoken_of_day_by_day(session: Session, cast: Cast) -> None:
    """Saturday from 7 to 10, Sunday from 13 to 16: everybody has said the hours, so nothing is held as unknown."""
    friday = TODAY + 5 * A_DAY
    open_hours(session, weekdays=range(5))
    spans = {5: (time(7), time(10)), 6: (time(13), time(16))}
    with writing(session) as tx:
        for weekday, (opens_at, closes_at) in spans.items():
            row = {"site_id": DONG_KINH, "weekday": weekday, "opens_at": opens_at, "closes_at": closes_at}
            tx.execute(insert(SiteHours).values(**row))
    alone(session, cast, "weekend", not_before=time(18), not_after=time(19, 45))
    turn(session, cast, "evening_before")
    person, _ = expected(session, cast)
    reach(session, cast, person.id)
    for evening in (friday, friday + A_DAY):
        dosed_until(session, person, evening)
        assert plan(session, at(8, day=evening)) == 1, "and the evening's own text gives way"
        assert reminders(session)[-1].kind == "weekend"
        queue(session, at(19, 45, day=evening))
    assert [words.partition(".")[0] for words in bodies(session)] == [
        "Nhac viec: mai thu Bay van nhu thuong le, gio tu 7h den 10h",
        "Nhac viec: mai Chu nhat van nhu thuong le, gio tu 13h den 16h",
    ]


def test_an_order_that_ends_is_spoken_of_once_and_not_when_the_next_is_written(session: Session, cast: Cast) -> None:
    open_hours(session)
    alone(session, cast, "order_ending")
    ending, renewed = (somebody(session, cast, now=MORNING - A_DAY) for _ in range(2))
    for person in (ending, renewed):
        ordered(session, cast, person, ends_on=TODAY + 5 * A_DAY)
        reach(session, cast, person.id)
    ordered(session, cast, renewed, starts_on=TODAY + 6 * A_DAY, ends_on=TODAY + 20 * A_DAY)
    monday = TOMORROW
    assert plan(session, at(8, day=TODAY)) == 0  # Sunday: "this week" would be the wrong one
    assert plan(session, at(8, day=monday)) == 1
    (row,) = reminders(session)
    assert (row.patient_id, row.kind) == (ending.id, "order_ending")
    queue(session, row.due_at)
    assert plan(session, at(8, day=monday + A_DAY)) == 0


def test_the_last_steps_of_a_taper_do_not_hide_that_it_ends(session: Session, cast: Cast) -> None:
    """Two orders that end in this week: the second is no renewal. A third that goes on is one, also since planning;
    and whoever is on hold since then is spoken to at the window."""
    open_hours(session)
    alone(session, cast, "order_ending")
    ending, renewed, held = (somebody(session, cast, now=MORNING - A_DAY) for _ in range(3))
    for person in (ending, renewed, held):
        ordered(session, cast, person, ends_on=TODAY + 3 * A_DAY)
        ordered(session, cast, person, 500, starts_on=TODAY + 4 * A_DAY, ends_on=TODAY + 6 * A_DAY)
        reach(session, cast, person.id)
    assert plan(session, at(8, day=TOMORROW)) == 3
    ordered(session, cast, renewed, 400, starts_on=TODAY + 7 * A_DAY, ends_on=TODAY + 20 * A_DAY)
    why = {"by_doctor": True, "by": by(cast, "doctor"), "request_key": new_request_key()}
    set_hold(session, held.id, "hold", "chờ bác sĩ khám", now=at(8, 30, day=TOMORROW), **why)
    queue(session, at(17, day=TOMORROW))
    assert {row.patient_id: (row.state, row.reason) for row in reminders(session)} == {
        ending.id: ("queued", None), renewed.id: ("cleared", "renewed"), held.id: ("cleared", "no_order")
    }  # fmt: skip


def test_a_clock_that_jumps_sends_no_text_of_another_day(session: Session, cast: Cast) -> None:
    late_morning(session, cast)
    plan(session, LAST_CALL)
    for jump in (timedelta(hours=1, minutes=11), timedelta(days=1), timedelta(days=400)):
        queue(session, LAST_CALL + jump)
    assert [row.state for row in reminders(session) if row.kind == "dose_today"] == ["expired"]
    assert texts(session) == []
