"""What a person chose and what a site changed is heeded at once, also by what is on its way."""

from __future__ import annotations

import random
from datetime import time

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.domain.text_choices import AS_SHIPPED, OwnHours
from counseling.models.audit import AuditEntry
from counseling.models.doses import AdherenceSummary
from counseling.models.patients import PhoneNumber, TreatmentFile
from counseling.models.texts import ReminderRule
from counseling.queries.text_choices import find_choices
from counseling.services.patients import change_status
from counseling.services.reminder_gates import why_not_now
from counseling.services.reminder_preview import preview
from counseling.services.reminder_rows import Moment
from counseling.services.reminder_rules import find_rule, list_rules, ship_rules
from counseling.services.rule_changes import NewRule, change_rule
from counseling.services.support_reminders import plan_check_ins
from counseling.sms.wording_marks import OVERT
from tests.support.cast import DONG_KINH, Cast
from tests.support.races import at_the_same_second
from tests.support.reminding import (
    TODAY,
    TOMORROW,
    ZONE,
    at,
    bodies,
    booked,
    choose,
    expected,
    in_aftercare,
    open_hours,
    outcomes,
    plan,
    queue,
    reach,
    reminders,
    texts,
    turn,
    yesterday,
)
from tests.support.settings import MORNING
from tests.support.treatment import by, somebody

SIX = at(6)


def is_shared(session: Session, patient_id: int) -> None:
    with writing(session) as tx:
        tx.execute(update(PhoneNumber).where(PhoneNumber.patient_id == patient_id).values(is_shared=True))


def verdict(session: Session) -> str | None:
    (row,) = texts(session)
    with writing(session) as tx:
        return why_not_now(tx, row, at(9), ZONE)


@pytest.mark.parametrize("choice", ["declined", "calls_only", "shared"])
def test_a_kind_that_somebody_does_not_get_is_not_planned_and_what_waits_is_taken_back(
    session: Session, cast: Cast, choice: str
) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast)
    plan(session, SIX)
    queue(session, at(9))
    assert verdict(session) is None
    chooses(session, cast, person.id, choice)
    if choice == "shared":  # said of the number: the sender looks again
        assert verdict(session) == "refused:shared_phone"
    else:
        assert [(row.state, row.reason) for row in texts(session)] == [
            ("cancelled", "own_choice" if choice == "declined" else "calls_only")
        ]


@pytest.mark.parametrize("choice", ["declined", "calls_only", "shared"])
def test_what_was_chosen_before_is_heeded_by_planning_and_counted(session: Session, cast: Cast, choice: str) -> None:
    open_hours(session)
    (person,) = yesterday(session, cast)
    chooses(session, cast, person.id, choice)
    assert plan(session, SIX) == 0
    session.rollback()
    rule = find_rule(session, DONG_KINH, "treatment", "missed_yesterday")
    assert rule is not None
    shown = preview(session, rule, TOMORROW, SIX, ZONE)
    assert (shown.texted, dict(shown.without), shown.at_most) == (0, {"not_agreed": 4, choice: 1}, True)


def chooses(session: Session, cast: Cast, patient_id: int, choice: str) -> None:
    if choice == "shared":
        is_shared(session, patient_id)
    elif choice == "calls_only":
        assert choose(session, cast, patient_id, calls_only=True)
    else:
        assert choose(session, cast, patient_id, declined=frozenset({"missed_yesterday"}))
        assert not choose(session, cast, patient_id, declined=frozenset({"missed_yesterday"}))  # a form sent twice


def test_a_shared_phone_gets_only_what_tells_nobody_anything(session: Session, cast: Cast) -> None:
    open_hours(session)
    turn(session, cast, "evening_before")
    person, _ = expected(session, cast)
    reach(session, cast, person.id, pronoun="chi")
    is_shared(session, person.id)
    plan(session, at(8))
    assert [row.kind for row in reminders(session)] == ["evening_before"]


def test_texts_go_in_the_hour_under_the_name_and_in_the_letters_that_somebody_chose(
    session: Session, cast: Cast
) -> None:
    person, _ = booked(session, cast, at(8, day=TOMORROW))
    hours = OwnHours(hour=10, quiet_from=time(12), quiet_until=time(14))
    choose(session, cast, person, "support", hours=hours, pretext="club", has_marks=True, pronoun="chi")
    plan(session, SIX)
    (row,) = reminders(session)
    assert at(10) <= row.due_at < at(11)
    queue(session, row.due_at)
    assert bodies(session) == [
        "Đội bóng: việc đã hẹn lúc 8h sáng thứ Hai 23/11. Trả lời 1 = đến được, 2 = xin đổi ngày, 3 = nhờ gọi lại."
    ]
    assert texts(session)[0].segments == 2


def test_plainer_words_go_to_whom_asked_for_them_and_never_to_a_phone_that_others_read(
    session: Session, cast: Cast
) -> None:
    assert AS_SHIPPED.pretext not in OVERT
    for reads, begins in ((None, "Suc khoe:"), (is_shared, "Nhac lich:")):
        person, _ = booked(session, cast, at(8, day=TOMORROW))
        choose(session, cast, person, "support", pretext="health")
        if reads:
            reads(session, person)
        plan(session, SIX)
        queue(session, at(19))
        assert bodies(session)[-1].startswith(begins), begins


def test_own_quiet_hours_make_a_text_wait_and_one_side_does_not_bind_the_other(session: Session, cast: Cast) -> None:
    person, _ = booked(session, cast, at(8, day=TOMORROW))
    plan(session, SIX)
    queue(session, at(17))
    assert verdict(session) is None
    choose(session, cast, person, "support", hours=OwnHours(quiet_from=time(8, 30), quiet_until=time(9, 30)))
    assert verdict(session) == "wait"
    assert find_choices(session, person, "treatment").hours == OwnHours()


def test_a_changed_rule_takes_back_what_the_old_one_had_planned_and_plans_anew(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast)
    plan(session, SIX)
    assert turn(session, cast, "missed_yesterday", not_before=time(8), not_after=time(8, 45))
    assert outcomes(session) == [("cancelled", "rule_changed")]
    plan(session, SIX)
    old, new = reminders(session)
    assert (old.rule_version, new.rule_version, new.state) == (1, 2, "planned") and at(8) <= new.due_at < at(8, 45)
    assert turn(session, cast, "missed_yesterday", is_on=False)
    plan(session, SIX)
    assert {state for state, _ in outcomes(session)} == {"cancelled"}
    said = session.execute(select(AuditEntry.action).where(AuditEntry.action == "reminder_rule.changed")).all()
    assert len(said) == 2


def test_a_form_sent_twice_changes_once_and_an_older_page_changes_nothing(session: Session, cast: Cast) -> None:
    new = NewRule(is_on=True, not_before=time(9), not_after=time(11))
    change = {"seen": 1, "by": by(cast, "counselor"), "now": MORNING}
    assert change_rule(session, DONG_KINH, "support", "weekly", new, **change)
    assert not change_rule(session, DONG_KINH, "support", "weekly", new, **change)
    other = NewRule(is_on=False, not_before=time(9), not_after=time(11))
    with pytest.raises(Refusal, match="rule_changed_meanwhile"):
        change_rule(session, DONG_KINH, "support", "weekly", other, **change)


def test_a_planner_that_has_read_the_old_rule_adds_nothing_behind_the_new_ones_back(
    session: Session, cast: Cast
) -> None:
    in_aftercare(session, cast, TODAY)
    ship_rules(session, MORNING)
    old = find_rule(session, DONG_KINH, "support", "check_in")
    assert old is not None
    turn(session, cast, "check_in", "support", is_on=False)
    assert plan_check_ins(session, old, Moment(SIX, ZONE), random.Random(1)) == 0
    assert reminders(session) == []


def test_planning_and_changing_at_the_same_second_leave_nothing_of_the_old_rule(session: Session, cast: Cast) -> None:
    open_hours(session)
    yesterday(session, cast, missed=1, came=4)
    list_rules(session, TODAY)
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    session.rollback()
    at_the_same_second(
        engine,
        lambda own: plan(own, SIX),
        lambda own: turn(own, cast, "missed_yesterday", is_on=False),
    )
    assert all(row.state == "cancelled" for row in reminders(session) if row.rule_version == 1)
    rule = session.execute(select(ReminderRule.is_on).where(ReminderRule.kind == "missed_yesterday")).scalars().all()
    assert False in rule


def test_whoever_has_died_is_texted_on_neither_side_and_nobody_is_told_why(session: Session, cast: Cast) -> None:
    person = in_aftercare(session, cast, TODAY)
    plan(session, SIX)
    queue(session, at(17))
    treated = somebody(session, cast)
    with writing(session) as tx:  # one person with a file on either side
        for table in (TreatmentFile, AdherenceSummary):
            tx.execute(update(table).where(table.patient_id == treated.id).values(patient_id=person))
    change_status(
        session, person, status="died", since_on=TODAY, reason=None, by=by(cast, "doctor"), today=TODAY, now=MORNING
    )
    assert [(row.state, row.reason) for row in texts(session)] == [("cancelled", "left")]
    plan(session, at(8, day=TOMORROW))
    assert {row.state for row in reminders(session) if row.side == "support"} == {"cancelled"}
