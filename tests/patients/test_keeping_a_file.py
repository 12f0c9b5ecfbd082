"""Changing a file: what changed is named and not told, what was stays readable."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from counseling.database import vault_of
from counseling.domain.refusal import Refusal
from counseling.models.audit import AuditEntry
from counseling.models.patients import Card, PhoneNumber
from counseling.queries.file_parts import list_cards, list_phones, list_status_changes
from counseling.queries.patient_search import find_people
from counseling.queries.patients import get_treatment_row
from counseling.services.cards import ensure_card, issue_card, revoke_card
from counseling.services.hiv_status import note_hiv_reading, record_hiv_status
from counseling.services.patients import change_status, edit_details
from counseling.services.phones import add_phone, remove_phone
from counseling.treatment_rows import TREATMENT, open_hiv_status, open_treatment_file, stamp_of
from tests.support.cast import Cast
from tests.support.files import TODAY, by, details, patient_of, registered
from tests.support.settings import MORNING

KEY = "d" * 32


def audited(session: Session, action: str) -> list[str]:
    rows = session.execute(select(AuditEntry.details).where(AuditEntry.action == action).order_by(AuditEntry.id))
    found = list(rows.scalars())
    session.rollback()
    return found


def found_by(session: Session, cast: Cast, typed: str) -> list[str]:
    return [person.ref for person in find_people(session, cast.viewer_of("dispenser"), typed).people]


def test_an_edit_names_the_fields_and_not_their_values(session: Session, cast: Cast) -> None:
    ref = registered(session, cast, phone="+84912345678")
    changed = edit_details(
        session,
        patient_of(session, ref),
        details(full_name="Nguyễn Văn Đạt", address="Thôn Nà Pàn"),
        by=by(cast, "dispenser"),
        now=MORNING,
    )
    assert changed == ("full_name", "address")
    assert audited(session, "patient.edited") == ['{"fields":["full_name","address"]}']
    assert found_by(session, cast, "dat") == [ref]
    assert found_by(session, cast, "duc") == []
    assert found_by(session, cast, "0912345678") == [ref]


def test_an_edit_that_changes_nothing_writes_nothing(session: Session, cast: Cast) -> None:
    ref = registered(session, cast)
    assert edit_details(session, patient_of(session, ref), details(), by=by(cast, "doctor"), now=MORNING) == ()
    assert audited(session, "patient.edited") == []


def test_an_edit_begun_on_an_older_version_is_refused(session: Session, cast: Cast) -> None:
    ref = registered(session, cast)
    patient_id, who = patient_of(session, ref), by(cast, "dispenser")
    row = get_treatment_row(session, cast.viewer_of("dispenser"), ref)
    stamp = stamp_of(vault_of(session), open_treatment_file(vault_of(session), row))
    edit_details(session, patient_id, details(address="Một"), by=who, now=MORNING, stamp=stamp)
    with pytest.raises(Refusal, match="file_changed_meanwhile"):
        edit_details(session, patient_id, details(address="Hai"), by=who, now=MORNING, stamp=stamp)


def test_a_code_cannot_be_edited_into_a_taken_one(session: Session, cast: Cast) -> None:
    registered(session, cast)
    other = patient_of(session, registered(session, cast, register_code="LS-0013"))
    with pytest.raises(Refusal, match="register_code_taken"):
        edit_details(session, other, details(), by=by(cast, "dispenser"), now=MORNING)


def test_an_edit_leaves_status_and_hiv_status_alone(session: Session, cast: Cast) -> None:
    ref = registered(session, cast, hiv_status="negative")
    changes = replace(details(notes="mới"), hiv_status="positive", status="died")
    assert edit_details(session, patient_of(session, ref), changes, by=by(cast, "doctor"), now=MORNING) == ("notes",)
    row = get_treatment_row(session, cast.viewer_of("doctor"), ref)
    assert (row.status, open_hiv_status(vault_of(session), ref, row.hiv_status)) == ("active", "negative")


def test_each_status_stays_in_the_history(session: Session, cast: Cast) -> None:
    ref = registered(session, cast, status_since=TODAY - timedelta(days=9))
    patient_id, who = patient_of(session, ref), {"by": by(cast, "doctor"), "today": TODAY, "now": MORNING}
    change_status(session, patient_id, status="moved", since_on=TODAY - timedelta(days=2), reason="về Hà Giang", **who)
    change_status(session, patient_id, status="active", since_on=TODAY, reason=None, **who)
    change_status(session, patient_id, status="active", since_on=TODAY, reason=None, **who)
    lines = list_status_changes(session, patient_id, TREATMENT, ref)
    assert [(line.status, line.reason) for line in lines] == [
        ("active", None),
        ("moved", "về Hà Giang"),
        ("active", None),
    ]


@pytest.mark.parametrize(("days", "code"), [(1, "status_in_future"), (-10, "status_before_last")])
def test_a_status_begins_between_the_last_one_and_today(session: Session, cast: Cast, days: int, code: str) -> None:
    patient_id = patient_of(session, registered(session, cast))
    when = {"since_on": TODAY + timedelta(days=days), "today": TODAY, "now": MORNING}
    with pytest.raises(Refusal, match=code):
        change_status(session, patient_id, status="died", reason=None, by=by(cast, "doctor"), **when)


def test_a_removed_number_finds_nobody_and_keeps_its_row(session: Session, cast: Cast) -> None:
    ref = registered(session, cast, phone="+84912345678")
    patient_id, who = patient_of(session, ref), {"by": by(cast, "dispenser"), "now": MORNING}
    add_phone(session, patient_id, "+84387654321", **who)
    add_phone(session, patient_id, "+84387654321", **who)
    first = list_phones(session, patient_id, TREATMENT)[0]
    remove_phone(session, patient_id, first.ref, **who)
    remove_phone(session, patient_id, first.ref, **who)
    assert [line.number for line in list_phones(session, patient_id, TREATMENT)] == ["+84387654321"]
    assert found_by(session, cast, "0912 345 678") == []
    assert found_by(session, cast, "0387 654 321") == [ref]
    assert len(session.execute(select(PhoneNumber.id)).all()) == 2


def test_somebody_elses_number_is_not_removed(session: Session, cast: Cast) -> None:
    owner = patient_of(session, registered(session, cast, phone="+84912345678"))
    other = patient_of(session, registered(session, cast, register_code="LS-0013"))
    number = list_phones(session, owner, TREATMENT)[0]
    remove_phone(session, other, number.ref, by=by(cast, "dispenser"), now=MORNING)
    assert list_phones(session, owner, TREATMENT) == [number]


def test_reading_and_writing_the_hiv_status_are_in_the_audit_without_it(session: Session, cast: Cast) -> None:
    ref = registered(session, cast)
    patient_id, who = patient_of(session, ref), {"by": by(cast, "doctor"), "now": MORNING}
    note_hiv_reading(session, patient_id, **who)
    record_hiv_status(session, patient_id, "positive", **who)
    assert audited(session, "patient.hiv_read") == ["{}"]
    assert audited(session, "patient.hiv_written") == ["{}"]


def test_the_lengths_of_sealed_hiv_statuses_tell_nothing(session: Session, cast: Cast) -> None:
    lengths = set()
    for number, word in enumerate(("unknown", "positive", "negative")):
        ref = registered(session, cast, register_code=f"LS-{number}", hiv_status=word)
        lengths.add(len(get_treatment_row(session, cast.viewer_of("doctor"), ref).hiv_status))
        session.rollback()
    assert len(lengths) == 1


def test_a_card_form_sent_twice_issues_one_card(session: Session, cast: Cast) -> None:
    patient_id, who = patient_of(session, registered(session, cast)), {"by": by(cast, "doctor"), "now": MORNING}
    assert issue_card(session, patient_id, request_key=KEY, **who) == issue_card(
        session, patient_id, request_key=KEY, **who
    )
    assert len(list_cards(session, patient_id)) == 1


def test_a_card_key_of_another_person_is_refused(session: Session, cast: Cast) -> None:
    first = patient_of(session, registered(session, cast))
    second = patient_of(session, registered(session, cast, register_code="LS-0013"))
    who = {"by": by(cast, "doctor"), "now": MORNING, "request_key": KEY}
    issue_card(session, first, **who)
    with pytest.raises(Refusal, match="card_key_used"):
        issue_card(session, second, **who)


def test_a_revoked_card_keeps_its_first_reason_and_is_replaced(session: Session, cast: Cast) -> None:
    patient_id, who = patient_of(session, registered(session, cast)), {"by": by(cast, "doctor"), "now": MORNING}
    ref = issue_card(session, patient_id, request_key=KEY, **who)
    revoke_card(session, patient_id, ref, "lost", **who)
    revoke_card(session, patient_id, ref, "damaged", **who)
    ensure_card(session, patient_id, **who)
    ensure_card(session, patient_id, **who)
    reasons = [card.revoke_reason for card in list_cards(session, patient_id)]
    assert reasons == [None, "lost"]
    assert audited(session, "card.revoked") == ['{"card":1,"reason":"lost"}']
    assert session.execute(select(Card.revoked_at).where(Card.ref == ref)).scalar_one() is not None


def test_a_card_is_revoked_only_through_its_own_file_and_for_a_known_reason(session: Session, cast: Cast) -> None:
    first = patient_of(session, registered(session, cast))
    second = patient_of(session, registered(session, cast, register_code="LS-0013"))
    who = {"by": by(cast, "doctor"), "now": MORNING}
    ref = issue_card(session, first, request_key=KEY, **who)
    with pytest.raises(Refusal, match="card_unknown"):
        revoke_card(session, second, ref, "lost", **who)
    with pytest.raises(Refusal, match="card_reason_unknown"):
        revoke_card(session, first, ref, "whatever", **who)
