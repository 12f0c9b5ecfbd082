"""Contacts: logged once, undone by who wrote them, corrected on any day; what they answered follows each word."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from counseling.database import writing
from counseling.domain.contacts import ANSWERS, latest_of
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import AftercareFile
from counseling.models.patients import SupportFile
from counseling.models.places import OutreachTeam
from counseling.queries.contacts import find_own_contact, find_saved, list_contacts, list_entries
from counseling.queries.patients import NotFound
from counseling.refs import new_request_key
from counseling.services.aftercare import open_aftercare
from counseling.services.group_contacts import log_group
from counseling.services.outreach_contacts import NewContact
from tests.outreach.story import (
    LATER,
    TODAY,
    actions,
    asked,
    correct,
    how_many,
    log,
    someone,
    summary,
    task_state,
    undo,
)
from tests.support.cast import DONG_KINH, TEAM, TEAM2, Cast
from tests.support.files import by
from tests.support.settings import MORNING


def rows(session: Session) -> list[OutreachContact]:
    session.rollback()
    return list(session.scalars(select(OutreachContact).order_by(OutreachContact.id)))


def test_a_contact_answers_its_task_and_is_the_files_last_word(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    task_id = asked(session, person)
    ref = log(session, cast, person, "met_needs_help", topics=("work", "family"), next_on=TODAY + timedelta(days=7))
    (row,) = rows(session)
    assert (row.ref, row.site_id, row.team_id, row.task_id) == (ref, DONG_KINH, TEAM, task_id)
    assert (row.topics, row.contact_on, row.recorded_at) == ("family,work", TODAY, LATER)
    assert task_state(session, task_id) == (False, "met_needs_help")
    assert summary(session, person) == (TODAY, "met_needs_help")
    assert actions(session) == ["contact.logged"]


def test_the_same_form_sent_again_gives_the_first_result(session: Session, cast: Cast) -> None:
    person, key = someone(session, cast), new_request_key()
    assert log(session, cast, person, key=key) == log(session, cast, person, "not_met", key=key)
    assert how_many(session) == 1
    assert summary(session, person) == (TODAY, "met_well")


@pytest.mark.parametrize("lost", ["team closed", "person given to another team"])
def test_whoever_lost_access_while_the_form_was_open_writes_nothing(session: Session, cast: Cast, lost: str) -> None:
    person = someone(session, cast)
    task_id, earlier = asked(session, person), log(session, cast, person, answers=())
    with writing(session) as tx:
        if lost == "team closed":
            tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM).values(closed_on=TODAY))
        else:
            tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(team_id=TEAM2))
    before = actions(session)
    for attempt in (log, lambda *who: undo(*who, earlier), lambda *who: correct(*who, earlier, "not_met")):
        with pytest.raises(NotFound):
            attempt(session, cast, person)
    assert (how_many(session), actions(session)) == (1, before)
    assert task_state(session, task_id) == (True, None)


def test_an_undone_entry_counts_no_more_and_its_task_is_open_again(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    log(session, cast, person, "not_met", today=TODAY - timedelta(days=3), now=MORNING - timedelta(days=3))
    task_id = asked(session, person)
    ref = log(session, cast, person)
    undo(session, cast, person, ref)
    first, second, third = rows(session)
    assert (third.outcome, third.corrects_id, third.note) == ("withdrawn", second.id, None)
    assert task_state(session, task_id) == (True, None)
    assert summary(session, person) == (TODAY - timedelta(days=3), "not_met")
    assert actions(session) == ["contact.logged", "contact.logged", "contact.withdrawn"]
    log(session, cast, person, "met_needs_help")
    assert task_state(session, task_id) == (False, "met_needs_help")
    assert first.outcome == "not_met"


def test_only_who_recorded_an_entry_takes_it_back_and_only_once(session: Session, cast: Cast) -> None:
    person, key = someone(session, cast), new_request_key()
    ref = log(session, cast, person)
    for stranger in ("counselor", "volunteer2", "community"):
        with pytest.raises(NotFound):
            undo(session, cast, person, ref, who=stranger)
        with pytest.raises(NotFound):
            correct(session, cast, person, ref, "not_met", who=stranger)
    undo(session, cast, person, ref, key=key)
    undo(session, cast, person, ref, key=key)  # the same tap
    with pytest.raises(Refusal, match="entry_replaced"):
        undo(session, cast, person, ref)
    assert how_many(session) == 2
    assert summary(session, person) == (None, None)


def test_a_withdrawal_is_no_entry_that_could_be_undone(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    undo(session, cast, person, log(session, cast, person))
    withdrawal = rows(session)[-1].ref
    with pytest.raises(NotFound):
        undo(session, cast, person, withdrawal)


def test_an_entry_of_one_person_is_none_under_anothers_address(session: Session, cast: Cast) -> None:
    one, other = someone(session, cast), someone(session, cast, "Chị Tư bán rau")
    ref = log(session, cast, one)
    with pytest.raises(NotFound):
        undo(session, cast, other, ref)
    assert how_many(session) == 1


def test_a_correction_on_a_later_day_keeps_the_day_and_tells_who_asked(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    task_id = asked(session, person)
    ref = log(session, cast, person, "met_well", note="còn đây")
    again = correct(session, cast, person, ref, "not_met", kind="phone")
    first, second = rows(session)
    assert (first.outcome, first.kind) == ("met_well", "home")
    assert (second.outcome, second.kind, second.contact_on, second.task_id) == ("not_met", "phone", TODAY, task_id)
    assert (second.corrects_id, second.recorded_at, second.ref) == (first.id, LATER + timedelta(days=2), again)
    assert task_state(session, task_id) == (False, "not_met")
    assert summary(session, person) == (TODAY, "not_met")
    with pytest.raises(Refusal, match="entry_replaced"):
        correct(session, cast, person, ref, "met_well")
    undo(session, cast, person, again)
    assert task_state(session, task_id) == (True, None)


def test_a_correction_sent_twice_is_one(session: Session, cast: Cast) -> None:
    person, key = someone(session, cast), new_request_key()
    ref = log(session, cast, person)
    first = correct(session, cast, person, ref, "not_met", key=key)
    assert correct(session, cast, person, ref, "not_met", key=key) == first
    assert how_many(session) == 2


@pytest.mark.parametrize("status", ["died", "moved", "discharged"])
def test_with_somebody_whose_support_has_ended_no_form_agrees_a_next_day(
    session: Session, cast: Cast, status: str
) -> None:
    person, next_on = someone(session, cast), TODAY + timedelta(days=7)
    made = log(session, cast, person, next_on=next_on)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.ref == person.ref).values(status=status))
    correct(session, cast, person, made, "not_met", next_on=next_on)
    log(session, cast, person, next_on=next_on)
    log_group(
        session, cast.viewer_of("volunteer"), [person.ref], NewContact(kind="", outcome="met_well", next_on=next_on),
        request_key=new_request_key(), today=TODAY, now=LATER,
    )  # fmt: skip
    assert [row.next_on for row in rows(session)] == [next_on, None, None, None]


@pytest.mark.parametrize("first", ["corrected", "corrected, then taken back", "corrected twice", "taken back"])
def test_a_page_whose_word_stands_no_more_is_answered_that_another_has_taken_its_place(
    session: Session, cast: Cast, first: str
) -> None:
    """Gone back to in the browser: both forms of it have one key, and the other one, or a later page, has spoken."""
    person, key = someone(session, cast), new_request_key()
    ref = log(session, cast, person)
    if first == "taken back":
        undo(session, cast, person, ref, key=key)
    else:
        again = correct(session, cast, person, ref, "not_met", key=key)
        if first == "corrected, then taken back":
            undo(session, cast, person, again)
        elif first == "corrected twice":
            correct(session, cast, person, again, "met_needs_help")
    before = how_many(session)
    if first != "taken back":
        with pytest.raises(Refusal, match="entry_replaced"):
            undo(session, cast, person, ref, key=key)
    if first != "corrected":
        with pytest.raises(Refusal, match="entry_replaced"):
            correct(session, cast, person, ref, "met_well", key=key)
    assert how_many(session) == before


def test_what_came_after_the_page_was_shown_stays_open(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    shown, came_later = asked(session, person, "check_in"), asked(session, person, "look_in")
    log(session, cast, person, answers=("check_in",))
    assert task_state(session, shown) == (False, "met_well")
    assert task_state(session, came_later) == (True, None)


def test_a_task_that_has_not_appeared_is_answered_by_nobody(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    hidden = asked(session, person, visible_from=LATER + timedelta(minutes=1))
    log(session, cast, person, who="volunteer")
    log(session, cast, person, who="counselor")
    assert task_state(session, hidden) == (True, None)


def test_a_volunteer_answers_no_task_of_the_points_own(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    own = asked(session, person, "call_by_phone", team_id=None)
    log(session, cast, person, answers=("call_by_phone", "look_in"))
    assert task_state(session, own) == (True, None)
    log(session, cast, person, who="counselor", kind="phone", answers=("call_by_phone",))
    assert task_state(session, own) == (False, "met_well")


def test_one_visit_answers_what_was_asked_twice_and_its_undoing_opens_both(session: Session, cast: Cast) -> None:
    person, other = someone(session, cast), someone(session, cast, "Chị Tư bán rau")
    both = [asked(session, person), asked(session, person)]
    elsewhere = asked(session, other)
    ref = log(session, cast, person)
    log(session, cast, other)
    assert [task_state(session, one) for one in both] == [(False, "met_well")] * 2
    undo(session, cast, person, ref)
    assert [task_state(session, one) for one in both] == [(True, None)] * 2
    assert task_state(session, elsewhere) == (False, "met_well")


def test_undoing_todays_visit_opens_nothing_that_an_earlier_one_has_answered(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    earlier = asked(session, person)
    log(session, cast, person, "not_met", today=TODAY - timedelta(days=3), now=MORNING - timedelta(days=3))
    later = asked(session, person)
    undo(session, cast, person, log(session, cast, person))
    assert task_state(session, earlier) == (False, "not_met")
    assert task_state(session, later) == (True, None)


def test_aftercare_asks_again_one_rhythm_after_who_was_met(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    who: Any = by(cast, "counselor")
    open_aftercare(
        session, patient_id=person.id, site_id=DONG_KINH, supporter_id=None, rhythm="weekly", first_on=TODAY, by=who,
        request_key=new_request_key(), today=TODAY, now=MORNING,
    )  # fmt: skip
    log(session, cast, person, "not_met")
    assert next_check_in(session) == TODAY
    ref = log(session, cast, person, "met_well", now=LATER + timedelta(minutes=1))
    assert next_check_in(session) == TODAY + timedelta(days=7)
    again = correct(session, cast, person, ref, "not_met")
    assert next_check_in(session) == TODAY
    last = correct(session, cast, person, again, "met_needs_help")
    assert next_check_in(session) == TODAY + timedelta(days=7)
    undo(session, cast, person, last)
    assert next_check_in(session) == TODAY


def next_check_in(session: Session) -> object:
    session.rollback()
    return session.execute(select(AftercareFile.next_check_in_on)).scalar_one()


def test_undoing_one_of_two_meetings_of_a_day_leaves_the_check_in(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    open_aftercare(
        session, patient_id=person.id, site_id=DONG_KINH, supporter_id=None, rhythm="weekly", first_on=TODAY,
        by=by(cast, "counselor"), request_key=new_request_key(), today=TODAY, now=MORNING,
    )  # fmt: skip
    log(session, cast, person)
    undo(session, cast, person, log(session, cast, person, who="volunteer", now=LATER + timedelta(minutes=1)))
    assert next_check_in(session) == TODAY + timedelta(days=7)
    assert summary(session, person) == (TODAY, "met_well")


@pytest.mark.parametrize(
    "changes",
    [{"kind": "pigeon"}, {"outcome": "withdrawn"}, {"topics": ("dose",)}, {"next_on": TODAY}],
    ids=["kind", "outcome", "topic", "next"],
)
def test_what_no_page_offers_writes_nothing(session: Session, cast: Cast, changes: dict[str, Any]) -> None:
    person = someone(session, cast)
    with pytest.raises(Refusal):
        log(session, cast, person, **changes)
    assert how_many(session) == 0


def test_a_note_is_sealed_and_read_by_who_wrote_it_and_at_the_point(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    log(session, cast, person, note="chị gái mới sinh")
    log(session, cast, person, who="counselor", note="của điểm", now=LATER + timedelta(minutes=1))
    first = rows(session)[0]
    assert first.note is not None
    assert "chị gái".encode() not in first.note
    lines = {who: list_contacts(session, cast.viewer_of(who), person.id) for who in ("volunteer", "counselor")}
    assert [line.note for line in lines["volunteer"]] == ["chị gái mới sinh"]  # and not that the point met them too
    assert [line.note for line in lines["counselor"]] == ["của điểm", "chị gái mới sinh"]
    session.rollback()


def test_a_colleague_of_the_team_reads_the_contact_and_not_the_note(session: Session, cast: Cast) -> None:
    person = someone(session, cast)
    log(session, cast, person, note="chị gái mới sinh", topics=("family",))
    colleague = replace(cast.viewer_of("volunteer"), staff_id=cast.staff["volunteer2"])
    (line,) = list_contacts(session, colleague, person.id)
    assert (line.note, line.topics, line.is_own) == (None, ("family",), False)
    assert find_own_contact(session, colleague, person.id, line.ref) is None
    assert find_saved(session, colleague, line.ref) is None


def test_the_bar_after_saving_names_only_what_still_counts(session: Session, cast: Cast) -> None:
    person, volunteer = someone(session, cast), cast.viewer_of("volunteer")
    ref = log(session, cast, person)
    saved = find_saved(session, volunteer, ref)
    assert saved is not None
    assert (saved.community_name, saved.outcome, saved.person_ref) == ("Anh Ba sửa xe", "met_well", person.ref)
    undo(session, cast, person, ref)
    assert find_saved(session, volunteer, ref) is None


def test_after_any_row_of_words_the_summary_is_what_the_rows_say(session: Session, cast: Cast) -> None:
    person, dice = someone(session, cast), random.Random(7)
    standing: list[str] = []
    for number in range(30):
        now = LATER + timedelta(hours=number)
        what = dice.choice(("log", "log", "correct", "undo")) if standing else "log"
        if what == "log":
            standing.append(log(session, cast, person, dice.choice(ANSWERS), today=now.date(), now=now))
        elif what == "undo":
            undo(session, cast, person, standing.pop(dice.randrange(len(standing))), now=now)
        else:
            place = dice.randrange(len(standing))
            standing[place] = correct(session, cast, person, standing[place], dice.choice(ANSWERS), now=now)
        latest = latest_of(list_entries(session, person.id))
        assert summary(session, person) == ((latest.contact_on, latest.outcome) if latest else (None, None)), what
    assert len(list_contacts(session, cast.viewer_of("volunteer"), person.id)) == min(len(standing), 20)
