"""Asked how they are and no answer: a second text, and a task only where nothing else has shown the person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.reminders import ASKED_ON_DAYS
from counseling.models.channels import SmsChannel
from counseling.models.counseling import AftercareFile, CounselingSession
from counseling.models.doses import AdherenceSummary, DayDose, StationVisit
from counseling.models.patients import SupportFile
from counseling.models.tasks import Task
from counseling.models.texts import InboundMessage, OutboundMessage, Reminder
from counseling.refs import new_ref, new_request_key
from counseling.services.aftercare import note_check_in, take_back_check_in
from counseling.services.tasks import close_task
from tests.support.cast import DONG_KINH, TEAM, Cast
from tests.support.files import patient_of, supported
from tests.support.outbox import a_line
from tests.support.races import at_the_same_second
from tests.support.reminding import (
    A_DAY,
    TODAY,
    at,
    bodies,
    expected,
    in_aftercare,
    open_hours,
    plan,
    queue,
    reach,
    reminders,
    texts,
    turn,
)
from tests.support.settings import MORNING
from tests.support.treatment import dose, opened

THIRD, FOURTH = TODAY + 3 * A_DAY, TODAY + 4 * A_DAY
ASKED_FIRST = at(9, day=TODAY)


def arrived(session: Session) -> None:
    """What was queued has reached its phone."""
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).where(OutboundMessage.state == "queued").values(state="delivered"))


def asked(session: Session, cast: Cast) -> int:
    """Somebody of the point was asked how they are this morning."""
    turn(session, cast, "second_text", "support")
    person = in_aftercare(session, cast, TODAY)
    plan(session, at(8))
    queue(session, at(17))
    arrived(session)
    return person


def tasks(session: Session) -> list[tuple[str, int | None]]:
    """Kind and team of what is open."""
    session.rollback()
    query = select(Task.kind, Task.team_id).where(Task.closed_at.is_(None))
    return [(row.kind, row.team_id) for row in session.execute(query.order_by(Task.id))]


def second_texts(session: Session) -> int:
    return sum(row.kind == "second_text" and row.state != "cancelled" for row in reminders(session))


def test_silence_brings_a_second_text_on_the_third_day_and_a_task_on_the_fourth(session: Session, cast: Cast) -> None:
    asked(session, cast)
    plan(session, at(8, day=THIRD - A_DAY))
    assert second_texts(session) == 0
    plan(session, at(8, day=THIRD))
    assert second_texts(session) == 1 and tasks(session) == []
    queue(session, at(17, day=THIRD))
    assert bodies(session)[-1].startswith("Hoi tham: tin truoc chua thay tra loi, khong sao.")
    plan(session, at(8, day=FOURTH))
    assert tasks(session) == [("call_by_phone", None)] and second_texts(session) == 1
    plan(session, at(8, day=FOURTH + A_DAY))
    assert len(tasks(session)) == 1


def test_the_team_that_looks_after_somebody_is_asked_before_the_point(session: Session, cast: Cast) -> None:
    person = asked(session, cast)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.patient_id == person).values(team_id=TEAM))
    plan(session, at(8, day=FOURTH + A_DAY))
    assert tasks(session) == []  # first the second text, late as it is
    plan(session, at(8, day=FOURTH + 2 * A_DAY))
    assert tasks(session) == [("check_in", TEAM)]


SIGNS = ("visit", "contact", "talk", "text", "answer", "call")


@pytest.mark.parametrize("sign", SIGNS)
def test_whoever_was_seen_since_is_neither_asked_again_nor_looked_for(session: Session, cast: Cast, sign: str) -> None:
    person = asked(session, cast)
    shows(session, cast, person, sign)
    for day in (THIRD, FOURTH, FOURTH + A_DAY):
        plan(session, at(8, day=day))
    assert second_texts(session) == 0 and tasks(session) == []


def test_whoever_is_heard_of_on_the_way_gets_no_second_text(session: Session, cast: Cast) -> None:
    person = asked(session, cast)
    plan(session, at(8, day=THIRD))
    shows(session, cast, person, "contact")
    queue(session, at(17, day=THIRD))
    assert [(row.state, row.reason) for row in reminders(session)][-1] == ("cleared", "heard_of")


def test_a_question_that_never_arrived_is_no_silence(session: Session, cast: Cast) -> None:
    asked(session, cast)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(state="unknown"))
    for day in (THIRD, FOURTH):
        plan(session, at(8, day=day))
    assert second_texts(session) == 0 and tasks(session) == []


def test_who_could_not_answer_is_not_silent(session: Session, cast: Cast) -> None:
    """Asked through a gateway that carries nothing back: silence there says nothing."""
    asked(session, cast)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(gateway="abroad"))
        tx.execute(insert(SmsChannel).values(gateway="abroad", error_streak=0, is_one_way=True))
    for day in (THIRD, FOURTH):
        plan(session, at(8, day=day))
    assert second_texts(session) == 0 and tasks(session) == []
    with writing(session) as tx:
        tx.execute(update(SmsChannel).values(is_one_way=False))
    plan(session, at(8, day=THIRD))
    assert second_texts(session) == 1


def test_a_call_that_nobody_took_shows_nobody(session: Session, cast: Cast) -> None:
    person = asked(session, cast)
    called(session, cast, person, "not_met")
    plan(session, at(8, day=THIRD))
    assert second_texts(session) == 1


def called(session: Session, cast: Cast, person: int, outcome: str) -> None:
    """The station had to call back since before the question, and has called the day after it."""
    of_day = {"due_on": TODAY, "dedupe_key": f"call_back:{person}", "opened_at": MORNING - A_DAY}
    done = {"outcome": outcome, "closed_at": MORNING + A_DAY, "closed_by_id": cast.staff["dispenser"]}
    with writing(session) as tx:
        row = {"side": "treatment", "kind": "call_back", "patient_id": person, "site_id": DONG_KINH, **of_day, **done}
        tx.execute(insert(Task).values(**row))


def shows(session: Session, cast: Cast, person: int, sign: str) -> None:
    day, now = TODAY + A_DAY, MORNING + A_DAY
    who = cast.staff["counselor"]
    if sign == "call":
        called(session, cast, person, "done")
        return
    with writing(session) as tx:
        if sign == "visit":
            row: dict[str, Any] = {"patient_id": person, "site_id": DONG_KINH, "visit_on": day, "outcome": "refused"}
            row |= {"recorded_by_id": who, "recorded_at": now, "request_key": new_request_key()}
            tx.execute(insert(StationVisit).values(**row))
        elif sign == "contact":
            summary = {"last_contact_on": day, "last_outcome": "met_needs_help"}
            tx.execute(update(SupportFile).where(SupportFile.patient_id == person).values(**summary))
        elif sign == "talk":
            row = {"ref": new_ref(), "site_id": DONG_KINH, "patient_id": person, "kind": "family", "form": "phone"}
            row |= {"minutes": 10, "held_on": day, "counselor_id": who, "recorded_at": now, "topics": ""}
            tx.execute(insert(CounselingSession).values(**row, sex="unknown", request_key=new_request_key()))
        elif sign == "text":
            line = tx.execute(select(OutboundMessage.line_id).limit(1)).scalar_one()
            row = {"ref": new_ref(), "event_key": "e1", "gateway": "simulator", "line_id": line, "received_at": now}
            tx.execute(insert(InboundMessage).values(**row, patient_id=person, read_at=now, meaning="other"))
        else:
            tx.execute(update(OutboundMessage).values(answer="well", answered_at=now))


def many_silent(session: Session, cast: Cast, count: int) -> list[int]:
    """So many of the team, whose check-in four days ago has arrived and was not answered."""
    refs = [supported(session, cast, community_name=f"Người {number}", team_id=TEAM) for number in range(count)]
    people = [patient_of(session, ref) for ref in refs]
    line, then = a_line(session), ASKED_FIRST - 4 * A_DAY
    with writing(session) as tx:
        for person in people:
            common = {"patient_id": person, "side": "support", "site_id": DONG_KINH, "expires_at": then + A_DAY}
            asked_on = {"kind": "check_in", "rule_version": 1, "on_date": then.date(), "due_at": then}
            made = insert(Reminder).values(**common, **asked_on, state="queued", planned_at=then, slot=1)
            reminder_id = tx.execute(made.returning(Reminder.id)).scalar_one()
            text = {"ref": new_ref(), "line_id": line, "wording": "check_in", "is_automatic": True, "state": "accepted"}
            when = {"queued_at": then, "send_after": then, "attempts": 1, "segments": 1}
            tx.execute(insert(OutboundMessage).values(**common, **text, **when, reminder_id=reminder_id))
    return people


def test_a_station_of_180_does_not_make_a_hundred_tasks_a_week(session: Session, cast: Cast) -> None:
    """One volunteer and one counselor can have five open each; whoever closes two is given two."""
    turn(session, cast, "second_text", "support")
    many_silent(session, cast, 180)
    for ahead in range(7):
        plan(session, at(9, day=TODAY + A_DAY * ahead))
    assert sorted(tasks(session), key=str) == [("call_by_phone", None)] * 5 + [("check_in", TEAM)] * 5
    with writing(session) as tx:
        done = tx.execute(select(Task.id).where(Task.team_id == TEAM).order_by(Task.id).limit(2)).scalars().all()
        for task_id in done:
            close_task(tx, task_id, by_id=cast.staff["volunteer"], at=at(10, day=TODAY + 6 * A_DAY))
    plan(session, at(11, day=TODAY + 6 * A_DAY))
    assert tasks(session).count(("check_in", TEAM)) == 5
    session.rollback()
    assert session.execute(select(func.count()).select_from(Task)).scalar_one() == 12


def test_what_was_to_be_done_for_somebody_who_has_died_takes_no_room(session: Session, cast: Cast) -> None:
    turn(session, cast, "second_text", "support", most_open_tasks=1)
    many_silent(session, cast, 6)
    for expected_tasks in (1, 2):
        plan(session, at(9))
        assert [team for _, team in tasks(session)].count(TEAM) == expected_tasks
        with writing(session) as tx:
            theirs = select(Task.patient_id).where(Task.team_id == TEAM)
            tx.execute(update(SupportFile).where(SupportFile.patient_id.in_(theirs)).values(status="died"))


def test_two_planners_at_once_open_no_task_too_many(session: Session, cast: Cast) -> None:
    turn(session, cast, "second_text", "support", most_open_tasks=1)
    many_silent(session, cast, 6)
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    session.rollback()
    at_the_same_second(engine, *[lambda own: plan(own, at(9)) for _ in range(3)])
    assert sorted(tasks(session), key=str) == [("call_by_phone", None), ("check_in", TEAM)]


def test_a_ceiling_of_none_and_a_rule_that_is_off_open_nothing(session: Session, cast: Cast) -> None:
    many_silent(session, cast, 1)
    plan(session, at(9))
    turn(session, cast, "second_text", "support", most_open_tasks=0)
    plan(session, at(9))
    assert tasks(session) == []


def test_doses_at_home_are_asked_about_once_a_week_and_a_dose_at_the_window_is_an_answer(
    session: Session, cast: Cast
) -> None:
    open_hours(session)
    for kind in ("weekly", "second_text"):
        turn(session, cast, kind)
    turn(session, cast, "missed_yesterday", is_on=False)
    person, order = expected(session, cast)
    reach(session, cast, person.id)
    asked_on = TODAY + A_DAY * (1 + person.id % ASKED_ON_DAYS)  # TODAY is a Sunday
    at_home(session, cast, person.id, order, asked_on)
    for ahead in range(8):
        plan(session, at(8, day=TODAY + A_DAY * ahead))
    weekly = [row for row in reminders(session) if row.kind == "weekly"]
    assert [row.on_date for row in weekly] == [asked_on]
    queue(session, at(17, day=asked_on))
    arrived(session)
    third = asked_on + 3 * A_DAY
    opened(session, cast, third, now=at(7, day=third))
    dose(session, cast, person, order, day=third, gap_check=True, now=at(7, day=third))
    plan(session, at(8, day=third))
    assert second_texts(session) == 0 and len(texts(session)) == 1


def at_home(session: Session, cast: Cast, patient_id: int, order: int, day: date) -> None:
    """One dose of the order was carried home for a day."""
    row = {"patient_id": patient_id, "dose_on": day, "part": 1, "attempt": 1, "kind": "take_home", "order_id": order}
    row |= {"mg_tenths": 600, "site_id": DONG_KINH, "source": "window", "recorded_by_id": cast.staff["dispenser"]}
    with writing(session) as tx:
        tx.execute(insert(DayDose).values(**row, recorded_at=MORNING, request_key=new_request_key()))
        own = AdherenceSummary.patient_id == patient_id
        tx.execute(update(AdherenceSummary).where(own).values(covered_through=day + 2 * A_DAY))


def test_a_mistaken_contact_of_the_day_of_an_answer_leaves_the_check_in_after_the_answer(
    session: Session, cast: Cast
) -> None:
    person = asked(session, cast)
    with writing(session) as tx:
        tx.execute(update(OutboundMessage).values(answer="well", answered_at=at(18)))
        note_check_in(tx, person, TODAY)
        take_back_check_in(tx, person, TODAY, None)
    due = session.execute(select(AftercareFile.next_check_in_on).where(AftercareFile.patient_id == person))
    assert due.scalar_one() == TODAY + 7 * A_DAY
