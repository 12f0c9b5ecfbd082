"""What the rows of the whole morning must say, read beside the server from the stored database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.models.doctor_calls import DoctorCall
from counseling.models.doses import DayDose, DoseVoid, DoseVoidRequest, LateEntry, StationDay, StationVisit
from counseling.models.observations import DoseObservation
from counseling.models.people import Staff
from counseling.models.tasks import Task
from counseling.models.window import AlertReading, DosePour, Spill
from counseling.services.audit_verification import verify
from counseling.services.ledger_verification import verify_ledger
from tests.browser.morning_people import COLLEAGUE, Known
from tests.reversals.story import is_recounted

People = Mapping[str, Known]
ONE_PERSON, OTHER = "dispenser", COLLEAGUE
# Story: part, tenths of a mg, attempt, where from, who recorded it.
DOSES = {
    ("ordinary", 1, 600, 1, "window", ONE_PERSON),
    ("handed_over", 1, 805, 1, "window", OTHER),
    ("twin", 1, 700, 1, "window", ONE_PERSON),
    ("split", 1, 400, 1, "window", ONE_PERSON),
    ("split", 2, 300, 1, "late_entry", ONE_PERSON),
    ("gap_2", 1, 500, 1, "window", ONE_PERSON),
    ("alert", 1, 400, 1, "window", ONE_PERSON),
    ("spills", 1, 1000, 1, "window", ONE_PERSON),
    ("vomits", 1, 650, 1, "window", ONE_PERSON),
    ("first_dose", 1, 200, 1, "window", ONE_PERSON),
    ("card", 1, 700, 1, "window", ONE_PERSON),
    ("mistaken", 1, 750, 1, "window", OTHER),
    ("mistaken", 1, 750, 2, "window", ONE_PERSON),
    ("on_paper", 1, 300, 1, "late_entry", ONE_PERSON),
}
CHECKED = {"gap_2"}
SPILLS = {("spills", 1000, "overturned"), ("refuses_cup", 605, "refused")}
VISITS = {
    ("gap_3", "withheld", "signs"),
    ("gap_4", "stopped", "gap_stops_dose"),
    ("gap_7", "stopped", "gap_stops_dose"),
    ("ended", "stopped", "no_order"),
    ("tomorrow", "stopped", "no_order"),
    ("held", "stopped", "on_hold"),
    ("left", "stopped", "not_active"),
    ("refuses", "refused", None),
    ("refuses_cup", "refused", None),
    ("vomits", "vomited", None),
}
TASK_AFTER = {"stopped": "order_review", "withheld": "withheld_review", "vomited": "vomited_review"}
NOTHING_OF = {"other_twin", "elsewhere"}


def doses_of(session: Session, person: Known) -> list[DayDose]:
    session.rollback()
    query = select(DayDose).where(DayDose.patient_id == person.person.id).order_by(DayDose.id)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def ensure_same(found: set[Any], expected: set[Any]) -> None:
    assert found == expected, f"too much: {found - expected}; missing: {expected - found}"


def ensure_rows_say_it(session: Session, people: People) -> None:
    session.rollback()
    story_of = {known.person.id: story for story, known in people.items()}
    username = {row.id: row.username for row in session.execute(select(Staff.id, Staff.username))}
    doses = session.execute(select(DayDose)).scalars().all()
    of_each = [
        (story_of[d.patient_id], d.part, d.mg_tenths, d.attempt, d.source, username[d.recorded_by_id]) for d in doses
    ]
    ensure_same(set(of_each), DOSES)
    assert len(doses) == len(DOSES)
    assert {story_of[d.patient_id] for d in doses if d.gap_check == "alert"} == CHECKED
    assert all(d.paper and d.paper.startswith("phiếu trong ngày, tờ 2") for d in doses if d.source == "late_entry")
    _visits_and_tasks(session, story_of)
    _cups(session, story_of)
    _two_signatures(session, story_of, username)
    _the_day(session, username)
    touched = {story_of[d.patient_id] for d in doses} | {story for story, _, _ in VISITS}
    ensure_same(set(people) - touched, NOTHING_OF)
    assert all(is_recounted(session, known.person) for known in people.values())
    assert verify(session).broken == []
    assert verify_ledger(session) == []


def _visits_and_tasks(session: Session, story_of: Mapping[int, str]) -> None:
    visits = session.execute(select(StationVisit)).scalars().all()
    ensure_same({(story_of[v.patient_id], v.outcome, v.reason) for v in visits}, VISITS)
    assert len(visits) == len(VISITS)
    assert {v.minutes_after for v in visits if v.outcome == "vomited"} == {15}
    tasks = session.execute(select(Task).where(Task.closed_at.is_(None))).scalars().all()
    to_follow = {story_of[task.patient_id] for task in tasks if task.kind == "follow_up"}
    ensure_same(to_follow, {story for story, _, _ in VISITS})
    for_doctor = {(story_of[task.patient_id], task.kind) for task in tasks if task.kind in TASK_AFTER.values()}
    ensure_same(for_doctor, {(story, TASK_AFTER[outcome]) for story, outcome, _ in VISITS if outcome in TASK_AFTER})
    calls = session.execute(select(DoctorCall.patient_id)).scalars()
    assert sorted(story_of[patient_id] for patient_id in calls) == ["gap_3", "gap_4"]


def _cups(session: Session, story_of: Mapping[int, str]) -> None:
    assert session.execute(select(func.count(DosePour.id)).where(DosePour.ended_at.is_(None))).scalar_one() == 0
    spilled = select(DosePour.patient_id, Spill.mg_tenths, Spill.reason).join(DosePour, DosePour.id == Spill.pour_id)
    rows = session.execute(spilled).all()
    ensure_same({(story_of[row.patient_id], row.mg_tenths, row.reason) for row in rows}, SPILLS)
    assert len(rows) == len(SPILLS)
    assert session.execute(select(func.count()).select_from(AlertReading)).scalar_one() == 1
    (look,) = session.execute(select(DoseObservation)).scalars().all()
    assert look.state == "well"


def _two_signatures(session: Session, story_of: Mapping[int, str], username: Mapping[int, str]) -> None:
    (void,) = session.execute(select(DoseVoid)).scalars().all()
    (request,) = session.execute(select(DoseVoidRequest)).scalars().all()
    assert (story_of[void.patient_id], void.attempt, request.reason) == ("mistaken", 1, "wrong_person")
    assert (username[void.requested_by_id], username[void.confirmed_by_id]) == (OTHER, ONE_PERSON)


def _the_day(session: Session, username: Mapping[int, str]) -> None:
    (day,) = session.execute(select(StationDay)).scalars().all()
    assert (day.state, username[day.opened_by_id], username[day.closed_by_id or 0]) == (
        "closed",
        ONE_PERSON,
        ONE_PERSON,
    )
    (sheet,) = session.execute(select(LateEntry)).scalars().all()
    assert (sheet.given, sheet.people, sheet.left_out) == (2, 2, 0)
    assert username[sheet.writer_id or 0] == COLLEAGUE
