"""The community side's list: the longest silence first, and nothing of care."""

from __future__ import annotations

import random
from dataclasses import fields
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.models.counseling import AftercareFile
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.queries import contact_list
from counseling.queries.contact_list import ContactList, SilenceLine, get_silence_line, list_silence
from counseling.refs import new_request_key
from counseling.scopes import support_files_visible_to
from tests.supervision.story import ago, asked, far_station, handed_over, statements_of, supported, tables_read, treated
from tests.support.cast import CAO_LOC, DONG_KINH, DONG_KINH_WARD, MAU_SON, TEAM, TEAM2, Cast
from tests.support.settings import MORNING

TODAY = MORNING.date()
# Everything that this list may read; nothing of these tables is about treatment but tasks, of which it reads one side.
MAY_READ = {
    "areas", "sites", "support_files", "support_files_1", "outreach_teams", "aftercare_files", "tasks", "below",
    "people", "anon_1",
}  # fmt: skip


@pytest.fixture(params=["put in order whole", "walked along the index"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every story holds for a small area and for one of tens of thousands."""
    if request.param == "walked along the index":
        monkeypatch.setattr(contact_list, "FEW_PEOPLE", -1)


def listed(
    session: Session, cast: Cast, sort: str = "silence", username: str = "community", desk: int = 0
) -> ContactList:
    session.rollback()
    return list_silence(session, cast.viewer_of(username, desk), TODAY, MORNING, sort)


def names(found: ContactList) -> list[str]:
    return [line.community_name for line in found.people]


def only_line(session: Session, cast: Cast) -> SilenceLine:
    (line,) = listed(session, cast).people
    return line


def in_aftercare(session: Session, cast: Cast, person: int, next_on: date, ended_on: date | None = None) -> None:
    row = insert(AftercareFile).values(
        patient_id=person, site_id=DONG_KINH, rhythm="weekly", next_check_in_on=next_on, opened_on=ago(200),
        opened_by_id=cast.staff["counselor"], ended_on=ended_on, end_reason="completed" if ended_on else None,
        request_key=new_request_key(),
    )  # fmt: skip
    with writing(session) as tx:
        tx.execute(row)


def slow_silences(session: Session, cast: Cast, username: str, desk: int) -> list[date]:
    """Of all files, one by one."""
    scope = support_files_visible_to(cast.viewer_of(username, desk))
    files = session.execute(select(SupportFile).where(scope)).scalars()
    return sorted(file.last_contact_on or file.status_since for file in files if file.status == "active")


@pytest.mark.parametrize(("username", "desk"), [("community", 0), ("province", 1)])
@pytest.mark.parametrize("people", [40, 90])
def test_the_order_is_that_of_a_slow_count(session: Session, cast: Cast, username: str, desk: int, people: int) -> None:
    dice, points = random.Random(people), [DONG_KINH, CAO_LOC, far_station(session)]
    for number in range(people):
        last = ago(dice.randrange(60)) if dice.random() < 0.7 else None
        status = "active" if dice.random() < 0.8 else "moved"
        since = ago(dice.randrange(300))
        supported(session, cast, f"Anh {number}", last, since=since, site=dice.choice(points), status=status)
    found, slow = listed(session, cast, username=username, desk=desk), slow_silences(session, cast, username, desk)
    assert [line.silent_since for line in found.people] == slow[:50]
    assert [line.silent_days for line in found.people] == [(TODAY - day).days for day in slow[:50]]
    assert found.has_more is (len(slow) > 50)


def test_who_was_never_met_counts_from_the_day_of_support(session: Session, cast: Cast) -> None:
    supported(session, cast, "Mới", since=ago(2))
    supported(session, cast, "Gặp rồi", ago(9))
    supported(session, cast, "Chưa gặp", since=ago(30))
    found = listed(session, cast)
    assert names(found) == ["Chưa gặp", "Gặp rồi", "Mới"]
    assert [line.last_contact_on for line in found.people] == [None, ago(9), None]
    assert [line.last_outcome for line in found.people] == [None, "met_well", None]


def test_of_many_who_were_never_met_the_longest_supported_stand_first(session: Session, cast: Cast) -> None:
    for number in range(55):
        supported(session, cast, f"Anh {number}", since=ago(10 + number))
    found = listed(session, cast)
    assert [line.silent_days for line in found.people] == [64 - number for number in range(50)]


def test_only_who_is_supported_now_and_in_the_area_is_listed(session: Session, cast: Cast) -> None:
    supported(session, cast, "Xa", ago(50), site=far_station(session))
    for status in ("discharged", "moved", "died"):
        supported(session, cast, status, ago(60), status=status)
    supported(session, cast, "Gần", ago(3))
    assert names(listed(session, cast)) == ["Gần"]
    assert names(listed(session, cast, username="province", desk=1)) == ["Xa", "Gần"]


@pytest.mark.parametrize(("username", "desk"), [("supervisor", 0), ("province", 0), ("dispenser", 0), ("doctor", 0)])
def test_on_the_other_side_nobody_is_listed(session: Session, cast: Cast, username: str, desk: int) -> None:
    supported(session, cast, "Anh Ba", ago(3))
    assert listed(session, cast, username=username, desk=desk).people == []


@pytest.mark.parametrize(("next_in_days", "overdue"), [(-12, 12), (0, 0), (5, 0)])
def test_a_check_in_of_aftercare_is_overdue_the_day_after_it_was_due(
    session: Session, cast: Cast, next_in_days: int, overdue: int
) -> None:
    person = supported(session, cast, "Anh Ba", ago(3))
    in_aftercare(session, cast, person, ago(100), ended_on=ago(50))
    assert only_line(session, cast).overdue_days == 0
    in_aftercare(session, cast, person, TODAY + timedelta(days=next_in_days))
    assert only_line(session, cast).overdue_days == overdue


def test_the_same_people_are_arranged_by_commune_or_team(session: Session, cast: Cast) -> None:
    supported(session, cast, "Một", ago(9), area_id=MAU_SON, team_id=None)
    supported(session, cast, "Hai", ago(7), area_id=DONG_KINH_WARD, team_id=TEAM)
    supported(session, cast, "Ba", ago(5), area_id=None, team_id=TEAM2)
    assert names(listed(session, cast, "silence")) == ["Một", "Hai", "Ba"]
    assert names(listed(session, cast, "commune")) == ["Hai", "Một", "Ba"]
    assert names(listed(session, cast, "team")) == ["Ba", "Hai", "Một"]
    assert (names(listed(session, cast, "x; y")), listed(session, cast, "x").sort) == (["Một", "Hai", "Ba"], "silence")


def test_a_team_that_was_closed_is_no_team(session: Session, cast: Cast) -> None:
    supported(session, cast, "Anh Ba", ago(3))
    assert only_line(session, cast).team == "Đội tình nguyện xã Mẫu Sơn"
    with writing(session) as tx:
        tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM).values(closed_on=ago(1)))
    assert only_line(session, cast).team is None


def test_an_open_task_is_shown_once_it_has_appeared(session: Session, cast: Cast) -> None:
    """A task that crossed over is on nobody's page before its hour, and then looks like any other."""
    person = supported(session, cast, "Anh Ba", ago(3))
    asked(session, person, "look_in", "support", visible_from=MORNING + timedelta(hours=1))
    for kind in ("see_soon", "call_back", "order_review"):
        asked(session, person, kind)
    assert only_line(session, cast).waiting == ()
    viewer, later = cast.viewer_of("community"), MORNING + timedelta(hours=1)
    assert get_silence_line(session, viewer, person, TODAY, later).waiting == ("look_in",)


def test_a_line_holds_nothing_of_the_treatment_side(session: Session, cast: Cast) -> None:
    """The same person, covered, missing, handed over: the line is that of somebody who has no treatment file."""
    person = treated(session, cast, "ZQ-77", {ago(20)}, station=CAO_LOC)
    supported(session, cast, "Anh Ba", ago(3), patient_id=person)
    other = supported(session, cast, "Anh Ba", ago(3))
    handed_over(session, cast, person, "not_met")
    asked(session, person, "see_soon")
    viewer = cast.viewer_of("community")
    lines = [get_silence_line(session, viewer, one, TODAY, MORNING) for one in (person, other)]
    own = {"patient_id", "ref"}
    told = [{f.name: getattr(line, f.name) for f in fields(line) if f.name not in own} for line in lines]
    assert told[0] == told[1]


def test_the_list_reads_nothing_of_the_treatment_side(session: Session, cast: Cast) -> None:
    for number in range(60):
        supported(session, cast, f"Anh {number}", ago(number) if number % 3 else None)
    with statements_of(session) as asked_for:
        assert listed(session, cast).people
    assert tables_read(asked_for) <= MAY_READ, tables_read(asked_for) - MAY_READ
    assert len(asked_for) <= 5, "statements grow with the people"
