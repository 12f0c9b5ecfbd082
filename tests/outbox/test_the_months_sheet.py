"""Whose sheet a visit stands on while it waits, and that a sheet can be had of whoever has left the team since."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models.people import Staff, StaffRole
from counseling.queries.actors import actor_ref
from counseling.queries.month_sheets import list_volunteers, month_sheet
from counseling.services.waiting_visits import dismiss_visit, match_visit
from tests.outbox.story import ARRIVAL, SAVED, contacts, hand_in, waiting
from tests.outbox.test_correcting_a_group import filled, standing
from tests.outbox.test_pages import at, noon, words
from tests.outbox.test_whose_visit_it_is import becomes
from tests.outreach.story import correct, log, someone, undo
from tests.support.cast import TEAM, TEAM2, Cast, post
from tests.support.phone import visit
from tests.support.settings import MORNING

__all__ = ["noon"]
NOVEMBER = MORNING.date().replace(day=1)


def joins(session: Session, cast: Cast, username: str = "volunteer2", team_id: int = TEAM) -> int:
    """A desk in the volunteer's team; gives its number."""
    with writing(session) as tx:
        role = {"kind": "volunteer", "side": "support", "team_id": team_id, "given_at": MORNING}
        row = insert(StaffRole).values(staff_id=cast.staff[username], **role)
        role_id: int = tx.execute(row.returning(StaffRole.id)).scalar_one()
    return role_id


def leaves(session: Session, role_id: int, when: datetime) -> None:
    with writing(session) as tx:
        tx.execute(update(StaffRole).where(StaffRole.id == role_id).values(ended_at=when))


def apart(session: Session, role_id: int) -> tuple[int, int]:
    """How many visits of the month wait, and how many were put away."""
    found = month_sheet(session, role_id, NOVEMBER, VIETNAM)
    session.rollback()
    return found.waiting, found.put_away


def test_a_visit_that_waits_is_told_to_whom_it_was_written_for(session: Session, cast: Cast) -> None:
    own, colleague = cast.roles["volunteer"][0], joins(session, cast)
    hand_in(session, cast, visit(None, said="anh Tám", behalf_of=actor_ref(session, colleague)))
    hand_in(session, cast, visit(None, said="anh Chín"))
    assert (apart(session, own), apart(session, colleague)) == ((1, 0), (1, 0))
    for row in waiting(session):
        dismiss_visit(session, cast.viewer_of("counselor"), row.ref, "trial", ARRIVAL)
    assert (apart(session, own), apart(session, colleague)) == ((0, 1), (0, 1))


@pytest.mark.parametrize("is_waiting", [False, True], ids=["active", "ended"])
def test_who_is_added_to_a_meeting_stands_on_the_sheet_on_which_it_stands(
    session: Session, cast: Cast, is_waiting: bool
) -> None:
    """Written for a colleague, and corrected: its hours and its way are on one sheet, once, and nobody is taken out."""
    own, colleague = cast.roles["volunteer"][0], joins(session, cast)
    ba, tu, nam = (someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm"))
    met = visit(None, people=[ba.ref, tu.ref], minutes=60, km=10, behalf_of=actor_ref(session, colleague))
    first = str(uuid.uuid4())
    assert hand_in(session, cast, met, kind="group", id=first) == "stored"
    if is_waiting:
        becomes(session, nam, status="discharged")
    anew = visit(None, people=[ba.ref, tu.ref, nam.ref], corrects=first)
    hand_in(session, cast, anew, kind="group")
    for row in waiting(session):
        match_visit(session, cast.viewer_of("counselor"), row.ref, nam.ref, ARRIVAL)
    assert set(standing(session)) == {ba.id, tu.id, nam.id}
    for role_id, expected in ((own, (0, 0, 0, 0)), (colleague, (0, 1, 60, 10))):
        total = month_sheet(session, role_id, NOVEMBER, VIETNAM).total
        session.rollback()
        assert (total.visits, total.groups, total.minutes, total.km) == expected


@pytest.mark.parametrize("behalf_of", ["f" * 32, "of another team"])
def test_what_names_nobody_of_the_team_stays_with_its_writer(session: Session, cast: Cast, behalf_of: str) -> None:
    """As in the book."""
    far = cast.roles["volunteer2"][0]
    named = actor_ref(session, far) if " " in behalf_of else behalf_of
    hand_in(session, cast, visit(None, said="anh Tám", behalf_of=named))
    hand_in(session, cast, b"\xff\xfe")
    assert (apart(session, cast.roles["volunteer"][0]), apart(session, far)) == ((2, 0), (0, 0))


def test_the_sheet_of_whoever_has_left_since_last_month_can_be_chosen(app: Flask, session: Session, cast: Cast) -> None:
    log(session, cast, someone(session, cast))
    assert contacts(session)
    role, counselor = cast.roles["volunteer"][0], at(app, "counselor")
    for left, month in ((MORNING, "2026-11"), (datetime(2026, 9, 30, 17, 0, tzinfo=UTC), "2026-10")):
        leaves(session, role, left)
        for who in (counselor, at(app, "community")):
            page = who.get("/teams/").text
            (address,) = re.findall(rf'href="(/teams/sheets/{role}[^"]*)"', page)
            assert address.endswith(f"?month={month}") and "Người mẫu volunteer" in page
            assert "đã rời đội" in words(page) and who.get(address).status_code == 200
    assert "22/11/2026 1 –" in words(counselor.get(f"/teams/sheets/{role}?month=2026-11").text)
    leaves(session, role, datetime(2026, 9, 30, 16, 59, tzinfo=UTC))
    assert f"/teams/sheets/{role}" not in counselor.get("/teams/").text


def test_whose_account_was_shut_can_be_chosen_too_and_whoever_came_back_stands_there_once(
    session: Session, cast: Cast
) -> None:
    counselor, role = cast.viewer_of("counselor"), cast.roles["volunteer"][0]

    def listed() -> list[tuple[int, datetime | None]]:
        session.rollback()
        found = list_volunteers(session, counselor, MORNING.date(), VIETNAM)
        return [(one.role_id, one.left_at) for one in found]

    assert listed() == [(role, None)]
    leaves(session, role, MORNING)
    again = joins(session, cast, "volunteer")
    assert listed() == [(again, None)]
    leaves(session, again, MORNING + timedelta(hours=1))
    assert listed() == [(again, MORNING + timedelta(hours=1))]
    joins(session, cast, "volunteer", TEAM2)
    assert listed() == [(again, MORNING + timedelta(hours=1))], "another team, another point"
    with writing(session) as tx:
        tx.execute(update(Staff).where(Staff.id == cast.staff["volunteer"]).values(disabled_at=MORNING))
    assert listed() == [(again, MORNING)]
    assert session.execute(select(StaffRole.id).where(StaffRole.team_id == TEAM)).scalars().all() == [role, again]


@pytest.mark.parametrize("which", [0, -1], ids=["first row", "last row"])
def test_who_takes_the_hours_off_one_persons_row_leaves_those_of_the_meeting(
    app: Flask, session: Session, cast: Cast, which: int
) -> None:
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm")]
    met = visit(None, people=[one.ref for one in people], place="group", minutes=60, km=4)
    hand_in(session, cast, met, kind="group")
    row, volunteer = contacts(session)[which], at(app, "volunteer")
    (person,) = (one for one in people if one.id == row.patient_id)
    address = f"/outreach/{person.ref}/contacts/{row.ref}/"
    emptied = {**filled(volunteer.get(address).text), "minutes": [], "km": [""]}
    assert post(volunteer, address, **emptied, outcome="not_met").status_code == 303
    last = contacts(session)[-1]
    assert (last.corrects_id, last.minutes, last.km) == (row.id, None, None)
    total = month_sheet(session, cast.roles["volunteer"][0], NOVEMBER, VIETNAM).total
    assert (total.visits, total.groups, total.minutes, total.km) == (0, 1, 60, 4)


@pytest.mark.parametrize("way", ["page", "phone"])
def test_a_meeting_of_which_one_row_is_written_for_a_colleague_stands_on_one_sheet(
    app: Flask, session: Session, cast: Cast, way: str
) -> None:
    """On its writer's until the last of the rows that were written first is corrected too."""
    own, colleague, volunteer = cast.roles["volunteer"][0], joins(session, cast), at(app, "volunteer")
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư")]
    first, named = str(uuid.uuid4()), actor_ref(session, colleague)
    hand_in(session, cast, visit(None, people=[one.ref for one in people], minutes=60, km=10), kind="group", id=first)
    (ba, tu), meeting, nothing = sorted(people, key=lambda one: standing(session)[one.id].id), (1, 60, 10), (0, 0, 0)
    for person, expected in ((ba, (meeting, nothing)), (tu, (nothing, meeting))):
        if way == "page":
            address = f"/outreach/{person.ref}/contacts/{standing(session)[person.id].ref}/"
            sent = {**filled(volunteer.get(address).text), "behalf_of": named, "outcome": "met_well"}
            assert post(volunteer, address, **sent).status_code == 303
        else:
            told = visit(person.ref, corrects=first, behalf_of=named) | {"place": None}
            assert hand_in(session, cast, told, kind="correction") == "stored"
        session.rollback()
        totals = [month_sheet(session, role_id, NOVEMBER, VIETNAM).total for role_id in (own, colleague)]
        assert tuple((total.groups, total.minutes, total.km) for total in totals) == expected
        assert [total.visits for total in totals] == [0, 0]


def counted_and_apart(session: Session, cast: Cast) -> tuple[int, int, int, int]:
    """Visits and meetings that stand on the sheet, and how many it says are not counted: waiting, put away."""
    found = month_sheet(session, cast.roles["volunteer"][0], NOVEMBER, VIETNAM)
    session.rollback()
    return found.total.visits, found.total.groups, found.waiting, found.put_away


def test_a_correction_that_waits_is_not_called_a_visit_that_is_not_counted(session: Session, cast: Cast) -> None:
    """Unless the visit was undone: then it stands in no book."""
    person, first = someone(session, cast), str(uuid.uuid4())
    hand_in(session, cast, visit(person.ref, minutes=30), id=first)
    made = correct(session, cast, person, contacts(session)[0].ref, "met_needs_help")
    becomes(session, person, team_id=TEAM2)
    again = visit(person.ref, corrects=first, outcome="not_met")
    assert hand_in(session, cast, again, kind="correction") == "quarantined"
    assert counted_and_apart(session, cast) == (1, 0, 0, 0)
    becomes(session, person, team_id=TEAM)
    undo(session, cast, person, made)
    assert counted_and_apart(session, cast) == (0, 0, 1, 0)
    dismiss_visit(session, cast.viewer_of("counselor"), waiting(session)[0].ref, "mistake", ARRIVAL)
    assert counted_and_apart(session, cast) == (0, 0, 0, 1)


def test_a_correction_of_a_correction_that_waits_is_not_called_a_visit_that_is_not_counted(
    session: Session, cast: Cast
) -> None:
    person, first, second = someone(session, cast), str(uuid.uuid4()), str(uuid.uuid4())
    hand_in(session, cast, visit(person.ref, minutes=30), id=first)
    becomes(session, person, team_id=TEAM2)
    for own, names in ((second, first), (str(uuid.uuid4()), second)):
        again = visit(person.ref, corrects=names, outcome="not_met")
        assert hand_in(session, cast, again, kind="correction", id=own) == "quarantined"
    assert counted_and_apart(session, cast) == (1, 0, 0, 0)


def test_a_visit_and_its_corrections_that_wait_are_one_visit_that_is_not_counted(session: Session, cast: Cast) -> None:
    first, second, counselor = str(uuid.uuid4()), str(uuid.uuid4()), cast.viewer_of("counselor")
    hand_in(session, cast, visit(None, said="anh Tám"), id=first)
    for own, names in ((second, first), (str(uuid.uuid4()), second)):
        hand_in(session, cast, visit(None, said="anh Tám", corrects=names), kind="correction", id=own)
    assert counted_and_apart(session, cast) == (0, 0, 1, 0)
    for row, expected in zip(waiting(session), ((0, 0, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1)), strict=True):
        dismiss_visit(session, counselor, row.ref, "mistake", ARRIVAL)
        assert counted_and_apart(session, cast) == expected, "its last word waits still"


def test_a_meeting_and_its_correction_that_both_wait_are_one_meeting_that_is_not_counted(
    session: Session, cast: Cast
) -> None:
    people, first = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư")], str(uuid.uuid4())
    for one in people:
        becomes(session, one, team_id=TEAM2)
    met = visit(None, people=[one.ref for one in people], minutes=60)
    hand_in(session, cast, met, kind="group", id=first)
    hand_in(session, cast, met | {"corrects": first}, kind="group")
    assert len(waiting(session)) == 4 and counted_and_apart(session, cast) == (0, 0, 1, 0)


@pytest.mark.parametrize("is_said_first", [True, False], ids=["said at once", "said in the correction"])
def test_a_visit_and_its_correction_that_both_wait_stand_on_one_sheet(
    session: Session, cast: Cast, is_said_first: bool
) -> None:
    """On that of whom the visit was for by its last word, which says no colleague again."""
    own, colleague, first = cast.roles["volunteer"][0], joins(session, cast), str(uuid.uuid4())
    named = {"behalf_of": actor_ref(session, colleague)}
    hand_in(session, cast, visit(None, said="anh Tám", **(named if is_said_first else {})), id=first)
    anew = visit(None, said="anh Tám", corrects=first, **({} if is_said_first else named))
    hand_in(session, cast, anew, kind="correction")
    assert (apart(session, own), apart(session, colleague)) == ((0, 0), (1, 0))


def test_a_correction_of_the_next_month_waits_on_the_sheet_of_its_visit(session: Session, cast: Cast) -> None:
    first, month = str(uuid.uuid4()), timedelta(days=15)
    hand_in(session, cast, visit(None, said="anh Tám"), id=first)
    late = {"saved": SAVED + month, "now": ARRIVAL + month}
    hand_in(session, cast, visit(None, said="anh Tám", corrects=first), kind="correction", **late)
    own = cast.roles["volunteer"][0]
    found = [month_sheet(session, own, NOVEMBER.replace(month=month), VIETNAM).waiting for month in (11, 12)]
    session.rollback()
    assert found == [1, 0]


def test_a_word_about_somebody_elses_visit_waits_as_a_visit_of_ones_own(session: Session, cast: Cast) -> None:
    """It takes no place in the other's book."""
    person, colleague, first = someone(session, cast), joins(session, cast), str(uuid.uuid4())
    hand_in(session, cast, visit(person.ref), id=first)
    told, actor = visit(person.ref, corrects=first), actor_ref(session, colleague)
    assert hand_in(session, cast, told, who="volunteer2", actor=actor, kind="correction") == "quarantined"
    assert [(row.code, row.role_id) for row in waiting(session)] == [("unknown_entry", colleague)]
    assert (apart(session, cast.roles["volunteer"][0]), apart(session, colleague)) == ((0, 0), (1, 0))


def test_a_meeting_that_waits_is_one_however_many_came(session: Session, cast: Cast) -> None:
    people = [someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm")]
    for one in people:
        becomes(session, one, status="moved")
    refs, first = [one.ref for one in people], str(uuid.uuid4())
    met = visit(None, people=refs, place="group", minutes=60, danger=["violence"])
    hand_in(session, cast, met, kind="group", id=first)
    hand_in(session, cast, visit(None, said="anh Tám"))
    assert len(waiting(session)) > 2
    assert counted_and_apart(session, cast) == (0, 0, 2, 0)
    by = cast.viewer_of("counselor")
    for row in waiting(session)[1:]:
        dismiss_visit(session, by, row.ref, "mistake", ARRIVAL)
    assert counted_and_apart(session, cast) == (0, 0, 1, 1), "somebody of it waits still"
    match_visit(session, by, waiting(session)[0].ref, people[0].ref, ARRIVAL)
    assert counted_and_apart(session, cast) == (0, 1, 0, 1)


def test_who_of_a_meeting_waits_is_no_meeting_that_is_not_counted(session: Session, cast: Cast) -> None:
    here, gone, new = (someone(session, cast, name) for name in ("Anh Ba", "Chị Tư", "Anh Năm"))
    becomes(session, gone, status="moved")
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    hand_in(session, cast, visit(None, people=[here.ref, gone.ref], place="group"), kind="group", id=first)
    assert counted_and_apart(session, cast) == (0, 1, 0, 0)
    becomes(session, new, status="moved")
    for entry_id, corrects in ((second, first), (str(uuid.uuid4()), second)):
        anew = visit(None, people=[here.ref, new.ref], place="group", corrects=corrects)
        assert hand_in(session, cast, anew, kind="group", id=entry_id) == "quarantined"
    assert len(waiting(session)) == 3
    assert counted_and_apart(session, cast) == (0, 1, 0, 0)
