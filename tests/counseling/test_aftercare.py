"""An aftercare file: opened once, moved on by whatever shows the person, ended for a reason. On both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.refusal import Refusal
from counseling.models.counseling import AftercareFile
from counseling.models.people import StaffRole
from counseling.models.texts import Reminder
from counseling.queries.aftercare import list_aftercare, list_supporters
from counseling.refs import new_request_key
from counseling.services.aftercare import end_aftercare, note_check_in, take_back_check_in
from tests.counseling.story import TODAY, accompany, aftercare_of, hold, how_many, known, last_entry
from tests.orders.test_races import engine_of
from tests.outreach.story import log, undo
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, TEAM2, Cast
from tests.support.files import by
from tests.support.races import at_the_same_second
from tests.support.settings import MORNING
from tests.support.treatment import Person

DAY = timedelta(days=1)


def end(session: Session, cast: Cast, person: Person, reason: str = "completed", site: int = DONG_KINH) -> bool:
    who = by(cast, "counselor")
    return end_aftercare(
        session, patient_id=person.id, site_id=site, reason=reason, by=who, today=TODAY, now=MORNING
    )  # fmt: skip


def seen(session: Session, person: Person, days: int) -> None:
    with writing(session) as tx:
        note_check_in(tx, person.id, TODAY + days * DAY)


def test_a_file_is_opened_with_somebody_who_stands_by(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    accompany(session, cast, person, supporter_id=cast.staff["volunteer"], rhythm="fortnightly")
    row = aftercare_of(session, person)
    assert (row.supporter_id, row.rhythm, row.next_check_in_on) == (
        cast.staff["volunteer"], "fortnightly", TODAY + 7 * DAY,
    )  # fmt: skip
    assert (last_entry(session).action, last_entry(session).subject) == ("aftercare.opened", f"patient:{person.id}")


def test_a_person_has_one_open_file_also_when_two_open_it_at_once(session: Session, cast: Cast) -> None:
    person, other = known(session, cast), known(session, cast)
    accompany(session, cast, person)
    with pytest.raises(Refusal, match="aftercare_open_already"):
        accompany(session, cast, person)
    outcomes = at_the_same_second(engine_of(session), *[lambda own: accompany(own, cast, other)] * 2)
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Refusal)]
    assert codes == ["aftercare_open_already"], outcomes


def test_a_form_sent_twice_opens_one_file(session: Session, cast: Cast) -> None:
    person, key = known(session, cast), new_request_key()
    first = accompany(session, cast, person, request_key=key)
    assert accompany(session, cast, person, request_key=key) == first
    assert how_many(session, AftercareFile) == [1]


@pytest.mark.parametrize("username", ["nurse", "volunteer2", "dispenser", "community"])
def test_only_the_points_people_and_the_persons_own_team_stand_by(session: Session, cast: Cast, username: str) -> None:
    person = known(session, cast)
    with pytest.raises(Refusal, match="supporter_not_here"):
        accompany(session, cast, person, supporter_id=cast.staff[username])
    assert how_many(session, AftercareFile) == [0]


def test_who_has_left_is_not_offered_any_more(session: Session, cast: Cast) -> None:
    assert [one.name for one in list_supporters(session, DONG_KINH, TEAM)] == [
        "Người mẫu counselor", "Người mẫu volunteer",
    ]  # fmt: skip
    assert [one.is_volunteer for one in list_supporters(session, DONG_KINH, TEAM)] == [False, True]
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.kind == "volunteer").values(ended_at=MORNING))
    assert [one.id for one in list_supporters(session, DONG_KINH, TEAM)] == [cast.staff["counselor"]]
    assert [one.id for one in list_supporters(session, CAO_LOC, TEAM2)] == [cast.staff["nurse"]]
    assert [one.id for one in list_supporters(session, DONG_KINH, None)] == [cast.staff["counselor"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"rhythm": "daily"}, "rhythm_unknown"), ({"first_on": TODAY - DAY}, "check_in_in_past"),
     ({"first_on": TODAY + 100 * DAY}, "check_in_too_late"), ({"site_id": CAO_LOC}, "not_at_this_point")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(session: Session, cast: Cast, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        accompany(session, cast, known(session, cast), **changes)


@pytest.mark.parametrize(
    ("rhythm", "days", "following"), [("weekly", 0, 7), ("weekly", -3, 5), ("fortnightly", 1, 15), ("monthly", 0, 30)]
)
def test_a_sign_of_life_moves_the_next_check_in_on_and_never_back(
    session: Session, cast: Cast, rhythm: str, days: int, following: int
) -> None:
    person = known(session, cast)
    accompany(session, cast, person, rhythm=rhythm, first_on=TODAY + 5 * DAY)
    seen(session, person, days)
    assert aftercare_of(session, person).next_check_in_on == TODAY + following * DAY


@pytest.mark.parametrize("is_late", [False, True])
def test_a_visit_of_before_aftercare_began_does_not_move_the_first_check_in(
    session: Session, cast: Cast, is_late: bool
) -> None:
    person, first_on, day = known(session, cast), TODAY + 3 * DAY, TODAY - 2 * DAY

    def comes() -> str:
        return log(session, cast, person, today=day)

    made = None if is_late else comes()
    accompany(session, cast, person, rhythm="monthly", first_on=first_on)
    made = made or comes()
    assert aftercare_of(session, person).next_check_in_on == first_on
    undo(session, cast, person, made)
    assert aftercare_of(session, person).next_check_in_on == first_on


def test_taking_back_a_visit_of_before_aftercare_began_asks_nobody_earlier(session: Session, cast: Cast) -> None:
    """The point has chosen the day that the rhythm after that visit would have named."""
    person, day = known(session, cast), TODAY - 2 * DAY
    made = log(session, cast, person, today=day)
    accompany(session, cast, person, rhythm="weekly", first_on=day + 7 * DAY)
    undo(session, cast, person, made)
    assert aftercare_of(session, person).next_check_in_on == day + 7 * DAY


def test_a_contact_that_was_a_mistake_makes_the_check_in_due_again(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    accompany(session, cast, person, first_on=TODAY)
    seen(session, person, 0)
    with writing(session) as tx:
        take_back_check_in(tx, person.id, TODAY, None)
    assert aftercare_of(session, person).next_check_in_on == TODAY
    seen(session, person, 2)
    with writing(session) as tx:
        take_back_check_in(tx, person.id, TODAY, None)
    assert aftercare_of(session, person).next_check_in_on == TODAY + 9 * DAY


def test_of_somebody_without_an_open_file_nothing_is_moved(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    seen(session, person, 0)
    accompany(session, cast, person)
    end(session, cast, person)
    seen(session, person, 3)
    assert aftercare_of(session, person).next_check_in_on == TODAY + 7 * DAY


def test_a_mistaken_contact_of_an_earlier_day_leaves_the_check_in_of_the_later_one(
    session: Session, cast: Cast
) -> None:
    """28, 29, 30 and 31 January have one day of February."""
    person, early, late = known(session, cast), date(2027, 1, 28), date(2027, 1, 31)
    accompany(session, cast, person, rhythm="monthly", first_on=TODAY)
    with writing(session) as tx:
        note_check_in(tx, person.id, late)
        note_check_in(tx, person.id, early)
        take_back_check_in(tx, person.id, early, late)
    assert aftercare_of(session, person).next_check_in_on == date(2027, 2, 28)


def test_a_mistaken_contact_of_the_day_of_a_talk_leaves_the_check_in_after_the_talk(
    session: Session, cast: Cast
) -> None:
    person = known(session, cast)
    accompany(session, cast, person, first_on=TODAY)
    hold(session, cast, person)
    with writing(session) as tx:
        take_back_check_in(tx, person.id, TODAY, None)
    assert aftercare_of(session, person).next_check_in_on == TODAY + 7 * DAY


def test_ending_takes_the_planned_check_ins_and_leaves_the_rest(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    accompany(session, cast, person)
    row = {
        "patient_id": person.id, "side": "support", "site_id": DONG_KINH, "rule_version": 1, "on_date": TODAY + 7 * DAY,
        "slot": 1, "due_at": MORNING + 7 * DAY, "expires_at": MORNING + 8 * DAY, "state": "planned",
        "planned_at": MORNING,
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(Reminder), [{**row, "kind": kind} for kind in ("check_in", "appointment")])
    assert end(session, cast, person, site=CAO_LOC) is False
    assert end(session, cast, person, "own_wish") is True
    assert end(session, cast, person) is False
    session.rollback()
    states = session.execute(select(Reminder.kind, Reminder.state).order_by(Reminder.id)).all()
    assert [tuple(row) for row in states] == [("check_in", "cancelled"), ("appointment", "planned")]
    ended = aftercare_of(session, person)
    assert (ended.ended_on, ended.end_reason, ended.ended_by_id) == (TODAY, "own_wish", cast.staff["counselor"])
    assert last_entry(session).action == "aftercare.ended"


def test_an_end_has_a_reason_and_after_it_a_new_file_can_be_opened(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    accompany(session, cast, person)
    with pytest.raises(Refusal, match="reason_unknown"):
        end(session, cast, person, "bored")
    end(session, cast, person, "moved")
    accompany(session, cast, person, rhythm="monthly")
    session.rollback()
    assert [(line.rhythm, line.end_reason) for line in list_aftercare(session, person.id)] == [
        ("monthly", None), ("weekly", "moved"),
    ]  # fmt: skip
