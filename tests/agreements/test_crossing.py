"""What crosses from the treatment side: with consent only, the next day, without a word of why."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.config import VIETNAM
from counseling.database import writing
from counseling.models.audit import AuditEntry
from counseling.models.contacts import VisitConsent
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.models.tasks import Task
from counseling.queries.handed_over import HandedOver, list_handed_over
from counseling.refs import new_request_key
from counseling.services.crossing import appears_at
from tests.agreements.story import agrees, asks_to_be_called, rows_of_the_other_side, takes_it_back, tasks
from tests.outbox.story import contacts, hand_in
from tests.outreach.story import asked, correct, log, undo
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, TEAM2, Cast
from tests.support.files import patient_of, registered, supported
from tests.support.phone import visit
from tests.support.settings import MORNING
from tests.support.treatment import Person

TODAY = MORNING.date()
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def treated(session: Session, cast: Cast) -> int:
    return patient_of(session, registered(session, cast))


def test_without_consent_it_stays_with_the_station(session: Session, treated: int) -> None:
    asks_to_be_called(session, treated)
    (call_back,) = tasks(session, "treatment")
    assert (call_back.kind, call_back.site_id, call_back.due_on) == ("call_back", DONG_KINH, TODAY)
    assert call_back.handed_to_id is None
    assert rows_of_the_other_side(session, treated) == []


def test_with_consent_the_team_is_asked_to_look_in_on_the_next_day(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    (call_back,), (look_in,) = tasks(session, "treatment"), tasks(session, "support")
    assert call_back.handed_to_id == look_in.id
    assert (look_in.kind, look_in.team_id, look_in.site_id) == ("look_in", TEAM2, CAO_LOC)
    assert look_in.due_on == TOMORROW
    assert look_in.visible_from is not None
    assert look_in.visible_from.astimezone(VIETNAM).date() == TOMORROW


def test_what_crosses_says_nothing_of_its_moment_its_reason_or_its_station(
    session: Session, cast: Cast, treated: int
) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    (look_in,) = tasks(session, "support")
    assert look_in.opened_at == look_in.visible_from
    assert look_in.opened_by_id is None
    session.rollback()
    entries = {
        entry.chain: (entry.actor, entry.subject, json.loads(entry.details))
        for entry in session.scalars(select(AuditEntry).where(AuditEntry.action == "task.opened"))
    }
    (call_back,) = tasks(session, "treatment")
    assert entries == {
        f"site:{DONG_KINH}": ("rule:answered_text", f"patient:{treated}", {"task": call_back.id}),
        f"site:{CAO_LOC}": ("rule:answered_text", f"patient:{treated}", {"task": look_in.id}),
    }


def test_the_hour_of_appearing_is_random_within_the_next_working_day() -> None:
    dice = random.Random(7)
    instants = [appears_at(TODAY, VIETNAM, dice).astimezone(VIETNAM) for _ in range(3_000)]
    assert {instant.date() for instant in instants} == {TOMORROW}
    assert {instant.hour for instant in instants} == set(range(8, 17))
    assert len({instant.minute for instant in instants}) == 60


def test_asked_twice_on_a_day_it_is_one_task(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    asks_to_be_called(session, treated, now=MORNING + timedelta(hours=2), dice=2)
    assert [len(tasks(session, side)) for side in ("treatment", "support")] == [1, 1]


def test_while_the_team_is_still_asked_another_day_adds_nothing_to_its_list(
    session: Session, cast: Cast, treated: int
) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    asks_to_be_called(session, treated, now=MORNING + timedelta(days=1))
    assert [len(tasks(session, side)) for side in ("treatment", "support")] == [2, 1]
    (look_in,) = tasks(session, "support")
    with writing(session) as tx:
        who = {"closed_at": MORNING, "closed_by_id": cast.staff["volunteer2"], "outcome": "not_met"}
        tx.execute(update(Task).where(Task.id == look_in.id).values(**who))
    asks_to_be_called(session, treated, now=MORNING + timedelta(days=2))
    assert [len(tasks(session, side)) for side in ("treatment", "support")] == [3, 2]


@pytest.mark.parametrize("ended", ["consent", "team", "file", "other team"])
def test_what_has_ended_meanwhile_hands_nothing_on(session: Session, cast: Cast, treated: int, ended: str) -> None:
    agrees(session, cast, treated)
    with writing(session) as tx:
        if ended == "consent":
            who = {"withdrawn_at": MORNING, "withdrawn_by_id": cast.staff["dispenser"]}
            tx.execute(update(VisitConsent).values(**who))
        elif ended == "team":
            tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM2).values(closed_on=TODAY))
        elif ended == "file":
            tx.execute(update(SupportFile).values(status="moved"))
        else:  # the point has given the person to another team, which was not agreed to
            tx.execute(update(SupportFile).values(team_id=TEAM))
    asks_to_be_called(session, treated)
    assert len(tasks(session, "treatment")) == 1
    assert tasks(session, "support") == []


def test_who_asks_the_point_is_called_by_the_point(session: Session, cast: Cast) -> None:
    met = patient_of(session, supported(session, cast, team_id=TEAM))
    asks_to_be_called(session, met, "support")
    (call,) = tasks(session, "support")
    assert (call.kind, call.site_id, call.team_id, call.visible_from) == ("call_by_phone", DONG_KINH, None, None)
    assert tasks(session, "treatment") == []


def test_what_comes_back_is_one_word_and_the_day(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    assert list_handed_over(session, [treated], VIETNAM) == {}
    for day, outcome in enumerate(("met_needs_help", "not_met", "met_well")):
        asks_to_be_called(session, treated, now=MORNING + timedelta(days=day))
        asked = HandedOver("waiting", TODAY + timedelta(days=day))
        assert list_handed_over(session, [treated], VIETNAM)[treated][0] == asked
        early = MORNING + timedelta(days=day)  # 6:30 there, the day before in UTC
        answered(session, cast, outcome, early)
    days = [TODAY + timedelta(days=day) for day in (2, 1, 0)]
    words = ("met_well", "not_met", "met_needs_help")
    expected = [HandedOver(word, day) for word, day in zip(words, days, strict=True)]
    assert list_handed_over(session, [treated, treated + 1], VIETNAM) == {treated: expected}


def answered(session: Session, cast: Cast, outcome: str, at: datetime) -> None:
    with writing(session) as tx:
        who = {"closed_at": at, "closed_by_id": cast.staff["volunteer2"], "outcome": outcome}
        tx.execute(update(Task).where(Task.kind == "look_in", Task.closed_at.is_(None)).values(**who))


def test_what_was_taken_back_is_no_longer_told(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    takes_it_back(session, cast, treated)
    assert list_handed_over(session, [treated], VIETNAM) == {}


def of_the_points_own(session: Session, cast: Cast, patient_id: int) -> Person:
    """The point has a form of its own for somebody who agrees: taken back, they stay with the team."""
    agrees(session, cast, patient_id, team_id=TEAM)
    with writing(session) as tx:
        own = update(SupportFile).where(SupportFile.patient_id == patient_id).values(request_key=new_request_key())
        ref = tx.execute(own.returning(SupportFile.ref)).scalar_one()
    return Person(patient_id, ref)


def looked_in(session: Session, cast: Cast, person: Person, **changes: Any) -> str:
    now = MORNING + timedelta(days=1, hours=11)
    return log(session, cast, person, today=TOMORROW, now=now, **changes)


@pytest.mark.parametrize("anew", [False, True], ids=["taken back", "given anew"])
def test_a_visit_that_is_undone_after_the_agreement_ended_asks_no_team_again(
    session: Session, cast: Cast, treated: int, anew: bool
) -> None:
    """And the station is not told of a visit that was none."""
    person = of_the_points_own(session, cast, treated)
    asks_to_be_called(session, treated)
    own = asked(session, person, opened_by_id=cast.staff["counselor"])
    made, later = looked_in(session, cast, person), MORNING + timedelta(days=1, hours=12)
    takes_it_back(session, cast, treated, later)
    if anew:
        agrees(session, cast, treated, team_id=TEAM, now=later + timedelta(minutes=5))
    undo(session, cast, person, made, now=later + timedelta(hours=1))
    assert [task.id for task in tasks(session, "support") if task.closed_at is None] == [own], "of the point itself"
    assert list_handed_over(session, [treated], VIETNAM) == {}


def test_a_visit_that_is_undone_while_they_agree_asks_again(session: Session, cast: Cast, treated: int) -> None:
    person = of_the_points_own(session, cast, treated)
    asks_to_be_called(session, treated)
    undo(session, cast, person, looked_in(session, cast, person), now=MORNING + timedelta(days=1, hours=12))
    (look_in,) = tasks(session, "support")
    assert (look_in.closed_at, look_in.closed_by_id, look_in.outcome) == (None, None, None)
    assert list_handed_over(session, [treated], VIETNAM) == {treated: [HandedOver("waiting", TODAY)]}


@pytest.mark.parametrize("is_asked_by_the_point_too", [False, True])
def test_the_day_that_comes_back_is_that_of_the_visit_however_late_the_phone_finds_a_signal(
    session: Session, cast: Cast, treated: int, is_asked_by_the_point_too: bool
) -> None:
    person, saved = of_the_points_own(session, cast, treated), MORNING + timedelta(days=1, hours=11)
    asks_to_be_called(session, treated)
    if is_asked_by_the_point_too:  # and that is the task which the contact names
        asked(session, person, opened_by_id=cast.staff["counselor"])
    said, late = visit(person.ref, task=["look_in"]), saved + timedelta(days=4)
    assert hand_in(session, cast, said, saved=saved, now=late) == "stored"
    assert list_handed_over(session, [treated], VIETNAM) == {treated: [HandedOver("met_well", TOMORROW)]}
    (made,) = contacts(session)
    correct(session, cast, person, made.ref, "not_met", now=late + timedelta(days=1))
    assert list_handed_over(session, [treated], VIETNAM) == {treated: [HandedOver("not_met", TOMORROW)]}
