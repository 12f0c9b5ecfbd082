"""A session with somebody known, or with somebody who gives no name; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.refusal import Refusal
from counseling.models.contacts import OutreachContact
from counseling.models.counseling import CounselingSession
from counseling.models.patients import FileStatusChange, Patient, PhoneNumber, SearchKey, SupportFile
from counseling.refs import new_ref, new_request_key
from tests.counseling.story import (
    TODAY,
    accompany,
    aftercare_of,
    appointment_of,
    at,
    book,
    file_of,
    hold,
    how_many,
    known,
    last_entry,
)
from tests.support.cast import CAO_LOC, DONG_KINH, TEAM, Cast
from tests.support.settings import MORNING
from tests.support.treatment import Person

OF_A_PERSON = (Patient, SupportFile, SearchKey, PhoneNumber, FileStatusChange)
DAY = timedelta(days=1)


def row_of(session: Session, ref: str) -> CounselingSession:
    row = session.execute(select(CounselingSession).where(CounselingSession.ref == ref)).scalar_one()
    session.rollback()
    return row


def visited(session: Session, cast: Cast, person: Person, outcome: str) -> None:
    """What a volunteer has logged today, as a row."""
    row = {
        "ref": new_ref(), "patient_id": person.id, "site_id": DONG_KINH, "team_id": TEAM, "kind": "home",
        "outcome": outcome, "topics": "", "contact_on": TODAY, "recorded_by_id": cast.staff["volunteer"],
        "recorded_at": MORNING, "request_key": new_request_key(),
    }  # fmt: skip
    with writing(session) as tx:
        tx.execute(insert(OutreachContact).values(**row))


def test_a_session_keeps_what_was_ticked_and_seals_what_was_agreed(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    ref = hold(session, cast, person, topics=("work", "mood"), agreed="gọi chú Tư trước thứ Sáu", minutes=45)
    row = row_of(session, ref)
    assert (row.patient_id, row.topics, row.minutes, row.held_on) == (person.id, "mood,work", 45, TODAY)
    assert row.agreed is not None and "chú Tư".encode() not in row.agreed
    assert vault_of(session).open("counseling_sessions.agreed", ref, row.agreed) == "gọi chú Tư trước thứ Sáu"
    entry = last_entry(session)
    assert (entry.action, entry.subject) == ("session.logged", f"patient:{person.id}")
    assert "chú Tư" not in entry.details


def test_an_anonymous_session_leaves_no_patient(session: Session, cast: Cast) -> None:
    before = how_many(session, *OF_A_PERSON)
    row = row_of(session, hold(session, cast, None, sex="female", agreed="đến nhóm thứ Năm"))
    assert (row.patient_id, row.sex) == (None, "female")
    assert how_many(session, *OF_A_PERSON) == before
    entry = last_entry(session)
    assert (entry.action, entry.subject) == ("session.logged", f"session:{row.id}")


def test_the_sex_of_somebody_known_is_not_kept_twice(session: Session, cast: Cast) -> None:
    assert row_of(session, hold(session, cast, known(session, cast), sex="male")).sex == "unknown"


def test_a_form_sent_twice_is_one_session(session: Session, cast: Cast) -> None:
    person, key = known(session, cast), new_request_key()
    first = hold(session, cast, person, key=key)
    assert hold(session, cast, person, key=key, now=MORNING + DAY) == first
    assert how_many(session, CounselingSession) == [1]


@pytest.mark.parametrize(("days", "code"), [(1, "session_in_future"), (-31, "session_too_old")])
def test_a_day_that_has_not_come_or_is_long_gone_is_refused(session: Session, cast: Cast, days: int, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        hold(session, cast, None, held_on=TODAY + days * DAY)
    assert how_many(session, CounselingSession) == [0]


def test_a_session_of_thirty_days_ago_can_still_be_written_down(session: Session, cast: Cast) -> None:
    assert row_of(session, hold(session, cast, None, held_on=TODAY - 30 * DAY)).held_on == TODAY - 30 * DAY


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"minutes": 0}, "minutes_out_of_range"), ({"minutes": 481}, "minutes_out_of_range"),
     ({"topics": ("work", "secret")}, "topic_unknown")],
)  # fmt: skip
def test_what_no_form_of_ours_offers_is_refused(
    session: Session, cast: Cast, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(Refusal, match=code):
        hold(session, cast, None, **changes)


def test_somebody_of_another_point_is_not_talked_about_here(session: Session, cast: Cast) -> None:
    person = known(session, cast, site_id=CAO_LOC, team_id=None)
    with pytest.raises(Refusal, match="not_at_this_point"):
        hold(session, cast, person)
    assert how_many(session, CounselingSession) == [0]


def test_a_session_is_a_contact_and_an_older_one_takes_nothing_back(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    hold(session, cast, person, held_on=TODAY - DAY)
    assert (file_of(session, person).last_contact_on, file_of(session, person).last_outcome) == (
        TODAY - DAY, "met_well",
    )  # fmt: skip
    hold(session, cast, person, held_on=TODAY - 5 * DAY)
    assert file_of(session, person).last_contact_on == TODAY - DAY


def test_a_visit_of_the_same_day_that_found_need_stays_in_sight(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    visited(session, cast, person, "met_needs_help")
    hold(session, cast, person)
    assert file_of(session, person).last_outcome == "met_needs_help"
    hold(session, cast, person, now=MORNING + DAY)
    assert file_of(session, person).last_outcome == "met_well"


def test_a_session_moves_the_next_check_in_on(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    accompany(session, cast, person, first_on=TODAY + 2 * DAY)
    hold(session, cast, person)
    assert aftercare_of(session, person).next_check_in_on == TODAY + 7 * DAY


def test_who_had_a_session_has_kept_the_appointment_of_that_day_only(session: Session, cast: Cast) -> None:
    person = known(session, cast)
    today, tomorrow = (book(session, cast, person, at(TODAY + days * DAY, 9)) for days in (0, 1))
    hold(session, cast, person)
    assert [appointment_of(session, ref).state for ref in (today, tomorrow)] == ["kept", "booked"]
