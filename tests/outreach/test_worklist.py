"""The worklist: whom to go to first, and what nobody can find on it."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.counseling import AftercareFile
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.queries import worklist
from counseling.queries.support_history import load_history
from counseling.queries.worklist import Worklist, WorkRow, list_open_tasks, list_work
from counseling.refs import new_request_key
from counseling.services.aftercare import open_aftercare
from tests.counseling.story import hold
from tests.outreach.story import LATER, TODAY, asked, correct, log, someone, undo
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, TEAM2, Cast
from tests.support.files import by
from tests.support.settings import MORNING
from tests.support.treatment import Person

A_DAY = timedelta(days=1)


def work(session: Session, cast: Cast, who: str = "volunteer", page: int = 1) -> Worklist:
    session.rollback()
    return list_work(session, cast.viewer_of(who), TODAY, LATER, page)


def names(rows: list[WorkRow]) -> list[str]:
    return [row.community_name for row in rows]


def in_aftercare(session: Session, cast: Cast, person: Person, next_on: date) -> None:
    open_aftercare(
        session, patient_id=person.id, site_id=DONG_KINH, supporter_id=None, rhythm="weekly", first_on=TODAY,
        by=by(cast, "counselor"), request_key=new_request_key(), today=TODAY, now=MORNING,
    )  # fmt: skip
    with writing(session) as tx:
        tx.execute(update(AftercareFile).where(AftercareFile.patient_id == person.id).values(next_check_in_on=next_on))


def met(session: Session, cast: Cast, person: Person, days_ago: int, outcome: str = "met_well") -> None:
    before = timedelta(days=days_ago)
    log(session, cast, person, outcome, today=TODAY - before, now=MORNING - before, answers=())


def test_tasks_come_first_then_what_is_due_then_silence(session: Session, cast: Cast) -> None:
    people = {name: someone(session, cast, name) for name in "abcdefgh"}
    asked(session, people["a"], "check_in")
    asked(session, people["b"], "call_by_phone")
    asked(session, people["c"], "look_in")
    in_aftercare(session, cast, people["d"], TODAY - A_DAY)
    met(session, cast, people["e"], 40)
    met(session, cast, people["f"], 3)
    met(session, cast, people["g"], 2, "not_met")
    in_aftercare(session, cast, people["h"], TODAY + A_DAY)  # registered today, nothing due yet
    found = work(session, cast)
    assert names(found.waiting) == ["c", "b", "a", "d", "g", "e", "f", "h"]
    assert [row.task.kind if row.task else None for row in found.waiting[:4]] == [
        "look_in", "call_by_phone", "check_in", None,
    ]  # fmt: skip
    assert found.waiting[3].due_on == TODAY - A_DAY
    assert found.waiting[-1].due_on is None
    assert (found.total, found.done) == (8, [])


def test_among_tasks_of_one_kind_the_longest_due_comes_first(session: Session, cast: Cast) -> None:
    people = [someone(session, cast, name) for name in "abc"]
    for person, days in zip(people, (1, 3, 2), strict=True):
        asked(session, person, due_on=TODAY - days * A_DAY)
    assert names(work(session, cast).waiting) == ["b", "c", "a"]


def test_what_was_agreed_for_the_next_time_is_due_on_its_day(session: Session, cast: Cast) -> None:
    due, later = someone(session, cast, "due"), someone(session, cast, "later")
    for person, days in ((due, 7), (later, 8)):
        week_ago = {"today": TODAY - 7 * A_DAY, "now": MORNING - 7 * A_DAY}
        log(session, cast, person, next_on=TODAY + (days - 7) * A_DAY, **week_ago)  # type: ignore[arg-type]
    found = work(session, cast).waiting
    assert [(row.community_name, row.due_on) for row in found] == [("due", TODAY), ("later", None)]
    met(session, cast, due, 1)  # since then nothing new was agreed
    assert [row.due_on for row in work(session, cast).waiting] == [None, None]


def agree(session: Session, cast: Cast, person: Person, days_ago: int, in_days: int | None, **changes: Any) -> str:
    """A visit so many days ago; gives its reference. `in_days`: from today on, None where nothing was agreed."""
    before, next_on = timedelta(days=days_ago), None if in_days is None else TODAY + in_days * A_DAY
    times = {"today": TODAY - before, "now": MORNING - before}
    return log(session, cast, person, **{**times, "answers": (), "next_on": next_on, **changes})


def due_on(session: Session, cast: Cast, person: Person) -> date | None:
    (row,) = work(session, cast).waiting
    assert row.ref == person.ref
    return row.due_on


def test_what_a_visit_has_agreed_is_due_though_the_point_talked_with_them_meanwhile(
    session: Session, cast: Cast
) -> None:
    """As their page says it: the next time is the day that the last visit has agreed."""
    person = someone(session, cast)
    agree(session, cast, person, 7, 0)
    hold(session, cast, person, now=MORNING - 5 * A_DAY)
    assert due_on(session, cast, person) == TODAY
    assert load_history(session, cast.viewer_of("volunteer"), person.id, TODAY).next_on == TODAY


def test_what_was_agreed_in_the_morning_does_not_hold_after_they_were_met_in_the_afternoon(
    session: Session, cast: Cast
) -> None:
    person = someone(session, cast)
    agree(session, cast, person, 1, 0, outcome="not_met")
    afternoon = agree(session, cast, person, 1, 29)
    assert due_on(session, cast, person) is None
    correct(session, cast, person, afternoon, "met_well", next_on=TODAY)
    assert due_on(session, cast, person) == TODAY


def test_a_correction_of_the_morning_stands_before_the_afternoon(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    morning = agree(session, cast, person, 1, None)
    agree(session, cast, person, 1, None)
    correct(session, cast, person, morning, "not_met", next_on=TODAY)
    assert due_on(session, cast, person) is None


def test_a_visit_that_is_told_late_agrees_nothing_over_a_later_one(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    later = agree(session, cast, person, 2, -1)
    agree(session, cast, person, 4, -2, now=MORNING)
    assert due_on(session, cast, person) == TODAY - A_DAY
    undo(session, cast, person, later)
    assert due_on(session, cast, person) == TODAY - 2 * A_DAY, "the later one was a mistake"


def test_whom_the_team_met_today_stands_below_unless_something_is_open(session: Session, cast: Cast) -> None:
    one, two = someone(session, cast, "one"), someone(session, cast, "two")
    in_aftercare(session, cast, one, TODAY)
    for person in (one, two):
        log(session, cast, person, "not_met")
    asked(session, two)
    found = work(session, cast)
    assert (names(found.waiting), names(found.done)) == (["two"], ["one"])


def test_a_task_that_appears_later_is_not_there_yet(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    asked(session, person, visible_from=LATER + timedelta(seconds=1), at=LATER + timedelta(seconds=1))
    for who in ("volunteer", "counselor"):
        viewer = cast.viewer_of(who)
        assert list_open_tasks(session, viewer, LATER, person.id) == []
        assert [task.kind for task in list_open_tasks(session, viewer, LATER + A_DAY, person.id)] == ["look_in"]
    assert work(session, cast).waiting[0].task is None


def test_a_row_has_no_place_for_a_reason() -> None:
    assert {field.name for field in fields(WorkRow)} == {
        "patient_id", "ref", "community_name", "hamlet", "task", "answers", "due_on", "last_contact_on", "last_outcome",
    }  # fmt: skip


@pytest.mark.parametrize("who", ["volunteer2", "dispenser", "doctor", "supervisor", "admin"])
def test_nobody_else_sees_the_teams_people(session: Session, cast: Cast, who: str) -> None:
    asked(session, someone(session, cast))
    found = work(session, cast, who)
    assert (found.waiting, found.done, found.total) == ([], [], 0)


def test_a_closed_team_has_no_list(session: Session, cast: Cast) -> None:
    asked(session, someone(session, cast))
    with writing(session) as tx:
        tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM).values(closed_on=TODAY))
    assert work(session, cast).total == 0


def test_a_task_for_another_team_or_another_side_tells_this_team_nothing(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    asked(session, person, team_id=TEAM2, site_id=CAO_LOC)
    asked(session, person, "call_back", side="treatment", team_id=None)
    asked(session, person, "call_by_phone", team_id=None)
    assert work(session, cast).waiting[0].task is None


def test_whoever_left_is_on_no_list(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    asked(session, person)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(status="died"))
    assert work(session, cast).total == 0


def test_sixty_people_are_one_page_for_a_phone_keeps_one() -> None:
    assert worklist.WORK_ROWS >= 60


def test_a_longer_list_comes_in_pages_and_those_met_today_on_each(
    session: Session, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "WORK_ROWS", 10)
    for number in range(12):
        someone(session, cast, f"Người {number}")
    log(session, cast, someone(session, cast, "hôm nay"))
    first, second = work(session, cast), work(session, cast, page=2)
    assert (len(first.waiting), len(second.waiting), first.total, first.pages) == (10, 2, 12, 2)
    assert names(first.done) == names(second.done) == ["hôm nay"]
    assert work(session, cast, page=9).page == 2


def test_a_long_list_is_split_by_hamlet_and_a_short_one_or_one_of_a_single_place_is_not(
    session: Session, cast: Cast
) -> None:
    for number in range(worklist.ONE_SCREEN):
        someone(session, cast, f"Anh Tư {number}", hamlet="Thôn Nà Mìu")
    assert work(session, cast).hamlets == {}, "they stand on one screen"
    someone(session, cast, "Chị Lụa", hamlet="nà mìu")
    assert work(session, cast).hamlets == {}, "one place, written in two ways"
    for name, hamlet in (("Bác Cả", "Khối 10"), ("Anh Páo", "Khối 2"), ("Chị Sen", None)):
        someone(session, cast, name, hamlet=hamlet)
    found = work(session, cast)
    assert list(found.hamlets.values()) == ["Khối 2", "Khối 10", "Nà Mìu", None]
    assert {row.hamlet_key for row in found.waiting} == set(found.hamlets)
