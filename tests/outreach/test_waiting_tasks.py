"""What waits at a station and at a point: each side its own, and of what was handed on only the outcome."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.patients import SearchKey, SupportFile, TreatmentFile
from counseling.models.tasks import DOCTOR_TASKS, STATION_TASKS, SUPPORT_TASKS, TASK_KINDS, Task
from counseling.queries import doctor_desk
from counseling.queries.given_tasks import list_open_kinds
from counseling.queries.tasks import TaskRow, list_in_need, list_settled, list_waiting
from counseling.scopes import tasks_visible_to
from counseling.services.tasks import settle_waiting
from tests.outreach.story import ALL_SHOWN, LATER, TODAY, actions, asked, correct, log, someone, task_state, undo
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person, dose, opened, ordered, somebody

A_DAY = timedelta(days=1)


def called_for(session: Session, person: Person, kind: str = "call_back", **changes: Any) -> int:
    return asked(session, person, kind, **{"side": "treatment", "team_id": None, **changes})


def handed_on(session: Session, call_back: int, look_in: int) -> None:
    with writing(session) as tx:
        tx.execute(update(Task).where(Task.id == call_back).values(handed_to_id=look_in))


def waiting(session: Session, cast: Cast, who: str, desk: int = 0) -> list[TaskRow]:
    session.rollback()
    return list_waiting(session, cast.viewer_of(who, desk), TODAY, LATER)


def settle(session: Session, cast: Cast, who: str, person: Person, kind: str, outcome: str = "done") -> int:
    return settle_waiting(session, cast.viewer_of(who), person.id, kind, shown=ALL_SHOWN, outcome=outcome, now=LATER)


EVERYBODY = [
    ("dispenser", 0), ("dispenser2", 0), ("doctor", 0), ("counselor", 0), ("nurse", 0), ("nurse", 1),
    ("volunteer", 0), ("volunteer2", 0), ("supervisor", 0), ("community", 0), ("admin", 0),
]  # fmt: skip


def test_each_desk_sees_its_own_kinds_and_places(session: Session, cast: Cast) -> None:
    """Every kind, on the right and on the wrong side, at both sites."""
    person = someone(session, cast)
    made = {}
    for site_id in (DONG_KINH, CAO_LOC):
        for side in ("treatment", "support"):
            for kind in TASK_KINDS:
                made[asked(session, person, kind, side=side, site_id=site_id, team_id=None)] = (site_id, side, kind)
    seen = {
        (who, desk): {made[task_id] for task_id in visible_ids(session, cast, who, desk)} for who, desk in EVERYBODY
    }
    assert seen["dispenser", 0] == {(DONG_KINH, "treatment", kind) for kind in STATION_TASKS}
    assert seen["dispenser2", 0] == seen["nurse", 0] == {(CAO_LOC, "treatment", kind) for kind in STATION_TASKS}
    assert {(side, kind) for _, side, kind in seen["doctor", 0]} == {("treatment", kind) for kind in DOCTOR_TASKS}
    assert seen["counselor", 0] == {place for place in made.values() if place[:2] == (DONG_KINH, "support")}
    assert seen["nurse", 1] == {place for place in made.values() if place[:2] == (CAO_LOC, "support")}
    assert seen["supervisor", 0] == seen["dispenser", 0] | seen["dispenser2", 0]
    assert seen["community", 0] == seen["counselor", 0] | seen["nurse", 1]
    assert not any(seen[who, 0] for who in ("volunteer", "volunteer2", "admin"))


def visible_ids(session: Session, cast: Cast, who: str, desk: int = 0) -> list[int]:
    session.rollback()
    return list(session.execute(select(Task.id).where(tasks_visible_to(cast.viewer_of(who, desk), LATER))).scalars())


def test_a_team_sees_its_own_tasks_and_its_point_sees_them_too(session: Session, cast: Cast) -> None:
    task_id = asked(session, someone(session, cast))
    readers = [who for who, desk in EVERYBODY if visible_ids(session, cast, who, desk)]
    assert readers == ["counselor", "volunteer", "community"]
    assert visible_ids(session, cast, "volunteer") == [task_id]


def test_what_waits_for_the_station_stands_on_no_doctors_list(session: Session, cast: Cast) -> None:
    person, doctor = somebody(session, cast), cast.viewer_of("doctor")
    for kind in STATION_TASKS:
        called_for(session, person, kind)
    task_id = called_for(session, person, "order_review")
    session.rollback()
    assert [task.kind for task in doctor_desk.list_tasks_of(session, doctor, person.id)] == ["order_review"]
    assert [row.kind for row in doctor_desk.list_tasks(session, doctor, TODAY).rows] == ["order_review"]
    assert doctor_desk.count_desk(session, doctor, [], TODAY).tasks == 1
    assert [doctor_desk.has_task(session, doctor, number) for number in (task_id - 1, task_id)] == [False, True]


def test_the_station_sees_who_wants_to_be_called_and_since_when(session: Session, cast: Cast) -> None:
    person, soon = somebody(session, cast, name="Lý Văn Mẫu"), somebody(session, cast, name="Hoàng Thị Lành")
    called_for(session, soon, "see_soon", due_on=TODAY + A_DAY)
    called_for(session, person, due_on=TODAY - A_DAY, at=MORNING - A_DAY)
    called_for(session, person)  # asked again: one line
    first, second = waiting(session, cast, "dispenser")
    assert (first.name, first.birth_year, first.kind) == ("Lý Văn Mẫu", 1990, "call_back")
    assert (first.since, first.due_on) == (MORNING - A_DAY, TODAY - A_DAY)
    assert (second.name, second.kind, second.since) == ("Hoàng Thị Lành", "see_soon", MORNING)
    assert waiting(session, cast, "dispenser2") == waiting(session, cast, "counselor") == []


def test_somebody_who_moved_away_is_on_the_old_stations_list_no_more(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    called_for(session, person)
    with writing(session) as tx:
        tx.execute(update(TreatmentFile).where(TreatmentFile.ref == person.ref).values(station_id=CAO_LOC))
    assert waiting(session, cast, "dispenser") == []


def test_a_dose_of_today_shows_on_the_task_and_closes_nothing(session: Session, cast: Cast) -> None:
    person, other = somebody(session, cast), somebody(session, cast, elsewhere_until=TODAY - 2 * A_DAY)
    for one in (person, other):
        called_for(session, one)
    opened(session, cast)
    dose(session, cast, person, ordered(session, cast, person))
    day, now = TODAY - A_DAY, MORNING - A_DAY
    opened(session, cast, day, now=now)
    dose(session, cast, other, ordered(session, cast, other, starts_on=day, ends_on=TODAY, now=now), day=day, now=now)
    assert {row.ref: row.given for row in waiting(session, cast, "dispenser")} == {person.ref: True, other.ref: False}


def test_what_was_handed_on_comes_back_as_its_outcome_and_follows_each_word(session: Session, cast: Cast) -> None:
    person = both_sides(session, cast)
    call_back = called_for(session, person)
    look_in = asked(session, person, visible_from=LATER - timedelta(hours=1))
    handed_on(session, call_back, look_in)

    def back() -> str | None:
        (row,) = waiting(session, cast, "dispenser")
        return row.handed_on

    assert back() == "waiting"
    contact = log(session, cast, person, "met_needs_help")
    assert back() == "met_needs_help"
    contact = correct(session, cast, person, contact, "not_met", now=LATER + timedelta(minutes=1))
    assert back() == "not_met"
    undo(session, cast, person, contact, now=LATER + timedelta(minutes=2))
    assert back() == "waiting"
    assert settle(session, cast, "counselor", person, "look_in") == 1
    assert back() is None  # nobody went: the station calls


def both_sides(session: Session, cast: Cast) -> Person:
    """Somebody in treatment with a support file; gives the inner id and the support file's reference."""
    treated, met = somebody(session, cast), someone(session, cast)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == met.ref).values(patient_id=treated.id))
        tx.execute(update(SearchKey).where(SearchKey.patient_id == met.id).values(patient_id=treated.id))
    return Person(treated.id, met.ref)


def test_on_the_support_side_a_task_counts_from_when_it_appeared(session: Session, cast: Cast) -> None:
    """When it was written down would tell of an hour at which nobody of this side did anything."""
    person = someone(session, cast)
    appeared = LATER - timedelta(minutes=7)
    asked(session, person, visible_from=appeared, at=MORNING - A_DAY)
    (row,) = waiting(session, cast, "counselor")
    assert (row.since, row.name, row.birth_year, row.handed_on, row.given) == (
        appeared, "Anh Ba sửa xe", None, None, False,
    )  # fmt: skip


def test_closing_says_how_it_ended_once(session: Session, cast: Cast) -> None:
    person, other = somebody(session, cast), somebody(session, cast)
    twice = [called_for(session, person), called_for(session, person)]
    others = [called_for(session, other), called_for(session, person, "see_soon")]
    assert settle(session, cast, "dispenser", person, "call_back", "not_met") == 2
    assert settle(session, cast, "dispenser", person, "call_back", "done") == 0
    assert [task_state(session, one) for one in twice] == [(False, "not_met")] * 2
    assert [task_state(session, one) for one in others] == [(True, None)] * 2
    assert actions(session).count("task.closed") == 2
    settled = list_settled(session, cast.viewer_of("dispenser"), MORNING, LATER)
    assert [(row.ref, row.outcome) for row in settled] == [(person.ref, "not_met")] * 2


def test_nobody_closes_what_is_not_on_their_list(session: Session, cast: Cast) -> None:
    person = both_sides(session, cast)
    kept = [called_for(session, person), asked(session, person, visible_from=LATER + A_DAY)]
    for who in ("dispenser2", "doctor", "counselor", "volunteer", "volunteer2", "admin"):
        for kind in ("call_back", "look_in"):
            assert settle(session, cast, who, person, kind) == 0, who
    assert settle(session, cast, "dispenser", person, "look_in") == 0
    assert [task_state(session, one) for one in kept] == [(True, None)] * 2


def test_an_answer_of_a_contact_is_no_way_to_close_by_hand(session: Session, cast: Cast) -> None:
    person = somebody(session, cast)
    task_id = called_for(session, person)
    with pytest.raises(Refusal, match="outcome_unknown"):
        settle(session, cast, "dispenser", person, "call_back", "met_well")
    assert task_state(session, task_id) == (True, None)


def test_who_needs_help_stands_at_the_point_until_the_next_word(session: Session, cast: Cast) -> None:
    person, well = someone(session, cast, "Chị Tư bán rau"), someone(session, cast)
    log(session, cast, person, "met_needs_help")
    log(session, cast, well)
    (row,) = list_in_need(session, cast.viewer_of("counselor"))
    assert (row.community_name, row.said_on, row.ref) == ("Chị Tư bán rau", TODAY, person.ref)
    assert list_in_need(session, cast.viewer_of("dispenser")) == []
    assert list_in_need(session, cast.viewer_of("nurse", 1)) == []
    log(session, cast, person, who="counselor", now=LATER + timedelta(minutes=1))
    assert list_in_need(session, cast.viewer_of("counselor")) == []


def becomes(session: Session, person: Person, status: str) -> None:
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(status=status))


@pytest.mark.parametrize("status", ["died", "moved", "discharged"])
def test_nobody_is_asked_to_call_somebody_whose_support_has_ended(session: Session, cast: Cast, status: str) -> None:
    """Where that was a mistake, what was open waits again. A sign of danger is looked into all the same."""
    person, area = someone(session, cast), cast.viewer_of("community")
    asked(session, person, "call_by_phone", team_id=None)
    asked(session, person)

    def kinds() -> tuple[list[str], tuple[str, ...]]:
        given = list_open_kinds(session, area, [person.id], LATER)[person.id]
        return [row.kind for row in waiting(session, cast, "counselor")], given

    everything = kinds()
    assert everything == (["call_by_phone", "look_in"], ("call_by_phone", "look_in"))
    becomes(session, person, status)
    assert kinds() == ([], ())
    asked(session, person, "danger_sign", team_id=None)
    assert kinds() == (["danger_sign"], ("danger_sign",))
    assert settle(session, cast, "counselor", person, "danger_sign") == 1
    becomes(session, person, "active")
    assert kinds() == everything


def test_a_visit_of_before_somebody_died_answers_what_a_station_has_asked(session: Session, cast: Cast) -> None:
    person = both_sides(session, cast)
    look_in = asked(session, person)
    handed_on(session, called_for(session, person), look_in)
    becomes(session, person, "died")
    log(session, cast, person, "not_met")
    (row,) = waiting(session, cast, "dispenser")
    assert (row.handed_on, task_state(session, look_in)) == ("not_met", (False, "not_met"))


def test_every_kind_belongs_to_one_list() -> None:
    assert sorted(TASK_KINDS) == sorted({*DOCTOR_TASKS, *STATION_TASKS, *SUPPORT_TASKS})
