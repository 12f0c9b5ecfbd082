"""Agreement to be looked in on: what it makes on the support side, what it copies (nothing), and how it ends."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from counseling.database import vault_of, writing
from counseling.domain.being_visited import is_early
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.contacts import VisitConsent
from counseling.models.counseling import AftercareFile
from counseling.models.patients import FileStatusChange, SearchKey, SupportFile, TreatmentFile
from counseling.models.places import OutreachTeam
from counseling.queries.support_people import list_by_name
from counseling.refs import new_request_key
from counseling.services.treatment_files import open_numbers
from counseling.treatment_rows import SUPPORT, open_hiv_status
from tests.agreements.story import (
    agrees,
    asks_to_be_called,
    rows_of_the_other_side,
    support_file,
    takes_it_back,
    tasks,
)
from tests.support.cast import CAO_LOC, CONG_SON, DONG_KINH, TEAM, TEAM2, Cast
from tests.support.files import patient_of, registered, supported
from tests.support.settings import MORNING

TODAY = MORNING.date()
PRIVATE = {
    "full_name": "Canaryname Private",
    "identity_number": "099199887766",
    "phone": "+84999888777",
    "address": "canary-address",
    "alias": "canaryalias",
    "notes": "canary-notes",
    "national_code": "CANARY-77",
    "language": "nut",
    "can_read": False,
    "sex": "male",
    "hiv_status": "positive",
}


@pytest.fixture
def treated(session: Session, cast: Cast) -> int:
    return patient_of(session, registered(session, cast, **PRIVATE))


def consents(session: Session) -> list[VisitConsent]:
    session.rollback()
    query = select(VisitConsent).order_by(VisitConsent.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def names(session: Session, cast: Cast, username: str) -> list[str]:
    session.rollback()
    return [line.community_name for line in list_by_name(session, cast.viewer_of(username)).people]


def test_without_agreement_nobody_of_the_support_side_has_a_row(session: Session, treated: int) -> None:
    asks_to_be_called(session, treated)
    assert rows_of_the_other_side(session, treated) == []


def test_the_agreement_says_which_team_where_as_whom_and_who_not(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    (row,) = consents(session)
    assert (row.team_id, row.place, row.pretext, row.version) == (TEAM2, "home", "acquaintance", "v1")
    assert (row.given_at, row.asked_by_id) == (MORNING, cast.staff["dispenser"])
    assert vault_of(session).open("visit_consents.never_by", row.ref, row.never_by) == "hàng xóm Lý Tám"


def test_the_support_file_that_it_makes_holds_nothing_of_the_treatment_file(
    session: Session, cast: Cast, treated: int
) -> None:
    agrees(session, cast, treated)
    file = support_file(session, treated)
    assert file is not None
    assert (file.site_id, file.team_id, file.area_id) == (CAO_LOC, TEAM2, CONG_SON)
    assert (file.language, file.can_read, file.sex, file.birth_year) == ("vi", None, "unknown", None)
    assert (file.hamlet, file.notes, file.request_key, file.status) == (None, None, None, "active")
    assert file.ref != session.execute(select(TreatmentFile.ref)).scalar_one()
    assert open_numbers(session, vault_of(session), treated, SUPPORT) == []
    words = session.scalars(select(SearchKey.kind).where(SearchKey.side == SUPPORT)).all()
    assert sorted(words) == ["name", "word", "word", "word", "word"]
    change = session.execute(select(FileStatusChange).where(FileStatusChange.side == SUPPORT)).scalar_one()
    assert (change.status, change.since_on, change.reason) == ("active", TODAY, None)


def test_the_team_sees_the_chosen_name_and_another_team_nothing(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    assert names(session, cast, "volunteer2") == ["Anh Ba sửa xe"]
    assert names(session, cast, "volunteer") == []
    assert names(session, cast, "counselor") == []


def test_the_hamlet_is_what_the_person_wants_the_team_to_know(session: Session, cast: Cast, treated: int) -> None:
    """Everybody else on the list has one; whoever had none would stand out."""
    agrees(session, cast, treated, hamlet="Thôn Khuổi Tẳng")
    file = session.execute(select(SupportFile).where(SupportFile.patient_id == treated)).scalar_one()
    assert file.hamlet == "Thôn Khuổi Tẳng"


def test_a_support_file_that_is_there_is_used_as_it_is(session: Session, cast: Cast, treated: int) -> None:
    own = on_the_same_person(session, treated, supported(session, cast, community_name="Chú Sáu", team_id=TEAM))
    before = rows_of_the_other_side(session, treated)
    agrees(session, cast, treated, team_id=TEAM)
    assert rows_of_the_other_side(session, treated) == before
    assert support_file(session, treated).ref == own  # type: ignore[union-attr]
    assert names(session, cast, "volunteer") == ["Chú Sáu"]


def test_a_support_file_without_a_team_gets_the_team(session: Session, cast: Cast, treated: int) -> None:
    on_the_same_person(session, treated, supported(session, cast, community_name="Chú Sáu"))
    agrees(session, cast, treated, team_id=TEAM)
    assert names(session, cast, "volunteer") == ["Chú Sáu"]


def test_a_team_that_the_point_has_chosen_stays_and_nobody_else_is_asked(
    session: Session, cast: Cast, treated: int
) -> None:
    on_the_same_person(session, treated, supported(session, cast, community_name="Chú Sáu", team_id=TEAM))
    agrees(session, cast, treated, team_id=TEAM2)
    assert names(session, cast, "volunteer") == ["Chú Sáu"]
    assert names(session, cast, "volunteer2") == []
    asks_to_be_called(session, treated)
    assert tasks(session, "support") == []


def on_the_same_person(session: Session, treated: int, met: str) -> str:
    """The point met the same person long ago, and nobody knew that it was the same."""
    other = patient_of(session, met)
    with writing(session) as tx:
        tx.execute(update(SupportFile).where(SupportFile.patient_id == other).values(patient_id=treated))
        tx.execute(update(SearchKey).where(SearchKey.patient_id == other).values(patient_id=treated))
    return met


@pytest.mark.parametrize("name", ["Canaryname Private", "private  CANARYNAME", "anh Canaryalias", "canarỳalias"])
def test_a_name_of_the_treatment_file_is_refused(session: Session, cast: Cast, treated: int, name: str) -> None:
    with pytest.raises(Refusal, match="name_is_known"):
        agrees(session, cast, treated, community_name=name)
    assert rows_of_the_other_side(session, treated) == []
    assert consents(session) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"team_id": 987_654}, "team_closed"),
        ({"community_name": " -- "}, "name_missing"),
        ({"place": "work"}, "place_unknown"),
        ({"pretext": "methadone"}, "pretext_unknown"),
    ],
)
def test_what_cannot_be_agreed_is_refused(
    session: Session, cast: Cast, treated: int, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(Refusal, match=code):
        agrees(session, cast, treated, **changes)
    assert rows_of_the_other_side(session, treated) == []


def test_a_closed_team_is_refused(session: Session, cast: Cast, treated: int) -> None:
    with writing(session) as tx:
        tx.execute(update(OutreachTeam).where(OutreachTeam.id == TEAM2).values(closed_on=TODAY))
    with pytest.raises(Refusal, match="team_closed"):
        agrees(session, cast, treated)


def test_a_form_sent_twice_agrees_once_and_a_second_agreement_waits_for_the_first_to_end(
    session: Session, cast: Cast, treated: int
) -> None:
    key = new_request_key()
    agrees(session, cast, treated, key=key)
    agrees(session, cast, treated, key=key, community_name="Tên khác")
    with pytest.raises(Refusal, match="visits_agreed"):
        agrees(session, cast, treated, team_id=TEAM)
    other = patient_of(session, registered(session, cast, register_code="LS-0099"))
    with pytest.raises(Refusal, match="consent_key_used"):
        agrees(session, cast, other, key=key)
    assert len(consents(session)) == 1
    assert names(session, cast, "volunteer2") == ["Anh Ba sửa xe"]


def test_taken_back_it_ends_at_once_with_what_was_handed_on(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    takes_it_back(session, cast, treated, MORNING + timedelta(minutes=5))
    (row,) = consents(session)
    assert (row.withdrawn_at, row.withdrawn_by_id) == (MORNING + timedelta(minutes=5), cast.staff["dispenser"])
    (look_in,) = tasks(session, "support")
    assert (look_in.closed_at, look_in.outcome) == (MORNING + timedelta(minutes=5), None)
    assert tasks(session, "treatment")[0].closed_at is None, "the station still calls back"
    asks_to_be_called(session, treated, now=MORNING + timedelta(days=1))
    assert len(tasks(session, "support")) == 1
    takes_it_back(session, cast, treated, MORNING + timedelta(days=1))
    assert consents(session)[0].withdrawn_at == MORNING + timedelta(minutes=5)


def test_taken_back_the_name_leaves_the_teams_list_and_given_anew_it_returns(
    session: Session, cast: Cast, treated: int
) -> None:
    agrees(session, cast, treated)
    takes_it_back(session, cast, treated)
    assert names(session, cast, "volunteer2") == []
    assert support_file(session, treated) is not None
    agrees(session, cast, treated, now=MORNING + timedelta(days=1), community_name="Anh khác")
    assert names(session, cast, "volunteer2") == ["Anh Ba sửa xe"]
    assert session.execute(select(func.count()).select_from(SupportFile)).scalar_one() == 1
    takes_it_back(session, cast, treated, MORNING + timedelta(days=2))
    assert names(session, cast, "volunteer2") == []


def test_what_the_point_has_made_its_own_stays_with_the_team(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    with writing(session) as tx:
        tx.execute(
            insert(AftercareFile).values(
                patient_id=treated, site_id=CAO_LOC, rhythm="weekly", next_check_in_on=TODAY, opened_on=TODAY,
                opened_by_id=cast.staff["nurse"], request_key=new_request_key(),
            )
        )  # fmt: skip
    takes_it_back(session, cast, treated)
    assert names(session, cast, "volunteer2") == ["Anh Ba sửa xe"]


def test_a_file_that_was_the_points_own_keeps_its_team(session: Session, cast: Cast, treated: int) -> None:
    on_the_same_person(session, treated, supported(session, cast, community_name="Chú Sáu", team_id=TEAM))
    agrees(session, cast, treated, team_id=TEAM)
    takes_it_back(session, cast, treated)
    assert names(session, cast, "volunteer") == ["Chú Sáu"]


def test_a_task_of_the_support_side_itself_stays_open(session: Session, cast: Cast, treated: int) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated, "support")
    takes_it_back(session, cast, treated)
    (call,) = tasks(session, "support")
    assert (call.kind, call.closed_at) == ("call_by_phone", None)


def test_the_points_chain_names_no_station_and_nobody_who_works_there(
    session: Session, cast: Cast, treated: int
) -> None:
    agrees(session, cast, treated)
    asks_to_be_called(session, treated)
    takes_it_back(session, cast, treated)
    session.rollback()
    entries = session.scalars(
        select(AuditEntry).where(AuditEntry.chain == f"site:{CAO_LOC}").order_by(AuditEntry.sequence)
    ).all()
    actions = ["supported.registered", "task.opened", "supported.team_ended", "task.closed"]
    assert sorted(entry.action for entry in entries) == sorted(actions)
    for entry in entries:
        assert entry.actor.startswith("rule:")
        assert set(json.loads(entry.details)) <= {"task", "team"}
    own = session.scalars(select(AuditEntry.action).where(AuditEntry.chain == f"site:{DONG_KINH}")).all()
    assert {"patient.visits_agreed", "patient.visits_withdrawn"} <= set(own)


def test_the_treatment_file_is_as_it_was(session: Session, cast: Cast, treated: int) -> None:
    def stored() -> object:
        session.rollback()
        row = session.execute(select(TreatmentFile.__table__)).one()
        return row, open_hiv_status(vault_of(session), row.ref, row.hiv_status)

    before = stored()
    agrees(session, cast, treated)
    takes_it_back(session, cast, treated)
    assert stored() == before


@pytest.mark.parametrize(
    ("began_on", "registered_on", "early"),
    [
        (None, date(2026, 11, 9), True),
        (None, date(2026, 11, 8), False),
        (date(2026, 11, 20), date(2026, 11, 22), True),
        (date(2020, 1, 1), date(2026, 11, 22), False),  # imported yesterday, here for years
        (date(2026, 12, 1), date(2026, 11, 1), False),
    ],
)
def test_within_the_first_two_weeks_it_is_early(began_on: date | None, registered_on: date, early: bool) -> None:
    assert is_early(began_on, registered_on, date(2026, 11, 22)) is early
