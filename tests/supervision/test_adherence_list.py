"""The treatment side's list: the longest gap first, from the kept summaries alone."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.domain.missed_doses import gap_days
from counseling.models.patients import TreatmentFile
from counseling.queries import adherence_list
from counseling.queries.adherence_list import AdherenceLine, AdherenceList, get_adherence_line, list_adherence
from counseling.scopes import treatment_files_visible_to
from counseling.services.adherence import recount_from_rows
from counseling.services.patients import change_status
from tests.supervision.story import ago, asked, crowd, far_station, handed_over, statements_of, tables_read, treated
from tests.support.cast import CAO_LOC, DONG_KINH, Cast
from tests.support.files import by, registered
from tests.support.settings import MORNING

TODAY = MORNING.date()
EVERY_DAY = {ago(days) for days in range(1, 61)}
# What a page of this list may ask; doses, orders and visits are not among them.
MAY_READ = {
    "areas", "sites", "treatment_files", "adherence_summaries", "tasks", "below", "people", "anon_1", "tasks_1",
}  # fmt: skip


@pytest.fixture(params=["put in order whole", "walked along the index"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every story holds for a small area and for one of tens of thousands."""
    if request.param == "walked along the index":
        monkeypatch.setattr(adherence_list, "FEW_PEOPLE", -1)
    return str(request.param)


def listed(
    session: Session, cast: Cast, sort: str = "gap", username: str = "supervisor", desk: int = 0
) -> AdherenceList:
    session.rollback()
    return list_adherence(session, cast.viewer_of(username, desk), TODAY, MORNING, VIETNAM, sort)


def codes(found: AdherenceList) -> list[str]:
    return [line.register_code for line in found.people]


def only_line(session: Session, cast: Cast) -> AdherenceLine:
    (line,) = listed(session, cast).people
    return line


def slow_gaps(session: Session, cast: Cast, username: str, desk: int = 0) -> dict[str, int | None]:
    """By register code, from the rows themselves."""
    viewer = cast.viewer_of(username, desk)
    query = select(TreatmentFile.patient_id, TreatmentFile.register_code).where(
        treatment_files_visible_to(viewer), TreatmentFile.status == "active"
    )
    rows = session.execute(query).all()
    return {code: gap_days(recount_from_rows(session, person).covered_through, TODAY) for person, code in rows}


@pytest.mark.parametrize("username", ["supervisor", "province"])
@pytest.mark.parametrize("people", [40, 90])
def test_the_order_is_that_of_a_slow_recount(session: Session, cast: Cast, username: str, people: int) -> None:
    crowd(session, cast, random.Random(people), [DONG_KINH, CAO_LOC, far_station(session)], people)
    found, slow = listed(session, cast, username=username), slow_gaps(session, cast, username)
    ranked = sorted((-1 if gap is None else gap for gap in slow.values()), reverse=True)
    assert [-1 if line.gap is None else line.gap for line in found.people] == ranked[:50]
    assert {line.register_code: line.gap for line in found.people}.items() <= slow.items()
    assert found.has_more is (len(slow) > 50)


def test_fifty_are_shown_and_whether_there_are_more(session: Session, cast: Cast) -> None:
    for number in range(50):
        treated(session, cast, f"MS-{number:03d}", {ago(10 + number)})
    assert (len(listed(session, cast).people), listed(session, cast).has_more) == (50, False)
    treated(session, cast, "MS-050", {ago(2)})
    found = listed(session, cast)
    assert (len(found.people), found.has_more) == (50, True)
    assert codes(found)[0] == "MS-049"
    assert "MS-050" not in codes(found)


def test_who_was_never_covered_fills_what_room_is_left(session: Session, cast: Cast) -> None:
    for number in range(3):
        treated(session, cast, f"CHUA-{number}")
    for number in range(49):
        treated(session, cast, f"MS-{number:03d}", {ago(1)})
    found = listed(session, cast)
    assert codes(found)[-1] == "CHUA-0"
    assert found.people[-1].gap is None
    assert (len(found.people), found.has_more) == (50, True)


def test_only_who_is_treated_now_and_in_the_area_is_listed(session: Session, cast: Cast) -> None:
    far = far_station(session)
    treated(session, cast, "XA-1", {ago(30)}, station=far)
    for status in ("discharged", "moved", "died"):
        treated(session, cast, f"DI-{status}", {ago(40)}, status=status)
    treated(session, cast, "MS-1", {ago(3)})
    assert codes(listed(session, cast)) == ["MS-1"]
    assert codes(listed(session, cast, username="province")) == ["XA-1", "MS-1"]


def test_who_leaves_goes_off_the_list_and_who_comes_back_is_on_it_again(session: Session, cast: Cast) -> None:
    person = treated(session, cast, "MS-1", {ago(3)})
    for status, expected in (("moved", []), ("active", ["MS-1"])):
        change_status(
            session, person, status=status, since_on=TODAY, reason=None, by=by(cast, "doctor"), today=TODAY, now=MORNING
        )
        assert codes(listed(session, cast)) == expected


@pytest.mark.parametrize("status", ["active", "moved"])
def test_a_newly_registered_person_is_listed_as_their_status_says(session: Session, cast: Cast, status: str) -> None:
    registered(session, cast, status=status)
    assert len(listed(session, cast).people) == (status == "active")


@pytest.mark.parametrize(("username", "desk"), [("community", 0), ("province", 1), ("volunteer", 0), ("counselor", 0)])
def test_on_the_other_side_nobody_is_listed(session: Session, cast: Cast, username: str, desk: int) -> None:
    treated(session, cast, "MS-1", {ago(3)})
    assert listed(session, cast, username=username, desk=desk).people == []


def test_the_gap_is_counted_from_today_and_today_is_not_missed(session: Session, cast: Cast) -> None:
    treated(session, cast, "HOM-QUA", {ago(1)})
    treated(session, cast, "HOM-NAY", {ago(0), ago(9)})
    treated(session, cast, "BON", {ago(5)})
    assert [(line.register_code, line.gap) for line in listed(session, cast).people] == [
        ("BON", 4), ("HOM-NAY", 0), ("HOM-QUA", 0),
    ]  # fmt: skip


def test_coverage_is_of_the_last_thirty_days_without_today(session: Session, cast: Cast) -> None:
    treated(session, cast, "MS-1", (EVERY_DAY | {TODAY}) - {ago(1), ago(30), ago(31)})
    line = only_line(session, cast)
    assert (line.covered_days, line.counted_days) == (28, 30)


@pytest.mark.parametrize(("registered_days_ago", "expected"), [(0, (0, 0)), (1, (1, 1)), (9, (9, 9)), (45, (30, 30))])
def test_coverage_begins_with_the_day_of_registration(
    session: Session, cast: Cast, registered_days_ago: int, expected: tuple[int, int]
) -> None:
    registered_at = MORNING - timedelta(days=registered_days_ago)
    treated(session, cast, "MS-1", EVERY_DAY, registered_at=registered_at)
    line = only_line(session, cast)
    assert (line.covered_days, line.counted_days) == expected


def test_an_evening_registration_counts_by_the_day_at_the_station(session: Session, cast: Cast) -> None:
    """0:30 on the 20th at the station is still the 19th in UTC."""
    just_after_midnight = MORNING.replace(hour=0, minute=30) - timedelta(days=2)
    treated(session, cast, "MS-1", EVERY_DAY, registered_at=just_after_midnight)
    assert only_line(session, cast).counted_days == 2


@pytest.mark.parametrize("outcome", ["met_well", "met_needs_help", "not_met"])
def test_what_was_handed_over_comes_back_as_one_word_and_a_day(session: Session, cast: Cast, outcome: str) -> None:
    person = treated(session, cast, "MS-1", {ago(3)})
    assert only_line(session, cast).handed_over is None
    handed_over(session, cast, person, outcome, MORNING - timedelta(days=1))
    said = only_line(session, cast).handed_over
    assert said is not None
    assert (said.state, said.day) == (outcome, ago(1))


def test_the_last_request_is_the_one_that_is_shown(session: Session, cast: Cast) -> None:
    person = treated(session, cast, "MS-1", {ago(3)})
    handed_over(session, cast, person, "not_met", MORNING - timedelta(days=2))
    handed_over(session, cast, person, None)
    said = only_line(session, cast).handed_over
    assert said is not None
    assert said.state == "waiting"


def test_open_tasks_of_the_station_are_shown_and_no_others(session: Session, cast: Cast) -> None:
    person = treated(session, cast, "MS-1", {ago(3)})
    for kind in ("see_soon", "call_back", "call_back", "order_review"):
        asked(session, person, kind)
    asked(session, person, "look_in", "support")
    line = only_line(session, cast)
    assert line.waiting == ("see_soon", "call_back")
    assert get_adherence_line(session, cast.viewer_of("supervisor"), person, TODAY, MORNING, VIETNAM) == line


def test_the_same_people_are_arranged_by_code_or_station(session: Session, cast: Cast) -> None:
    treated(session, cast, "B", {ago(9)}, station=CAO_LOC)
    treated(session, cast, "C", {ago(7)}, station=DONG_KINH)
    treated(session, cast, "A", {ago(5)}, station=CAO_LOC)
    assert codes(listed(session, cast, "gap")) == ["B", "C", "A"]
    assert codes(listed(session, cast, "code")) == ["A", "B", "C"]
    assert codes(listed(session, cast, "station")) == ["C", "B", "A"]  # "Trạm…" stands before "Trung tâm…"
    assert (codes(listed(session, cast, "id; drop")), listed(session, cast, "x").sort) == (["B", "C", "A"], "gap")


def test_the_list_reads_summaries_and_no_doses(session: Session, cast: Cast) -> None:
    crowd(session, cast, random.Random(1), [DONG_KINH], 60)
    with statements_of(session) as asked_for:
        assert listed(session, cast).people
    read = tables_read(asked_for)
    assert "adherence_summaries" in read
    assert read <= MAY_READ, read - MAY_READ
    assert len(asked_for) <= 6, "statements grow with the people"
