"""Planning: what is to be said to whom becomes a row, once, and not when it could be wrong."""

from __future__ import annotations

import random
import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.domain.station_days import DayState
from counseling.models.counseling import AFTERCARE_ENDS, AftercareFile
from counseling.models.doses import AdherenceSummary
from counseling.models.orders import DoseOrder
from counseling.models.patients import PhoneNumber, SupportFile
from counseling.models.places import Site
from counseling.models.texts import PhoneLine, ReminderRule, SmsConsent
from counseling.refs import new_request_key
from counseling.services.appointments import cancel_appointment, move_appointment
from counseling.services.held_reminders import release_held
from counseling.services.holds import set_hold
from counseling.services.patients import change_status
from counseling.services.reminder_rules import list_rules, ship_rules
from counseling.services.sms_consents import stop_texts_of_line, withdraw_consent
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
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
    outcomes,
    plan,
    queue,
    reach,
    reconsider,
    reminders,
    shut_on,
    texts,
    yesterday,
)
from tests.support.settings import MORNING
from tests.support.treatment import Person, by, came, dose, opened, ordered, somebody

SIX = at(6)


def test_who_missed_a_closed_day_is_planned_for_the_morning_after(session: Session, cast: Cast) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast, missed=1, came=4)
    assert plan(session, SIX) == 1
    (row,) = reminders(session)
    assert (row.patient_id, row.side, row.kind, row.site_id) == (person.id, "treatment", "missed_yesterday", DONG_KINH)
    assert (row.on_date, row.state, row.rule_version) == (TODAY, "planned", 1)
    assert at(7) <= row.due_at < at(9)
    assert row.expires_at == at(10, 30)


def test_planning_again_adds_nothing(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    booked(session, cast, at(8, day=TOMORROW))
    in_aftercare(session, cast, TODAY)
    assert plan(session, SIX) == 3
    before = reminders(session)
    assert plan(session, SIX, seed=9) == 0
    assert plan(session, at(8), seed=8) == 0
    assert reminders(session) == before


def test_two_planners_at_once_plan_once(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast, missed=3, came=9)
    booked(session, cast, at(8, day=TOMORROW))
    ship_rules(session, SIX)
    session.rollback()
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    gate, counts = threading.Barrier(4), []

    def planner(seed: int) -> None:
        with Session(engine, expire_on_commit=False) as own:
            gate.wait(timeout=30)
            counts.append(plan(own, SIX, seed))

    threads = [threading.Thread(target=planner, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sum(counts) == len(reminders(session)) == 4


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (DayState.ON_PAPER, "on_paper"),
        (DayState.RECORDING, "day_not_closed"),
        (None, "day_not_closed"),
    ],
)
def test_a_day_that_is_not_closed_tells_nobody_that_they_were_missed(
    session: Session, cast: Cast, state: DayState | None, reason: str
) -> None:
    open_hours(session)
    yesterday(session, cast, missed=2, came=1, state=None if state is DayState.RECORDING else state)
    plan(session, SIX)
    assert outcomes(session) == [("held", reason)] * 2
    assert queue(session, at(9)) == 0
    assert texts(session) == []
    queue(session, at(10, 30))
    assert outcomes(session) == [("expired", reason)] * 2


def test_a_paper_morning_today_holds_what_was_planned(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    plan(session, SIX)
    opened(session, cast, TODAY, now=SIX)
    leave_day(session, cast, DayState.ON_PAPER, TODAY, now=SIX)
    assert queue(session, at(9)) == 0
    assert outcomes(session) == [("held", "on_paper")]


def test_what_waited_for_the_day_goes_when_it_is_closed_unless_a_late_entry_names_them(
    session: Session, cast: Cast
) -> None:
    open_hours(session)
    yesterday(session, cast, missed=1, came=5, state=DayState.ON_PAPER)
    plan(session, SIX)
    assert reconsider(session, at(7)) == 0
    leave_day(session, cast, DayState.CLOSED, now=at(7, 10))
    assert reconsider(session, at(7, 11)) == 1
    (row,) = reminders(session)
    assert (row.state, row.reason) == ("planned", None)
    assert at(7, 11) <= row.due_at < at(9)
    assert queue(session, at(9)) == 1


def test_a_day_that_is_closed_after_the_rules_hours_sends_nothing_any_more(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast, state=DayState.ON_PAPER)
    plan(session, SIX)
    leave_day(session, cast, DayState.CLOSED, now=at(9, 30))
    assert reconsider(session, at(9, 31)) == 0
    queue(session, at(10, 31))
    assert outcomes(session) == [("expired", "on_paper")]
    assert texts(session) == []


def test_more_than_a_quarter_waits_until_a_person_has_looked(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast, missed=2, came=5)
    plan(session, SIX)
    assert outcomes(session) == [("held", "too_many")] * 2
    assert reconsider(session, at(7)) == 0
    assert queue(session, at(9)) == 0
    who = by(cast, "dispenser")
    with pytest.raises(Refusal, match="held_has_changed"):
        release_held(session, DONG_KINH, 1, by=who, now=at(8), zone=ZONE, dice=random.Random(1))
    assert outcomes(session) == [("held", "too_many")] * 2
    assert release_held(session, DONG_KINH, 2, by=who, now=at(8), zone=ZONE, dice=random.Random(1)) == 2
    assert plan(session, at(8, 1)) == 0
    assert {row.state for row in reminders(session)} == {"planned"}
    assert all(at(8) <= row.due_at < at(9) for row in reminders(session))
    assert queue(session, at(9)) == 2
    with pytest.raises(Refusal, match="nothing_held"):
        release_held(session, DONG_KINH, 2, by=who, now=at(9), zone=ZONE, dice=random.Random(1))


def test_a_day_on_which_the_station_is_shut_reminds_nobody(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    shut_on(session, TODAY)
    assert plan(session, SIX) == 0


def test_a_yesterday_on_which_the_station_was_shut_was_missed_by_nobody(session: Session, cast: Cast) -> None:
    open_hours(session, weekdays=[6, 0, 1, 2, 3, 4])  # not on Saturdays
    person, _ = expected(session, cast)
    reach(session, cast, person.id)
    for _ in range(4):
        expected(session, cast)
    assert plan(session, SIX) == 0


def test_a_storm_between_planning_and_queueing_clears_the_morning(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    plan(session, SIX)
    shut_on(session, TODAY)
    assert queue(session, at(9)) == 0
    assert outcomes(session) == [("cleared", "shut")]


def test_who_comes_before_the_text_is_due_is_not_texted(session: Session, cast: Cast) -> None:
    open_hours(session)
    people = [expected(session, cast) for _ in range(8)]
    for person, _ in people[:2]:
        reach(session, cast, person.id)
    opened(session, cast, YESTERDAY, now=MORNING - A_DAY)
    for person, order in people[2:]:
        dose(session, cast, person, order, day=YESTERDAY, now=MORNING - A_DAY)
    leave_day(session, cast, DayState.CLOSED)
    plan(session, SIX)
    opened(session, cast, TODAY, now=SIX)
    (dosed, order), (withheld, _) = people[:2]
    dose(session, cast, dosed, order, day=TODAY, now=at(6, 40))
    came(session, cast, withheld, "withheld", now=at(6, 45))
    assert queue(session, at(6, 50)) == 0
    assert outcomes(session)[0] == ("cleared", "dosed"), "cleared as soon as somebody ticks, due or not"
    assert queue(session, at(9)) == 0
    assert outcomes(session) == [("cleared", "dosed"), ("cleared", "seen")]
    assert plan(session, at(7)) == 0


def test_nobody_is_planned_whom_texts_may_not_reach(session: Session, cast: Cast) -> None:
    open_hours(session)
    people = yesterday(session, cast, missed=7, came=22)
    lines = dict(
        session.execute(
            PhoneNumber.__table__.select().with_only_columns(PhoneNumber.patient_id, PhoneNumber.line_id)
        ).all()
    )
    session.rollback()
    who = by(cast, "dispenser")
    no_consent, stopped, fails, removed, calls_only, unconfirmed, reached = (person.id for person in people)
    withdraw_consent(session, no_consent, "treatment", by=who, now=MORNING)
    with writing(session) as tx:
        stop_texts_of_line(tx, lines[stopped], MORNING)
        tx.execute(update(PhoneLine).where(PhoneLine.id == lines[fails]).values(permanent_failures=2))
        number = update(PhoneNumber)
        tx.execute(number.where(PhoneNumber.patient_id == removed).values(removed_at=MORNING))
        tx.execute(number.where(PhoneNumber.patient_id == calls_only).values(calls_only=True))
        tx.execute(number.where(PhoneNumber.patient_id == unconfirmed).values(confirmed_at=None, confirmed_by_id=None))
    assert plan(session, SIX) == 1
    assert [row.patient_id for row in reminders(session)] == [reached]


def test_agreement_on_one_side_is_none_on_the_other(session: Session, cast: Cast) -> None:
    """The plain rows are changed here: agreement, then the number, is one of the other side's file."""
    open_hours(session)
    yesterday(session, cast)
    for model in (SmsConsent, PhoneNumber):
        with writing(session) as tx:
            tx.execute(update(model).values(side="support"))
        assert plan(session, SIX) == 0
        with writing(session) as tx:
            tx.execute(update(model).values(side="treatment"))
    assert plan(session, SIX) == 1


def test_who_was_here_before_the_plan_is_made_is_not_planned(session: Session, cast: Cast) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast)
    came(session, cast, person, "withheld", now=at(6, 45))
    assert plan(session, at(7)) == 0


def test_only_who_is_in_treatment_with_an_order_yesterday_is_expected(session: Session, cast: Cast) -> None:
    open_hours(session)
    (left,) = yesterday(session, cast)
    change_status(
        session, left.id, status="moved", since_on=TODAY, reason=None, by=by(cast, "dispenser"), today=TODAY, now=SIX
    )
    assert plan(session, SIX) == 0


def test_whoever_is_on_hold_is_not_told_to_come(session: Session, cast: Cast) -> None:
    """It is spoken of at the window and by phone, also where a doctor has set it since the text was planned."""
    open_hours(session)
    held, held_since = yesterday(session, cast, missed=2, came=8)
    hold(session, cast, held, at(5))
    assert plan(session, SIX) == 1
    hold(session, cast, held_since, at(6, 30))
    queue(session, at(9))
    assert outcomes(session) == [("cleared", "no_order")] and texts(session) == []


def hold(session: Session, cast: Cast, person: Person, now: datetime) -> None:
    why = {"by_doctor": True, "by": by(cast, "doctor"), "request_key": new_request_key(), "now": now}
    set_hold(session, person.id, "hold", "chờ bác sĩ khám", **why)


def test_somebody_away_for_days_is_not_told_every_morning(session: Session, cast: Cast) -> None:
    """After five missed days still; from the sixth on a doctor's list has them, and a text each morning would hurt."""
    open_hours(session)
    yesterday(session, cast, missed=0, came=4)
    long_ago, then = TODAY - 25 * A_DAY, MORNING - 25 * A_DAY
    for missed in (5, 6, 20):
        person = somebody(session, cast, elsewhere_until=long_ago - A_DAY, now=then)
        ordered(session, cast, person, starts_on=long_ago, ends_on=TODAY, now=then)
        reach(session, cast, person.id)
        with writing(session) as tx:
            own = AdherenceSummary.patient_id == person.id
            last = TODAY - (missed + 1) * A_DAY
            tx.execute(update(AdherenceSummary).where(own).values(covered_through=last))
    assert plan(session, SIX) == 1


def test_a_one_time_order_of_yesterday_expects_nobody(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast, missed=0, came=5)
    person = somebody(session, cast, elsewhere_until=YESTERDAY - A_DAY)
    reach(session, cast, person.id)
    with writing(session) as tx:
        tx.execute(
            insert(DoseOrder).values(
                patient_id=person.id, drug_id=1, phase="one_time", starts_on=YESTERDAY, ends_on=YESTERDAY,
                last_on=YESTERDAY, origin="doctor", written_by_id=cast.staff["doctor"], written_at=MORNING,
                request_key=new_request_key(),
            )
        )  # fmt: skip
    assert plan(session, SIX) == 0


def test_whoever_left_the_point_is_not_reminded_and_not_asked(session: Session, cast: Cast) -> None:
    gone, _ = booked(session, cast, at(8, day=TOMORROW + A_DAY))
    ended = in_aftercare(session, cast, TODAY)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.patient_id == gone).values(status="moved"))
        over = {"ended_on": TODAY, "end_reason": AFTERCARE_ENDS[0], "ended_by_id": cast.staff["counselor"]}
        tx.execute(update(AftercareFile).where(AftercareFile.patient_id == ended).values(**over))
    assert plan(session, SIX) == 0


def test_whoever_leaves_loses_what_was_planned_in_the_same_transaction(session: Session, cast: Cast) -> None:
    open_hours(session)
    (left,) = yesterday(session, cast)
    plan(session, SIX)
    change_status(
        session, left.id, status="died", since_on=TODAY, reason=None, by=by(cast, "dispenser"), today=TODAY, now=SIX
    )
    assert outcomes(session) == [("cancelled", "died")]
    assert queue(session, at(9)) == 0


def test_an_appointment_is_planned_for_the_day_before_and_named_in_its_text(session: Session, cast: Cast) -> None:
    patient_id, appointment = booked(session, cast, at(8, day=TOMORROW + A_DAY))
    assert plan(session, SIX) == 1
    (row,) = reminders(session)
    assert (row.patient_id, row.side, row.appointment_id, row.on_date) == (patient_id, "support", appointment, TOMORROW)
    assert at(9, day=TOMORROW) <= row.due_at < at(17, day=TOMORROW)
    assert row.expires_at == at(20, day=TOMORROW)
    assert queue(session, at(17)) == 0
    assert queue(session, at(17, day=TOMORROW)) == 1
    (text,) = texts(session)
    assert (text.wording, text.question, text.question_until) == (
        "appointment",
        "appointment",
        at(8, day=TOMORROW + A_DAY),
    )


def test_an_appointment_far_away_is_not_planned_yet(session: Session, cast: Cast) -> None:
    booked(session, cast, at(8, day=TODAY + 4 * A_DAY))
    assert plan(session, SIX) == 0
    assert plan(session, SIX + A_DAY) == 1


def test_an_appointment_after_shut_days_is_reminded_of_on_the_last_open_one(session: Session, cast: Cast) -> None:
    open_hours(session)
    shut_on(session, TOMORROW)
    booked(session, cast, at(8, day=TOMORROW + A_DAY))
    plan(session, SIX)
    assert [row.on_date for row in reminders(session)] == [TODAY]


def test_an_appointment_made_too_late_for_the_day_before_has_no_reminder(session: Session, cast: Cast) -> None:
    booked(session, cast, at(8, day=TOMORROW))
    assert plan(session, at(17)) == 0
    assert plan(session, SIX + A_DAY) == 0


def test_a_moved_appointment_is_reminded_of_anew_and_a_cancelled_one_not_at_all(session: Session, cast: Cast) -> None:
    _, moved = booked(session, cast, at(8, day=TOMORROW))
    _, cancelled = booked(session, cast, at(9, day=TOMORROW))
    plan(session, SIX)
    who = by(cast, "counselor")
    move_appointment(
        session,
        moved,
        site_id=DONG_KINH,
        starts_at=at(10, day=TOMORROW),
        outside_hours=True,
        by=who,
        now=MORNING,
        zone=ZONE,
    )
    cancel_appointment(session, cancelled, site_id=DONG_KINH, by=who, now=MORNING)
    assert [row.state for row in reminders(session)] == ["cancelled", "cancelled"]
    assert plan(session, at(7)) == 1
    newest = reminders(session)[-1]
    assert (newest.appointment_id, newest.slot, newest.state, newest.on_date) == (moved, 2, "planned", TODAY)


def test_somebody_in_aftercare_is_asked_on_their_day_and_again_after_their_rhythm(session: Session, cast: Cast) -> None:
    patient_id = in_aftercare(session, cast, TOMORROW)
    assert plan(session, SIX) == 1
    (row,) = reminders(session)
    assert (row.patient_id, row.kind, row.on_date) == (patient_id, "check_in", TOMORROW)
    asked = [sum(plan(session, SIX + A_DAY * day) for day in range(first, first + 3)) for first in (1, 4, 7)]
    assert asked == [0, 1, 0]
    assert [row.on_date - TOMORROW for row in reminders(session)] == [timedelta(0), timedelta(days=7)]


def test_a_check_in_that_was_due_on_a_shut_day_waits_for_the_next_open_one(session: Session, cast: Cast) -> None:
    open_hours(session)
    shut_on(session, TODAY)
    in_aftercare(session, cast, TODAY)
    plan(session, SIX)
    assert [row.on_date for row in reminders(session)] == [TOMORROW]


def test_every_site_gets_the_rules_of_its_functions_and_one_reads_texts_from_strangers(
    session: Session, cast: Cast
) -> None:
    ship_rules(session, SIX)
    ship_rules(session, SIX)
    rules = list_rules(session, TODAY)
    assert [(rule.site_id, rule.kind) for rule in rules] == [
        (site, kind) for site in (DONG_KINH, CAO_LOC) for kind in ("missed_yesterday", "appointment", "check_in")
    ]
    named = session.execute(Site.__table__.select().where(Site.answers_strangers)).all()
    assert [site.id for site in named] == [DONG_KINH]


def test_a_changed_rule_does_not_remind_of_the_same_day_twice(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    plan(session, SIX)
    with writing(session) as tx:
        tx.execute(update(ReminderRule).values(version=2))
    assert plan(session, SIX) == 0


def test_a_rule_that_is_off_and_a_site_that_is_closed_plan_nothing(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    booked(session, cast, at(8, day=TOMORROW))
    ship_rules(session, SIX)
    with writing(session) as tx:
        tx.execute(update(ReminderRule).where(ReminderRule.kind == "missed_yesterday").values(is_on=False))
    assert plan(session, SIX) == 1
    with writing(session) as tx:
        tx.execute(update(ReminderRule).values(is_on=True))
        tx.execute(update(Site).values(closed_on=TODAY))
    assert plan(session, SIX) == 0
