"""Finding people by what is at hand: a code, a card, a phone, a paper, words of a name without marks."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from counseling.domain.card_codes import ALPHABET, grouped
from counseling.models.patients import SearchKey, TreatmentFile
from counseling.permissions import Viewer
from counseling.queries.duplicates import find_likely_duplicates
from counseling.queries.file_parts import list_cards
from counseling.queries.patient_search import PAGE_ROWS, find_people, list_people
from counseling.queries.support_people import list_by_commune, list_by_name
from counseling.services.cards import ensure_card, revoke_card
from counseling.services.patients import change_status
from counseling.vault import Vault
from tests.support.cast import CAO_LOC, CAO_LOC_COMMUNE, DONG_KINH_WARD, TEAM, Cast
from tests.support.files import TODAY, by, details, patient_of, registered, supported
from tests.support.settings import MORNING


@pytest.fixture
def viewer(cast: Cast) -> Viewer:
    return cast.viewer_of("dispenser")


def refs(session: Session, viewer: Viewer, typed: str) -> list[str]:
    return [person.ref for person in find_people(session, viewer, typed).people]


@pytest.mark.parametrize(
    "typed",
    [
        "duc",
        "Đức",
        "ĐỨC nguyen",
        "đuc văn",
        "LS-0012",
        "12",
        "0912 345 678",
        "+84 912.345.678",
        "84912345678",
        "020 185 001 234",
        "qg-778",
        "Cô Ngọc",
    ],
)
def test_somebody_is_found_by_anything_that_is_known(session: Session, cast: Cast, viewer: Viewer, typed: str) -> None:
    ref = registered(
        session,
        cast,
        phone="+84912345678",
        identity_number="020185001234",
        national_code="QG-778",
        alias="Cô Ngọc",
    )
    registered(session, cast, register_code="LS-0500", full_name="Lý Thị Hoa")
    assert refs(session, viewer, typed) == [ref]


@pytest.mark.parametrize("typed", ["", "   ", "đu", "hoa duc", "0912 345 679", "13", "%", "_", "'", "🙂", "a" * 500])
def test_what_fits_nobody_finds_nobody(session: Session, cast: Cast, viewer: Viewer, typed: str) -> None:
    registered(session, cast, phone="+84912345678")
    assert refs(session, viewer, typed) == []


def test_all_words_must_match(session: Session, cast: Cast, viewer: Viewer) -> None:
    first = registered(session, cast)
    second = registered(session, cast, register_code="LS-0013", full_name="Nguyễn Thị Đào")
    assert refs(session, viewer, "nguyen") == [first, second]
    assert refs(session, viewer, "nguyen dao") == [second]


def test_people_are_found_while_keys_are_being_rotated(
    session: Session, cast: Cast, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = registered(session, cast, phone="+84912345678")
    ensure_card(session, patient_of(session, ref), by=by(cast, "dispenser"), now=MORNING)
    code = list_cards(session, patient_of(session, ref))[0].code
    both = Vault([bytes([9]) * 32, bytes([1]) * 32])
    monkeypatch.setattr("counseling.queries.patient_search.vault_of", lambda _: both)
    for typed in ("duc", "0912345678", code):
        assert refs(session, viewer, typed) == [ref]
    monkeypatch.setattr("counseling.queries.patient_search.vault_of", lambda _: Vault([bytes([9]) * 32]))
    assert refs(session, viewer, "duc") == []


def test_a_card_is_found_in_groups_and_a_wrong_character_finds_nobody(
    session: Session, cast: Cast, viewer: Viewer
) -> None:
    ref = registered(session, cast)
    ensure_card(session, patient_of(session, ref), by=by(cast, "dispenser"), now=MORNING)
    code = list_cards(session, patient_of(session, ref))[0].code
    assert refs(session, viewer, grouped(code).lower()) == [ref]
    wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
    assert refs(session, viewer, wrong) == []
    assert refs(session, cast.viewer_of("dispenser2"), code) == []


def test_a_revoked_card_still_finds_its_person_and_says_so(session: Session, cast: Cast, viewer: Viewer) -> None:
    ref = registered(session, cast)
    patient_id = patient_of(session, ref)
    ensure_card(session, patient_id, by=by(cast, "dispenser"), now=MORNING)
    card = list_cards(session, patient_id)[0]
    revoke_card(session, patient_id, card.ref, "lost", by=by(cast, "dispenser"), now=MORNING)
    found = find_people(session, viewer, card.code)
    assert [person.ref for person in found.people] == [ref]
    assert found.revoked_card is not None
    assert found.revoked_card.reason == "lost"


def test_everybody_sees_their_own_scope(session: Session, cast: Cast) -> None:
    here = registered(session, cast)
    there = registered(session, cast, station_id=CAO_LOC, register_code="CL-1")
    assert refs(session, cast.viewer_of("dispenser"), "duc") == [here]
    assert refs(session, cast.viewer_of("dispenser2"), "duc") == [there]
    assert refs(session, cast.viewer_of("doctor"), "duc") == [there, here]
    assert refs(session, cast.viewer_of("counselor"), "duc") == []


def test_long_lists_come_in_pages_with_those_in_treatment_first(session: Session, cast: Cast, viewer: Viewer) -> None:
    made = [registered(session, cast, register_code=f"LS-{number:04d}") for number in range(PAGE_ROWS + 3)]
    change_status(
        session,
        patient_of(session, made[0]),
        status="moved",
        since_on=TODAY,
        reason=None,
        by=by(cast, "dispenser"),
        today=TODAY,
        now=MORNING,
    )
    first, last = list_people(session, viewer), list_people(session, viewer, 99)
    assert (first.total, first.pages, len(first.people)) == (PAGE_ROWS + 3, 2, PAGE_ROWS)
    assert [person.ref for person in (*first.people, *last.people)] == [*made[1:], made[0]]


def test_duplicates_elsewhere_are_named_by_station_only(session: Session, cast: Cast, viewer: Viewer) -> None:
    here = registered(session, cast)
    registered(session, cast, station_id=CAO_LOC, full_name="Lý Khác", phone="+84912345678")
    found = find_likely_duplicates(session, viewer, details(phone="+84912345678"))
    assert [person.ref for person in found.here] == [here]
    assert found.elsewhere == ["Trung tâm Y tế Cao Lộc"]


@pytest.mark.parametrize(
    "same",
    [
        {"full_name": "NGUYEN VAN DUC"},
        {"full_name": "Lý Khác", "birth_year": 1970, "phone": "+84912345678"},
        {"full_name": "Lý Khác", "birth_year": 1970, "identity_number": "020185001234"},
    ],
)
def test_a_duplicate_has_the_name_and_year_or_the_phone_or_the_paper(
    session: Session, cast: Cast, viewer: Viewer, same: dict[str, object]
) -> None:
    registered(session, cast, phone="+84912345678", identity_number="020185001234")
    assert find_likely_duplicates(session, viewer, details(register_code="X", **same))


def test_the_same_name_of_another_year_is_somebody_else(session: Session, cast: Cast, viewer: Viewer) -> None:
    registered(session, cast)
    assert not find_likely_duplicates(session, viewer, details(birth_year=1986))


def test_a_person_of_the_support_side_is_no_duplicate(session: Session, cast: Cast, viewer: Viewer) -> None:
    supported(session, cast, community_name="Nguyễn Văn Đức", birth_year=1985)
    assert not find_likely_duplicates(session, viewer, details())


def test_the_two_sides_share_no_token(session: Session, cast: Cast) -> None:
    registered(session, cast)
    supported(session, cast, community_name="Nguyễn Văn Đức")
    shared = select(SearchKey.token).group_by(SearchKey.token).having(func.count(SearchKey.side.distinct()) > 1)
    assert session.execute(shared).all() == []
    assert session.execute(select(func.count()).select_from(TreatmentFile)).scalar_one() == 1


def test_a_points_people_are_listed_by_name_and_an_areas_by_commune(session: Session, cast: Cast) -> None:
    third = supported(session, cast, community_name="Đào", area_id=DONG_KINH_WARD, team_id=TEAM)
    first = supported(session, cast, community_name="bác An", area_id=CAO_LOC_COMMUNE)
    counselor, community = cast.viewer_of("counselor"), cast.viewer_of("community")
    assert [line.ref for line in list_by_name(session, counselor).people] == [first, third]
    assert [line.ref for line in list_by_name(session, counselor, "dao").people] == [third]
    assert list_by_name(session, counselor, "?").people == []
    assert [line.ref for line in list_by_commune(session, community).people] == [third, first]
    assert [line.ref for line in list_by_name(session, cast.viewer_of("volunteer")).people] == [third]
    assert list_by_name(session, cast.viewer_of("volunteer2")).people == []
    assert list_by_name(session, cast.viewer_of("dispenser")).people == []
