"""A visit that was told more than once while it waited counts once, on its own day, whichever word is matched first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.models.tasks import Task
from counseling.queries.month_sheets import SheetDay, month_sheet
from counseling.queries.waiting_visits import get_waiting_visit
from counseling.services.waiting_visits import match_visit
from tests.orders.test_races import engine_of
from tests.outbox.story import ARRIVAL, SAVED, contacts, hand_in, waiting
from tests.outbox.test_correcting_a_group import standing
from tests.outbox.test_pages import at, noon, words
from tests.outbox.test_the_months_sheet import NOVEMBER
from tests.outbox.test_whose_visit_it_is import becomes
from tests.outreach.story import asked, someone, task_state, undo
from tests.support.cast import TEAM, TEAM2, Cast
from tests.support.phone import visit
from tests.support.races import at_the_same_second
from tests.support.treatment import Person

__all__ = ["noon"]
LATER, DAY = ARRIVAL + timedelta(hours=1), timedelta(days=1)
NEXT_DAY = {"saved": SAVED + DAY, "now": ARRIVAL + DAY}


def match(session: Session, cast: Cast, ref: str, person: Person) -> None:
    match_visit(session, cast.viewer_of("counselor"), ref, person.ref, LATER + DAY)


def total(session: Session, cast: Cast) -> SheetDay:
    found = month_sheet(session, cast.roles["volunteer"][0], NOVEMBER, VIETNAM)
    session.rollback()
    return found.total


def meeting_that_waits(session: Session, cast: Cast, **said: Any) -> tuple[Sequence[Person], str]:
    """Of two who are on another team's list by now."""
    people, first = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư")], str(uuid.uuid4())
    for one in people:
        becomes(session, one, team_id=TEAM2)
    met = visit(None, people=[one.ref for one in people], place="group", minutes=60, km=4, **said)
    hand_in(session, cast, met, kind="group", id=first)
    return people, first


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 3, 0, 1), (2, 0, 1, 3), (0, 2, 3, 1)])
def test_a_meeting_and_its_correction_that_both_wait_are_one_meeting(
    session: Session, cast: Cast, order: Sequence[int]
) -> None:
    people, first = meeting_that_waits(session, cast, topics=["work"])
    anew = visit(None, people=[one.ref for one in people], minutes=90, corrects=first) | {"place": None}
    hand_in(session, cast, anew, kind="group", **NEXT_DAY)
    rows = waiting(session)
    assert len(rows) == 4
    for number in order:
        match(session, cast, rows[number].ref, people[number % 2])
    came = standing(session)
    assert set(came) == {one.id for one in people}
    assert {(row.minutes, row.km, row.topics, row.contact_on) for row in came.values()} == {
        (90, 4, "work", SAVED.date())
    }
    found = total(session, cast)
    assert (found.visits, found.groups, found.minutes, found.km) == (0, 1, 90, 4)
    assert {row.state for row in waiting(session)} == {"matched"}


def test_the_last_of_three_words_on_a_meeting_belongs_to_it(session: Session, cast: Cast) -> None:
    """A phone names its last word, not its first."""
    people, first = meeting_that_waits(session, cast)
    second = str(uuid.uuid4())
    for minutes, names, own in ((90, first, second), (120, second, str(uuid.uuid4()))):
        anew = visit(None, people=[one.ref for one in people], minutes=minutes, corrects=names)
        hand_in(session, cast, anew, kind="group", id=own)
    rows = waiting(session)
    for number in (0, 4, 5):
        match(session, cast, rows[number].ref, people[number % 2])
    found = total(session, cast)
    assert (found.visits, found.groups, found.minutes, found.km) == (0, 1, 120, 4)
    assert len(standing(session)) == 2 and {row.state for row in waiting(session)} == {"matched"}


def test_a_correction_of_a_meeting_leads_to_what_was_told_of_the_same_person(session: Session, cast: Cast) -> None:
    people, first = meeting_that_waits(session, cast)
    hand_in(session, cast, visit(None, people=[people[1].ref], corrects=first), kind="group")
    *_, old, new = waiting(session)
    assert get_waiting_visit(session, cast.viewer_of("counselor"), new.ref).corrects_ref == old.ref


def test_a_correction_that_is_matched_first_stands_for_both(app: Flask, session: Session, cast: Cast) -> None:
    person, first = someone(session, cast), str(uuid.uuid4())
    hand_in(session, cast, visit(None, said="anh sửa xe", minutes=30, km=5, danger=["violence"]), id=first)
    anew = visit(None, said="anh sửa xe", corrects=first, outcome="needs_help")
    hand_in(session, cast, anew, kind="correction", **NEXT_DAY)
    old, new = waiting(session)
    counselor = at(app, "counselor")
    assert "thì lần trước cũng xong" in words(counselor.get(f"/teams/visits/{new.ref}/").text)
    match(session, cast, new.ref, person)
    assert counselor.get(f"/teams/visits/{old.ref}/").status_code == 404
    match(session, cast, old.ref, person)  # from a page that was open
    (row,) = contacts(session)
    assert (row.contact_on, row.outcome, row.danger) == (SAVED.date(), "met_needs_help", "violence")
    assert (total(session, cast).visits, total(session, cast).km) == (1, 5)
    again = visit(person.ref, corrects=first, outcome="not_met")
    assert hand_in(session, cast, again, kind="correction") == "stored"
    assert (total(session, cast).visits, total(session, cast).km) == (1, 5)


@pytest.mark.parametrize("order", [(0, 1), (1,)], ids=["in turn", "the correction alone"])
def test_a_visit_answers_its_task_whichever_word_is_matched_first(
    session: Session, cast: Cast, order: Sequence[int]
) -> None:
    """A phone says of a correction no task. What came after the visit is answered by neither word."""
    person, first = someone(session, cast), str(uuid.uuid4())
    task, later = asked(session, person), asked(session, person, at=SAVED + timedelta(hours=1))
    becomes(session, person, team_id=TEAM2)
    hand_in(session, cast, visit(person.ref, task="look_in"), id=first)
    becomes(session, person, team_id=TEAM)
    anew = visit(None, said="anh sửa xe", corrects=first, outcome="needs_help")
    hand_in(session, cast, anew, kind="correction", **NEXT_DAY)
    rows = waiting(session)
    for number in order:
        match(session, cast, rows[number].ref, person)
    assert {row.state for row in waiting(session)} == {"matched"}
    assert (task_state(session, task), task_state(session, later)) == ((False, "met_needs_help"), (True, None))


def test_what_was_shown_of_somebody_else_is_answered_by_no_correction(session: Session, cast: Cast) -> None:
    wrong, right, first = someone(session, cast), someone(session, cast, "Chị Tư"), str(uuid.uuid4())
    task = asked(session, right)
    becomes(session, wrong, status="discharged")
    becomes(session, right, status="discharged")
    hand_in(session, cast, visit(wrong.ref, task="look_in"), id=first)
    hand_in(session, cast, visit(right.ref, corrects=first), kind="correction")
    match(session, cast, waiting(session)[1].ref, right)
    assert standing(session)[right.id].outcome == "met_well" and task_state(session, task) == (True, None)


def test_the_last_of_three_words_takes_the_place_of_the_first(session: Session, cast: Cast) -> None:
    person, first, second = someone(session, cast), str(uuid.uuid4()), str(uuid.uuid4())
    hand_in(session, cast, visit(None, said="anh sửa xe", minutes=30), id=first)
    for outcome, names, own in (("not_met", first, second), ("needs_help", second, str(uuid.uuid4()))):
        anew = visit(None, said="anh sửa xe", corrects=names, outcome=outcome)
        hand_in(session, cast, anew, kind="correction", id=own)
    rows = waiting(session)
    match(session, cast, rows[0].ref, person)
    match(session, cast, rows[2].ref, person)
    assert [(row.outcome, row.minutes) for row in contacts(session)] == [("met_well", 30), ("met_needs_help", 30)]
    assert total(session, cast).visits == 1 and {row.state for row in waiting(session)} == {"matched"}


def test_a_correction_of_what_was_undone_on_the_page_says_so_and_stands_on_its_own_day(
    app: Flask, session: Session, cast: Cast
) -> None:
    person, first = someone(session, cast), str(uuid.uuid4())
    hand_in(session, cast, visit(person.ref, minutes=30, km=5, agreed="gọi lại thứ Hai"), id=first)
    undo(session, cast, person, contacts(session)[0].ref, now=ARRIVAL + timedelta(minutes=5))
    anew = visit(person.ref, corrects=first, outcome="not_met") | {"place": None}
    assert hand_in(session, cast, anew, kind="correction", **NEXT_DAY) == "quarantined"
    (row,) = waiting(session)
    page = words(at(app, "counselor").get(f"/teams/visits/{row.ref}/").text)
    assert "không còn trong danh sách của đội" not in page
    assert "Lần ghi cũ đã được bỏ" in page and "vẫn đúng ngày cũ" in page
    match(session, cast, row.ref, person)
    last = contacts(session)[-1]
    assert (last.contact_on, last.kind, last.minutes, last.km, last.outcome, last.corrects_id) == (
        SAVED.date(), "home", 30, 5, "not_met", None,
    )  # fmt: skip
    assert last.note is not None and total(session, cast).visits == 1


@pytest.mark.parametrize("is_other", [False, True], ids=["who came", "somebody else who was there"])
def test_whose_sign_it_was_adds_no_visit_to_the_meeting(session: Session, cast: Cast, is_other: bool) -> None:
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Chú Năm")]
    met = visit(None, people=[one.ref for one in people[:2]], place="group", minutes=60, km=4, danger=["violence"])
    hand_in(session, cast, met, kind="group")
    person = people[2 if is_other else 1]
    match(session, cast, waiting(session)[0].ref, person)
    found = total(session, cast)
    assert (found.visits, found.groups, found.minutes, found.km) == (0, 1, 60, 4)
    assert standing(session)[person.id].danger == "violence"
    assert session.query(Task).filter_by(kind="danger_sign").one().patient_id == person.id


def test_whose_sign_it_was_is_known_first_and_the_meeting_counts_once(session: Session, cast: Cast) -> None:
    people, _ = meeting_that_waits(session, cast, danger=["violence"])
    ba, tu, sign = (row.ref for row in waiting(session))
    for ref, person in ((sign, people[1]), (ba, people[0]), (tu, people[1])):
        match(session, cast, ref, person)
    about = standing(session)
    assert [about[one.id].danger for one in people] == ["", "violence"]
    found = total(session, cast)
    assert (found.visits, found.groups, found.minutes, found.km) == (0, 1, 60, 4)


def test_what_was_corrected_of_a_meeting_is_not_undone_by_whose_sign_it_was(session: Session, cast: Cast) -> None:
    people, first = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư")], str(uuid.uuid4())
    refs = [one.ref for one in people]
    met = visit(None, people=refs, place="group", minutes=60, km=4, topics=["work"], danger=["violence"])
    hand_in(session, cast, met, kind="group", id=first)
    anew = visit(None, people=refs, minutes=30, km=2, topics=["family"], outcome="needs_help", corrects=first)
    hand_in(session, cast, anew, kind="group")
    match(session, cast, waiting(session)[0].ref, people[0])
    row = standing(session)[people[0].id]
    assert (row.minutes, row.km, row.topics, row.outcome, row.danger) == (30, 2, "family", "met_needs_help", "violence")
    assert (total(session, cast).groups, total(session, cast).minutes) == (1, 30)


def test_who_was_written_for_somebody_else_leaves_the_meeting_and_the_others_stay(session: Session, cast: Cast) -> None:
    people, first = meeting_that_waits(session, cast)
    right = someone(session, cast, "Chú Năm")
    anew = visit(None, people=[one.ref for one in people], minutes=90, corrects=first)
    hand_in(session, cast, anew, kind="group")
    ba, tu, ba_anew, tu_anew = (row.ref for row in waiting(session))
    for ref, person in ((ba, people[0]), (tu, people[1]), (ba_anew, right), (tu_anew, people[1])):
        match(session, cast, ref, person)
    assert set(standing(session)) == {right.id, people[1].id}
    found = total(session, cast)
    assert (found.visits, found.groups, found.minutes, found.km) == (0, 1, 90, 4)


def test_two_counselors_who_match_a_visit_and_its_correction_at_once_make_one_visit(
    session: Session, cast: Cast
) -> None:
    """Neither waits for the other for ever, whichever is first."""
    people = [someone(session, cast, f"Anh Ba {number}") for number in range(6)]
    for person in people:
        becomes(session, person, team_id=TEAM2)
        first = str(uuid.uuid4())
        hand_in(session, cast, visit(person.ref, minutes=30), id=first)
        hand_in(session, cast, visit(person.ref, minutes=45, corrects=first), kind="correction", **NEXT_DAY)
    rows = waiting(session)
    session.rollback()
    for person, original, correction in zip(people, rows[::2], rows[1::2], strict=True):

        def matches(own: Session, ref: str, whose: Person = person) -> None:
            match(own, cast, ref, whose)

        acts = [partial(matches, ref=original.ref), partial(matches, ref=correction.ref)]
        assert at_the_same_second(engine_of(session), *acts) == [None, None]
    found = total(session, cast)
    assert (found.visits, found.minutes) == (6, 6 * 45)
