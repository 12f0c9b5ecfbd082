"""What counselors find when they sit down, and nothing of another point. On both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.queries.counseling import load_day
from counseling.refs import new_request_key
from counseling.services.outreach_contacts import NewContact, log_contact, undo_contact
from tests.counseling.story import TODAY, accompany, at, book, hold, known
from tests.support.cast import CAO_LOC, TEAM2, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person

DAY = timedelta(days=1)


def visited(
    session: Session, cast: Cast, person: Person, outcome: str = "met_well", username: str = "volunteer",
    now: datetime = MORNING,
) -> str:  # fmt: skip
    viewer, contact = cast.viewer_of(username), NewContact(kind="home", outcome=outcome)
    return log_contact(
        session, viewer, person.ref, contact, request_key=new_request_key(), today=now.date(), now=now
    )  # fmt: skip


def test_the_day_shows_who_comes_today_and_who_in_the_next_week(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    for days in (0, 1, 7, 8):
        book(session, cast, person, at(TODAY + days * DAY, 9))
    day = load_day(session, cast.viewer_of("counselor"), TODAY, VIETNAM)
    assert [line.starts_at for line in day.today] == [at(TODAY, 9)]
    assert [line.starts_at for line in day.coming] == [at(TODAY + DAY, 9), at(TODAY + 7 * DAY, 9)]
    assert day.today[0].who.name == "Anh Ba sửa xe"


def test_the_whole_day_at_the_point_counts_whatever_utc_says(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    book(session, cast, person, at(TODAY + DAY, 0, 30))
    viewer = cast.viewer_of("counselor")
    assert load_day(session, viewer, TODAY, VIETNAM).today == []
    assert len(load_day(session, viewer, TODAY + DAY, VIETNAM).today) == 1


def test_visits_of_the_last_week_come_in_with_need_first(session: Session, cast: Cast) -> None:
    people = [known(session, cast, community_name=f"Anh {name}") for name in ("Một", "Hai", "Ba", "Bốn")]
    visited(session, cast, people[0], now=MORNING - 7 * DAY)
    visited(session, cast, people[1], "met_needs_help", now=MORNING - 6 * DAY)
    visited(session, cast, people[2], "not_met")
    undone = visited(session, cast, people[3])
    undo_contact(
        session, cast.viewer_of("volunteer"), people[3].ref, undone, request_key=new_request_key(), now=MORNING
    )
    visits = load_day(session, cast.viewer_of("counselor"), TODAY, VIETNAM).visits
    assert [(line.who.name, line.outcome, line.contact_on) for line in visits] == [
        ("Anh Hai", "met_needs_help", TODAY - 6 * DAY), ("Anh Ba", "not_met", TODAY),
    ]  # fmt: skip
    assert (visits[0].volunteer, visits[0].team) == ("Người mẫu volunteer", "Đội tình nguyện xã Mẫu Sơn")


def test_a_counselors_own_call_is_no_visit_of_a_team(session: Session, cast: Cast) -> None:
    visited(session, cast, known(session, cast), username="counselor")
    assert load_day(session, cast.viewer_of("counselor"), TODAY, VIETNAM).visits == []


def test_check_ins_that_are_due_wait_longest_first(session: Session, cast: Cast) -> None:
    first, second, later = (known(session, cast, community_name=f"Chị {name}") for name in ("Lan", "Huệ", "Mai"))
    accompany(session, cast, first, first_on=TODAY + 2 * DAY)
    accompany(session, cast, second, first_on=TODAY, supporter_id=cast.staff["volunteer"])
    accompany(session, cast, later, first_on=TODAY + 3 * DAY)
    due = load_day(session, cast.viewer_of("counselor"), TODAY + 2 * DAY, VIETNAM).check_ins
    assert [(line.who.name, line.due_on, line.supporter) for line in due] == [
        ("Chị Huệ", TODAY, "Người mẫu volunteer"), ("Chị Lan", TODAY + 2 * DAY, None),
    ]  # fmt: skip


def test_sessions_of_today_name_only_whom_they_may(session: Session, cast: Cast) -> None:
    hold(session, cast, None)
    hold(session, cast, known(session, cast))
    hold(session, cast, None, held_on=TODAY - DAY)
    sessions = load_day(session, cast.viewer_of("counselor"), TODAY, VIETNAM).sessions
    assert [line.who.name if line.who else None for line in sessions] == ["Anh Ba sửa xe", None]


@pytest.mark.parametrize(("username", "desk"), [("nurse", 1), ("volunteer", 0), ("community", 0), ("dispenser", 0)])
def test_nothing_of_the_day_belongs_to_another_point_or_another_desk(
    session: Session, cast: Cast, username: str, desk: int
) -> None:
    person = known(session, cast)
    hold(session, cast, None)
    hold(session, cast, person, held_on=TODAY - DAY)
    book(session, cast, person, at(TODAY, 9))
    accompany(session, cast, person, first_on=TODAY)
    day = load_day(session, cast.viewer_of(username, desk), TODAY, VIETNAM)
    assert (day.today, day.coming, day.sessions) == ([], [], [])
    if username == "nurse":
        visited(session, cast, person)
        other = known(session, cast, site_id=CAO_LOC, team_id=TEAM2)
        visited(session, cast, other, username="volunteer2")
        day = load_day(session, cast.viewer_of(username, desk), TODAY, VIETNAM)
        assert [line.who.person_ref for line in day.visits] == [other.ref]
        assert day.check_ins == []
